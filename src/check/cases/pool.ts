import type { poolOps } from '../../ops/pool.ts'
import type { Shape } from '../../program/graph.ts'
import { references } from '../../reference/index.ts'
import { type Cases, type OpCase, x } from './types.ts'

type Attrs = Readonly<Record<string, unknown>>

const pool = (shape: Shape, kernel: readonly number[], stride: readonly number[], more: Attrs = {}) =>
  [shape, { kernel, stride, padding: [0, 0], ceil: false, countIncludePad: true, ...more }] as const

const POOLS = [
  pool([1, 1, 1, 1], [1, 1], [1, 1]),
  pool([2, 3, 4, 6], [2, 2], [2, 2]),
  pool([1, 2, 5, 19], [2, 2], [2, 2]),
  pool([1, 2, 5, 17], [2, 2], [2, 2], { ceil: true }),
  pool([2, 2, 7, 9], [3, 3], [2, 2], { padding: [1, 1], countIncludePad: false }),
  pool([2, 1, 7, 13], [3, 2], [1, 2], { padding: [1, 0] }),
  pool([1, 2, 6, 11], [2, 3], [1, 1], { padding: [1, 1], ceil: true }),
  pool([1, 1, 8, 30], [2, 3], [3, 4], { ceil: true, countIncludePad: false }),
  // next to windows of 2 x 2 that do not overlap, which have a path of their own
  pool([1, 2, 6, 13], [2, 2], [2, 1]),
  pool([1, 1, 6, 19], [2, 2], [2, 3]),
  pool([1, 2, 6, 13], [2, 2], [1, 2]),
  pool([1, 2, 6, 13], [3, 2], [2, 2]),
  pool([1, 2, 6, 13], [2, 3], [2, 2]),
  pool([1, 2, 6, 13], [2, 2], [2, 2], { padding: [1, 0], countIncludePad: false }),
  pool([1, 2, 6, 13], [2, 2], [2, 2], { padding: [0, 1], countIncludePad: false }),
  pool([0, 2, 4, 4], [2, 2], [2, 2]),
  pool([16, 24, 26, 26], [2, 2], [2, 2]),
]

const pooled = (shape: Shape, attrs: Attrs): Shape =>
  references.avgPool2d([{ shape, data: new Float64Array(shape.reduce((n, size) => n * size, 1)) }], attrs)[0]!.shape

const forward: readonly OpCase[] = POOLS.map(([shape, attrs]) => ({ inputs: [x(shape)], attrs }))

/** Whole numbers from a small range: many ties. y is the output for x = 0 and up, which is the point: x holds it. */
const constant = (shape: Shape, value: number) =>
  x(shape, new Array(shape.reduce((n, size) => n * size, 1)).fill(value))

export const pooling: Cases<keyof typeof poolOps> = {
  maxPool2d: [...forward, { inputs: [x([1, 2, 6, 14], 'special')], attrs: POOLS[1]![1] }],
  // where all values are equal the first of each window takes the gradient
  maxPool2dGrad: [1.5, -1.5].flatMap((value) =>
    POOLS.map(([shape, attrs]) => ({
      inputs: [x(pooled(shape, attrs)), constant(shape, value), constant(pooled(shape, attrs), value)],
      attrs: { ...attrs, positive: value < 0 || shape[3] === 19 },
    })),
  ),
  avgPool2d: forward,
  avgPool2dGrad: POOLS.map(([shape, attrs]) => ({ inputs: [x(pooled(shape, attrs))], attrs: { ...attrs, shape } })),
}
