import { type Conv2dOptions, type ConvTranspose2dOptions, conv2d, convTranspose2d } from '../../ops/conv.ts'
import { type Conv1dOptions, type ConvTranspose1dOptions, conv1d, convTranspose1d } from '../../ops/conv1d.ts'
import { type Conv3dOptions, conv3d } from '../../ops/conv3d.ts'
import type { Tensor } from '../../ops/tensor.ts'
import { type UpsampleOptions, upsample2d } from '../../ops/upsample.ts'
import type { Shape } from '../../program/graph.ts'
import type { RefTensor } from '../../reference/index.ts'
import { type Fill, x } from '../cases/types.ts'
import { composed, of, specials } from './cases.ts'
import { filled, grid, reader, sum } from './references.ts'
import type { FunctionCase, Functions } from './types.ts'

type Sizes = number | readonly number[]
/** Options as the functions take them, for any number of axes. */
interface Options {
  readonly stride?: Sizes
  readonly padding?: Sizes | 'same' | 'valid'
  readonly dilation?: Sizes
  readonly groups?: number
  readonly outputPadding?: Sizes
}

/** A number for each axis. */
const spread = (sizes: Sizes | undefined, axes: number, usual: number): number[] =>
  Array.from({ length: axes }, (_, i) => (typeof sizes === 'object' ? (sizes[i] as number) : (sizes ?? usual)))

/** [before, after] for each axis; twice as many numbers as axes are the ends of each. */
function ends(padding: Options['padding'], reach: readonly number[]): (readonly [number, number])[] {
  if (padding === 'same') return reach.map((r) => [Math.floor(r / 2), Math.ceil(r / 2)])
  if (padding === 'valid') return reach.map(() => [0, 0])
  const list = typeof padding === 'object' ? padding : undefined
  if (list?.length === 2 * reach.length) return reach.map((_, i) => [list[2 * i] as number, list[2 * i + 1] as number])
  return spread(padding, reach.length, 0).map((p) => [p, p])
}

/** y[n, o, i..] = b[o] + sum over c, k.. of w[o, c, k..] x[n, c, i s + k d - p]. */
function convolved(t: RefTensor, w: RefTensor, b: RefTensor | undefined, options: Options): RefTensor {
  const [[n, , ...size], [outs, per, ...kernel]] = [t.shape, w.shape] as [number[], number[]]
  const axes = kernel.length
  const [stride, dilation] = [spread(options.stride, axes, 1), spread(options.dilation, axes, 1)] as const
  const reach = kernel.map((k, a) => (dilation[a] as number) * (k - 1))
  const pads = ends(options.padding, reach)
  const shape = size.map((s, a) => {
    const [before, after] = pads[a] as readonly [number, number]
    return Math.floor((s + before + after - (reach[a] as number) - 1) / (stride[a] as number)) + 1
  })
  const [read, weight] = [reader(t), reader(w)]
  const taps = grid([per as number, ...kernel])
  return filled([n as number, outs as number, ...shape], ([image, o, ...to]) => {
    const first = Math.floor((o as number) / ((outs as number) / (options.groups ?? 1))) * (per as number)
    const terms = taps.map(([channel, ...tap]) => {
      const from = tap.map((k, a) => (to[a] as number) * stride[a]! + k * dilation[a]! - (pads[a]?.[0] as number))
      if (from.some((i, a) => i < 0 || i >= (size[a] as number))) return 0
      return (
        read([image as number, first + (channel as number), ...from]) * weight([o as number, channel as number, ...tap])
      )
    })
    return sum(terms) + (b?.data[o as number] ?? 0)
  })
}

