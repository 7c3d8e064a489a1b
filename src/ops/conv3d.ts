import { ArgumentError, ShapeError } from '../errors.ts'
import { known } from '../options.ts'
import { checkShape, shapeText } from '../tensor/shape.ts'
import { checkTensor } from './apply.ts'
import { pad } from './arrange.ts'
import { conv2d, type Sides } from './conv.ts'
import { avgPool2d, maxPool2d } from './pool.ts'
import { reshape, slice, stack, transpose } from './shape.ts'
import type { Tensor } from './tensor.ts'

// Volumes as images: the slices that a filter sees at once become channels of one convolution of images, so that a sum is
// one chain over channels, depth, rows and columns.

/** A number for all axes, or one for depth, rows and columns. */
export type Size3d = number | readonly [number, number, number]
/** Slices in front and behind, rows above and below, columns left and right. */
export type Sides3d = readonly [front: number, back: number, top: number, bottom: number, left: number, right: number]
/** Zeros around the volume: on all sides, [depth, rows, columns], all six sides, none, or what keeps the size. */
export type Padding3d = Size3d | Sides3d | 'valid' | 'same'

export interface Conv3dOptions {
  /** Step of the filter (1). */
  readonly stride?: Size3d
  /** Zeros around the volume (0). */
  readonly padding?: Padding3d
  /** Distance of neighbouring taps (1). */
  readonly dilation?: Size3d
  /** Parts of channels and filters that see only each other (1). */
  readonly groups?: number
}

type Triple = readonly [number, number, number]

function triple(value: Size3d, least: number, where: string): Triple {
  const list = typeof value === 'number' ? [value, value, value] : value
  if (!Array.isArray(list) || list.length !== 3 || !list.every((n) => Number.isSafeInteger(n) && n >= least))
    throw new ArgumentError('neither a number nor three', {
      where,
      expected: `whole numbers of at least ${least}: one, or [depth, rows, columns]`,
      received: JSON.stringify(value) ?? String(value),
    })
  return list as unknown as Triple
}

function volumes(where: string, x: Tensor, what: string): readonly [number, number, number, number, number] {
  if (checkTensor(x, where).rank !== 5)
    throw new ShapeError('the operand does not have five axes', { where, expected: what, received: shapeText(x.shape) })
  return x.shape as unknown as readonly [number, number, number, number, number]
}

/**
 * Three-dimensional convolution: x [N, C, D, H, W], weight [O, C / groups, kD, kH, kW], bias [O] give [N, O, D', H', W'],
 * sizes as of conv2d. Holds kD copies of x while it computes. Throws ShapeError and ArgumentError.
 */
export function conv3d(x: Tensor, weight: Tensor, bias?: Tensor, options: Conv3dOptions = {}): Tensor {
  const where = 'conv3d'
  const [n, c, d, h, w] = volumes(where, x, '[N, C, D, H, W]')
  const [o, per, kd, kh, kw] = volumes(where, weight, '[O, C / groups, kD, kH, kW]')
  const { padding = 0, groups = 1 } = known(where, options, 'stride padding dilation groups')
  const [sd, sh, sw] = triple(options.stride ?? 1, 1, `${where}.stride`)
  const [dd, dh, dw] = triple(options.dilation ?? 1, 1, `${where}.dilation`)
  if (typeof padding === 'string' && padding !== 'same' && padding !== 'valid')
    throw new ArgumentError('unknown padding', { where, expected: "'same', 'valid' or sizes", received: padding })
  if (padding === 'same' && sd !== 1)
    throw new ArgumentError("padding 'same' takes a stride of 1", { where, expected: '1', received: String(sd) })
  const reach = dd * (kd - 1)
  const same = padding === 'same'
  const [front, back, ...around] = typeof padding === 'string' ? halves(same ? reach : 0) : sides(padding, where)
  const depth = Math.floor((d + front + back - reach - 1) / sd) + 1
  if (kd < 1 || depth < 1)
    throw new ShapeError('the filter is deeper than the padded volume', {
      where,
      expected: `at least ${reach + 1} slices`,
      received: shapeText(x.shape),
    })
  checkShape([n * depth, c * kd, h, w], where)
  const deepened = pad(x, [none, none, [front, back], none, none])
  // tap k of all results: [N, C, D', H, W]
  const taps = Array.from({ length: kd }, (_, k) =>
    slice(deepened, [0, 0, k * dd], [n, c, k * dd + sd * (depth - 1) + 1], [1, 1, sd]),
  )
  const images = reshape(transpose(stack(taps, 2), [0, 3, 1, 2, 4, 5]), [n * depth, c * kd, h, w])
  const y = conv2d(images, reshape(weight, [o, per * kd, kh, kw]), bias, {
    stride: [sh, sw],
    padding: typeof padding === 'string' ? padding : (around as unknown as Sides),
    dilation: [dh, dw],
    groups,
  })
  return transpose(reshape(y, [n, depth, ...y.shape.slice(1)]), [0, 2, 1, 3, 4])
}

const none = [0, 0] as const

const halves = (n: number): readonly [number, number] => [Math.floor(n / 2), Math.ceil(n / 2)]

function sides(padding: Size3d | Sides3d, where: string): Sides3d {
  if (typeof padding === 'object' && (padding as readonly number[]).length === 6) {
    for (const side of padding) triple(side, 0, `${where}.padding`)
    return padding as Sides3d
  }
  const [d, h, w] = triple(padding as Size3d, 0, `${where}.padding`)
  return [d, d, h, h, w, w]
}

export interface Pool3dOptions {
  /** Default: the window. */
  readonly stride?: Size3d
  /** On both sides of each axis (0); at most half of a window. */
  readonly padding?: Size3d
  /** Counts last windows that are not full. Default false. */
  readonly ceil?: boolean
}

export interface AvgPool3dOptions extends Pool3dOptions {
  /** Padding counts as zeros (true). */
  readonly countIncludePad?: boolean
}

/** Windows over rows and columns, then over slices: both kinds of pooling come apart like that. */
function pool3d(where: string, x: Tensor, kernel: Size3d, options: AvgPool3dOptions, pool: typeof avgPool2d): Tensor {
  const [n, c, d, h, w] = volumes(where, x, '[N, C, D, H, W]')
  const { stride = kernel, padding = 0, ...rest } = options
  const [kd, kh, kw] = triple(kernel, 1, `${where}.kernel`)
  const [sd, sh, sw] = triple(stride, 1, `${where}.stride`)
  const [pd, ph, pw] = triple(padding, 0, `${where}.padding`)
  const planes = pool(reshape(x, [n, c * d, h, w]), [kh, kw], { ...rest, stride: [sh, sw], padding: [ph, pw] })
  const [tall, wide] = planes.shape.slice(2) as [number, number]
  const y = pool(reshape(planes, [n, c, d, tall * wide]), [kd, 1], { ...rest, stride: [sd, 1], padding: [pd, 0] })
  return reshape(y, [n, c, y.shape[2] as number, tall, wide])
}

/** Largest value of each window of x [N, C, D, H, W]; padding counts for nothing, NaN wins. */
export const maxPool3d = (x: Tensor, kernel: Size3d, options: Pool3dOptions = {}): Tensor =>
  pool3d('maxPool3d', x, kernel, known('maxPool3d', options, 'stride padding ceil'), maxPool2d)

/** Mean of each window of x [N, C, D, H, W]. */
export const avgPool3d = (x: Tensor, kernel: Size3d, options: AvgPool3dOptions = {}): Tensor =>
  pool3d('avgPool3d', x, kernel, known('avgPool3d', options, 'stride padding ceil countIncludePad'), avgPool2d)
