import { ArgumentError, ShapeError } from '../errors.ts'
import { known } from '../options.ts'
import { shapeText } from '../tensor/shape.ts'
import { adaptiveAvgPool2d, adaptiveMaxPool2d } from './adaptive.ts'
import { checkTensor } from './apply.ts'
import { avgPool2d, maxPool2d } from './pool.ts'
import { reshape } from './shape.ts'
import type { Tensor } from './tensor.ts'

// Sequences as images of one row.

export interface Pool1dOptions {
  /** Default: the window. */
  readonly stride?: number
  /** On both sides (0); at most half of a window. */
  readonly padding?: number
  /** Counts a last window that is not full. Default false. */
  readonly ceil?: boolean
}

export interface AvgPool1dOptions extends Pool1dOptions {
  /** Padding counts as zeros (true). */
  readonly countIncludePad?: boolean
}

function byRow(where: string, x: Tensor, f: (x: Tensor) => Tensor): Tensor {
  const [n = 0, c = 0, length = 0] = checkTensor(x, where).shape
  if (x.rank !== 3)
    throw new ShapeError('the input is not a batch of sequences', {
      where,
      expected: '[N, C, L]',
      received: shapeText(x.shape),
    })
  const y = f(reshape(x, [n, c, 1, length]))
  return reshape(y, [n, c, y.shape[3] as number])
}

/** Sizes along one axis as those of images. */
function along(where: string, kernel: number, { stride, padding = 0, ...options }: Pool1dOptions) {
  for (const size of [kernel, stride ?? kernel, padding])
    if (typeof size !== 'number')
      throw new ArgumentError('not a whole number', { where, expected: 'a whole number', received: String(size) })
  return {
    kernel: [1, kernel] as const,
    options: { stride: [1, stride ?? kernel] as const, padding: [0, padding] as const, ...options },
  }
}

/** Largest value of each window of x [N, C, L]; padding counts for nothing, NaN wins. */
export function maxPool1d(x: Tensor, kernel: number, options: Pool1dOptions = {}): Tensor {
  const windows = along('maxPool1d', kernel, known('maxPool1d', options, 'stride padding ceil'))
  return byRow('maxPool1d', x, (y) => maxPool2d(y, windows.kernel, windows.options))
}

/** Mean of each window of x [N, C, L]. */
export function avgPool1d(x: Tensor, kernel: number, options: AvgPool1dOptions = {}): Tensor {
  const windows = along('avgPool1d', kernel, known('avgPool1d', options, 'stride padding ceil countIncludePad'))
  return byRow('avgPool1d', x, (y) => avgPool2d(y, windows.kernel, windows.options))
}

/** Means over `size` parts of x [N, C, L], as adaptiveAvgPool2d. */
export const adaptiveAvgPool1d = (x: Tensor, size: number): Tensor =>
  byRow('adaptiveAvgPool1d', x, (y) => adaptiveAvgPool2d(y, [1, size]))

/** Largest values of `size` parts of x [N, C, L], as adaptiveMaxPool2d. */
export const adaptiveMaxPool1d = (x: Tensor, size: number): Tensor =>
  byRow('adaptiveMaxPool1d', x, (y) => adaptiveMaxPool2d(y, [1, size]))
