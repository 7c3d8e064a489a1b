import type { reduceOps } from '../../ops/reduce.ts'
import { type Shape, sizeOf } from '../../program/graph.ts'
import { type Cases, type Fill, indices, LARGE, type OpCase, whole, x } from './types.ts'

const REDUCED: readonly (readonly [Shape, readonly number[]])[] = [
  [[], []],
  [[1], [0]],
  [[5], [0]],
  [[17], [0]],
  [[1031], [0]],
  [
    [7, 11],
    [0, 1],
  ],
  [[7, 11], [0]],
  [[7, 11], [1]],
  [[7, 11], []],
  [[3, 4, 5], [1]],
  [
    [3, 4, 5],
    [0, 2],
  ],
  [[2, 1, 9, 4], [2]],
  [
    [2, 3, 4, 5],
    [1, 3],
  ],
  [[0, 3], [1]],
  [LARGE, [1]],
  [LARGE, [0]],
  [LARGE, [0, 1]],
]

/** What only reductions with a neutral element take. */
const EMPTY: readonly (readonly [Shape, readonly number[]])[] = [
  [[0], [0]],
  [[3, 0], [1]],
  [
    [2, 0, 3],
    [0, 1],
  ],
]

function reduction(shapes: typeof REDUCED, fill: Fill = 'any'): readonly OpCase[] {
  return [
    ...shapes.flatMap(([shape, axes]) =>
      [true, false].map((keepDims) => ({ inputs: [x(shape, fill)], attrs: { axes, keepDims } })),
    ),
    { inputs: [x([14, 3], 'special')], attrs: { axes: [1], keepDims: false } },
  ]
}

const wholes = (shapes: typeof REDUCED): readonly OpCase[] => [
  ...shapes.map(([shape, axes]) => ({ inputs: [indices(shape, 100)], attrs: { axes, keepDims: shape.length > 1 } })),
  { inputs: [whole([2, 2], [-(2 ** 31), 2 ** 31 - 1, -7, 7])], attrs: { axes: [1], keepDims: false } },
]

const arg = (...list: readonly (readonly [Shape, number])[]): readonly OpCase[] =>
  list.flatMap(([shape, axis]) =>
    ([x(shape), x(shape, { below: 3 }), x(shape, 'special'), indices(shape, 30)] as const).map((input) => ({
      inputs: [input],
      attrs: { axis, keepDims: axis === 0 },
    })),
  )

const positions = arg(
  [[1], 0],
  [[5], 0],
  [[16], 0],
  [[7, 11], 0],
  [[7, 11], 1],
  [[3, 4, 5], 1],
  [[0, 4], 1],
  [[2, 1, 33], 2],
  [LARGE, 1],
)

export const reduce: Cases<keyof typeof reduceOps> = {
  sum: [...reduction([...REDUCED, ...EMPTY]), ...wholes([...REDUCED, ...EMPTY])],
  mean: reduction([...REDUCED, ...EMPTY]),
  sumSquares: reduction([...REDUCED, ...EMPTY]),
  prod: [
    ...reduction([...REDUCED, ...EMPTY], 'nearOne'),
    ...[[1], [0], [0, 1]].map((axes) => ({
      inputs: [x([3, 5], [0, 2, 3, -1, 1.5, 0, 0.5, 0, 1, 2, -2, 1, 3, 0.5, 1])],
      attrs: { axes, keepDims: false },
    })),
    // What fits into 32 bits, wherever the axes are.
    ...[...REDUCED, ...EMPTY].map(([shape, axes]) => ({
      inputs: [
        whole(
          shape,
          Array.from({ length: sizeOf(shape) }, (_, i) => (i === 3 ? 5 : i % 3 === 0 ? -1 : 1)),
        ),
      ],
      attrs: { axes, keepDims: false },
    })),
  ],
  max: [...reduction(REDUCED), ...wholes(REDUCED)],
  min: [...reduction(REDUCED), ...wholes(REDUCED)],
  argmax: positions,
  argmin: positions,
}