/** Every element of x adds its filters to y: y[n, o, i s + k d - p] += x[n, c, i..] w[c, o, k..]. */
function transposed(t: RefTensor, w: RefTensor, b: RefTensor | undefined, options: Options): RefTensor {
  const [[n, channels, ...size], [, per, ...kernel]] = [t.shape, w.shape] as [number[], number[]]
  const axes = kernel.length
  const { groups = 1 } = options
  const [stride, dilation] = [spread(options.stride, axes, 1), spread(options.dilation, axes, 1)] as const
  const extra = spread(options.outputPadding, axes, 0)
  const reach = kernel.map((k, a) => (dilation[a] as number) * (k - 1))
  const pads = ends(options.padding, reach)
  const shape = size.map((s, a) => {
    const [before, after] = pads[a] as readonly [number, number]
    return (s - 1) * (stride[a] as number) - before - after + (reach[a] as number) + (extra[a] as number) + 1
  })
  const [read, weight] = [reader(t), reader(w)]
  const sums = new Map<string, number>()
  const taps = grid([per as number, ...kernel])
  for (const [image, c, ...from] of grid(t.shape) as [number, number, ...number[]][])
    for (const [o, ...tap] of taps as [number, ...number[]][]) {
      const group = Math.floor(c / ((channels as number) / groups))
      const to = tap.map((k, a) => (from[a] as number) * stride[a]! + k * dilation[a]! - (pads[a]?.[0] as number))
      const key = [image, group * (per as number) + o, ...to].join()
      sums.set(key, (sums.get(key) ?? 0) + read([image, c, ...from]) * weight([c, o, ...tap]))
    }
  return filled(
    [n as number, (per as number) * groups, ...shape],
    (index) => (sums.get(index.join()) ?? 0) + (b?.data[index[1] as number] ?? 0),
  )
}

type Call<O> = (x: Tensor, w: Tensor, b: Tensor | undefined, options: O) => Tensor

const family =
  <O extends Options>(call: Call<O>, reference: typeof convolved, outs: (w: Shape, options: O) => number) =>
  (image: Shape, filters: Shape, options: O = {} as O, biased = true, special = false): FunctionCase => ({
    inputs: [x(image, special ? specials(image) : 'any'), x(filters), ...(biased ? [x([outs(filters, options)])] : [])],
    call: (t, w, b) => call(t as Tensor, w as Tensor, b, options),
    reference: (t, w, b) => reference(t as RefTensor, w as RefTensor, b, options),
  })

const first = (w: Shape): number => w[0] as number
const second = (w: Shape, { groups = 1 }: Options): number => (w[1] as number) * groups

const row = family<Conv1dOptions>(conv1d, convolved, first)
const image = family<Conv2dOptions & Options>(
  (t, w, b, options) => conv2d(t, w, b, options as Conv2dOptions),
  convolved,
  first,
)
const volume = family<Conv3dOptions>(conv3d, convolved, first)
const rowBack = family<ConvTranspose1dOptions>(convTranspose1d, transposed, second)
const imageBack = family<ConvTranspose2dOptions & Options>(
  (t, w, b, options) => convTranspose2d(t, w, b, options as ConvTranspose2dOptions),
  transposed,
  second,
)

const resized = (shape: Shape, options: UpsampleOptions, fill: Fill = 'any'): FunctionCase =>
  of(
    x(shape, fill),
    (t) => upsample2d(t, options),
    (t) => {
      const { mode = 'nearest', alignCorners = false } = options
      const read = reader(t)
      const from = shape.slice(2) as unknown as readonly [number, number]
      const scale = options.scale === undefined ? undefined : spread(options.scale, 2, 1)
      const to = from.map((n, a) => (scale === undefined ? spread(options.size, 2, 1)[a] : n * scale[a]!) as number)
      /** The neighbours of a new pixel along an axis, and their shares. */
      const neighbours = (i: number, a: 0 | 1): (readonly [number, number])[] => {
        const [n, m] = [from[a], to[a] as number]
        if (mode === 'nearest') return [[Math.floor((i * n) / m), 1]]
        const place = alignCorners ? (m === 1 ? 0 : (i * (n - 1)) / (m - 1)) : Math.max(0, ((i + 0.5) * n) / m - 0.5)
        const low = Math.min(Math.floor(place), n - 1)
        return [
          [low, 1 - (place - low)],
          [Math.min(low + 1, n - 1), place - low],
        ]
      }
      return filled([...shape.slice(0, 2), ...to], ([image, c, i, j]) =>
        sum(
          neighbours(i as number, 0).flatMap(([r, p]) =>
            neighbours(j as number, 1).map(([q, s]) => p * s * read([image as number, c as number, r, q])),
          ),
        ),
      )
    },
  )

