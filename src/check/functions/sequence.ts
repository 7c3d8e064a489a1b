import { type AttentionOptions, scaledDotProductAttention } from '../../ops/attention.ts'
import { type RotaryOptions, rotaryEmbedding } from '../../ops/rotary.ts'
import type { Tensor } from '../../ops/tensor.ts'
import type { Shape } from '../../program/graph.ts'
import type { RefTensor } from '../../reference/index.ts'
import type { Operand } from '../cases/index.ts'
import { type Fill, indices, x } from '../cases/types.ts'
import { composed, of, specials } from './cases.ts'
import { filled, largest, reader, sum } from './references.ts'
import type { FunctionCase, Functions } from './types.ts'

const turned = (shape: Shape, options: RotaryOptions = {}, fill: Fill = 'any'): FunctionCase =>
  of(
    x(shape, fill),
    (t) => rotaryEmbedding(t, options),
    (t) => {
      const { base = 10_000, offset = 0 } = options
      const [half, read] = [(shape.at(-1) as number) / 2, reader(t)]
      return filled(shape, (index) => {
        const [time, i] = index.slice(-2) as [number, number]
        const row = index.slice(0, -1)
        const angle = (time + offset) * base ** (-(i % half) / half)
        const [a, b] = [read([...row, i % half]), read([...row, (i % half) + half])]
        return i < half ? a * Math.cos(angle) - b * Math.sin(angle) : a * Math.sin(angle) + b * Math.cos(angle)
      })
    },
  )

interface Sizes {
  readonly batch?: number
  readonly heads?: number
  readonly queries: number
  readonly keys: number
  readonly width: number
  readonly values?: number
}

function attended(
  { batch = 1, heads = 1, queries, keys, width, values = width }: Sizes,
  options: AttentionOptions = {},
  mask?: Operand,
  fills: readonly [Fill, Fill, Fill] = ['any', 'any', 'any'],
): FunctionCase {
  const { causal = false, scale = 1 / Math.sqrt(width) } = options
  const hidden = mask?.dtype === 'int32'
  return {
    inputs: [
      x([batch, heads, queries, width], fills[0]),
      x([batch, heads, keys, width], fills[1]),
      x([batch, heads, keys, values], fills[2]),
      ...(mask === undefined ? [] : [mask]),
    ],
    call: (q, k, v, m) =>
      scaledDotProductAttention(
        q as Tensor,
        k as Tensor,
        v as Tensor,
        m === undefined ? options : { ...options, mask: m },
      ),
    reference: (q, k, v, m) => {
      const [readQ, readK, readV] = [q, k, v].map((t) => reader(t as RefTensor)) as [Read, Read, Read]
      const bias = m === undefined ? () => 0 : reader(m)
      const score = (b: number, h: number, i: number, j: number): number => {
        const extra = bias([b, h, i, j])
        if ((causal && j > i + keys - queries) || (hidden && extra === 0)) return -Infinity
        const products = Array.from({ length: width }, (_, c) => readQ([b, h, i, c]) * readK([b, h, j, c]))
        return sum(products) * scale + (hidden ? 0 : extra)
      }
      let weights: number[] = []
      return filled([batch, heads, queries, values], (index) => {
        const [b, h, i, c] = index as [number, number, number, number]
        if (c === 0) {
          const scores = Array.from({ length: keys }, (_, j) => score(b, h, i, j))
          const top = largest(scores)
          weights = scores.map((s) => Math.exp(s - top))
        }
        return sum(weights.map((w, j) => w * readV([b, h, j, c]))) / sum(weights)
      })
    },
  }
}
type Read = ReturnType<typeof reader>

export const sequences: Functions<'rotaryEmbedding' | 'scaledDotProductAttention'> = {
  rotaryEmbedding: composed(
    'Rotary position embedding (Su et al. 2021) of x [.., time, width].',
    'the pair (i, i + width / 2) of row t turned by (offset + t) base^(-2 i / width)',
    [
      turned([1, 2]),
      turned([5, 4]),
      turned([2, 3, 6], { base: 100, offset: 3 }),
      turned([2, 2, 7, 10], { base: 1 }),
      turned([3, 0, 4]),
      turned([0, 3, 4]),
      turned([3, 0]),
      turned([2, 97, 34], { offset: 1000 }),
      turned([3, 14], { offset: 1 }, 'special'),
    ],
  ),
  scaledDotProductAttention: composed(
    'Scaled dot-product attention, with a mask of numbers (added) or of int32 (0 hides a key).',
    'softmax(scale q k^T + mask) v; causal: query i sees keys up to i + s - t',
    [
      attended({ queries: 1, keys: 1, width: 1 }),
      attended({ batch: 2, heads: 3, queries: 5, keys: 7, width: 4 }),
      attended({ heads: 2, queries: 5, keys: 5, width: 3, values: 7 }, { causal: true }),
      attended({ queries: 3, keys: 8, width: 5 }, { causal: true, scale: 0.3 }),
      attended({ heads: 2, queries: 3, keys: 4, width: 4 }, {}, x([3, 4])),
      attended({ batch: 2, heads: 2, queries: 3, keys: 4, width: 4 }, {}, x([2, 1, 1, 4])),
      attended({ batch: 2, heads: 2, queries: 3, keys: 4, width: 4 }, {}, x([2, 3, 1])),
      attended({ queries: 3, keys: 4, width: 4 }, { scale: -1 }, x([])),
      attended(
        { heads: 2, queries: 4, keys: 4, width: 4 },
        { causal: true },
        { ...indices([4], 1), fill: [1, 0, 1, 1] },
      ),
      attended(
        { heads: 2, queries: 3, keys: 4, width: 4 },
        {},
        { ...indices([2, 1, 4], 1), fill: [1, 0, 5, 0, 0, 0, 0, 1] },
      ),
      attended({ queries: 2, keys: 3, width: 2 }, {}, x([3], [-Infinity, 0, 0.5])),
      attended({ batch: 0, queries: 2, keys: 3, width: 2 }),
      attended({ batch: 2, heads: 2, queries: 17, keys: 35, width: 11 }, { causal: true }),
      attended({ queries: 17, keys: 3, width: 1 }, {}, undefined, [specials([17]), 'any', 'any']),
      attended({ queries: 2, keys: 17, width: 1 }, {}, undefined, ['any', specials([17]), 'any']),
      attended({ batch: 17, queries: 1, keys: 2, width: 2, values: 1 }, {}, undefined, ['any', 'any', specials([34])]),
    ],
  ),
}
