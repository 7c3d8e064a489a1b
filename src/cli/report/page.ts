import type { TrainOptions } from '../args.ts'
import { cell, missScale, recallOf, worstPairs } from '../confusion.ts'
import { scaleOf, smooth } from '../curve.ts'
import { decimal, duration, integer, percent, tickLabel } from '../format.ts'
import { headline } from '../headline.ts'
import type { RunResult } from '../result.ts'
import { command, configOf } from '../run-config.ts'
import { html, Markup } from './html.ts'
import { legend, type PlotCurve, plot } from './plot.ts'
import { grayPng } from './png.ts'
import { STYLE } from './style.ts'

/** The whole run as one page that needs nothing but itself. */
export function reportPage(result: RunResult): string {
  const { data, network, options } = result
  const { value, what } = headline(result.test)
  const title = `${data.name}: ${value} ${what}`
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p class="sub">${network}; trained by ${options.optimizer} on ${integer(data.trainSamples)} ${data.unit} and tested on ${integer(data.testSamples)} others.${result.reason === 'stopped' ? ' The run was stopped before its last epoch.' : ''}</p>
</header>
<div class="tiles">
${tile(value, what)}
${tile(duration(result.trainSeconds), 'of training')}
${tile(integer(result.samplesPerSecond), `${data.unit} a second`)}
${tile(integer(result.parameters), 'parameters')}
${tile(integer(result.losses.length), 'steps')}
${tile(integer(result.threads), result.threads === 1 ? 'thread' : 'threads')}
</div>
<div class="grid2">${lossCard(result)}${scoreCard(result)}</div>
<section class="grid2">${matrixCard(result)}${mistakesCard(result)}${testCard(result)}</section>
<section class="grid2">${factsCard('Configuration', configuration(options))}${factsCard('Run', facts(result))}</section>
<footer><p>To train it again: <code>${command(options)}</code></p></footer>
</body>
</html>
`
  return page.text
}

function tile(value: string, label: string): Markup {
  return html`<div class="tile"><b>${value}</b><span>${label}</span></div>`
}

const watchedOf = ({ data }: RunResult): string => (data.validationSamples === undefined ? 'test' : 'validation')

function lossCard(result: RunResult): Markup {
  const { losses, stepsPerEpoch, epochs } = result
  const x = Array.from(losses, (_, step) => (step + 1) / stepsPerEpoch)
  const at = epochs.map(({ epoch }) => epoch)
  const calm = smooth(losses, Math.ceil(losses.length / 100))
  const curves: PlotCurve[] = [
    { name: 'each step', x, y: losses, color: 'first', faint: true },
    { name: 'training loss', x, y: calm, color: 'first' },
    {
      name: `${watchedOf(result)} loss`,
      x: at,
      y: epochs.map(({ testLoss }) => testLoss ?? Number.NaN),
      color: 'second',
      dots: true,
    },
  ]
  const scale = scaleOf(curves)
  const picture = plot(curves, { label: 'Loss over the epochs', xLabel: 'epoch', scale, format: tickLabel })
  return html`<section class="card"><h2>Loss${scale.log ? html` <span class="note">(log scale)</span>` : ''}</h2>${legend(curves)}${picture}</section>`
}

function scoreCard(result: RunResult): Markup | string {
  const { epochs, test } = result
  if (test.kind === 'text') return ''
  const [name, title] = test.kind === 'classes' ? ['accuracy', 'Accuracy'] : ['R2', 'R2']
  const x = epochs.map(({ epoch }) => epoch)
  const y = epochs.map(({ accuracy, r2 }) => accuracy ?? r2 ?? Number.NaN)
  const curves: PlotCurve[] = [{ name: `${watchedOf(result)} ${name}`, x, y, color: 'second', dots: true }]
  const format = (value: number): string =>
    test.kind === 'classes' ? `${Number((value * 100).toFixed(2))} %` : tickLabel(value)
  const picture = plot(curves, { label: `${title} over the epochs`, xLabel: 'epoch', format })
  return html`<section class="card"><h2>${title}</h2>${legend(curves)}${picture}</section>`
}

/** What the test showed. */
function testCard({ test }: RunResult): Markup | string {
  if (test.kind === 'number')
    return factsCard(`Test of ${test.column}`, [
      ['rows', integer(test.rows)],
      ['root mean squared error', decimal(test.rmse)],
      ['mean absolute error', decimal(test.mae)],
      ['R2', decimal(test.r2)],
    ])
  if (test.kind === 'text')
    return html`<section class="card"><h2>A sample <span class="note">temperature 0.8; perplexity ${decimal(test.perplexity)} a token</span></h2><pre>${test.sample}</pre></section>`
  return ''
}

const MOST_CLASSES = 40

function matrixCard({ test }: RunResult): Markup | string {
  if (test.kind !== 'classes') return ''
  const { confusion, names } = test
  const { classes } = confusion
  const name = (k: number): string => names[k] ?? String(k)
  const heading = html`<h2>Confusion matrix <span class="note">rows: true class, columns: predicted</span></h2>`
  if (classes > MOST_CLASSES) {
    const rows = worstPairs(confusion, 30).map(
      ({ actual, predicted, count }) =>
        html`<tr><th>${name(actual)} taken for ${name(predicted)}</th><td>${count}</td></tr>`,
    )
    return html`<section class="card"><h2>Most frequent confusions</h2><table class="facts">${rows}</table></section>`
  }
  const indices = Array.from({ length: classes }, (_, index) => index)
  const most = missScale(confusion)
  const rows = indices.map((actual) => {
    const { total, recall } = recallOf(confusion, actual)
    const cells = indices.map((predicted) => {
      const count = cell(confusion, actual, predicted)
      if (count === 0) return html`<td class="none">0</td>`
      const part = count / (actual === predicted ? total : most)
      const strong = part > (actual === predicted ? 0.55 : 0.7) ? ' strong' : ''
      const kind = actual === predicted ? 'hit' : 'miss'
      return html`<td class="${kind}${strong}" style="--a:${part.toFixed(2)}" title="${name(actual)} taken for ${name(predicted)}: ${count} of ${total}">${count}</td>`
    })
    return html`<tr><th>${name(actual)}</th>${cells}<td class="recall">${total === 0 ? '' : percent(recall, 1)}</td></tr>`
  })
  const head = html`<tr><th></th>${indices.map((k) => html`<th>${name(k)}</th>`)}<th class="recall">recall</th></tr>`
  return html`<section class="card">${heading}<div class="scroll"><table class="matrix${classes > 12 ? ' wide' : ''}"><colgroup><col span="${classes + 1}"><col class="last"></colgroup>${head}${rows}</table></div></section>`
}

function mistakesCard({ mistakes, data, test }: RunResult): Markup | string {
  if (test.kind !== 'classes') return ''
  const { confusion } = test
  const wrong = worstPairs(confusion, confusion.classes ** 2).reduce((sum, { count }) => sum + count, 0)
  const heading = html`<h2>Mistakes <span class="note">${integer(wrong)} of ${integer(data.testSamples)} test ${data.unit}${mistakes.length > 0 && mistakes.length < wrong ? ', the most confident' : ''}</span></h2>`
  const [rows = 0, columns = 0] = data.sampleShape
  // Rows of a table are no pictures.
  if (data.validationSamples !== undefined) return ''
  if (data.sampleShape.length !== 2 || mistakes.length === 0) return html`<section class="card">${heading}</section>`
  const figures = mistakes.map(
    ({ pixels, actual, predicted, confidence }) =>
      html`<figure><img alt="a sample of class ${actual}" src="${grayPng(pixels, rows, columns)}"><figcaption><b>${actual}</b> taken for <b>${predicted}</b><br>${percent(confidence, 0)} sure</figcaption></figure>`,
  )
  return html`<section class="card">${heading}<div class="mistakes">${figures}</div></section>`
}

type Fact = readonly [name: string, value: string | Markup]

function factsCard(title: string, rows: readonly Fact[]): Markup {
  const lines = rows.map(([name, value]) => html`<tr><th>${name}</th><td>${value}</td></tr>`)
  return html`<section class="card"><h2>${title}</h2><table class="facts">${lines}</table></section>`
}

function configuration(options: TrainOptions): Fact[] {
  const entries = Object.entries({ data: 'embedded digits', ...configOf(options) })
  return entries.map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') || 'none' : String(value)])
}

function facts(result: RunResult): Fact[] {
  const last = result.epochs.at(-1)
  return [
    [`final ${watchedOf(result)} loss`, last?.testLoss === undefined ? '-' : decimal(last.testLoss)],
    ['threads', String(result.threads)],
    ['numerics', `${result.options.numerics} (${result.build} build${result.wide ? ', wide' : ''})`],
    ['machine', result.machine],
    ['chainrule', result.version],
    ['weights (SHA-256)', html`<code>${result.weightsHash}</code>`],
  ]
}
