import { ArgumentError, ShapeError } from '../errors.ts'
import { known } from '../options.ts'
import { shapeText } from '../tensor/shape.ts'
import { checkTensor } from './apply.ts'
import { conv2d, convTranspose2d } from './conv.ts'
import { reshape } from './shape.ts'
import type { Tensor } from './tensor.ts'

// Sequences as images of one row.

export interface Conv1dOptions {
  /** Step of the filter (1). */
  readonly stride?: number
  /** Zeros on both sides (0), [left, right], none, or what keeps the length. */
  readonly padding?: number | readonly [number, number] | 'valid' | 'same'
  /** Distance of neighbouring taps (1). */
  readonly dilation?: number
  /** Parts of channels and filters that see only each other (1). */
  readonly groups?: number
}

function image(x: Tensor, where: string, what: string): Tensor {
  const [a = 0, b = 0, c = 0] = checkTensor(x, where).shape
  if (x.rank !== 3)
    throw new ShapeError('the operand does not have three axes', {
      where,
      expected: what,
      received: shapeText(x.shape),
    })
  return reshape(x, [a, b, 1, c])
}

const sequence = (y: Tensor): Tensor => reshape(y, [y.shape[0] as number, y.shape[1] as number, y.shape[3] as number])

/** x [N, C, L], weight [O, C / groups, k], bias [O] give [N, O, L']. */
export function conv1d(x: Tensor, weight: Tensor, bias?: Tensor, options: Conv1dOptions = {}): Tensor {
  const {
    stride = 1,
    padding = 0,
    dilation = 1,
    groups = 1,
  } = known('conv1d', options, 'stride padding dilation groups')
  if (Array.isArray(padding) && padding.length !== 2)
    throw new ArgumentError('the padding does not fit', {
      where: 'conv1d.padding',
      expected: "a number, [left, right], 'valid' or 'same'",
      received: JSON.stringify(padding),
    })
  const [left, right] = typeof padding === 'object' ? padding : [padding, padding]
  return sequence(
    conv2d(image(x, 'conv1d', '[N, C, L]'), image(weight, 'conv1d', '[O, C / groups, k]'), bias, {
      stride: [1, stride],
      padding: typeof left === 'string' ? left : [0, 0, left as number, right as number],
      dilation: [1, dilation],
      groups,
    }),
  )
}

export interface ConvTranspose1dOptions {
  readonly stride?: number
  /** Ends cut off (0). */
  readonly padding?: number
  /** Further words at the right end, less than the stride (0). */
  readonly outputPadding?: number
  readonly dilation?: number
  readonly groups?: number
}

/** Transposed: x [N, C, L], weight [C, O / groups, k], bias [O] give [N, O, L']. */
export function convTranspose1d(
  x: Tensor,
  weight: Tensor,
  bias?: Tensor,
  options: ConvTranspose1dOptions = {},
): Tensor {
  const where = 'convTranspose1d'
  const list = 'stride padding outputPadding dilation groups'
  const { stride = 1, padding = 0, outputPadding = 0, dilation = 1, groups = 1 } = known(where, options, list)
  return sequence(
    convTranspose2d(image(x, where, '[N, C, L]'), image(weight, where, '[C, O / groups, k]'), bias, {
      stride: [1, stride],
      padding: [0, padding],
      outputPadding: [0, outputPadding],
      dilation: [1, dilation],
      groups,
    }),
  )
}
