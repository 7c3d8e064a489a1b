import { adaptiveAvgPool2d, adaptiveMaxPool2d, globalMaxPool2d } from '../../ops/adaptive.ts'
import { type AvgPool3dOptions, avgPool3d, maxPool3d } from '../../ops/conv3d.ts'
import { globalAvgPool2d } from '../../ops/pool.ts'
import { type AvgPool1dOptions, adaptiveAvgPool1d, adaptiveMaxPool1d, avgPool1d, maxPool1d } from '../../ops/pool1d.ts'
import type { Tensor } from '../../ops/tensor.ts'
import type { Shape } from '../../program/graph.ts'
import type { RefTensor } from '../../reference/index.ts'
import { type Fill, x } from '../cases/types.ts'
import { composed, of, SPECIALS } from './cases.ts'
import { filled, grid, largest, mean, reader, sum } from './references.ts'
import type { FunctionCase, Functions } from './types.ts'

/** [from, to) of part i of n elements in m parts, as PyTorch has it. */
const part = (n: number, m: number, i: number): [number, number] => [
  Math.floor((i * n) / m),
  Math.ceil(((i + 1) * n) / m),
]

/** What f makes of the elements of each part of the last axes. */
function byParts(t: RefTensor, parts: readonly number[], f: (values: readonly number[]) => number): RefTensor {
  const size = t.shape.slice(2)
  const read = reader(t)
  return filled([...t.shape.slice(0, 2), ...parts], ([n, c, ...to]) => {
    const ranges = to.map((i, a) => part(size[a] as number, parts[a] as number, i))
    const places = grid(ranges.map(([from, end]) => end - from))
    return f(places.map((at) => read([n as number, c as number, ...at.map((i, a) => i + (ranges[a]?.[0] as number))])))
  })
}

/** In equal parts, in parts that overlap, in one, and in as many as there are. */
const adaptive2d = (
  call: (x: Tensor, size: readonly [number, number]) => Tensor,
  f: (values: readonly number[]) => number,
): FunctionCase[] =>
  (
    [
      [
        [1, 1, 1, 1],
        [1, 1],
      ],
      [
        [2, 3, 7, 5],
        [3, 2],
      ],
      [
        [1, 2, 8, 6],
        [4, 3],
      ],
      [
        [1, 2, 5, 7],
        [7, 5],
      ],
      [
        [1, 1, 10, 13],
        [4, 13],
      ],
      [
        [2, 1, 1, 4],
        [3, 1],
      ],
      [
        [0, 2, 5, 3],
        [2, 2],
      ],
      [
        [2, 3, 29, 31],
        [7, 5],
      ],
      [[1, 1, 1, 17], [1, 7], 'special'],
    ] as readonly (readonly [Shape, readonly [number, number], Fill?])[]
  ).map(([shape, size, fill = 'any']) =>
    of(
      x(shape, fill),
      (t) => call(t, size),
      (t) => byParts(t, size, f),
    ),
  )

const adaptive1d = (
  call: (x: Tensor, size: number) => Tensor,
  f: (values: readonly number[]) => number,
): FunctionCase[] =>
  (
    [
      [[1, 1, 1], 1],
      [[2, 3, 7], 3],
      [[1, 2, 9], 3],
      [[1, 2, 5], 8],
      [[0, 2, 5], 2],
      [[3, 7, 199], 17],
      [[1, 1, ...SPECIALS], 7, 'special'],
    ] as readonly (readonly [Shape, number, Fill?])[]
  ).map(([shape, size, fill = 'any']) =>
    of(
      x(shape, fill),
      (t) => call(t, size),
      (t) => byParts(t, [size], f),
    ),
  )

const whole = (call: (x: Tensor) => Tensor, f: (values: readonly number[]) => number): FunctionCase[] =>
  (
    [
      [[1, 1, 1, 1]],
      [[2, 3, 5, 4]],
      [[1, 2, 1, 17]],
      [[0, 2, 3, 3]],
      [[5, 13, 7, 31]],
      [[1, 1, 1, 17], 'special'],
    ] as readonly (readonly [Shape, Fill?])[]
  ).map(([shape, fill = 'any']) => of(x(shape, fill), call, (t) => byParts(t, [1, 1], f)))

