import type { customOps } from '../../ops/custom.ts'
import type { orderOps } from '../../ops/order.ts'
import type { shapeOps } from '../../ops/shape.ts'
import type { Shape } from '../../program/graph.ts'
import { type Cases, indices, LARGE, type OpCase, SHAPES, whole, x } from './types.ts'

const copies: readonly OpCase[] = [...SHAPES, LARGE].map((shape) => ({ inputs: [x(shape)] }))

const reshaped = (from: Shape, to: Shape): OpCase => ({ inputs: [x(from)], attrs: { shape: to } })

const transposed = (shape: Shape, perm: readonly number[]): OpCase => ({ inputs: [x(shape)], attrs: { perm } })

interface Window {
  readonly starts: readonly number[]
  readonly steps: readonly number[]
  readonly window: Shape
}

const windows: readonly (readonly [Shape, Window])[] = [
  [[9], { starts: [2], steps: [1], window: [5] }],
  [[9], { starts: [0], steps: [1], window: [0] }],
  [[9], { starts: [8], steps: [-2], window: [5] }],
  [[5, 17], { starts: [1, 3], steps: [2, 1], window: [2, 13] }],
  [[5, 17], { starts: [2, 0], steps: [1, 1], window: [2, 17] }],
  [[4, 3, 6], { starts: [3, 2, 5], steps: [-1, -2, -3], window: [4, 2, 2] }],
  [LARGE, { starts: [1, 2], steps: [1, 2], window: [59, 1000] }],
]

const joined = (axis: number, ...shapes: readonly Shape[]): OpCase => ({
  inputs: shapes.map((shape) => x(shape)),
  attrs: { axis },
})

const stretched = (from: Shape, to: Shape): OpCase => ({ inputs: [x(from)], attrs: { shape: to } })

/** Shape of x, axis, how many indices. */
const picked: readonly (readonly [Shape, number, number])[] = [
  [[5], 0, 9],
  [[7, 3], 0, 4],
  [[3, 7], 1, 17],
  [[2, 5, 3], 1, 5],
  [[4, 5], 0, 0],
  [[4, 0], 0, 3],
  [[300, 67], 0, 2000],
]

/** Shape and axis of running sums. */
const running: readonly (readonly [Shape, number])[] = [
  [[1], 0],
  [[0], 0],
  [[17], 0],
  [[7, 3], 0],
  [[3, 7], 1],
  [[2, 5, 9], 1],
  [[4, 0], 0],
  [[3, 0, 2], 1],
  [LARGE, 0],
  [LARGE, 1],
]
const sorted: readonly Shape[] = [[], [0], [1], [2], [3], [16], [5, 17], [2, 3, 33], [4, 0], [3, 1]]
const triangles: readonly Shape[] = [
  [1, 1],
  [5, 5],
  [3, 7],
  [7, 3],
  [2, 3, 4, 5],
  [0, 3],
  [3, 0],
  [61, 67],
]

const along = (shape: Shape, axis: number, count: number): Shape => shape.map((n, i) => (i === axis ? count : n))

export const shape: Cases<keyof typeof customOps | keyof typeof orderOps | keyof typeof shapeOps> = {
  clone: copies,
  stopGradient: copies,
  custom: copies,
  reshape: [
    reshaped([12], [3, 4]),
    reshaped([3, 4], [2, 6]),
    reshaped([1], []),
    reshaped([0, 5], [3, 0]),
    reshaped([2, 3, 4], [24]),
  ],
  transpose: [
    transposed([], []),
    transposed([5], [0]),
    transposed([3, 4], [1, 0]),
    transposed([17, 9], [1, 0]),
    transposed([2, 3, 4], [2, 0, 1]),
    transposed([2, 3, 4], [0, 2, 1]),
    transposed([2, 3, 1, 5], [3, 1, 2, 0]),
    transposed([0, 3], [1, 0]),
    transposed(LARGE, [1, 0]),
  ],
  slice: windows.map(([from, window]) => ({ inputs: [x(from)], attrs: { ...window } })),
  embed: windows.map(([to, window], i) => ({
    inputs: [x(window.window)],
    attrs: { ...window, shape: to, value: [0, -0.75][i % 2] },
  })),
  concat: [
    joined(0, [3]),
    joined(0, [3], [5], [1]),
    joined(1, [4, 3], [4, 6]),
    joined(0, [2, 3], [0, 3], [4, 3]),
    joined(1, [2, 3, 5], [2, 1, 5], [2, 9, 5]),
    joined(1, [64, 1000], [64, 1053]),
  ],
  broadcastTo: [
    stretched([], [3]),
    stretched([1], [17]),
    stretched([4, 1], [4, 9]),
    stretched([1, 5], [7, 5]),
    stretched([3, 1, 2], [2, 3, 4, 2]),
    stretched([1, 3], [0, 3]),
    stretched([LARGE[1] as number], LARGE),
  ],
  gather: picked.map(([from, axis, count]) => ({
    inputs: [x(from), indices([count], from[axis] as number)],
    attrs: { axis },
  })),
  scatterAdd: picked.map(([to, axis, count]) => ({
    inputs: [x(along(to, axis, count)), indices([count], to[axis] as number)],
    attrs: { axis, n: to[axis] },
  })),
  cumsum: running.flatMap(([from, axis]) =>
    [false, true].flatMap((reverse) =>
      [x(from), indices(from, 1000)].map((input) => ({ inputs: [input], attrs: { axis, reverse } })),
    ),
  ),
  argsort: [
    ...sorted.flatMap((from) =>
      ([x(from), x(from, { below: 4 }), x(from, 'special'), indices(from, 5)] as const).flatMap((input) =>
        [false, true].map((descending) => ({ inputs: [input], attrs: { descending } })),
      ),
    ),
    { inputs: [x(LARGE)], attrs: { descending: false } },
    { inputs: [whole([4], [-5, 2 ** 31 - 1, -(2 ** 31), 3])], attrs: { descending: true } },
  ],
  triangle: triangles.flatMap((from) =>
    [-9, -1, 0, 2, 40].flatMap((diagonal) =>
      [false, true].map((upper) => ({ inputs: [x(from)], attrs: { diagonal, upper } })),
    ),
  ),
  takeAlong: [
    ...picked.map(([from, axis, count]) => ({
      inputs: [x(from), indices(along(from, axis, count), from[axis] as number)],
      attrs: { axis },
    })),
    { inputs: [x([3]), whole([4], [2, 2, 0, 2])], attrs: { axis: 0 } },
  ],
  takeAlongGrad: picked.map(([to, axis, count]) => ({
    inputs: [x(along(to, axis, count)), indices(along(to, axis, count), to[axis] as number)],
    attrs: { axis, n: to[axis] },
  })),
}
