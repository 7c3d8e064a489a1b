import { scaleOf } from '../curve.ts'
import { tickLabel, ticks } from '../format.ts'
import { html, type Markup } from './html.ts'

const WIDTH = 560
const LEFT = 170
const RIGHT = 8
const ROW = 17
const BOTTOM = 34
const COLUMNS = 90

/** A row a layer, a column a stretch of steps; the color is the stronger the larger the number, on a logarithmic scale. */
export function heatMap(
  layers: readonly { readonly name: string; readonly y: ArrayLike<number> }[],
  x: ArrayLike<number>,
  { label, xLabel }: { readonly label: string; readonly xLabel: string },
): Markup {
  const count = x.length
  const columns = Math.min(COLUMNS, count)
  const means = layers.map(({ y }) =>
    Array.from({ length: columns }, (_, i) => {
      const [from, to] = [Math.floor((i * count) / columns), Math.floor(((i + 1) * count) / columns)]
      const part = Array.from({ length: to - from }, (_, k) => y[from + k] as number).filter(Number.isFinite)
      return part.reduce((sum, value) => sum + value, 0) / part.length
    }),
  )
  const scale = scaleOf(
    means.map((y) => ({ name: '', x: y, y: y.filter((value) => value > 0) })),
    { log: true },
  )
  const height = layers.length * ROW + BOTTOM
  const width = (WIDTH - LEFT - RIGHT) / Math.max(1, columns)
  const [first, last] = [x[0] ?? 0, x[count - 1] ?? 0]
  const at = (value: number): number =>
    LEFT + (last > first ? (value - first) / (last - first) : 0.5) * (WIDTH - LEFT - RIGHT)
  const round = (value: number): number => Math.round(value * 100) / 100
  const rows = layers.map(({ name }, row) => {
    const cells = (means[row] as number[]).map((value, column) =>
      value > 0
        ? html`<rect class="heat" shape-rendering="crispEdges" style="opacity:${(0.08 + 0.92 * scale.at(value)).toFixed(2)}" x="${round(LEFT + column * width)}" y="${row * ROW}" width="${round(width)}" height="${ROW - 1}"><title>${name}: ${tickLabel(value)}</title></rect>`
        : html``,
    )
    // The path says more than the kind behind it.
    const path = name.length > 26 ? name.replace(/ \(.*\)$/, '') : name
    const short = path.length > 26 ? `…${path.slice(-25)}` : path
    return html`<text class="tick" text-anchor="end" x="${LEFT - 8}" y="${row * ROW + 12}">${short}</text>${cells}`
  })
  const labels = ticks(first, last, 6).map(
    (value) =>
      html`<text class="tick" text-anchor="middle" x="${round(at(value))}" y="${height - BOTTOM + 15}">${tickLabel(value)}</text>`,
  )
  return html`<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${label}">${rows}${labels}<text class="tick" text-anchor="middle" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${height - 4}">${xLabel}</text></svg>`
}
