import { chart } from './chart.ts'
import { classTable, confusionTable } from './confusion.ts'
import { smooth } from './curve.ts'
import { bytes, decimal, duration, integer, percent } from './format.ts'
import { headline, r2Text } from './headline.ts'
import { LiveLine, progressLine, SPARKS } from './progress.ts'
import type { EpochRecord, RunPlan, RunResult, StepRecord, TestReport } from './result.ts'
import { shell } from './run-config.ts'
import { paint, type Terminal } from './terminal.ts'
import type { View, WrittenFile } from './view.ts'

/** Where lines cannot be redrawn, a long epoch says this often that it is alive. */
const SILENCE_SECONDS = 5
/** Of epochs. */
const MOST_LINES = 40

/** Text for people: a progress bar where the terminal can redraw a line, plain lines elsewhere. */
export class TextView implements View {
  private readonly terminal: Terminal
  private readonly now: () => number
  private readonly line: LiveLine
  private epochs = 0
  /** Between two epochs that get a line. */
  private every = 1
  private watched = 'test'
  private batch = 1
  private best = Number.NEGATIVE_INFINITY
  private readonly recent: number[] = []
  private spokeAt: number

  /** `now` in milliseconds. */
  constructor(terminal: Terminal, now: () => number = () => performance.now()) {
    this.terminal = terminal
    this.now = now
    this.line = new LiveLine(terminal)
    this.spokeAt = now()
  }

  begin({ version, data, network, parameters, options, threads, build, wide, machine }: RunPlan): void {
    this.epochs = options.epochs
    this.batch = options.batch
    const { terminal } = this
    this.watched = data.validationSamples === undefined ? 'test' : 'validation'
    this.every = Math.ceil(options.epochs / MOST_LINES)
    const parts = [`${integer(data.trainSamples)} ${data.unit}`]
    if (data.validationSamples !== undefined) parts.push(`${integer(data.validationSamples)} to watch`)
    parts.push(`${integer(data.testSamples)} for testing`, data.about)
    const gradients = options.gradients === 'numeric' ? ', numeric gradients' : ''
    const rows = [
      ['data', `${data.name}: ${parts.join(', ')}`],
      ['network', `${network}, ${integer(parameters)} parameters`],
      [
        'training',
        `${options.optimizer}, learning rate ${options.lr} (${options.schedule}), batch ${options.batch}, seed ${options.seed}${gradients}`,
      ],
      [
        'machine',
        `${threads} ${threads === 1 ? 'thread' : 'threads'}, ${options.numerics} numerics (${build} build${wide ? ', wide' : ''}), ${machine}`,
      ],
    ] as const
    this.print(` ${paint(terminal, `chainrule ${version}`, 'bold')}`)
    for (const [name, text] of rows) this.print(` ${paint(terminal, name.padEnd(9), 'dim')}${text}`)
    this.print('')
  }

  step(event: StepRecord): void {
    this.recent.push(event.loss)
    if (this.recent.length > SPARKS) this.recent.shift()
    const now = this.now()
    if (this.terminal.live) {
      const progress = { ...event, secondsLeft: this.left(event), epochs: this.epochs, recent: this.recent }
      this.line.update(now, () => progressLine(progress, this.terminal))
    } else if (now - this.spokeAt > SILENCE_SECONDS * 1000) {
      const { epoch, step, steps, loss, samplesPerSecond } = event
      this.print(
        ` epoch ${epoch}/${this.epochs}  step ${integer(step)}/${integer(steps)}  loss ${decimal(loss)}  ${integer(samplesPerSecond)} samples/s  ${duration(this.left(event))} left`,
      )
    }
  }

  epoch({ epoch, epochs, loss, testLoss, accuracy, r2 }: EpochRecord): void {
    const { terminal } = this
    const score = accuracy ?? r2
    const best = score !== undefined && score > this.best
    if (best) this.best = score
    if (epoch % this.every !== 0 && epoch !== 1) return
    const parts = [`epoch ${String(epoch).padStart(String(epochs).length)}/${epochs}`, `loss ${decimal(loss)}`]
    if (testLoss !== undefined) parts.push(`${this.watched} loss ${decimal(testLoss)}`)
    if (score !== undefined) {
      const text = accuracy === undefined ? decimal(score) : percent(score)
      const shown = paint(terminal, text.padStart(8), ...(best ? (['bold', 'green'] as const) : []))
      parts.push(`${accuracy === undefined ? 'R2' : 'accuracy'} ${shown}`)
    }
    this.print(` ${parts.join('   ')}`)
  }

