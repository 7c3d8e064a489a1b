import { ArgumentError, ShapeError } from '../errors.ts'
import { known } from '../options.ts'
import { shapeText } from '../tensor/shape.ts'
import { checkTensor } from './apply.ts'
import { pair, type Size2d } from './conv.ts'
import { tensor } from './create.ts'
import { matmul } from './matmul.ts'
import { gather } from './shape.ts'
import type { Tensor } from './tensor.ts'

export interface UpsampleOptions {
  /** Size of the result; or `scale`. */
  readonly size?: Size2d
  /** How many times larger each side is, a whole number; or `size`. */
  readonly scale?: Size2d
  /** Default 'nearest'. */
  readonly mode?: 'nearest' | 'bilinear'
  /** Bilinear: corners fall on corners, instead of pixels being squares. Default false. */
  readonly alignCorners?: boolean
}

/**
 * Images [N, C, H, W] at another size, as PyTorch's interpolate: 'nearest' takes pixel floor(i H / H'), 'bilinear' mixes
 * the two neighbours of (i + 1/2) H / H' - 1/2 along each axis. Throws ShapeError and ArgumentError.
 */
export function upsample2d(x: Tensor, options: UpsampleOptions): Tensor {
  const where = 'upsample2d'
  const { mode = 'nearest', alignCorners = false } = known(where, options, 'size scale mode alignCorners')
  if (checkTensor(x, where).rank !== 4)
    throw new ShapeError('the input is not a batch of images', {
      where,
      expected: '[N, C, H, W]',
      received: shapeText(x.shape),
    })
  if (mode !== 'nearest' && mode !== 'bilinear')
    throw new ArgumentError('no such mode', { where, expected: "'nearest' or 'bilinear'", received: String(mode) })
  const [height = 0, width = 0] = x.shape.slice(2)
  const [tall, wide] = sizeOf(options, height, width)
  const { engine } = x
  if (mode === 'nearest') {
    const pick = (from: number, to: number): Tensor => tensor(nearest(from, to), [to], { engine })
    return gather(gather(x, pick(height, tall), 2), pick(width, wide), 3)
  }
  const rows = tensor(weights(height, tall, alignCorners), [tall, height], { engine })
  const columns = tensor(weights(width, wide, alignCorners), [wide, width], { engine })
  return matmul(matmul(rows, x), columns, { transposeB: true })
}

function sizeOf({ size, scale }: UpsampleOptions, height: number, width: number): readonly [number, number] {
  const where = 'upsample2d'
  if ((size === undefined) === (scale === undefined))
    throw new ArgumentError('takes either a size or a scale', {
      where,
      expected: 'one of size and scale',
      received: size === undefined ? 'neither' : 'both',
    })
  const [tall, wide] =
    size === undefined
      ? pair(scale as Size2d, 1, `${where}.scale`).map((times, axis) => times * (axis === 0 ? height : width))
      : pair(size, 1, `${where}.size`)
  if (height < 1 || width < 1)
    throw new ShapeError('the images have no pixels', {
      where,
      expected: 'H and W of at least 1',
      received: `${height} x ${width}`,
    })
  return [tall as number, wide as number]
}

/** The pixel that each new one takes. */
const nearest = (from: number, to: number): Int32Array =>
  Int32Array.from({ length: to }, (_, i) => Math.min(from - 1, Math.floor((i * from) / to)))

/** [to, from]: the shares of the old pixels in each new one. */
function weights(from: number, to: number, alignCorners: boolean): Float32Array {
  const matrix = new Float32Array(to * from)
  for (let i = 0; i < to; i++) {
    const at = alignCorners ? (to > 1 ? (i * (from - 1)) / (to - 1) : 0) : Math.max(0, ((i + 0.5) * from) / to - 0.5)
    const low = Math.min(from - 1, Math.floor(at))
    const share = at - low
    matrix[i * from + low] = 1 - share
    const high = Math.min(from - 1, low + 1)
    matrix[i * from + high] = (matrix[i * from + high] as number) + share
  }
  return matrix
}
