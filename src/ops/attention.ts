import { ArgumentError, ShapeError } from '../errors.ts'
import { known } from '../options.ts'
import type { Generator } from '../program/generator.ts'
import type { Attrs, Shape, Spec } from '../program/graph.ts'
import type { Ref } from '../program/lower.ts'
import { broadcastShapes, broadcastStrides, shapeText } from '../tensor/shape.ts'
import { applyAll, checkTensor, checkTypes, isWhole } from './apply.ts'
import { attr, defineOp, type GradientContext, type OpTable } from './define.ts'
import * as f from './functions.ts'
import { drawnAll, drawOf, drop, key, rate } from './random.ts'
import type { Tensor } from './tensor.ts'

interface Sizes {
  readonly batch: number
  readonly heads: number
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
  return { batch: b * h, heads: h, t, s, d, e }
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

// Attributes beside scale and causal: masked, when a mask follows the other operands; dropout with generator and draw, when
// the words of the generator come last.
const isMasked = (attrs: Attrs): boolean => attr(attrs, 'masked') === true
const dropoutOf = (attrs: Attrs): number => attr<number | undefined>(attrs, 'dropout') ?? 0
const keyOf = (attrs: Attrs): string => (dropoutOf(attrs) > 0 ? key(attrs) : JSON.stringify(attrs))

/** What comes after the `count` operands that are always there. */
function more<T>(inputs: readonly T[], count: number, attrs: Attrs): { mask: T | undefined; generator: T | undefined } {
  return {
    mask: isMasked(attrs) ? inputs[count] : undefined,
    generator: dropoutOf(attrs) > 0 ? inputs.at(-1) : undefined,
  }
}

/** All but the generator are float32, and the mask stretches to the scores with an own number for each key. */
function checkOperands(where: string, inputs: readonly Spec[], count: number, attrs: Attrs, scores: Shape): void {
  checkTypes(where, inputs.slice(0, count), 'float32')
  const { mask } = more(inputs, count, attrs)
  if (mask === undefined) return
  checkTypes(where, [mask], 'float32')
  const { shape } = mask
  if (shape.at(-1) !== scores.at(-1) || String(broadcastShapes(shape, scores, where)) !== String(scores))
    throw new ShapeError('the mask does not stretch to the scores', {
      where: `${where}.mask`,
      expected: shapeText(scores),
      received: shapeText(shape),
    })
}

/** Operands of the kernels that say which keys count, and how much. */
function masking(inputs: readonly Ref[], shapes: readonly Shape[], count: number, attrs: Attrs, [b, h, t, s]: Shape) {
  const { mask = null, generator = null } = more(inputs, count, attrs)
  const scores = [b, h, t, s] as Shape
  const [byBatch = 0, byHead = 0, byQuery = 0] = mask === null ? [] : broadcastStrides(shapes[count] as Shape, scores)
  const dropout = dropoutOf(attrs)
  return {
    mask,
    generator,
    byBatch,
    byHead,
    byQuery,
    dropout,
    draw: dropout > 0 ? drawOf(attrs) : 0,
    scale: attr<number>(attrs, 'scale'),
    causal: attr<boolean>(attrs, 'causal') ? 1 : 0,
  }
}

/** [batch, heads, queries, keys]. */
const scoresOf = (q: Shape, k: Shape): Shape => [...q.slice(0, 3), k[2] as number]

/** From this many heads on the backward pass is split by heads alone, and no score is computed twice. */
const ONE_PASS = 8

export const attentionOps: OpTable<'attention' | 'attentionGrad'> = {
  attention: defineOp({
    name: 'attention',
    doc: 'Scaled dot-product attention by blocks; of the weights only the logarithm of each row sum is kept. Inputs q [batch, heads, t, d], k [.., s, d], v [.., s, e]; where masked, a mask that stretches to [batch, heads, t, s]; with dropout, a generator.',
    formula: 'dropout(softmax(scale q k^T + mask)) v; causal: query i sees keys up to i + s - t',
    saved: [1],
    key: keyOf,
    infer(inputs, attrs) {
      const [q = [], k = [], v] = inputs.map(({ shape }) => shape)
      checkTypes('attention', inputs.slice(0, 3), 'float32')
      const sizes = sizesOf('attention', q, k, v)
      checkOperands('attention', inputs, 3, attrs, scoresOf(q, k))
      checkCausal('attention', sizes, attr(attrs, 'causal'))
      const lead = q.slice(0, 3)
      return [float([...lead, sizes.e]), float(lead)]
    },
    lower({ inputs, outputs, shapes, attrs, emit }) {
      const [q, k, v] = inputs as [Ref, Ref, Ref]
      const [o, lse] = outputs as [Ref, Ref]
      const scores = scoresOf(shapes[0] as Shape, shapes[1] as Shape)
      emit('attention', {
        q,
        k,
        v,
        o,
        lse,
        ...sizesOf('attention', ...shapes),
        ...masking(inputs, shapes, 3, attrs, scores),
      })
    },
    gradient(context) {
      const { dy, inputs, outputs, attrs, needs } = context
      const [q, k, v] = inputs as [Tensor, Tensor, Tensor]
      const { mask } = more(inputs, 3, attrs)
      const operands = [dy, q, k, v, ...(outputs as [Tensor, Tensor]), ...(mask === undefined ? [] : [mask])]
      const grads = [0, 1, 2].some((i) => needs[i] === true)
        ? drawn('attentionGrad', operands, attrs)
        : [undefined, undefined, undefined]
      return [
        ...grads,
        ...(mask === undefined ? [] : [needs[3] === true ? maskGradient(context, mask) : undefined]),
        ...(dropoutOf(attrs) > 0 ? [undefined] : []),
      ]
    },
  }),
  attentionGrad: defineOp({
    name: 'attentionGrad',
    doc: 'Gradients of attention for q, k and v. Inputs dy, q, k, v, the output o and lse, then those that attention has after v; the weights are computed again by blocks, and numbers drawn again.',
    formula: 'p = e^(scale q k^T + mask - lse), ds = scale p (dy v^T - dy . o); dq = ds k, dk = ds^T q, dv = p^T dy',
    gradient: 'no second derivative',
    key: keyOf,
    infer(inputs, attrs) {
      const [dy = [], q = [], k = [], v, o = [], lse = []] = inputs.map(({ shape }) => shape)
      checkTypes('attentionGrad', inputs.slice(0, 6), 'float32')
      const sizes = sizesOf('attentionGrad', q, k, v)
      checkOperands('attentionGrad', inputs, 6, attrs, scoresOf(q, k))
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
      const scores = scoresOf(shapes[1] as Shape, shapes[2] as Shape)
      const operands = { dy, q, k, v, o, lse, ...sizes, ...masking(inputs, shapes, 6, attrs, scores) }
      if (sizes.batch >= ONE_PASS) return emit('attentionGrad', { ...operands, dq, dk, dv })
      if (dq.bytes > 0) emit('attentionGrad', { ...operands, dq, dk: null, dv: null })
      emit('attentionGrad', { ...operands, dq: null, dk, dv })
    },
  }),
}

/** Applies an op of attention, with the words of the generator where there is dropout. */
function drawn(name: 'attention' | 'attentionGrad', inputs: readonly Tensor[], attrs: Attrs): readonly Tensor[] {
  const op = attentionOps[name]
  return dropoutOf(attrs) > 0
    ? drawnAll(op, attr<Generator>(attrs, 'generator'), inputs, attrs)
    : applyAll(op, inputs, attrs)
}

/** The gradient for a mask that is learnt: of the size of the scores, unlike those of the others. */
function maskGradient({ dy, inputs, outputs, attrs }: GradientContext, mask: Tensor): Tensor {
  const [q, k, v] = inputs as [Tensor, Tensor, Tensor]
  const [o, lse] = outputs as [Tensor, Tensor]
  const scores = f.add(f.mul(f.matmul(q, k, { transposeB: true }), attr<number>(attrs, 'scale')), mask)
  const weights = f.exp(f.sub(scores, f.unsqueeze(lse, 3)))
  const seen = attr<boolean>(attrs, 'causal')
    ? f.tril(weights, (k.shape[2] as number) - (q.shape[2] as number))
    : weights
  const p = dropoutOf(attrs)
  const slopes = f.matmul(dy, v, { transposeB: true })
  const kept = p === 0 ? slopes : drop(slopes, attr(attrs, 'generator'), { p, draw: attr(attrs, 'draw') })
  return f.sumTo(f.mul(seen, f.sub(kept, f.sum(f.mul(dy, o), -1, { keepDims: true }))), mask.shape)
}

export interface AttentionOptions {
  /** Query i sees the keys up to i only (counted from the last where there are more keys than queries). */
  readonly causal?: boolean
  /**
   * Broadcasts to [batch, heads, queries, keys]. float32: added to the scores, -Infinity hides a key; the gradient of a
   * mask that is learnt takes memory of the size of the scores. int32: 0 hides a key.
   */
  readonly mask?: Tensor
  /** Of the scores. Default 1 / sqrt(width). */
  readonly scale?: number
  /** Probability with which a weight is dropped. Default 0. */
  readonly dropout?: number
  /** The generator that dropout draws from; the engine's own by default. */
  readonly generator?: Generator
}

/**
 * dropout(softmax(q k^T scale + mask)) v over the last two axes: q [batch, heads, queries, width], k [batch, heads, keys,
 * width], v [batch, heads, keys, any width]. A query that sees no key gives NaN. Nothing of the size queries x keys is
 * ever in memory, in the backward pass neither.
 */
export function scaledDotProductAttention(q: Tensor, k: Tensor, v: Tensor, options: AttentionOptions = {}): Tensor {
  const {
    causal = false,
    mask,
    scale,
    dropout = 0,
    generator,
  } = known('scaledDotProductAttention', options, 'causal mask scale dropout generator')
  const where = 'scaledDotProductAttention'
  for (const operand of [q, k, v, ...(mask === undefined ? [] : [mask])]) checkTensor(operand, where)
  const sizes = sizesOf(where, q.shape, k.shape, v.shape)
  checkCausal(where, sizes, causal)
  const factor = f.finite(scale ?? 1 / Math.sqrt(sizes.d), `${where}.scale`)
  const draws = rate(dropout, `${where}.dropout`) > 0
  const bias = mask === undefined ? undefined : biasOf(mask, sizes.s)
  if (bias !== undefined) checkOperands(where, [q, k, v, bias], 3, { masked: true }, scoresOf(q.shape, k.shape))
  const attrs: Record<string, unknown> = { causal, scale: factor }
  if (bias !== undefined) attrs['masked'] = true
  if (draws) {
    const from = generator ?? q.engine.generator
    Object.assign(attrs, { dropout, generator: from, draw: from.draw() })
  }
  const [o, lse] = drawn('attention', bias === undefined ? [q, k, v] : [q, k, v, bias], attrs) as [Tensor, Tensor]
  lse.dispose()
  return o
}

/** A mask as numbers to add, one for each key. */
function biasOf(mask: Tensor, keys: number): Tensor {
  const bias = isWhole(mask) ? f.where(mask, 0, -Infinity) : mask
  return bias.rank === 0 || (bias.shape.at(-1) === 1 && keys > 1)
    ? f.broadcastTo(bias, [...bias.shape.slice(0, -1), keys])
    : bias
}
