import { html, Markup } from '../src/cli/report/html.ts'
import { STYLE } from '../src/cli/report/style.ts'
import type { Comparison, Results } from './compare.ts'
import { median, text } from './lib/stats.ts'

// The page of `npm run bench:compare`: bars of every workload, and products under the roof of the machine.

const MORE = `
.bars { width: 100%; border-collapse: collapse; font-size: 14px; }
.bars th { font-weight: 400; text-align: right; padding: 3px 10px 3px 0; white-space: nowrap; width: 1%; }
.bars td.bar { width: 60%; } .bars td { padding: 3px 10px 3px 0; white-space: nowrap; }
.bars .fill { display: block; height: 14px; border-radius: 3px; min-width: 1px; background: var(--line); }
.bars .ours .fill { background: var(--first); } .bars .wide .fill { background: var(--second); }
.bars .failure { color: var(--soft); white-space: normal; }
.roof { fill: none; stroke: var(--soft); stroke-width: 1.5; } .roof.memory { stroke-dasharray: 5 4; }
`

export function comparisonPage(results: Results): string {
  const { machine, comparisons, date, runs } = results
  const workloads = [...new Set(comparisons.map(({ workload }) => workload))]
  const page = html`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>chainrule beside others</title><style>${new Markup(STYLE + MORE)}</style>
<h1>chainrule beside others</h1>
<p class="sub">${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Node ${machine.node} (V8 ${machine.v8}),
${machine.platform}; ${date.slice(0, 10)}. One thread each, medians of ${runs} turns in alternation, losses compared
first. npm run bench:compare makes this page.</p>
<section class="grid2">${workloads.map((name) => bars(name, comparisons))}</section>
${results.kernels.length > 0 ? underTheRoof(results) : ''}
</html>
`
  return page.text
}

const underTheRoof = (
  results: Results,
): Markup => html`<section class="card"><h2>Matrix products under the roof</h2>${roofline(results)}
<p class="sub">Solid: the core's 128-bit multiply-add peak from wasm, ${text(results.peak)} GFLOP/s, and copies within the
first caches, ${text(results.bandwidths.cache)} GB/s; dashed: copies from memory, ${text(results.bandwidths.memory)} GB/s.
</p></section>`

interface Bar {
  readonly label: string
  readonly kind: '' | 'ours' | 'wide'
  readonly rate: number | undefined
  readonly note: string
}

function bars(workload: string, all: readonly Comparison[]): Markup {
  const rows = all.filter((comparison) => comparison.workload === workload)
  const ours = (mode: 'plain' | 'wide'): number => {
    const rates = rows.flatMap((row) => (row[mode] === undefined ? [] : [row[mode].ours]))
    return rates.length === 0 ? 0 : median(rates)
  }
  const list: Bar[] = [
    { label: 'chainrule, wide', kind: 'wide', rate: ours('wide') || undefined, note: '' },
    { label: 'chainrule, 128 bits', kind: 'ours', rate: ours('plain') || undefined, note: '' },
    ...rows
      .map(({ library, plain, wide, failure }): Bar => {
        const ratio = (pair: typeof plain): string => (pair === undefined ? '' : `${text(median(pair.ratios))} x`)
        const note = failure ?? [ratio(wide), ratio(plain)].filter((part) => part !== '').join(' and ')
        return { label: library, kind: '', rate: plain?.theirs, note }
      })
      .sort((a, b) => (b.rate ?? 0) - (a.rate ?? 0)),
  ]
  const top = Math.max(...list.map(({ rate }) => rate ?? 0))
  return html`<div class="card"><h2>${workload}</h2><table class="bars">${list.map(({ label, kind, rate, note }) =>
    rate === undefined
      ? note === ''
        ? html``
        : html`<tr><th>${label}</th><td class="failure" colspan="3">${note}</td></tr>`
      : html`<tr class="${kind}"><th>${label}</th><td class="bar"><span class="fill" style="width:${((100 * rate) / top).toFixed(1)}%"></span></td><td>${text(rate)}/s</td><td>${note}</td></tr>`,
  )}</table></div>`
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [860, 320, 52, 20, 12, 40]

/** GFLOP/s over operations a byte, both logarithmic. */
function roofline({ peak, bandwidths, kernels }: Results): Markup {
  const points = kernels.filter(({ intensity }) => intensity !== undefined)
  const [from, to] = [0.1, 1000]
  const [low, high] = [0.5, 2 * peak]
  const across = (value: number, a: number, b: number): number => Math.log(value / a) / Math.log(b / a)
  const px = (x: number): string => (LEFT + across(x, from, to) * (WIDTH - LEFT - RIGHT)).toFixed(1)
  const py = (y: number): string => (HEIGHT - BOTTOM - across(y, low, high) * (HEIGHT - TOP - BOTTOM)).toFixed(1)
  const roof = (bandwidth: number, style: string): Markup => {
    const start = Math.max(from, low / bandwidth)
    return html`<path class="roof ${style}" d="M${px(start)} ${py(start * bandwidth)}L${px(peak / bandwidth)} ${py(peak)}L${px(to)} ${py(peak)}"/>`
  }
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="roofline of matrix products">
${[1, 3, 10, 30, 100].filter((y) => y < high).map((y) => html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${py(y)}" y2="${py(y)}"/><text class="tick" text-anchor="end" x="${LEFT - 8}" y="${py(y)}">${y}</text>`)}
${[0.1, 1, 10, 100, 1000].map((x) => html`<text class="tick" text-anchor="middle" x="${px(x)}" y="${HEIGHT - BOTTOM + 18}">${x}</text>`)}
<text class="tick" text-anchor="middle" x="${WIDTH / 2}" y="${HEIGHT - 4}">operations a byte; up: GFLOP/s</text>
${roof(bandwidths.cache, '')}${roof(bandwidths.memory, 'memory')}
${points.map(({ name, rate, intensity }) => html`<circle class="dot first" cx="${px(intensity as number)}" cy="${py(Math.max(low, rate))}" r="4"><title>${name}: ${text(rate)} GFLOP/s</title></circle>`)}
</svg>`
}
