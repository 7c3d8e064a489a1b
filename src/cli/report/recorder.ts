import { GRADIENT_NORM, WEIGHT_NORM } from '../../inspect/norms.ts'
import type { Profile } from '../../inspect/profile.ts'
import { known } from '../../options.ts'
import type { EpochEvent, FitEvent, Metrics } from '../../train/index.ts'
import { smooth } from '../curve.ts'
import { duration, integer } from '../format.ts'
import type { FactsCard, ReportCard, ReportCurve, RunReport, SamplesCard, TextCard } from './run-report.ts'

/** What a report has beside the course of the run. */
export interface ReportExtras {
  readonly title: string
  readonly subtitle?: string
  readonly tiles?: readonly { readonly value: string; readonly label: string }[]
  readonly timeline?: Profile
  /** Names of classes, for the confusion matrix. */
  readonly classes?: readonly string[]
  readonly cards?: readonly (SamplesCard | FactsCard | TextCard)[]
  readonly footer?: { readonly text: string; readonly command?: string }
}

export const timelineCard = (profile: Profile): ReportCard => ({
  kind: 'timeline',
  title: 'Timeline of one step',
  profile,
})

/** Points that are kept of a curve: then every other one is dropped, and so on. */
const MOST_POINTS = 4096

/** A curve that thins itself out: each point is the mean of as many steps. */
class Line {
  readonly x: number[] = []
  readonly y: number[] = []
  private stretch = 1
  private sum = 0
  private count = 0

  add(x: number, y: number): void {
    this.sum += y
    if (++this.count < this.stretch) return
    this.x.push(x)
    this.y.push(this.sum / this.count)
    this.sum = 0
    this.count = 0
    if (this.x.length < MOST_POINTS) return
    for (const list of [this.x, this.y]) {
      const mean = list === this.y
      for (let i = 0; i < list.length / 2; i++) {
        const [a, b] = [list[2 * i] as number, list[2 * i + 1] as number]
        list[i] = mean ? (a + b) / 2 : b
      }
      list.length /= 2
    }
    this.stretch *= 2
  }
}

/**
 * Takes the events of a training run and makes its report: loss of every step and of validation, metrics of every epoch,
 * learning rate, norms of layers (with `watch: layerNorms(model)`), confusion matrix, timeline.
 */
export class RunRecorder<M extends Metrics = Metrics> {
  readonly #loss = new Line()
  readonly #rate = new Line()
  readonly #watched = new Map<string, Line>()
  readonly #epochs: EpochEvent<M>[] = []
  #step = 0
  #seconds = 0
  #speed = 0

  /** An event of fit, in their order. */
  add(event: FitEvent<M>): void {
    if (event.type === 'step') {
      const first = event.step - event.losses.length
      for (const [i, loss] of event.losses.entries()) this.#loss.add(first + i + 1, loss)
      for (const [name, curve] of Object.entries(event.curves)) {
        let line = this.#watched.get(name)
        if (line === undefined) this.#watched.set(name, (line = new Line()))
        for (const [i, value] of curve.entries()) line.add(first + i + 1, value)
      }
      if (event.learningRate !== undefined) this.#rate.add(event.step, event.learningRate)
      this.#step = event.step
      this.#speed = event.samplesPerSecond
    } else if (event.type === 'epoch') {
      this.#epochs.push(event)
      this.#seconds = event.trainSeconds
    } else if (event.type === 'done') {
      this.#seconds = event.trainSeconds
      this.#speed = event.samplesPerSecond
    }
  }

