import { ArgumentError, ShapeError } from '../errors.ts'
import { type AttentionOptions, scaledDotProductAttention } from '../ops/attention.ts'
import { rate } from '../ops/random.ts'
import { type RotaryOptions, rotaryEmbedding } from '../ops/rotary.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Parameter } from '../ops/variable.ts'
import { known } from '../options.ts'
import { drawn } from './initializers.ts'
import { type Linear, linear } from './linear.ts'
import { type FieldLayout, inside, Module } from './module.ts'
import { checkSizes } from './sizes.ts'

export interface MultiHeadAttentionOptions {
  /** Default true. */
  readonly bias?: boolean
  /** Of the weights, while training. Default 0. */
  readonly dropout?: number
  /** Each position sees itself and those before only. Default false. */
  readonly causal?: boolean
  /** Turns queries and keys by their positions (`rotaryEmbedding`), so that scores depend on distances. Default false. */
  readonly rotary?: boolean | Pick<RotaryOptions, 'base'>
}

/** What `attend` takes beside queries, keys and values. */
export type AttendOptions = Pick<AttentionOptions, 'causal' | 'mask'>

/**
 * Attention by several heads (Vaswani et al. 2017): x [batch, time, width] is projected to queries, keys and values of
 * width / heads each, which attend and are joined and projected again. State names are PyTorch's.
 */
export class MultiHeadAttention extends Module {
  readonly width: number
  readonly heads: number
  readonly dropout: number
  readonly causal: boolean
  /** How queries and keys are turned; undefined: not at all. */
  readonly rotary: Pick<RotaryOptions, 'base'> | undefined
  /** [width, 3 width]: queries, keys, values. */
  readonly inWeight: Parameter
  readonly inBias: Parameter | undefined
  readonly out: Linear

  constructor(width: number, heads: number, options: MultiHeadAttentionOptions = {}) {
    super()
    const {
      bias = true,
      dropout = 0,
      causal = false,
      rotary = false,
    } = known('nn.multiHeadAttention', options, 'bias dropout causal rotary')
    checkSizes('nn.multiHeadAttention', { width, heads })
    if (width % heads !== 0)
      throw new ArgumentError('the heads do not share the width evenly', {
        where: 'nn.multiHeadAttention',
        expected: `a width that ${heads} divides`,
        received: String(width),
      })
    if (rotary !== false && (width / heads) % 2 !== 0)
      throw new ArgumentError('the width of a head does not make pairs to turn', {
        where: 'nn.multiHeadAttention.rotary',
        expected: 'an even width / heads',
        received: String(width / heads),
      })
    this.width = width
    this.heads = heads
    this.dropout = rate(dropout, 'nn.multiHeadAttention.dropout')
    this.causal = causal
    this.rotary =
      rotary === true ? {} : rotary === false ? undefined : known('nn.multiHeadAttention.rotary', rotary, 'base')
    const fan = { inputs: width, outputs: 3 * width }
    this.inWeight = drawn('glorotUniform', [width, 3 * width], fan)
    this.inBias = bias ? drawn('zeros', [3 * width], fan) : undefined
    this.out = linear(width, width, { bias, biasInitializer: 'zeros' })
  }

  override get kind(): string {
    return 'multiHeadAttention'
  }

  override children(): Iterable<readonly [string, unknown]> {
    return [
      ['in_proj_weight', this.inWeight],
      ['in_proj_bias', this.inBias],
      ['out_proj', this.out],
    ]
  }

  override layout(field: string): FieldLayout {
    return field === 'in_proj_weight' ? { axes: [1, 0] } : {}
  }

  /** Self-attention of x [batch, time, width]. */
  override forward(x: Tensor): Tensor {
    return this.attend(x)
  }

  /** x [batch, queries, width] attends to memory [batch, keys, width], by default to itself. */
  attend(x: Tensor, memory: Tensor = x, options: AttendOptions = {}): Tensor {
    const { causal = this.causal, mask } = known('nn.multiHeadAttention', options, 'causal mask')
    return inside(this, [x, memory], () => {
      for (const operand of [x, memory])
        if (operand.rank !== 3 || operand.shape[2] !== this.width || operand.shape[0] !== x.shape[0])
          throw new ShapeError('the input does not fit the layer', {
            where: `nn.multiHeadAttention(${this.width}, ${this.heads})`,
            expected: `[batch, time, ${this.width}]`,
            received: `[${operand.shape.join(', ')}]`,
          })
      const [q, k, v] = memory === x ? this.split(x, 0, 3) : [...this.split(x, 0, 1), ...this.split(memory, 1, 3)]
      const turned = (part: Tensor): Tensor => (this.rotary === undefined ? part : rotaryEmbedding(part, this.rotary))
      const y = scaledDotProductAttention(turned(q as Tensor), turned(k as Tensor), v as Tensor, {
        causal,
        ...(mask === undefined ? {} : { mask }),
        dropout: this.training ? this.dropout : 0,
      })
      return this.out.forward(y.transpose([0, 2, 1, 3]).reshape(x.shape))
    })
  }

  /** Projections number `from` to `to` of x, each [batch, heads, time, width / heads]. */
  private split(x: Tensor, from: number, to: number): Tensor[] {
    const [batch, time] = x.shape as [number, number]
    const [a, b, count] = [from * this.width, to * this.width, to - from]
    const part = count === 3
    const product = x.matmul(part ? this.inWeight : this.inWeight.slice([0, a], [this.width, b]))
    const projected =
      this.inBias === undefined ? product : product.add(part ? this.inBias : this.inBias.slice([a], [b]))
    const shape = [batch, this.heads, time, this.width / this.heads]
    const all = projected.reshape([batch, time, count, this.heads, this.width / this.heads]).transpose([2, 0, 3, 1, 4])
    return Array.from({ length: count }, (_, i) => all.slice([i], [i + 1]).reshape(shape))
  }
}

export const multiHeadAttention = (
  width: number,
  heads: number,
  options: MultiHeadAttentionOptions = {},
): MultiHeadAttention => new MultiHeadAttention(width, heads, options)
