import * as f from '../../ops/arrange.ts'
import { stack } from '../../ops/shape.ts'
import type { Tensor } from '../../ops/tensor.ts'
import type { Shape } from '../../program/graph.ts'
import type { RefTensor } from '../../reference/index.ts'
import { BIG, type Fill, indices, SHAPES, x } from '../cases/types.ts'
import { composed, constant, of, SPECIALS } from './cases.ts'
import { axesOf, axisOf, filled, type Index, reader } from './references.ts'
import type { FunctionCase, Functions } from './types.ts'

/** A result whose elements are elements of x. */
const moved = (t: RefTensor, shape: Shape, from: (index: Index) => Index): RefTensor => {
  const read = reader(t)
  return filled(shape, (index) => read(from(index)))
}

/** The same numbers in another shape. */
const reshaped = (from: Shape, to: Shape, call: (t: Tensor) => Tensor): FunctionCase =>
  of(x(from), call, ({ data }) => ({ shape: to, data }))

/** A case of float32 and the same of int32. */
const both = (shape: Shape, call: (t: Tensor) => Tensor, reference: (t: RefTensor) => RefTensor): FunctionCase[] => [
  of(x(shape), call, reference),
  of(indices(shape, 50), call, reference),
]

type Pads = readonly (readonly [number, number])[]

const padded = (shape: Shape, pads: Pads, options: f.PadOptions = {}, fill: Fill = 'any'): FunctionCase =>
  of(
    x(shape, fill),
    (t) => f.pad(t, pads, options),
    (t) => {
      const { mode = 'constant', value = 0 } = options
      const read = reader(t)
      const source = (i: number, n: number): number => {
        if (mode === 'replicate') return Math.min(Math.max(i, 0), n - 1)
        return mode === 'reflect' ? (i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i) : i
      }
      return filled(
        shape.map((n, axis) => n + (pads[axis]?.[0] as number) + (pads[axis]?.[1] as number)),
        (index) => {
          const from = index.map((i, axis) => source(i - (pads[axis]?.[0] as number), shape[axis] as number))
          return from.every((i, axis) => i >= 0 && i < (shape[axis] as number)) ? read(from) : value
        },
      )
    },
  )

/** Each mode, as far as the shape allows. */
const everyMode = (shape: Shape, pads: Pads, value = -1.5): FunctionCase[] => [
  padded(shape, pads, { value }),
  padded(shape, pads, { mode: 'reflect' }),
  padded(shape, pads, { mode: 'replicate' }),
]

const cut = (shape: Shape, parts: number | readonly number[], axis?: number): FunctionCase =>
  of(
    x(shape),
    (t) => f.split(t, parts, axis),
    (t) => {
      const at = axisOf(axis ?? 0, shape.length)
      const n = shape[at] as number
      const sizes = typeof parts === 'number' ? new Array<number>(parts).fill(n / parts) : parts
      return sizes.map((size, k) => {
        const start = sizes.slice(0, k).reduce((sum, s) => sum + s, 0)
        return moved(
          t,
          shape.map((m, i) => (i === at ? size : m)),
          (index) => index.map((j, i) => (i === at ? j + start : j)),
        )
      })
    },
  )

const tiled = (shape: Shape, repeats: readonly number[]): FunctionCase[] =>
  both(
    shape,
    (t) => f.tile(t, repeats),
    (t) =>
      moved(
        t,
        shape.map((n, i) => n * (repeats[i] as number)),
        (index) => index.map((j, i) => j % (shape[i] as number)),
      ),
  )

const expanded = (shape: Shape, target: Shape, result: Shape = target): FunctionCase[] =>
  both(
    shape,
    (t) => f.expand(t, target),
    (t) => filled(result, reader(t)),
  )

const flipped = (shape: Shape, axes?: number | readonly number[]): FunctionCase[] =>
  both(
    shape,
    (t) => f.flip(t, axes),
    (t) => {
      const turned = axesOf(axes, shape.length)
      return moved(t, shape, (index) => index.map((j, i) => (turned.includes(i) ? (shape[i] as number) - 1 - j : j)))
    },
  )

const rolled = (shape: Shape, shift: number, axis?: number): FunctionCase[] =>
  both(
    shape,
    (t) => f.roll(t, shift, axis),
    (t) => {
      const at = axisOf(axis ?? -1, shape.length)
      const n = shape[at] as number
      return moved(t, shape, (index) => index.map((j, i) => (i === at ? (((j - shift) % n) + n) % n : j)))
    },
  )

const stacked = (shape: Shape, count: number, axis?: number): FunctionCase => ({
  inputs: Array.from({ length: count }, (_, i) => (i % 2 === 0 ? x(shape) : x(shape, 'special'))),
  call: (...list) => stack(list, axis),
  reference: (...list) => {
    const at = axisOf(axis ?? 0, shape.length + 1)
    const readers = list.map(reader)
    return filled([...shape.slice(0, at), count, ...shape.slice(at)], (index) =>
      (readers[index[at] as number] as (index: Index) => number)(index.filter((_, i) => i !== at)),
    )
  },
})
const tame = (shape: Shape, count: number, axis?: number): FunctionCase => ({
  ...stacked(shape, count, axis),
  inputs: Array.from({ length: count }, () => x(shape)),
})

const hot = (shape: Shape, n: number): FunctionCase =>
  of(
    indices(shape, n),
    (t) => f.oneHot(t, n),
    (t) => {
      const read = reader(t)
      return filled([...shape, n], (index) => (read(index.slice(0, -1)) === index.at(-1) ? 1 : 0))
    },
  )

type Name = 'expand' | 'flip' | 'oneHot' | 'pad' | 'roll' | 'split' | 'squeeze' | 'stack' | 'tile' | 'unsqueeze'

