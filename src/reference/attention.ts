import { flag, number } from './attrs.ts'
import { philoxDropout } from './philox.ts'
import { drawOf } from './random.ts'
import {
  type Attrs,
  broadcastStrides,
  input,
  type Reference,
  type RefTensor,
  type Rows,
  sizeOf,
  zeros,
} from './tensor.ts'

const rowOf = ({ shape, data }: RefTensor, at: number): Float64Array => {
  const width = shape.at(-1) as number
  return data.subarray(at * width, (at + 1) * width)
}
const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, v, i) => sum + v * (b[i] as number), 0)
const addTo = (to: Float64Array, factor: number, x: Float64Array): void => {
  for (let i = 0; i < to.length; i++) to[i] = (to[i] as number) + factor * (x[i] as number)
}

/** Visits each query: its number among all, the number of the first key of its head, and how many keys it sees. */
export function queries(
  q: RefTensor,
  k: RefTensor,
  attrs: Attrs,
  visit: (query: number, key: number, count: number) => void,
): void {
  const [t, s] = [q.shape[2], k.shape[2]] as [number, number]
  const heads = sizeOf(q.shape.slice(0, 2))
  for (let head = 0; head < heads; head++)
    for (let i = 0; i < t; i++) visit(head * t + i, head * s, flag(attrs, 'causal') ? i + 1 + s - t : s)
}

/** What the mask adds to a score, and what dropout multiplies its weight by: operands from number `first` on. */
export function weighting(
  inputs: readonly RefTensor[],
  first: number,
  [b, h, t, s]: readonly number[],
  attrs: Attrs,
): { bias: (query: number, j: number) => number; factor: (query: number, j: number) => number } {
  const [heads, queries, keys] = [h as number, t as number, s as number]
  const mask = flag(attrs, 'masked') ? input(inputs, first) : undefined
  const [byBatch = 0, byHead = 0, byQuery = 0, byKey = 0] =
    mask === undefined ? [] : broadcastStrides(mask.shape, [b as number, heads, queries, keys])
  const p = (attrs['dropout'] as number | undefined) ?? 0
  const draw = p > 0 ? drawOf(inputs, attrs) : undefined
  const factors =
    draw === undefined ? undefined : philoxDropout(draw.words, draw.draw, (b as number) * heads * queries * keys, p)
  return {
    bias(query, j) {
      if (mask === undefined) return 0
      const head = Math.floor(query / queries)
      const at = Math.floor(head / heads) * byBatch + (head % heads) * byHead + (query % queries) * byQuery + j * byKey
      return mask.data[at] as number
    },
    factor: (query, j) => (factors === undefined ? 1 : (factors[query * keys + j] as number)),
  }
}

const attention: Reference = (inputs, attrs) => {
  const [q, k, v] = [input(inputs, 0), input(inputs, 1), input(inputs, 2)]
  const lead = q.shape.slice(0, 3)
  const [o, lse] = [zeros([...lead, v.shape[3] as number]), zeros(lead)]
  const { bias, factor } = weighting(inputs, 3, [...q.shape.slice(0, 3), k.shape[2] as number], attrs)
  queries(q, k, attrs, (query, key, count) => {
    const scores = Float64Array.from(
      { length: count },
      (_, j) => number(attrs, 'scale') * dot(rowOf(q, query), rowOf(k, key + j)) + bias(query, j),
    )
    const max = scores.reduce((a, b) => Math.max(a, b), -Infinity)
    const sum = scores.reduce((total, score) => total + Math.exp(score - max), 0)
    scores.forEach((score, j) => {
      addTo(rowOf(o, query), (factor(query, j) * Math.exp(score - max)) / sum, rowOf(v, key + j))
    })
    lse.data[query] = max + Math.log(sum)
  })
  return [o, lse]
}

const attentionGrad: Reference = (inputs, attrs) => {
  const [dy, q, k, v, o, lse] = [0, 1, 2, 3, 4, 5].map((i) => input(inputs, i)) as [
    RefTensor,
    RefTensor,
    RefTensor,
    RefTensor,
    RefTensor,
    RefTensor,
  ]
  const scale = number(attrs, 'scale')
  const [dq, dk, dv] = [zeros(q.shape), zeros(k.shape), zeros(v.shape)]
  const { bias, factor } = weighting(inputs, 6, [...q.shape.slice(0, 3), k.shape[2] as number], attrs)
  queries(q, k, attrs, (query, key, count) => {
    const d = rowOf(dy, query)
    for (let j = key; j < key + count; j++) {
      const score = scale * dot(rowOf(q, query), rowOf(k, j)) + bias(query, j - key)
      const p = Math.exp(score - (lse.data[query] as number))
      const kept = factor(query, j - key)
      const ds = scale * p * (kept * dot(d, rowOf(v, j)) - dot(d, rowOf(o, query)))
      addTo(rowOf(dq, query), ds, rowOf(k, j))
      addTo(rowOf(dk, j), ds, rowOf(q, query))
      addTo(rowOf(dv, j), kept * p, d)
    }
  })
  return [dq, dk, dv]
}

export const attentionRows: Rows<'attention' | 'attentionGrad'> = { attention, attentionGrad }
