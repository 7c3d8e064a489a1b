import { ArgumentError, ShapeError } from '../errors.ts'
import type { Attrs, Shape, Spec } from '../program/graph.ts'
import type { Ref } from '../program/lower.ts'
import { shapeText } from '../tensor/shape.ts'
import { applyAll, checkTensor, checkTypes } from './apply.ts'
import { tensor } from './create.ts'
import { attr, defineOp, type OpTable } from './define.ts'
import * as f from './functions.ts'
import type { Tensor } from './tensor.ts'

interface Sizes {
  readonly batch: number
  readonly t: number
  readonly s: number
  readonly d: number
  readonly e: number
}

/** q [batch, heads, t, d], k [batch, heads, s, d], v [batch, heads, s, e]. */
function sizesOf(where: string, q: Shape = [], k: Shape = [], v: Shape = []): Sizes {
  const [b = 0, h = 0, t = 0, d = 0] = q
  const [s = 0, e = 0] = [k[2], v[3]]
  const fits = q.length === 4 && String(k) === String([b, h, s, d]) && String(v) === String([b, h, s, e])
  if (!fits || d === 0 || s === 0 || e === 0)
    throw new ShapeError('queries, keys and values do not fit', {
      where,
      expected: 'q [batch, heads, queries, width], k [batch, heads, keys, width], v [batch, heads, keys, ..]',
      received: [q, k, v].map(shapeText).join(', '),
    })
  return { batch: b * h, t, s, d, e }
}

/** The first queries would see nothing. */
function checkCausal(where: string, { t, s }: Sizes, causal: boolean): void {
  if (causal && t > s)
    throw new ArgumentError('the first queries would see no key', {
      where: `${where}.causal`,
      expected: `at most ${s} queries for ${s} keys`,
      received: String(t),
    })
}

const float = (shape: Shape): Spec => ({ shape, dtype: 'float32' })
const constants = (attrs: Attrs): { scale: number; causal: number } => ({
  scale: attr<number>(attrs, 'scale'),
  causal: attr<boolean>(attrs, 'causal') ? 1 : 0,
})

/** From this many heads on the backward pass is split by heads alone, and no score is computed twice. */
const ONE_PASS = 8

export const attentionOps: OpTable<'attention' | 'attentionGrad'> = {
  attention: defineOp({
    name: 'attention',
    doc: 'Scaled dot-product attention by blocks; of the weights only the logarithm of each row sum is kept. Inputs q [batch, heads, t, d], k [.., s, d], v [.., s, e].',
    formula: 'softmax(scale q k^T) v; causal: query i sees keys up to i + s - t',
    saved: [1],
    infer(inputs, attrs) {
      checkTypes('attention', inputs, 'float32')
      const [q, k, v] = inputs.map(({ shape }) => shape)
      const sizes = sizesOf('attention', q, k, v)
      checkCausal('attention', sizes, attr(attrs, 'causal'))
      const lead = (q as Shape).slice(0, 3)
      return [float([...lead, sizes.e]), float(lead)]
    },
    lower({ inputs, outputs, shapes, attrs, emit }) {
      const [q, k, v] = inputs as [Ref, Ref, Ref]
      const [o, lse] = outputs as [Ref, Ref]
      emit('attention', { q, k, v, o, lse, ...sizesOf('attention', ...shapes), ...constants(attrs) })
    },
    gradient: ({ dy, inputs: [q, k, v], outputs: [o, lse], attrs }) =>
      applyAll(attentionOps.attentionGrad, [dy, q, k, v, o, lse] as Tensor[], attrs),
  }),
  attentionGrad: defineOp({
    name: 'attentionGrad',
    doc: 'Gradients of attention for q, k and v. Inputs dy, q, k, v, the output o and lse; the weights are computed again by blocks.',
    formula: 'p = e^(scale q k^T - lse), ds = scale p (dy v^T - dy . o); dq = ds k, dk = ds^T q, dv = p^T dy',
    gradient: 'no second derivative',
    infer(inputs, attrs) {
      checkTypes('attentionGrad', inputs, 'float32')
      const [dy = [], q = [], k, v, o = [], lse = []] = inputs.map(({ shape }) => shape)
      const sizes = sizesOf('attentionGrad', q, k, v)
      checkCausal('attentionGrad', sizes, attr(attrs, 'causal'))
      const lead = q.slice(0, 3)
      const out = String([...lead, sizes.e])
      if (String(dy) !== out || String(o) !== out || String(lse) !== String(lead))
        throw new ShapeError('the gradient does not fit the output', {
          where: 'attentionGrad',
          expected: `dy and o [${out}], lse [${lead}]`,
          received: [dy, o, lse].map(shapeText).join(', '),
        })
      return inputs.slice(1, 4).map(({ shape }) => float(shape))
    },
    lower({ inputs, outputs, shapes, attrs, emit }) {
      const [dy, q, k, v, o, lse] = inputs as [Ref, Ref, Ref, Ref, Ref, Ref]
      const [dq, dk, dv] = outputs as [Ref, Ref, Ref]
      const sizes = sizesOf('attentionGrad', ...shapes.slice(1, 4))
      const operands = { dy, q, k, v, o, lse, ...sizes, ...constants(attrs) }
      if (sizes.batch >= ONE_PASS) return emit('attentionGrad', { ...operands, dq, dk, dv })
      if (dq.bytes > 0) emit('attentionGrad', { ...operands, dq, dk: null, dv: null })
      emit('attentionGrad', { ...operands, dq: null, dk, dv })
    },
  }),
}

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
 * v [batch, heads, keys, any width]. A query that sees no key gives NaN. Without mask and dropout nothing of the size
 * queries x keys is ever in memory, in the backward pass neither.
 */
export function scaledDotProductAttention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  { causal = false, mask, scale, dropout = 0 }: AttentionOptions = {},
): Tensor {
  const where = 'scaledDotProductAttention'
  for (const operand of [q, k, v, ...(mask === undefined ? [] : [mask])]) checkTensor(operand, where)
  const sizes = sizesOf(where, q.shape, k.shape, v.shape)
  checkCausal(where, sizes, causal)
  const factor = f.finite(scale ?? 1 / Math.sqrt(sizes.d), `${where}.scale`)
  if (mask === undefined && dropout === 0) {
    const [o, lse] = applyAll(attentionOps.attention, [q, k, v], { causal, scale: factor }) as [Tensor, Tensor]
    lse.dispose()
    return o
  }
  let scores = f.mul(f.matmul(q, k, { transposeB: true }), factor)
  const { shape } = scores
  if (mask !== undefined) scores = f.add(scores, mask)
  if (String(scores.shape) !== String(shape))
    throw new ShapeError('the mask does not stretch to the scores', {
      where: `${where}.mask`,
      expected: shapeText(shape),
      received: shapeText(mask?.shape ?? []),
    })
  if (causal) scores = f.add(scores, later(sizes.t, sizes.s, q))
  const weights = f.softmax(scores)
  return f.matmul(dropout === 0 ? weights : f.dropout(weights, dropout), v)
}

/** 0 where query i sees key j, -Infinity where the key comes later. */
function later(queries: number, keys: number, { engine }: Tensor): Tensor {
  const data = new Float32Array(queries * keys)
  for (let i = 0; i < queries; i++) data.fill(-Infinity, i * keys + i + 1 + keys - queries, (i + 1) * keys)
  return tensor(data, [queries, keys], { engine })
}