export const arrangements: Functions<Name> = {
  expand: composed('x repeated along new axes and axes of size 1; -1 keeps a size.', 'y[.., i, ..] = x[.., 0, ..]', [
    ...expanded([], []),
    ...expanded([], [5]),
    ...expanded([1], [17]),
    ...expanded([2, 1], [3, -1, 2], [3, 2, 2]),
    ...expanded([0, 1], [0, 7]),
    ...expanded([5, 1, 13], [2, 5, 3, 13]),
    ...expanded([1, BIG[1] as number], BIG),
  ]),
  flip: composed(
    'The elements of axes (all by default) in the opposite order.',
    'y[.., i, ..] = x[.., n - 1 - i, ..]',
    [
      ...SHAPES.flatMap((shape) => flipped(shape)),
      ...flipped([2, 3], 0),
      ...flipped([5, 4, 3], [0, -1]),
      ...flipped([5, 4, 3], 1),
      ...flipped(BIG),
    ],
  ),
  oneHot: constant('For every int32 index a new last axis, 1 at the index and 0 elsewhere.', 'y[.., k] = [k = x[..]]', [
    hot([], 3),
    hot([0], 4),
    hot([5], 1),
    hot([17], 33),
    hot([2, 3], 7),
    hot([BIG[0] as number], BIG[1] as number),
  ]),
  pad: composed(
    'New elements at the ends of each axis: a value, a mirror image, or the last element.',
    'y[i + before] = x[i]',
    [
      padded([], []),
      padded([0], [[1, 2]], { value: 3 }),
      padded([5], [[0, 0]]),
      padded(
        [2, 0, 3],
        [
          [1, 1],
          [0, 0],
          [0, 2],
        ],
      ),
      padded([1], [[3, 4]], { mode: 'replicate' }),
      padded([3], [[1, 0]], { value: -Infinity }, 'special'),
      ...everyMode(
        [2, 3],
        [
          [1, 0],
          [2, 1],
        ],
      ),
      ...everyMode([17], [[16, 3]]),
      ...everyMode(
        [7, 1, 5],
        [
          [2, 3],
          [0, 0],
          [4, 1],
        ],
      ),
      ...everyMode(BIG, [
        [1, 2],
        [3, 5],
      ]),
      padded(SPECIALS, [[2, 1]], { mode: 'reflect' }, 'special'),
      of(
        indices([4], 9),
        (t) => f.pad(t, [[1, 2]], { value: -3 }),
        ({ data }) => ({ shape: [7], data: Float64Array.of(-3, ...data, -3, -3) }),
      ),
    ],
  ),
  roll: composed(
    'The elements of an axis moved up; what leaves at the end comes back at the beginning.',
    'y[(i + shift) mod n] = x[i]',
    [
      ...rolled([1], 1),
      ...rolled([0], 3),
      ...rolled([2, 3], 1),
      ...rolled([2, 3], -7),
      ...rolled([2, 3], 4, 0),
      ...rolled([17], 1e9 + 7),
      ...rolled([5, 1, 13], 2, 0),
      ...rolled(BIG, 5, 0),
      ...rolled(BIG, -100),
    ],
  ),
  split: composed('x cut along an axis: into equal parts, or into parts of given sizes.', 'x = [y_0, y_1, ..]', [
    cut([6], 3),
    cut([1], 1),
    cut([2, 6], 3, 1),
    cut([2, 6], [1, 0, 5], -1),
    cut([0, 4], 2, 1),
    cut([7, 11], [3, 4]),
    cut([5, 1, 13], [4, 8, 1], 2),
    cut(BIG, [1, 20, 8], 0),
    cut(BIG, [400, 1], 1),
  ]),
  squeeze: composed('x without its axes of size 1, or without some of them.', 'y = x', [
    reshaped([1, 3, 1], [3], (t) => f.squeeze(t)),
    reshaped([1, 3, 1], [1, 3], (t) => f.squeeze(t, -1)),
    reshaped([1, 3, 1, 5], [3, 5], (t) => f.squeeze(t, [0, 2])),
    reshaped([1, 1, 1], [], (t) => f.squeeze(t)),
    reshaped([], [], (t) => f.squeeze(t)),
    reshaped([0, 1], [0], (t) => f.squeeze(t, 1)),
  ]),
  stack: composed('Tensors of one shape along a new axis.', 'y[.., k, ..] = x_k', [
    tame([], 2),
    tame([3], 1),
    tame([2, 3], 3),
    tame([2, 3], 2, 1),
    tame([2, 3], 5, -1),
    tame([0, 3], 2),
    tame([5, 1, 13], 3, 2),
    tame(BIG, 2, 1),
    stacked([17], 3, 1),
  ]),
  tile: composed('x repeated that many times along each axis.', 'y[.., i, ..] = x[.., i mod n, ..]', [
    ...tiled([], []),
    ...tiled([3], [0]),
    ...tiled([7], [5]),
    ...tiled([2, 2], [2, 3]),
    ...tiled([2, 1, 3], [0, 2, 1]),
    ...tiled([5, 1, 13], [1, 7, 1]),
    ...tiled(BIG, [1, 2]),
  ]),
  unsqueeze: composed('x with a new axis of size 1.', 'y = x', [
    reshaped([], [1], (t) => f.unsqueeze(t, 0)),
    reshaped([3], [1, 3], (t) => f.unsqueeze(t, 0)),
    reshaped([5, 7], [5, 1, 7], (t) => f.unsqueeze(t, 1)),
    reshaped([5, 7], [5, 7, 1], (t) => f.unsqueeze(t, -1)),
    reshaped([2, 0, 3], [2, 0, 1, 3], (t) => f.unsqueeze(t, -2)),
  ]),
}
