import type { randomOps } from '../../ops/random.ts'
import { type Cases, SHAPES, x } from './types.ts'

const shapes = [...SHAPES, [40_009]]

/** The generator and the number of the draw are added where the case runs. */
export const random: Cases<keyof typeof randomOps> = {
  uniform: [
    ...shapes.map((shape) => ({ inputs: [], attrs: { shape, min: 0, max: 1 } })),
    { inputs: [], attrs: { shape: [333], min: -2.5, max: 7 } },
    { inputs: [], attrs: { shape: [7], min: 3, max: 3 } },
  ],
  normal: [
    ...shapes.map((shape) => ({ inputs: [], attrs: { shape, mean: 0, stddev: 1 } })),
    { inputs: [], attrs: { shape: [333], mean: -2.5, stddev: 0.1 } },
  ],
  bernoulli: shapes.flatMap((shape) => [0, 0.3, 1].map((p) => ({ inputs: [], attrs: { shape, p } }))),
  permutation: [0, 1, 2, 5, 16, 1000].map((n) => ({ inputs: [], attrs: { n } })),
  dropout: shapes.flatMap((shape) => [0, 0.5, 0.9].map((p) => ({ inputs: [x(shape)], attrs: { p } }))),
}
