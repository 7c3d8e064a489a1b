import { ArgumentError, ShapeError } from '../errors.ts'
import { shapeText } from '../tensor/shape.ts'
import { checkTensor } from './apply.ts'
import { tensor } from './create.ts'
import * as f from './functions.ts'
import type { Tensor } from './tensor.ts'

export interface AttentionOptions {
  /** Query i sees the keys up to i only (counted from the last where there are more keys than queries). */
  readonly causal?: boolean
  /** Added to the scores; broadcasts to [.., queries, keys]. -Infinity hides a key. */
  readonly mask?: Tensor
  /** Of the scores. Default 1 / sqrt(width). */
  readonly scale?: number
  /** Probability with which a weight is dropped. Default 0. */
  readonly dropout?: number
}

/**
 * softmax(q k^T scale + mask) v over the last two axes: q [batch, heads, queries, width], k [batch, heads, keys, width],
 * v [batch, heads, keys, any width]. A query that sees no key gives NaN.
 */
export function scaledDotProductAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  { causal = false, mask, scale, dropout = 0 }: AttentionOptions = {},
): Tensor {
  const where = 'scaledDotProductAttention'
  for (const operand of [q, k, v, ...(mask === undefined ? [] : [mask])]) checkTensor(operand, where)
  const [a, b, c] = [q.shape, k.shape, v.shape]
  const fits =
    [a, b, c].every((shape) => shape.length === 4 && String(shape.slice(0, 2)) === String(a.slice(0, 2))) &&
    a[3] === b[3] &&
    b[2] === c[2] &&
    a[3] !== 0 &&
    b[2] !== 0
  if (!fits)
    throw new ShapeError('queries, keys and values do not fit', {
      where,
      expected: 'q [batch, heads, queries, width], k [batch, heads, keys, width], v [batch, heads, keys, ..]',
      received: `${shapeText(a)}, ${shapeText(b)} and ${shapeText(c)}`,
    })
  const [queries, keys] = [a[2] as number, b[2] as number]
  const factor = f.finite(scale ?? 1 / Math.sqrt(a[3] as number), `${where}.scale`)
  if (causal && queries > keys)
    throw new ArgumentError('the first queries would see no key', {
      where: `${where}.causal`,
      expected: `at most ${keys} queries for ${keys} keys`,
      received: String(queries),
    })
  let scores = f.mul(f.matmul(q, k, { transposeB: true }), factor)
  if (mask !== undefined) scores = f.add(scores, mask)
  if (String(scores.shape) !== String([...a.slice(0, 3), keys]))
    throw new ShapeError('the mask does not stretch to the scores', {
      where: `${where}.mask`,
      expected: shapeText([...a.slice(0, 3), keys]),
      received: shapeText(mask?.shape ?? []),
    })
  if (causal) scores = f.add(scores, later(queries, keys, q))
  const weights = f.softmax(scores)
  return f.matmul(dropout === 0 ? weights : f.dropout(weights, dropout), v)
}

/** 0 where query i sees key j, -Infinity where the key comes later. */
function later(queries: number, keys: number, { engine }: Tensor): Tensor {
  const data = new Float32Array(queries * keys)
  for (let i = 0; i < queries; i++) data.fill(-Infinity, i * keys + i + 1 + keys - queries, (i + 1) * keys)
  return tensor(data, [queries, keys], { engine })
}