type Name = 'conv1d' | 'conv2d' | 'conv3d' | 'convTranspose1d' | 'convTranspose2d' | 'upsample2d'

export const convolutions: Functions<Name> = {
  conv1d: composed(
    'Convolution (cross-correlation) of sequences [N, C, L] with filters [O, C / groups, k], and a bias [O].',
    'Y[n, o, i] = b[o] + sum over c, k of W[o, c, k] X[n, c, i s + k d - p]',
    [
      row([1, 1, 1], [1, 1, 1]),
      row([2, 3, 17], [4, 3, 3]),
      row([2, 3, 17], [4, 3, 3], {}, false),
      row([1, 2, 9], [3, 2, 4], { padding: 'same' }),
      row([1, 2, 9], [3, 2, 2], { padding: 'valid' }),
      row([2, 2, 11], [5, 2, 3], { padding: [3, 1], stride: 2 }),
      row([1, 4, 13], [6, 2, 3], { groups: 2, dilation: 3, padding: 2 }),
      row([2, 5, 8], [5, 1, 5], { groups: 5, padding: 4, stride: 3 }),
      row([0, 2, 7], [3, 2, 3]),
      row([3, 7, 131], [17, 7, 3], { padding: 1 }),
      row([1, 2, 56], [3, 2, 3], { stride: 2 }, true, true),
    ],
  ),
  conv2d: composed(
    "Convolution of images with every form of its options: numbers, pairs, four sides, 'same', 'valid'.",
    'Y[n, o, i] = b[o] + sum over c, k of W[o, c, k] X[n, c, i s + k d - p], i and k pairs',
    [
      image([1, 1, 1, 1], [1, 1, 1, 1]),
      image([2, 2, 5, 7], [3, 2, 3, 3], { padding: 1, stride: 2 }),
      image([1, 2, 5, 6], [2, 2, 2, 3], { padding: [1, 2], stride: [2, 1] }),
      image([1, 2, 5, 6], [2, 2, 2, 3], { padding: [0, 1, 2, 0], dilation: [1, 2] }),
      image([1, 2, 4, 5], [3, 2, 2, 4], { padding: 'same' }, false),
      image([1, 4, 5, 5], [6, 2, 3, 1], { padding: 'valid', groups: 2 }),
      image([0, 2, 4, 4], [3, 2, 3, 3]),
      image([2, 3, 13, 17], [8, 3, 3, 3], { padding: 1 }),
      image([1, 1, 7, 42], [2, 1, 2, 2], {}, true, true),
    ],
  ),
  conv3d: composed(
    'Convolution of volumes [N, C, D, H, W] with filters [O, C / groups, kD, kH, kW], and a bias [O].',
    'Y[n, o, i] = b[o] + sum over c, k of W[o, c, k] X[n, c, i s + k d - p], i and k triples',
    [
      volume([1, 1, 1, 1, 1], [1, 1, 1, 1, 1]),
      volume([2, 2, 3, 4, 5], [3, 2, 2, 3, 2]),
      volume([2, 2, 3, 4, 5], [3, 2, 1, 1, 1], {}, false),
      volume([1, 2, 4, 3, 5], [2, 2, 3, 3, 3], { padding: 1 }),
      volume([1, 2, 4, 5, 6], [3, 2, 2, 3, 4], { padding: 'same' }),
      volume([1, 4, 5, 4, 6], [6, 2, 2, 2, 3], { groups: 2, stride: [2, 1, 3], padding: [0, 1, 2] }),
      volume([2, 2, 7, 5, 5], [2, 1, 3, 2, 2], {
        groups: 2,
        dilation: [2, 1, 3],
        padding: [2, 0, 1],
        stride: [3, 2, 1],
      }),
      volume([1, 2, 3, 4, 5], [2, 2, 3, 2, 3], { padding: [0, 2, 1, 0, 3, 1] }),
      volume([1, 1, 3, 4, 5], [2, 1, 2, 2, 2], { padding: [1, 0, 0, 2, 0, 0], stride: 2, dilation: [1, 2, 1] }),
      volume([0, 2, 3, 3, 3], [1, 2, 2, 2, 2]),
      volume([1, 3, 5, 9, 11], [5, 3, 3, 3, 3], { padding: 1 }),
      volume([1, 1, 3, 3, 42], [2, 1, 2, 2, 2], {}, true, true),
    ],
  ),
  convTranspose1d: composed(
    'Transposed convolution of sequences: x [N, C, L], weight [C, O / groups, k], bias [O].',
    'Y[n, o, i s + k d - p] += X[n, c, i] W[c, o, k]',
    [
      rowBack([1, 1, 1], [1, 1, 1]),
      rowBack([2, 3, 7], [3, 4, 3]),
      rowBack([2, 3, 7], [3, 4, 3], {}, false),
      rowBack([1, 2, 9], [2, 3, 5], { stride: 3, padding: 2, outputPadding: 1 }),
      rowBack([1, 4, 5], [4, 3, 3], { groups: 2, stride: 3, dilation: 2, outputPadding: 2 }),
      rowBack([2, 3, 1], [3, 1, 4], { groups: 3 }),
      rowBack([0, 2, 4], [2, 3, 3]),
      rowBack([2, 7, 67], [7, 11, 4], { stride: 2, padding: 1 }),
      rowBack([1, 1, 42], [1, 2, 2], {}, true, true),
    ],
  ),
  convTranspose2d: composed(
    'Transposed convolution of images: x [N, C, H, W], weight [C, O / groups, kH, kW], bias [O].',
    'Y[n, o, i s + k d - p] += X[n, c, i] W[c, o, k], i and k pairs',
    [
      imageBack([1, 1, 1, 1], [1, 1, 1, 1]),
      imageBack([2, 3, 3, 5], [3, 2, 3, 2]),
      imageBack([2, 3, 3, 5], [3, 2, 3, 2], {}, false),
      imageBack([1, 2, 4, 3], [2, 3, 3, 4], { stride: [2, 3], padding: [1, 2], outputPadding: [1, 2] }),
      imageBack([1, 2, 4, 3], [2, 2, 4, 4], { padding: [0, 2, 1, 3] }),
      imageBack([1, 4, 3, 2], [4, 1, 2, 3], { groups: 2, dilation: [3, 2], stride: 2, outputPadding: 1 }),
      imageBack([0, 2, 3, 3], [2, 3, 2, 2]),
      imageBack([1, 7, 9, 11], [7, 5, 4, 4], { stride: 2, padding: 1 }),
      imageBack([1, 1, 3, 42], [1, 2, 2, 2], {}, true, true),
    ],
  ),
  upsample2d: composed(
    "Images at another size, 'nearest' or 'bilinear', as PyTorch's interpolate.",
    "y[i] = x[floor(i H / H')], or a mixture of the neighbours of (i + 1/2) H / H' - 1/2",
    [
      resized([1, 1, 1, 1], { size: [3, 2] }),
      resized([1, 1, 2, 3], { scale: 2 }),
      resized([2, 3, 2, 3], { size: [3, 5] }),
      resized([2, 1, 7, 5], { size: [3, 13] }),
      resized([1, 2, 2, 3], { scale: [1, 3] }),
      resized([0, 2, 2, 3], { scale: 2 }),
      resized([1, 1, 2, 3], { size: [4, 5], mode: 'bilinear' }),
      resized([2, 3, 5, 4], { size: [3, 9], mode: 'bilinear' }),
      resized([1, 2, 3, 5], { scale: 3, mode: 'bilinear' }),
      resized([1, 1, 2, 3], { size: [3, 5], mode: 'bilinear', alignCorners: true }),
      resized([1, 2, 5, 7], { size: [1, 4], mode: 'bilinear', alignCorners: true }),
      resized([1, 2, 5, 7], { size: [1, 2], mode: 'bilinear' }),
      resized([2, 3, 17, 13], { scale: 4, mode: 'bilinear' }),
      resized([2, 3, 17, 13], { scale: 5 }),
      resized([1, 1, 2, 42], { scale: 2 }, 'special'),
    ],
  ),
}
