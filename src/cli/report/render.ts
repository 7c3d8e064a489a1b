import { flameChart, timeText } from '../../inspect/flame.ts'
import { scaleOf } from '../curve.ts'
import { percent, tickLabel } from '../format.ts'
import { heatMap } from './heat.ts'
import { html, Markup } from './html.ts'
import { matrix } from './matrix.ts'
import { COLORS, legend, type PlotCurve, plot } from './plot.ts'
import { grayPng } from './png.ts'
import type {
  CurvesCard,
  FactsCard,
  LayersCard,
  ReportCard,
  RowsCard,
  RunReport,
  SamplesCard,
  TextCard,
  TimelineCard,
} from './run-report.ts'
import { scatter } from './scatter.ts'
import { STYLE } from './style.ts'

/** A report as one page that needs nothing but itself: no script, nothing loaded, light or dark as the reader has it. */
export function renderReport({ title, subtitle, tiles = [], cards, footer }: RunReport): string {
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
${subtitle === undefined ? '' : html`<p class="sub">${subtitle}</p>`}
</header>
${tiles.length === 0 ? '' : html`<div class="tiles">${tiles.map(({ value, label }) => html`<div class="tile"><b>${value}</b><span>${label}</span></div>`)}</div>`}
<main class="cards">
${cards.map(card)}
</main>
${footer === undefined ? '' : html`<footer><p>${footer.text}${footer.command === undefined ? '' : html` <code>${footer.command}</code>`}</p></footer>`}
</body>
</html>
`
  return page.text
}

function card(data: ReportCard): Markup {
  switch (data.kind) {
    case 'curves':
      return curves(data)
    case 'layers':
      return layers(data)
    case 'confusion':
      return frame(data.title, 'rows: true class, columns: predicted', matrix(data))
    case 'samples':
      return samples(data)
    case 'rows':
      return rows(data)
    case 'scatter':
      return frame(data.title, data.note, scatter(data), false)
    case 'timeline':
      return timeline(data)
    case 'facts':
      return facts(data)
    case 'text':
      return text(data)
  }
}

const frame = (title: string, note: string | undefined, body: Markup, wide = false): Markup =>
  html`<section class="card${wide ? ' whole' : ''}"><h2>${title}${note === undefined ? '' : html` <span class="note">${note}</span>`}</h2>${body}</section>`

function curves({ title, xLabel, curves: given, format = 'number' }: CurvesCard): Markup {
  // Validation has the second color everywhere, whether the first is there or not.
  const seen = /^(validation|test)\b/
  let next = 0
  const drawn = given.map(({ name, x, y, faint = false, dots = false }): PlotCurve => {
    if (next === 0 && seen.test(name)) next = 1
    const color = COLORS[next % COLORS.length] as string
    if (!faint) next++
    return { name, x, y, faint, dots, color }
  })
  if (drawn.every(({ x }) => x.length === 0)) return frame(title, undefined, html`<p class="sub">nothing yet</p>`)
  const scale = scaleOf(drawn, format === 'percent' ? { log: false } : {})
  const written = format === 'percent' ? (value: number) => `${Number((value * 100).toFixed(2))} %` : tickLabel
  const picture = plot(drawn, { label: title, xLabel, scale, format: written })
  return frame(title, scale.log ? '(log scale)' : undefined, html`${legend(drawn)}${picture}`)
}

function layers({ title, xLabel, x, layers: given }: LayersCard): Markup {
  if (given.length <= COLORS.length)
    return curves({ kind: 'curves', title, xLabel, curves: given.map(({ name, y }) => ({ name, x, y })) })
  return frame(title, 'the stronger the larger (log scale)', heatMap(given, x, { label: title, xLabel }))
}

function samples({ title, note, samples: given }: SamplesCard): Markup {
  const figures = given.map(({ image, text: content, actual, predicted, confidence }) => {
    const wrong = actual !== undefined && actual !== predicted
    const shown =
      image === undefined
        ? html`<pre>${content ?? ''}</pre>`
        : html`<img alt="${actual === undefined ? 'a sample' : `a sample of ${actual}`}" src="${grayPng(image.pixels, image.rows, image.columns)}">`
    const said = wrong ? html`<b>${actual}</b> taken for <b class="wrong">${predicted}</b>` : html`<b>${predicted}</b>`
    const sure = confidence === undefined ? '' : html`<br>${percent(confidence, 0)} sure`
    return html`<figure${image === undefined ? html` class="row"` : ''}>${shown}<figcaption>${said}${sure}</figcaption></figure>`
  })
  return frame(title, note, html`<div class="mistakes">${figures}</div>`, true)
}

function rows({ title, note, head, rows: given }: RowsCard): Markup {
  const lines = given.map(
    ({ cells, wrong = false }) =>
      html`<tr${wrong ? html` class="wrong"` : ''}>${cells.map((text) => html`<td>${text}</td>`)}</tr>`,
  )
  const titles = html`<tr>${head.map((name) => html`<th>${name}</th>`)}</tr>`
  return frame(title, note, html`<div class="scroll"><table class="rows">${titles}${lines}</table></div>`, true)
}

function timeline({ title, profile }: TimelineCard): Markup {
  const { threads, ms, measuredMs, instructions, barriers } = profile
  const note = `${instructions} instructions on ${threads === 1 ? 'one thread' : `${threads} threads`}, ${barriers.length} barriers; ${timeText(ms)} alone, ${timeText(measuredMs)} as it runs`
  const keys = html`<p class="legend">${['forward', 'backward', 'update'].map((pass) => html`<span class="pass ${pass}">${pass}</span>`)}</p>`
  return frame(
    title,
    note,
    html`${keys}<div class="scroll"><div class="wide">${new Markup(flameChart(profile, { label: title }))}</div></div>`,
    true,
  )
}

function facts({ title, rows }: FactsCard): Markup {
  const lines = rows.map(([name, value]) => html`<tr><th>${name}</th><td>${value}</td></tr>`)
  return frame(title, undefined, html`<table class="facts">${lines}</table>`)
}

const text = ({ title, note, text: content }: TextCard): Markup => frame(title, note, html`<pre>${content}</pre>`, true)