interface Windows {
  readonly kernel: readonly number[]
  readonly stride?: readonly number[]
  readonly padding?: readonly number[]
  readonly ceil?: boolean
  readonly countIncludePad?: boolean
}

/** Windows over any number of axes; a last one of ceil mode begins inside of the image. */
function pooled(t: RefTensor, windows: Windows, f: (values: readonly number[], count: number) => number): RefTensor {
  const { kernel, stride = kernel, padding = kernel.map(() => 0), ceil = false } = windows
  const [n, c, ...size] = t.shape as [number, number, ...number[]]
  const starts = size.map((s, a) => {
    const [k, step, p] = [kernel[a], stride[a], padding[a]] as [number, number, number]
    const list: number[] = []
    for (let at = -p; ceil ? at < s && (at === -p || at - step + k < s + p) : at + k <= s + p; at += step) list.push(at)
    return list
  })
  const read = reader(t)
  return filled([n, c, ...starts.map((list) => list.length)], ([image, channel, ...to]) => {
    const from = to.map((i, a) => starts[a]?.[i] as number)
    const places = grid(kernel).map((tap) => tap.map((k, a) => k + (from[a] as number)))
    const within = (at: readonly number[], pad: boolean): boolean =>
      at.every(
        (i, a) =>
          i >= (pad ? -(padding[a] as number) : 0) && i < (size[a] as number) + (pad ? (padding[a] as number) : 0),
      )
    const inside = places.filter((at) => within(at, false))
    const count = windows.countIncludePad === false ? inside.length : places.filter((at) => within(at, true)).length
    return f(
      inside.map((at) => read([image as number, channel as number, ...at])),
      count,
    )
  })
}

const average = (values: readonly number[], count: number): number => sum(values) / count

const rows = (
  call: (x: Tensor, kernel: number, options: AvgPool1dOptions) => Tensor,
  f: typeof average,
  kinds: readonly { readonly countIncludePad?: boolean }[],
): FunctionCase[] =>
  (
    [
      [[1, 1, 1], 1],
      [[2, 3, 11], 3],
      [[2, 3, 11], 2, { stride: 1 }],
      [[1, 2, 13], 3, { stride: 2, padding: 1 }],
      [[1, 2, 10], 4, { stride: 3, padding: 2, ceil: true }],
      [[1, 2, 11], 2, { stride: 5, ceil: true }],
      [[0, 2, 5], 2],
      [[3, 7, 401], 2],
      [[1, 1, 17], 3, { stride: 2 }, 'special'],
    ] as readonly (readonly [Shape, number, AvgPool1dOptions?, Fill?])[]
  ).flatMap(([shape, kernel, options = {}, fill = 'any']) =>
    kinds.map((kind) =>
      of(
        x(shape, fill),
        (t) => call(t, kernel, { ...options, ...kind }),
        (t) => {
          const { stride = kernel, padding = 0 } = options
          return pooled(t, { ...options, ...kind, kernel: [kernel], stride: [stride], padding: [padding] }, f)
        },
      ),
    ),
  )