  report(extras: ReportExtras): RunReport {
    const {
      title,
      subtitle,
      tiles,
      timeline,
      classes,
      cards = [],
      footer,
    } = known('RunRecorder.report', extras, 'title subtitle tiles timeline classes cards footer')
    const own: ReportCard[] = [this.#lossCard(), ...this.#metricCards(), ...this.course()]
    const confusion = this.#confusion()
    if (confusion !== undefined)
      own.push({
        kind: 'confusion',
        title: 'Confusion matrix',
        ...confusion,
        ...(classes === undefined ? {} : { names: classes }),
      })
    if (timeline !== undefined) own.push(timelineCard(timeline))
    return {
      title,
      ...(subtitle === undefined ? {} : { subtitle }),
      tiles: tiles ?? [
        { value: duration(this.#seconds), label: 'of training' },
        { value: integer(this.#speed), label: 'samples a second' },
        { value: integer(this.#step), label: 'steps' },
        { value: integer(this.#epochs.length), label: 'epochs' },
      ],
      cards: [...own, ...cards],
      ...(footer === undefined ? {} : { footer }),
    }
  }

  /** The learning rate where it changes, the norms of layers, and whatever else was watched. */
  course(): ReportCard[] {
    const { x, y } = this.#rate
    const curves = [{ name: 'learning rate', x, y }]
    const rate: ReportCard = { kind: 'curves', title: 'Learning rate', xLabel: 'step', curves }
    return [...(new Set(y).size > 1 ? [rate] : []), ...this.#layerCards()]
  }

  /** A value of each epoch that has it. */
  #overEpochs(name: string, of: (event: EpochEvent<M>) => unknown): ReportCurve[] {
    const points = this.#epochs.flatMap((event) => {
      const y = of(event)
      return typeof y === 'number' ? [{ x: event.step, y }] : []
    })
    return points.length === 0 ? [] : [{ name, x: points.map(({ x }) => x), y: points.map(({ y }) => y), dots: true }]
  }

  #lossCard(): ReportCard {
    const { x, y } = this.#loss
    const calm = smooth(y, Math.ceil(y.length / 100))
    const curves = [
      { name: 'each step', x, y, faint: true },
      { name: 'training loss', x, y: calm },
      ...this.#overEpochs('validation loss', ({ validation }) => validation?.loss),
    ]
    return { kind: 'curves', title: 'Loss', xLabel: 'step', curves }
  }

  #metricCards(): ReportCard[] {
    const names = new Set(
      this.#epochs.flatMap(({ metrics, validation }) =>
        Object.keys({ ...(metrics as object | undefined), ...(validation?.metrics as object | undefined) }),
      ),
    )
    return [...names].flatMap((name): ReportCard[] => {
      const value = (values: unknown): unknown => (values as Record<string, unknown> | undefined)?.[name]
      const curves = [
        ...this.#overEpochs(`training ${name}`, ({ metrics }) => value(metrics)),
        ...this.#overEpochs(`validation ${name}`, ({ validation }) => value(validation?.metrics)),
      ]
      if (curves.length === 0) return []
      const share = /acc|prec|recall|f1|auc|top/i.test(name)
      const title = name.charAt(0).toUpperCase() + name.slice(1)
      return [{ kind: 'curves', title, xLabel: 'step', curves, format: share ? 'percent' : 'number' }]
    })
  }

  #layerCards(): ReportCard[] {
    const cards: ReportCard[] = []
    for (const [prefix, title] of [
      [GRADIENT_NORM, 'Norms of gradients'],
      [WEIGHT_NORM, 'Norms of weights'],
    ] as const) {
      const lines = [...this.#watched].filter(([name]) => name.startsWith(prefix))
      const [first] = lines
      if (first === undefined) continue
      // From batch to batch gradients jump: what matters is where they go.
      const layers = lines.map(([name, { y }]) => ({
        name: name.slice(prefix.length),
        y: smooth(y, Math.ceil(y.length / 50)),
      }))
      cards.push({ kind: 'layers', title, xLabel: 'step', x: first[1].x, layers })
    }
    const norms = [GRADIENT_NORM, WEIGHT_NORM]
    for (const [name, line] of this.#watched)
      if (!norms.some((prefix) => name.startsWith(prefix)))
        cards.push({ kind: 'curves', title: name, xLabel: 'step', curves: [{ name, ...line }] })
    return cards
  }

  /** The last one that a metric gave. */
  #confusion(): { classes: number; counts: ArrayLike<number> } | undefined {
    for (const { validation, metrics } of [...this.#epochs].reverse())
      for (const values of [validation?.metrics, metrics])
        for (const value of Object.values((values ?? {}) as Record<string, unknown>))
          if (typeof value === 'object' && value !== null && 'classes' in value && 'counts' in value)
            return value as { classes: number; counts: ArrayLike<number> }
    return undefined
  }
}
