import { nn, type Parameter, scaledDotProductAttention, type Tensor } from '../../src/index.ts'

export interface GptSizes {
  readonly vocabulary: number
  readonly context: number
  readonly width: number
  readonly heads: number
  readonly layers: number
}

/** A block in the order of GPT-2: norms before attention and before the perceptron, both added to their input. */
class Block extends nn.Module {
  readonly ln1: nn.LayerNorm
  readonly ln2: nn.LayerNorm
  readonly qkv: nn.Linear
  readonly proj: nn.Linear
  readonly up: nn.Linear
  readonly down: nn.Linear
  readonly heads: number

  constructor(width: number, heads: number) {
    super()
    this.heads = heads
    this.ln1 = nn.layerNorm(width)
    this.ln2 = nn.layerNorm(width)
    this.qkv = nn.linear(width, 3 * width)
    this.proj = nn.linear(width, width)
    this.up = nn.linear(width, 4 * width)
    this.down = nn.linear(4 * width, width)
  }

  /** x: [batch, time, width]. */
  override forward(x: Tensor): Tensor {
    const [batch, time, width] = x.shape as [number, number, number]
    const split = this.qkv.forward(this.ln1.forward(x)).reshape([batch, time, 3, this.heads, width / this.heads])
    const [q, k, v] = [0, 1, 2].map((i) =>
      split
        .slice([0, 0, i], [batch, time, i + 1])
        .reshape([batch, time, this.heads, width / this.heads])
        .transpose([0, 2, 1, 3]),
    ) as [Tensor, Tensor, Tensor]
    const y = scaledDotProductAttention(q, k, v, { causal: true }).transpose([0, 2, 1, 3]).reshape([batch, time, width])
    const h = x.add(this.proj.forward(y))
    return h.add(this.down.forward(this.up.forward(this.ln2.forward(h)).gelu('tanh')))
  }
}

/** A character transformer without dropout whose head is not tied to its embedding. */
export class Gpt extends nn.Module {
  readonly tokens: nn.Embedding
  readonly positions: nn.Embedding
  readonly blocks: readonly Block[]
  readonly norm: nn.LayerNorm
  readonly head: nn.Linear

  constructor({ vocabulary, context, width, heads, layers }: GptSizes) {
    super()
    this.tokens = nn.embedding(vocabulary, width)
    this.positions = nn.embedding(context, width)
    this.blocks = Array.from({ length: layers }, () => new Block(width, heads))
    this.norm = nn.layerNorm(width)
    this.head = nn.linear(width, vocabulary, { bias: false })
  }

  /** x: int32 [batch, time] with time = context. Logits [batch, time, vocabulary]. */
  override forward(x: Tensor): Tensor {
    const positions: Parameter = this.positions.weight
    let h = this.tokens.forward(x).add(positions)
    for (const block of this.blocks) h = block.forward(h)
    return this.head.forward(this.norm.forward(h))
  }
}
