import { type Curve, resample, type Scale, scaleOf } from './curve.ts'
import { logTicks, tickLabel, ticks } from './format.ts'
import { paint, type Style, type Terminal } from './terminal.ts'

export interface ChartOptions {
  readonly title: string
  readonly xLabel: string
  readonly columns: number
  /** Rows of the plot itself. */
  readonly rows: number
}

const STYLES: readonly Style[] = ['cyan', 'yellow', 'magenta']
const MARKS = '*o+'
/** Columns for the labels of the y axis, such as 2e-16. */
const GUTTER = 5
// Bits of a braille cell's dots, by row and column.
const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const

/** Curves as lines of text: braille dots and box drawing, or plain ASCII. */
export function chart(curves: readonly Curve[], options: ChartOptions, terminal: Terminal): string[] {
  const drawn = curves.filter(({ x }) => x.length > 0)
  const from = Math.min(...drawn.map(({ x }) => x[0] as number))
  const to = Math.max(...drawn.map(({ x }) => x[x.length - 1] as number))
  if (drawn.length === 0) return [`${options.title}: no points`]

  const width = Math.max(12, Math.min(options.columns - GUTTER - options.xLabel.length - 6, 100))
  const canvas = new Canvas(width, options.rows, terminal)
  const values = drawn.map((curve) => resample(curve, from, to, canvas.dotsX))
  const scale = scaleOf(values.map((y) => ({ name: '', x: y, y })))
  for (const [index, y] of values.entries()) canvas.draw(y, scale, index)

  const [stem, tick, corner, line, mark] = terminal.unicode ? ['│', '┤', '└', '─', '┴'] : ['|', '+', '+', '-', '+']
  const dim = (text: string): string => paint(terminal, text, 'dim')
  const legend = drawn.map(({ name }, index) => {
    const key = terminal.unicode ? '━━' : (MARKS[index % MARKS.length] as string)
    return `${paint(terminal, key, STYLES[index % STYLES.length] as Style)} ${name}`
  })
  const rows = yLabels(scale, options.rows).map((label, row) => {
    const axis = dim(` ${label.padStart(GUTTER)} ${label === '' ? stem : tick}`)
    return `${axis}${canvas.row(row)}`
  })
  const xAxis = xTicks(from, to, width)
  let axis = ''
  for (let column = 0; column < width; column++) axis += xAxis.marks.has(column) ? mark : line
  const indent = ' '.repeat(GUTTER + 3)
  return [
    ` ${paint(terminal, options.title, 'bold')}${scale.log ? dim(' (log scale)') : ''}   ${legend.join('   ')}`,
    ...rows,
    dim(`${' '.repeat(GUTTER + 2)}${corner}${axis}`),
    dim(`${indent}${xAxis.labels}  ${options.xLabel}`.trimEnd()),
  ]
}

function yLabels(scale: Scale, rows: number): string[] {
  const labels = new Array<string>(rows).fill('')
  const wanted = scale.log ? logTicks(scale.low, scale.high) : ticks(scale.low, scale.high, Math.max(2, rows / 3))
  for (const value of wanted) {
    const row = Math.round((1 - scale.at(value)) * (rows - 1))
    // A row between two labels keeps them apart.
    if (labels[row] === '' && !labels[row - 1] && !labels[row + 1]) labels[row] = tickLabel(value)
  }
  return labels
}

function xTicks(from: number, to: number, width: number): { marks: Set<number>; labels: string } {
  const marks = new Set<number>()
  let labels = ''
  for (const value of ticks(from, to, Math.min(8, width / 9))) {
    const column = to > from ? Math.round(((value - from) / (to - from)) * (width - 1)) : 0
    const text = tickLabel(value)
    const start = Math.max(0, column - Math.floor(text.length / 2))
    if (start < labels.length + (labels === '' ? 0 : 1)) continue
    marks.add(column)
    labels = labels.padEnd(start) + text
  }
  return { marks, labels }
}

/** Dots per text cell: 2 x 4 in braille, 1 x 1 in ASCII. */
class Canvas {
  readonly dotsX: number
  private readonly dotsY: number
  private readonly perX: number
  private readonly perY: number
  private readonly width: number
  private readonly cells: Uint8Array
  /** Index of the curve that was drawn last in a cell, plus 1. */
  private readonly owner: Uint8Array
  private readonly terminal: Terminal

  constructor(width: number, height: number, terminal: Terminal) {
    ;[this.perX, this.perY] = terminal.unicode ? [2, 4] : [1, 1]
    this.width = width
    this.dotsX = width * this.perX
    this.dotsY = height * this.perY
    this.cells = new Uint8Array(width * height)
    this.owner = new Uint8Array(width * height)
    this.terminal = terminal
  }

  draw(values: Float64Array, scale: Scale, curve: number): void {
    let previous: number | undefined
    for (const [x, value] of values.entries()) {
      if (Number.isNaN(value)) {
        previous = undefined
        continue
      }
      const y = Math.round((1 - Math.min(1, Math.max(0, scale.at(value)))) * (this.dotsY - 1))
      // The step to the last column is drawn half in each, so that steep lines stay closed and thin.
      const start = previous === undefined ? y : Math.round((previous + y) / 2)
      for (let at = Math.min(start, y); at <= Math.max(start, y); at++) this.dot(x, at, curve)
      if (previous !== undefined) {
        for (let at = Math.min(previous, start); at < Math.max(previous, start); at++) this.dot(x - 1, at, curve)
      }
      previous = y
    }
  }

  private dot(x: number, y: number, curve: number): void {
    const cell = Math.floor(y / this.perY) * this.width + Math.floor(x / this.perX)
    this.cells[cell] = (this.cells[cell] as number) | (DOTS[y % this.perY]?.[x % this.perX] as number)
    this.owner[cell] = curve + 1
  }

  row(row: number): string {
    let text = ''
    for (let start = row * this.width, at = start; at < start + this.width; ) {
      const owner = this.owner[at] as number
      let run = ''
      for (; at < start + this.width && this.owner[at] === owner; at++)
        run += this.glyph(this.cells[at] as number, owner)
      text += owner === 0 ? run : paint(this.terminal, run, STYLES[(owner - 1) % STYLES.length] as Style)
    }
    return text.trimEnd()
  }

  private glyph(dots: number, owner: number): string {
    if (dots === 0) return ' '
    return this.terminal.unicode ? String.fromCodePoint(0x2800 + dots) : (MARKS[(owner - 1) % MARKS.length] as string)
  }
}
