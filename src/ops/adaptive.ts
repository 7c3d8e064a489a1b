import { ShapeError } from '../errors.ts'
import { shapeText } from '../tensor/shape.ts'
import { checkTensor, checkTypes } from './apply.ts'
import { pair, type Size2d } from './conv.ts'
import { tensor } from './create.ts'
import { div } from './functions.ts'
import { avgPool2d, maxPool2d } from './pool.ts'
import { argmax, sum } from './reduce.ts'
import { where } from './select.ts'
import { gather, reshape, takeAlong, transpose } from './shape.ts'
import type { Tensor } from './tensor.ts'

// Pooling to a given size. Part i of n elements in m parts goes from floor(i n / m) to ceil((i + 1) n / m), as in PyTorch:
// where m does not divide n, neighbouring parts share elements and differ in length.

interface Parts {
  /** Elements of the longest part. */
  readonly longest: number
  /** [parts, longest]: which element; a shorter part ends with its last one again. */
  readonly index: Int32Array
  /** [parts, longest]: 1 for an element, 0 for a repetition. */
  readonly counts: Float32Array
  /** The length of each part. */
  readonly lengths: Float32Array
}

function partsOf(n: number, m: number): Parts {
  const from = (i: number): number => Math.floor((i * n) / m)
  const lengths = Array.from({ length: m }, (_, i) => Math.ceil(((i + 1) * n) / m) - from(i))
  const longest = Math.max(...lengths)
  const each = <T>(f: (part: number, k: number) => T): T[] =>
    lengths.flatMap((_, i) => Array.from({ length: longest }, (_, k) => f(i, k)))
  return {
    longest,
    index: Int32Array.from(each((i, k) => from(i) + Math.min(k, (lengths[i] as number) - 1))),
    counts: Float32Array.from(each((i, k) => (k < (lengths[i] as number) ? 1 : 0))),
    lengths: Float32Array.from(lengths),
  }
}

/** The sizes, and whether they divide those of the images. */
function sizesOf(where: string, x: Tensor, size: Size2d): { out: readonly [number, number]; equal: boolean } {
  const out = pair(size, 1, `${where}.size`)
  checkTypes(where, [checkTensor(x, where)], 'float32')
  const [h = 0, w = 0] = x.shape.slice(2)
  if (x.rank !== 4 || h === 0 || w === 0)
    throw new ShapeError('the input is not a batch of images', {
      where,
      expected: '[N, C, H, W] with pixels',
      received: shapeText(x.shape),
    })
  return { out, equal: h % out[0] === 0 && w % out[1] === 0 }
}

const windowOf = (x: Tensor, [m, n]: readonly [number, number]): [number, number] => [
  (x.shape[2] as number) / m,
  (x.shape[3] as number) / n,
]

/** The mean of each of the parts of an axis. */
function means(x: Tensor, axis: number, m: number): Tensor {
  const { longest, index, counts, lengths } = partsOf(x.shape[axis] as number, m)
  const { engine } = x
  const [before, after] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)]
  const windows = reshape(gather(x, tensor(index, [m * longest], { engine }), axis), [...before, m, longest, ...after])
  const ones = after.map(() => 1)
  const mask = tensor(counts, [m, longest, ...ones], { engine })
  return div(sum(where(mask, windows, 0), axis + 1), tensor(lengths, [m, ...ones], { engine }))
}

/** Means over size x size parts of x [N, C, H, W]; where they cannot be equal they overlap, as PyTorch's. */
export function adaptiveAvgPool2d(x: Tensor, size: Size2d): Tensor {
  const { out, equal } = sizesOf('adaptiveAvgPool2d', x, size)
  return equal ? avgPool2d(x, windowOf(x, out)) : means(means(x, 2, out[0]), 3, out[1])
}

/** The largest value of each plane of x [N, C, H, W]: [N, C, 1, 1]; NaN wins. */
export function globalMaxPool2d(x: Tensor): Tensor {
  sizesOf('globalMaxPool2d', x, 1)
  return maxPool2d(x, windowOf(x, [1, 1]))
}

/**
 * The largest value of size x size parts of x [N, C, H, W]; where they cannot be equal they overlap, as PyTorch's. The
 * first of the largest takes the gradient; NaN wins.
 */
export function adaptiveMaxPool2d(x: Tensor, size: Size2d): Tensor {
  const { out, equal } = sizesOf('adaptiveMaxPool2d', x, size)
  if (equal) return maxPool2d(x, windowOf(x, out))
  const [images, channels, h, w] = x.shape as [number, number, number, number]
  const [rows, columns] = [partsOf(h, out[0]), partsOf(w, out[1])]
  const pick = (y: Tensor, { index }: Parts, axis: number): Tensor =>
    gather(y, tensor(index, [index.length], { engine: x.engine }), axis)
  const picked = pick(pick(x, rows, 2), columns, 3)
  const apart = reshape(picked, [images, channels, out[0], rows.longest, out[1], columns.longest])
  const windows = reshape(transpose(apart, [0, 1, 2, 4, 3, 5]), [
    images,
    channels,
    ...out,
    rows.longest * columns.longest,
  ])
  return reshape(takeAlong(windows, argmax(windows, -1, { keepDims: true })), [images, channels, ...out])
}