const volumes = (
  call: (x: Tensor, kernel: readonly [number, number, number], options: AvgPool3dOptions) => Tensor,
  f: typeof average,
  kinds: readonly { readonly countIncludePad?: boolean }[],
): FunctionCase[] =>
  (
    [
      [[1, 1, 1, 1, 1], { kernel: [1, 1, 1] }],
      [[2, 1, 5, 4, 6], { kernel: [2, 2, 3], stride: [3, 1, 2] }],
      [[1, 2, 4, 5, 7], { kernel: [2, 3, 2], padding: [1, 1, 0] }],
      [[1, 1, 5, 6, 4], { kernel: [2, 2, 3], stride: [2, 3, 2], padding: [1, 0, 1], ceil: true }],
      [[0, 1, 3, 3, 3], { kernel: [2, 2, 2] }],
      [[2, 3, 9, 10, 17], { kernel: [2, 2, 2] }],
      [[1, 1, 2, 2, 7], { kernel: [1, 2, 2], stride: [1, 1, 3] }, 'special'],
    ] as readonly (readonly [Shape, Windows, Fill?])[]
  ).flatMap(([shape, { kernel, ...options }, fill = 'any']) =>
    kinds.map((kind) =>
      of(
        x(shape, fill),
        (t) => call(t, kernel as never, { ...options, ...kind } as AvgPool3dOptions),
        (t) => pooled(t, { ...options, ...kind, kernel }, f),
      ),
    ),
  )

const BOTH = [{}, { countIncludePad: false }]

type Name =
  | 'adaptiveAvgPool1d'
  | 'adaptiveAvgPool2d'
  | 'adaptiveMaxPool1d'
  | 'adaptiveMaxPool2d'
  | 'avgPool1d'
  | 'avgPool3d'
  | 'globalAvgPool2d'
  | 'globalMaxPool2d'
  | 'maxPool1d'
  | 'maxPool3d'

export const pools: Functions<Name> = {
  adaptiveAvgPool1d: composed(
    'Means of that many parts of sequences [N, C, L], which overlap where they cannot be equal.',
    'y[i] = mean over floor(i L / m) <= k < ceil((i + 1) L / m) of x[k]',
    adaptive1d(adaptiveAvgPool1d, mean),
  ),
  adaptiveAvgPool2d: composed(
    'Means of that many parts of images [N, C, H, W], which overlap where they cannot be equal.',
    'y[i] = mean over floor(i H / m) <= k < ceil((i + 1) H / m) of x[k], i and k pairs',
    adaptive2d(adaptiveAvgPool2d, mean),
  ),
  adaptiveMaxPool1d: composed(
    'Largest values of the parts of adaptiveAvgPool1d; NaN wins.',
    'y[i] = max over floor(i L / m) <= k < ceil((i + 1) L / m) of x[k]',
    adaptive1d(adaptiveMaxPool1d, largest),
  ),
  adaptiveMaxPool2d: composed(
    'Largest values of the parts of adaptiveAvgPool2d; NaN wins, the first of the largest takes the gradient.',
    'y[i] = max over floor(i H / m) <= k < ceil((i + 1) H / m) of x[k], i and k pairs',
    adaptive2d(adaptiveMaxPool2d, largest),
  ),
  avgPool1d: composed(
    'Mean of each window of sequences [N, C, L], with or without its padding.',
    'y[i] = mean over k of x[i s + k - p]',
    rows(avgPool1d, average, BOTH),
  ),
  avgPool3d: composed(
    'Mean of each window of volumes [N, C, D, H, W], with or without its padding.',
    'y[i] = mean over k of x[i s + k - p], i and k triples',
    volumes(avgPool3d, average, BOTH),
  ),
  globalAvgPool2d: composed(
    'Mean of each plane of images [N, C, H, W]: [N, C, 1, 1].',
    'y = mean over h, w of x[h, w]',
    whole(globalAvgPool2d, mean),
  ),
  globalMaxPool2d: composed(
    'Largest value of each plane of images [N, C, H, W]: [N, C, 1, 1]; NaN wins.',
    'y = max over h, w of x[h, w]',
    whole(globalMaxPool2d, largest),
  ),
  maxPool1d: composed(
    'Largest value of each window of sequences [N, C, L]; padding counts for nothing, NaN wins.',
    'y[i] = max over k of x[i s + k - p]',
    rows(maxPool1d, largest, [{}]),
  ),
  maxPool3d: composed(
    'Largest value of each window of volumes [N, C, D, H, W]; padding counts for nothing, NaN wins.',
    'y[i] = max over k of x[i s + k - p], i and k triples',
    volumes(maxPool3d, largest, [{}]),
  ),
}
