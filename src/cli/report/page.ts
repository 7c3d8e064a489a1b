import { worstPairs } from '../confusion.ts'
import { smooth } from '../curve.ts'
import { decimal, duration, integer, short } from '../format.ts'
import { headline } from '../headline.ts'
import type { RunResult } from '../result.ts'
import { command, configOf } from '../run-config.ts'
import type { TrainOptions } from '../train-options.ts'
import { renderReport } from './render.ts'
import type { FactsCard, ReportCard } from './run-report.ts'

/** The whole run as one page that needs nothing but itself. */
export function reportPage(result: RunResult): string {
  const { data, network, options, threads } = result
  const { value, what } = headline(result.test)
  const stopped = result.reason === 'stopped' ? ' The run was stopped before its last epoch.' : ''
  return renderReport({
    title: `${data.name}: ${value} ${what}`,
    subtitle: `${network}; trained by ${options.optimizer} on ${integer(data.trainSamples)} ${data.unit} and tested on ${integer(data.testSamples)} others.${stopped}`,
    tiles: [
      { value, label: what },
      { value: duration(result.trainSeconds), label: 'of training' },
      { value: integer(result.samplesPerSecond), label: `${data.unit} a second` },
      { value: integer(result.parameters), label: 'parameters' },
      { value: integer(result.losses.length), label: 'steps' },
      { value: integer(threads), label: threads === 1 ? 'thread' : 'threads' },
    ],
    cards: [
      ...inOrder([
        lossCard(result),
        ...scoreCard(result),
        ...testCards(result),
        ...mistakesCard(result),
        ...result.shown,
        ...result.course,
      ]),
      { kind: 'facts', title: 'Run', rows: facts(result) },
      { kind: 'facts', title: 'Configuration', rows: configuration(options) },
    ],
    footer: { text: 'To train it again:', command: command(options) },
  })
}

/** Pictures first, two beside each other; then what takes a line of its own, the timeline last. */
function inOrder(cards: readonly ReportCard[]): ReportCard[] {
  const place = ({ kind }: ReportCard): number => ['text', 'samples', 'rows', 'timeline', 'facts'].indexOf(kind)
  return [...cards].sort((a, b) => place(a) - place(b))
}

const watchedOf = ({ data }: RunResult): string => (data.validationSamples === undefined ? 'test' : 'validation')

function lossCard(result: RunResult): ReportCard {
  const { losses, stepsPerEpoch, epochs } = result
  const x = Array.from(losses, (_, step) => (step + 1) / stepsPerEpoch)
  const calm = smooth(losses, Math.ceil(losses.length / 100))
  return {
    kind: 'curves',
    title: 'Loss',
    xLabel: 'epoch',
    curves: [
      { name: 'each step', x, y: losses, faint: true },
      { name: 'training loss', x, y: calm },
      {
        name: `${watchedOf(result)} loss`,
        x: epochs.map(({ epoch }) => epoch),
        y: epochs.map(({ testLoss }) => testLoss ?? Number.NaN),
        dots: true,
      },
    ],
  }
}

function scoreCard(result: RunResult): ReportCard[] {
  const { epochs, test } = result
  if (test.kind === 'text') return []
  const [name, title] = test.kind === 'classes' ? ['accuracy', 'Accuracy'] : ['R2', 'R2']
  const x = epochs.map(({ epoch }) => epoch)
  const y = epochs.map(({ accuracy, r2 }) => accuracy ?? r2 ?? Number.NaN)
  const curves = [{ name: `${watchedOf(result)} ${name}`, x, y, dots: true }]
  return [{ kind: 'curves', title, xLabel: 'epoch', curves, format: test.kind === 'classes' ? 'percent' : 'number' }]
}

/** What the test showed. */
function testCards({ test }: RunResult): ReportCard[] {
  switch (test.kind) {
    case 'classes':
      return [{ kind: 'confusion', title: 'Confusion matrix', ...test.confusion, names: test.names }]
    case 'number':
      return [
        {
          kind: 'facts',
          title: `Test of ${test.column}`,
          rows: [
            ['rows', integer(test.rows)],
            ['root mean squared error', short(test.rmse)],
            ['mean absolute error', short(test.mae)],
            ['R2', decimal(test.r2)],
          ],
        },
      ]
    case 'text': {
      const note = `temperature 0.8; perplexity ${decimal(test.perplexity)} a token`
      return [{ kind: 'text', title: 'A sample', note, text: test.sample }]
    }
  }
}

/** Pictures that were taken for others; rows of a table are none. */
function mistakesCard({ mistakes, data, test }: RunResult): ReportCard[] {
  if (test.kind !== 'classes' || data.validationSamples !== undefined) return []
  const { confusion, names } = test
  const wrong = worstPairs(confusion, confusion.classes ** 2).reduce((sum, { count }) => sum + count, 0)
  const most = mistakes.length > 0 && mistakes.length < wrong ? ', the most confident' : ''
  const note = `${integer(wrong)} of ${integer(data.testSamples)} test ${data.unit}${most}`
  const [rows = 0, columns = 0] = data.sampleShape
  const pictures = data.sampleShape.length === 2 ? mistakes : []
  const name = (k: number): string => names[k] ?? String(k)
  const samples = pictures.map(({ pixels, actual, predicted, confidence }) => ({
    image: { pixels, rows, columns },
    actual: name(actual),
    predicted: name(predicted),
    confidence,
  }))
  return [{ kind: 'samples', title: 'Mistakes', note, samples }]
}

function configuration(options: TrainOptions): FactsCard['rows'] {
  const entries = Object.entries({ data: 'embedded digits', ...configOf(options) })
  return entries.map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') || 'none' : String(value)])
}

function facts(result: RunResult): FactsCard['rows'] {
  const last = result.epochs.at(-1)
  return [
    [`final ${watchedOf(result)} loss`, last?.testLoss === undefined ? '-' : decimal(last.testLoss)],
    ['threads', String(result.threads)],
    ['numerics', `${result.options.numerics} (${result.build} build${result.wide ? ', wide' : ''})`],
    ['machine', result.machine],
    ['chainrule', result.version],
    ['weights (SHA-256)', result.weightsHash],
  ]
}
