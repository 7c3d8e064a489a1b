import type { JsonReader } from '../../data/fitted.ts'
import {
  type Dropout,
  dropout,
  type Embedding,
  embedding,
  type LayerNorm,
  type Linear,
  layerNorm,
  linear,
  Module,
  normalInitializer,
  type PositionalEmbedding,
  positionalEmbedding,
  type TransformerEncoderLayer,
  transformerEncoderLayer,
} from '../../nn/index.ts'
import type { Tensor } from '../../ops/tensor.ts'
import { dropoutOf } from './read.ts'

/** A transformer that says of each place which token comes next, with blocks in GPT-2's order. */
export interface TransformerSpec {
  readonly kind: 'transformer'
  /** Tokens there are. */
  readonly vocabulary: number
  readonly context: number
  readonly width: number
  readonly layers: number
  readonly heads: number
  readonly dropout: number
}

class Transformer extends Module {
  readonly tokens: Embedding
  readonly positions: PositionalEmbedding
  readonly drop: Dropout
  readonly blocks: readonly TransformerEncoderLayer[]
  readonly norm: LayerNorm
  readonly head: Linear

  constructor({ vocabulary, context, width, layers, heads, dropout: p }: TransformerSpec) {
    super()
    this.tokens = embedding(vocabulary, width, { initializer: normalInitializer(0.02) })
    this.positions = positionalEmbedding(context, width)
    this.drop = dropout(p)
    this.blocks = Array.from({ length: layers }, () =>
      transformerEncoderLayer(width, heads, {
        causal: true,
        normFirst: true,
        activation: 'geluTanh',
        dropout: p,
        attentionDropout: 0,
      }),
    )
    this.norm = layerNorm(width)
    this.head = linear(width, vocabulary, { bias: false })
  }

  override get kind(): string {
    return 'transformer'
  }

  /** x [N, time] of tokens, at most the context long; scores [N, time, vocabulary]. */
  override forward(x: Tensor): Tensor {
    const embedded = this.drop.forward(this.positions.forward(this.tokens.forward(x)))
    const y = this.blocks.reduce((h, block) => block.forward(h), embedded)
    return this.head.forward(this.norm.forward(y))
  }
}

export const transformer = (spec: TransformerSpec): Module & { forward(x: Tensor): Tensor } => new Transformer(spec)

export function readTransformer(json: JsonReader): TransformerSpec {
  const whole = (key: string, most: number): number => json.get(key).whole(1, most)
  const spec: TransformerSpec = {
    kind: 'transformer',
    vocabulary: whole('vocabulary', 10_000_000),
    context: whole('context', 1_000_000),
    width: whole('width', 1_000_000),
    layers: whole('layers', 1000),
    heads: whole('heads', 1000),
    dropout: dropoutOf(json),
  }
  if (spec.width % spec.heads !== 0) json.get('heads').fail(`a divisor of ${spec.width}`)
  return spec
}
