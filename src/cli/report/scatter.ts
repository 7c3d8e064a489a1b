import { scaleOf } from '../curve.ts'
import { tickLabel, ticks } from '../format.ts'
import { html, type Markup } from './html.ts'
import type { ScatterCard } from './run-report.ts'

const WIDTH = 560
const HEIGHT = 300
const LEFT = 62
const RIGHT = 16
const TOP = 12
const BOTTOM = 40

/** Points of both numbers on one scale, and the line on which they are equal. */
export function scatter({ title, xLabel, yLabel, x, y }: ScatterCard): Markup {
  const both = [...Array.from(x), ...Array.from(y)]
  const { low, high, at } = scaleOf([{ name: '', x: both, y: both }], { log: false })
  const round = (value: number): number => Math.round(value * 10) / 10
  const px = (value: number): number => round(LEFT + at(value) * (WIDTH - LEFT - RIGHT))
  const py = (value: number): number => round(TOP + (1 - at(value)) * (HEIGHT - TOP - BOTTOM))
  const bottom = HEIGHT - BOTTOM
  const middle = (TOP + bottom) / 2
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">
${ticks(low, high, 5).map(
  (value) =>
    html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${py(value)}" y2="${py(value)}"/><text class="tick" text-anchor="end" x="${LEFT - 8}" y="${py(value) + 4}">${tickLabel(value)}</text><text class="tick" text-anchor="middle" x="${px(value)}" y="${bottom + 17}">${tickLabel(value)}</text>`,
)}
<line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${bottom}" y2="${bottom}"/>
<line class="equal" x1="${px(low)}" y1="${py(low)}" x2="${px(high)}" y2="${py(high)}"/>
${Array.from(x, (value, i) =>
  Number.isFinite(value) && Number.isFinite(y[i])
    ? html`<circle class="dot first" cx="${px(value)}" cy="${py(y[i] as number)}" r="3"><title>${xLabel} ${tickLabel(value)}, ${yLabel} ${tickLabel(y[i] as number)}</title></circle>`
    : html``,
)}
<text class="tick" text-anchor="middle" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 5}">${xLabel}</text>
<text class="tick" text-anchor="middle" transform="translate(10 ${middle}) rotate(-90)">${yLabel}</text>
</svg>`
}