  notice(text: string): void {
    this.print(` ${paint(this.terminal, text, 'yellow')}`)
  }

  end(result: RunResult, files: readonly WrittenFile[]): void {
    const { terminal } = this
    this.line.clear()
    this.lines(['', ...this.lossChart(result)])
    const { test, reason, best } = result
    const [done, steps] = [result.losses.length, result.stepsPerEpoch * this.epochs]
    if (reason === 'stopped') {
      this.print('')
      this.notice(`Stopped after step ${integer(done)} of ${integer(steps)}; what was learnt until then is kept.`)
      if (result.checkpoint !== undefined) this.notice(`To go on: chainrule resume ${shell(result.checkpoint)}`)
    } else if (best !== undefined) {
      this.print('')
      this.print(
        ` ${paint(terminal, `Ended after epoch ${result.epochs.length} with the weights of epoch ${best}, the best.`, 'dim')}`,
      )
    }
    this.lines(['', ...testLines(test, result.data.validationSamples !== undefined, terminal)])
    const { value, what } = headline(test)
    const summary = [
      `${paint(terminal, value, 'bold', 'green')} ${what}`,
      `${duration(result.trainSeconds)} of training`,
      `${integer(result.samplesPerSecond)} ${result.data.unit}/s`,
      `${result.threads} ${result.threads === 1 ? 'thread' : 'threads'}`,
      bytes(result.memoryBytes),
    ]
    this.lines(['', ` ${summary.join('   ')}`])
    const dim = (text: string): string => paint(terminal, text.padEnd(9), 'dim')
    this.print(` ${dim('weights')}sha256 ${result.weightsHash}`)
    if (files.length > 0) {
      const list = files.map(({ path, bytes: size }) => `${path} ${paint(terminal, `(${bytes(size)})`, 'dim')}`)
      this.print(` ${dim('written')}${list.join(', ')}`)
    }
  }

  close(): void {
    this.line.clear()
  }

  /** By the rate of the whole run, which is calmer than that of the last steps. */
  private left({ step, steps, samplesPerSecond }: StepRecord): number {
    return ((steps - step) * this.batch) / samplesPerSecond
  }

  private lossChart({ losses, stepsPerEpoch, epochs }: RunResult): string[] {
    const x = Array.from(losses, (_, step) => (step + 1) / stepsPerEpoch)
    const tested = epochs.filter(({ testLoss }) => testLoss !== undefined)
    const curves = [
      { name: 'training', x, y: smooth(losses, Math.ceil(losses.length / 100)) },
      { name: this.watched, x: tested.map(({ epoch }) => epoch), y: tested.map(({ testLoss }) => testLoss as number) },
    ]
    return chart(curves, { title: 'Loss', xLabel: 'epoch', columns: this.terminal.columns, rows: 12 }, this.terminal)
  }

  private lines(lines: readonly string[]): void {
    for (const line of lines) this.print(line)
  }

  private print(text: string): void {
    this.spokeAt = this.now()
    this.line.print(text)
  }
}

/** Most classes that get a line each. */
const MOST_CLASSES = 30

/** What a test showed, as lines of text. */
export function testLines(test: TestReport, eachClass: boolean, terminal: Terminal): string[] {
  const dim = (text: string): string => paint(terminal, text, 'dim')
  switch (test.kind) {
    case 'classes': {
      const table = eachClass && test.names.length <= MOST_CLASSES
      const matrix = confusionTable(test.confusion, test.names, terminal)
      return table ? [...matrix, '', ...classTable(test.confusion, test.names, terminal)] : matrix
    }
    case 'number':
      return [
        ` ${paint(terminal, test.column, 'bold')}${dim(`  of ${integer(test.rows)} rows`)}`,
        ` ${dim('RMSE')} ${decimal(test.rmse)}   ${dim('MAE')} ${decimal(test.mae)}   ${dim('R2')} ${r2Text(test.r2)}`,
      ]
    case 'text':
      return [
        ` ${paint(terminal, 'A sample', 'bold')}${dim('  at temperature 0.8')}`,
        ...test.sample
          .split('\n')
          .map((line) => ` ${line.replace(terminal.unicode ? /\p{Cc}/gu : /[^\x20-\x7e]/g, '?')}`),
      ]
  }
}
