import { isTiledInputGrad, isWinograd, sizesOf } from '../ops/conv.ts'
import type { Attrs, RefTensor } from '../reference/index.ts'

// First-order bounds of Winograd's F(2x2, 3x3): the magnitudes of all terms that a result is a sum of, which are more
// than those of the convolution, since some of them cancel.

type Row = readonly number[]

/** |B^T|, |G|, |A^T|, and the transposes of the last two. */
const toInput = ([a = 0, b = 0, c = 0, d = 0]: Row): Row => [a + c, b + c, b + c, b + d]
const toFilter = ([a = 0, b = 0, c = 0]: Row): Row => [a, (a + b + c) / 2, (a + b + c) / 2, c]
const fromProducts = ([a = 0, b = 0, c = 0, d = 0]: Row): Row => [a + b + c, b + c + d]
const toSlope = ([a = 0, b = 0]: Row): Row => [a, a + b, a + b, b]
const fromSlopes = ([a = 0, b = 0, c = 0, d = 0]: Row): Row => [a + (b + c) / 2, (b + c) / 2, (b + c) / 2 + d]

/** A transform of the rows and of the columns of a square, given and returned row by row. */
function both(transform: (row: Row) => Row, square: Row): number[] {
  const side = Math.sqrt(square.length)
  const rows = Array.from({ length: side }, (_, i) => transform(square.slice(i * side, (i + 1) * side)))
  const width = rows[0]!.length
  const columns = Array.from({ length: width }, (_, j) => transform(rows.map((row) => row[j]!)))
  return Array.from({ length: width }, (_, i) => columns.map((column) => column[i]!)).flat()
}

/** Magnitudes of a square of a plane; beyond it are zeros. */
function square(x: RefTensor, plane: number, row: number, column: number, side: number): number[] {
  const [, , height = 0, width = 0] = x.shape
  return Array.from({ length: side * side }, (_, at) => {
    const [i, j] = [row + Math.floor(at / side), column + (at % side)]
    const inside = i >= 0 && i < height && j >= 0 && j < width
    return inside ? Math.abs(x.data[(plane * height + i) * width + j] as number) : 0
  })
}

function* tiles([n = 0, , h = 0, w = 0]: readonly number[]): Generator<readonly [image: number, i: number, j: number]> {
  for (let image = 0; image < n; image++)
    for (let i = 0; i < h; i += 2) for (let j = 0; j < w; j += 2) yield [image, i, j]
}

const plane = (w: RefTensor, at: number): Row => w.data.slice(at * 9, at * 9 + 9) as unknown as Row

/** Magnitudes for y [n, o, h, w] = the convolution of x with w and `top` and `left` zeros before it. */
function forward(x: RefTensor, w: RefTensor, shape: readonly number[], top: number, left: number): Float64Array {
  const [, filters = 0, h = 0, width = 0] = shape
  const channels = w.shape[1]!
  const y = new Float64Array(shape.reduce((a, b) => a * b, 1))
  const u = Array.from({ length: filters * channels }, (_, at) => both(toFilter, [...plane(w, at)].map(Math.abs)))
  for (const [image, i, j] of tiles(shape)) {
    const v = Array.from({ length: channels }, (_, c) =>
      both(toInput, square(x, image * channels + c, i - top, j - left, 4)),
    )
    for (let o = 0; o < filters; o++) {
      const sums = v[0]!.map((_, k) => v.reduce((sum, tile, c) => sum + tile[k]! * u[o * channels + c]![k]!, 0))
      for (const [at, value] of both(fromProducts, sums).entries()) {
        const [row, column] = [i + (at >> 1), j + (at & 1)]
        if (row < h && column < width) y[((image * filters + o) * h + row) * width + column] = value
      }
    }
  }
  return y
}

/** Magnitudes for the gradient for w of that convolution. */
function filterGrad(x: RefTensor, dy: RefTensor, shape: readonly number[], top: number, left: number): Float64Array {
  const [filters = 0, channels = 0] = shape
  const sums = Array.from({ length: filters * channels }, () => new Array<number>(16).fill(0))
  for (const [image, i, j] of tiles(dy.shape)) {
    const v = Array.from({ length: channels }, (_, c) =>
      both(toInput, square(x, image * channels + c, i - top, j - left, 4)),
    )
    for (let o = 0; o < filters; o++) {
      const slope = both(toSlope, square(dy, image * filters + o, i, j, 2))
      for (const [c, tile] of v.entries())
        for (const [k, value] of tile.entries()) sums[o * channels + c]![k]! += value * slope[k]!
    }
  }
  return Float64Array.from(sums.flatMap((sum) => both(fromSlopes, sum)))
}

/** Shapes of images (without padding), filters and results of a convolution. */
type Shapes = readonly [x: readonly number[], w: readonly number[], y: readonly number[]]

const paddingOf = (attrs: Attrs) => attrs['padding'] as readonly [number, number, number, number]

/** Magnitudes of a convolution's results, and how many products each is a sum of; undefined where it takes no tiles. */
export interface Magnitudes {
  readonly data: Float64Array
  readonly terms: number
}

export function winogradConv2d(x: RefTensor, w: RefTensor, y: RefTensor, attrs: Attrs): Magnitudes | undefined {
  const [top, , left] = paddingOf(attrs)
  if (!isWinograd(sizes([x.shape, w.shape, y.shape], attrs))) return undefined
  return { data: forward(x, w, y.shape, top, left), terms: w.shape[1]! }
}

export function winogradInputGrad(dy: RefTensor, w: RefTensor, dx: RefTensor, attrs: Attrs): Magnitudes | undefined {
  const padding = paddingOf(attrs)
  const [filters, channels] = w.shape as [number, number]
  if (Math.max(...padding) > 2 || !isTiledInputGrad(sizesOf(dx.shape, w.shape, dy.shape, attrs))) return undefined
  // [channel, filter], turned by half a turn
  const data = new Float64Array(w.data.length)
  for (let o = 0; o < filters; o++)
    for (let c = 0; c < channels; c++)
      for (let t = 0; t < 9; t++) data[(c * filters + o) * 9 + t] = w.data[(o * channels + c) * 9 + 8 - t] as number
  const turned = { shape: [channels, filters, 3, 3], data }
  return { data: forward(dy, turned, dx.shape, 2 - padding[0], 2 - padding[2]), terms: filters }
}

export function winogradFilterGrad(x: RefTensor, dy: RefTensor, dw: RefTensor, attrs: Attrs): Magnitudes | undefined {
  const [top, , left] = paddingOf(attrs)
  if (!isWinograd(sizes([x.shape, dw.shape, dy.shape], attrs))) return undefined
  return { data: filterGrad(x, dy, dw.shape, top, left), terms: [...tiles(dy.shape)].length }
}

function sizes([x, w, y]: Shapes, attrs: Attrs) {
  const [top, bottom, left, right] = paddingOf(attrs)
  return sizesOf([x[0]!, x[1]!, x[2]! + top + bottom, x[3]! + left + right], w, y, attrs)
}
