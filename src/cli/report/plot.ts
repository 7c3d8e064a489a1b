import { type Curve, type Scale, scaleOf } from '../curve.ts'
import { logTicks, tickLabel, ticks } from '../format.ts'
import { html, type Markup } from './html.ts'

export interface PlotCurve extends Curve {
  /** Class in the style sheet, which gives it its color: one of COLORS. */
  readonly color: string
  /** A faint line behind the others, without a name. */
  readonly faint?: boolean
  /** A dot with its value at each point. */
  readonly dots?: boolean
}

export interface PlotOptions {
  readonly label: string
  readonly xLabel: string
  readonly scale?: Scale
  format(value: number): string
}

/** Classes of the style sheet that tell curves apart. */
export const COLORS: readonly string[] = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth']

const WIDTH = 560
const HEIGHT = 280
const LEFT = 52
const RIGHT = 16
const TOP = 12
const BOTTOM = 40
const MAX_POINTS = 500

/** Curves as an inline SVG picture. */
export function plot(curves: readonly PlotCurve[], { label, xLabel, format, ...options }: PlotOptions): Markup {
  const drawn = curves.filter(({ x }) => x.length > 0)
  const scale = options.scale ?? scaleOf(drawn)
  const from = Math.min(...drawn.map(({ x }) => x[0] as number))
  const to = Math.max(...drawn.map(({ x }) => x[x.length - 1] as number))
  const px = (value: number): number => LEFT + (to > from ? (value - from) / (to - from) : 0.5) * (WIDTH - LEFT - RIGHT)
  const py = (value: number): number => TOP + (1 - scale.at(value)) * (HEIGHT - TOP - BOTTOM)
  const yTicks = scale.log ? logTicks(scale.low, scale.high) : ticks(scale.low, scale.high, 5)
  const bottom = HEIGHT - BOTTOM
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${label}">
${yTicks.map(
  (value) =>
    html`<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${round(py(value))}" y2="${round(py(value))}"/><text class="tick" text-anchor="end" x="${LEFT - 8}" y="${round(py(value) + 4)}">${format(value)}</text>`,
)}
<line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${bottom}" y2="${bottom}"/>
${ticks(from, to, 7).map(
  (value) =>
    html`<text class="tick" text-anchor="middle" x="${round(px(value))}" y="${bottom + 17}">${tickLabel(value)}</text>`,
)}
<text class="tick" text-anchor="middle" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 5}">${xLabel}</text>
${drawn.map((curve) => {
  const { x, y, color, faint, dots, name } = curve
  const line = html`<path class="line ${color}${faint ? ' faint' : ''}" d="${path(curve, px, py)}"/>`
  if (!dots || x.length > 60) return line
  const marks = Array.from(y, (value, i) =>
    Number.isFinite(value)
      ? html`<circle class="dot ${color}" cx="${round(px(x[i] as number))}" cy="${round(py(value))}" r="3"><title>${name}, ${xLabel} ${tickLabel(x[i] as number)}: ${format(value)}</title></circle>`
      : html``,
  )
  return html`${line}${marks}`
})}
</svg>`
}

/** What the colors mean. */
export function legend(curves: readonly PlotCurve[]): Markup {
  const named = curves.filter(({ faint, x }) => !faint && x.length > 0)
  return html`<p class="legend">${named.map(({ name, color }) => html`<span class="${color}">${name}</span>`)}</p>`
}

function path(curve: Curve, px: (x: number) => number, py: (y: number) => number): string {
  let text = ''
  let pen = 'M'
  for (const [x, y] of thinned(curve)) {
    if (!Number.isFinite(y)) {
      pen = 'M'
      continue
    }
    text += `${pen}${round(px(x))} ${round(py(y))}`
    pen = 'L'
  }
  return text
}

/** At most MAX_POINTS points: of each stretch its lowest and highest, so that peaks stay. */
function thinned({ x, y }: Curve): [number, number][] {
  const all = Array.from(x, (value, i): [number, number] => [value, y[i] as number])
  if (all.length <= MAX_POINTS) return all
  const stretch = Math.ceil((all.length * 2) / MAX_POINTS)
  const kept: [number, number][] = []
  for (let start = 0; start < all.length; start += stretch) {
    const part = all.slice(start, start + stretch)
    const low = part.reduce((a, b) => (b[1] < a[1] ? b : a))
    const high = part.reduce((a, b) => (b[1] > a[1] ? b : a))
    kept.push(...(low === high ? [low] : low[0] < high[0] ? [low, high] : [high, low]))
  }
  return kept
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
