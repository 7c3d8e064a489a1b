import type { normOps } from '../../ops/norm.ts'
import type { Shape } from '../../program/graph.ts'
import { type Cases, LARGE, type OpCase, x } from './types.ts'

const SHAPES: readonly Shape[] = [
  [1],
  [3],
  [4],
  [1, 1],
  [5, 7],
  [2, 3, 8],
  [4, 16],
  [3, 17],
  [2, 33],
  [0, 5],
  [2, 259],
  LARGE,
  [3, 6],
  [2, 42],
]

const norms = (count: 1 | 2): readonly OpCase[] =>
  SHAPES.flatMap((shape, i) => {
    const n = shape.at(-1) as number
    const rows = Array.from({ length: count }, () => x(shape))
    return [[], [x([n])], ...(count === 1 ? [[x([n]), x([n])]] : [])].map((vectors) => ({
      inputs: [...rows, ...vectors],
      attrs: { eps: i % 2 === 0 ? 1e-5 : 0.1, centred: i % 3 !== 1 },
    }))
  })

export const normalization: Cases<keyof typeof normOps> = {
  layerNorm: norms(1),
  layerNormGrad: norms(2),
}
