import { oneOf } from '../ops/functions.ts'
import { rate } from '../ops/random.ts'
import type { Tensor } from '../ops/tensor.ts'
import { known } from '../options.ts'
import {
  type AttendOptions,
  type MultiHeadAttention,
  type MultiHeadAttentionOptions,
  multiHeadAttention,
} from './attention.ts'
import { type Dropout, dropout } from './dropout.ts'
import { type Linear, linear } from './linear.ts'
import { inside, Module } from './module.ts'
import { epsilon, type LayerNorm, layerNorm } from './norm.ts'
import { checkSizes } from './sizes.ts'

export interface TransformerLayerOptions {
  /** Units of the inner layer. Default 4 width. */
  readonly hidden?: number
  /** Of inner units and what each part adds, while training. Default 0.1. */
  readonly dropout?: number
  /** Of the weights of attention. Default: as dropout. */
  readonly attentionDropout?: number
  /** Between the two linear layers. Default 'relu'; 'geluTanh' is gelu by the usual tanh formula. */
  readonly activation?: 'relu' | 'gelu' | 'geluTanh'
  /** Normalizes what goes into each part, as GPT-2 does, instead of the sum after it. Default false. */
  readonly normFirst?: boolean
  /** Each position sees itself and those before only. Default: false in an encoder, true in a decoder. */
  readonly causal?: boolean
  /** Self-attention turns queries and keys by their positions, see nn.multiHeadAttention. Default false. */
  readonly rotary?: MultiHeadAttentionOptions['rotary']
  /** Biases in linear layers. Default true. */
  readonly bias?: boolean
  /** Of the normalization. Default 1e-5. */
  readonly eps?: number
}

/** What encoder and decoder layers share: self-attention, and two linear layers with an activation between them. */
abstract class TransformerLayer extends Module {
  readonly width: number
  readonly normFirst: boolean
  readonly activation: 'relu' | 'gelu' | 'geluTanh'
  protected readonly attention: MultiHeadAttention
  protected readonly first: Linear
  protected readonly second: Linear
  protected readonly drop: Dropout

  constructor(width: number, heads: number, isDecoder: boolean, options: TransformerLayerOptions) {
    super()
    const list = 'hidden dropout attentionDropout activation normFirst causal rotary bias eps'
    const where = `nn.${this.kind}`
    const { hidden = 4 * width, dropout: p = 0.1, activation = 'relu' } = known(where, options, list)
    const { normFirst = false, bias = true, eps = 1e-5 } = options
    // before the first part is made
    checkSizes(where, { hidden })
    rate(p, `${where}.dropout`)
    epsilon(eps, where)
    this.activation = oneOf(activation, ['relu', 'gelu', 'geluTanh'], `${where}.activation`)
    this.width = width
    this.normFirst = normFirst
    const { attentionDropout = p, rotary = false, causal = isDecoder } = options
    this.attention = multiHeadAttention(width, heads, { bias, dropout: attentionDropout, causal, rotary })
    this.first = linear(width, hidden, { bias })
    this.second = linear(hidden, width, { bias })
    this.drop = dropout(p)
  }

  protected norm({ eps = 1e-5 }: TransformerLayerOptions): LayerNorm {
    return layerNorm(this.width, { eps })
  }

  /** x + part(norm(x)), or norm(x + part(x)). */
  protected add(x: Tensor, norm: LayerNorm, part: (x: Tensor) => Tensor): Tensor {
    return this.normFirst
      ? x.add(this.drop.forward(part(norm.forward(x))))
      : norm.forward(x.add(this.drop.forward(part(x))))
  }

  protected feed(x: Tensor): Tensor {
    const h = this.first.forward(x)
    const a = this.activation === 'relu' ? h.relu() : h.gelu(this.activation === 'gelu' ? 'none' : 'tanh')
    return this.second.forward(this.drop.forward(a))
  }
}

/** Self-attention, then a small network on each position, each added to what it got (Vaswani et al. 2017). State names are PyTorch's. */
export class TransformerEncoderLayer extends TransformerLayer {
  readonly norm1: LayerNorm
  readonly norm2: LayerNorm

  constructor(width: number, heads: number, options: TransformerLayerOptions = {}) {
    super(width, heads, false, options)
    this.norm1 = this.norm(options)
    this.norm2 = this.norm(options)
  }

  override get kind(): string {
    return 'transformerEncoderLayer'
  }

  override children(): Iterable<readonly [string, unknown]> {
    return [
      ['self_attn', this.attention],
      ['linear1', this.first],
      ['dropout', this.drop],
      ['linear2', this.second],
      ['norm1', this.norm1],
      ['norm2', this.norm2],
    ]
  }

  /** x [batch, time, width]; a mask as `attend` takes it. */
  override forward(x: Tensor, options: Pick<AttendOptions, 'mask'> = {}): Tensor {
    const { mask } = known(`nn.${this.kind}`, options, 'mask')
    return inside(this, [x], () => {
      const hiding = mask === undefined ? {} : { mask }
      const y = this.add(x, this.norm1, (part) => this.attention.attend(part, part, hiding))
      return this.add(y, this.norm2, (part) => this.feed(part))
    })
  }
}

/** An encoder layer with attention to a memory, the output of an encoder, in between. State names are PyTorch's. */
export class TransformerDecoderLayer extends TransformerLayer {
  readonly memory: MultiHeadAttention
  readonly norm1: LayerNorm
  readonly norm2: LayerNorm
  readonly norm3: LayerNorm

  constructor(width: number, heads: number, options: TransformerLayerOptions = {}) {
    super(width, heads, true, options)
    const { bias = true, dropout = 0.1, attentionDropout = dropout } = options
    this.memory = multiHeadAttention(width, heads, { bias, dropout: attentionDropout })
    this.norm1 = this.norm(options)
    this.norm2 = this.norm(options)
    this.norm3 = this.norm(options)
  }

  override get kind(): string {
    return 'transformerDecoderLayer'
  }

  override children(): Iterable<readonly [string, unknown]> {
    return [
      ['self_attn', this.attention],
      ['multihead_attn', this.memory],
      ['linear1', this.first],
      ['dropout', this.drop],
      ['linear2', this.second],
      ['norm1', this.norm1],
      ['norm2', this.norm2],
      ['norm3', this.norm3],
    ]
  }

  /** x [batch, time, width] and memory [batch, keys, width]; masks of x and of the memory as `attend` takes them. */
  override forward(
    x: Tensor,
    memory: Tensor,
    options: Pick<AttendOptions, 'mask'> & { readonly memoryMask?: Tensor } = {},
  ): Tensor {
    const { mask, memoryMask } = known(`nn.${this.kind}`, options, 'mask memoryMask')
    return inside(this, [x, memory], () => {
      const hiding = (m: Tensor | undefined): AttendOptions => (m === undefined ? {} : { mask: m })
      const own = this.add(x, this.norm1, (part) => this.attention.attend(part, part, hiding(mask)))
      const both = this.add(own, this.norm2, (part) => this.memory.attend(part, memory, hiding(memoryMask)))
      return this.add(both, this.norm3, (part) => this.feed(part))
    })
  }
}

export const transformerEncoderLayer = (
  width: number,
  heads: number,
  options: TransformerLayerOptions = {},
): TransformerEncoderLayer => new TransformerEncoderLayer(width, heads, options)

export const transformerDecoderLayer = (
  width: number,
  heads: number,
  options: TransformerLayerOptions = {},
): TransformerDecoderLayer => new TransformerDecoderLayer(width, heads, options)
