import { ArgumentError } from '../errors.ts'
import { toFloat } from '../ops/functions.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Parameter } from '../ops/variable.ts'
import { known } from '../options.ts'
import { drawn, type InitializerChoice, normalInitializer } from './initializers.ts'
import { inside, Module } from './module.ts'
import { checkSizes } from './sizes.ts'

export interface EmbeddingOptions {
  /** Row that stands for "nothing here": it starts as zeros and gets no gradient. */
  readonly paddingIndex?: number
  /** Of the table. Default: normal, mean 0 and deviation 1. */
  readonly initializer?: InitializerChoice
}

/** A table of vectors, one for each of `count` things: int32 indices [..] to [.., width]. Rows that are used several times add up their gradients. */
export class Embedding extends Module {
  readonly count: number
  readonly width: number
  readonly paddingIndex: number | undefined
  /** [count, width]; assign another layer's to tie them. */
  weight: Parameter

  constructor(count: number, width: number, options: EmbeddingOptions = {}) {
    super()
    const { paddingIndex, initializer } = known('nn.embedding', options, 'paddingIndex initializer')
    checkSizes('nn.embedding', { count, width })
    if (paddingIndex !== undefined && !(Number.isInteger(paddingIndex) && paddingIndex >= 0 && paddingIndex < count))
      throw new ArgumentError('the padding index is not a row', {
        where: 'nn.embedding',
        expected: `0 to ${count - 1}`,
        received: String(paddingIndex),
      })
    this.count = count
    this.width = width
    this.paddingIndex = paddingIndex
    this.weight = drawn(initializer ?? normalInitializer(1), [count, width], { inputs: count, outputs: width })
    if (paddingIndex === undefined) return
    const data = this.weight.dataSync().slice()
    this.weight.set(data.fill(0, paddingIndex * width, (paddingIndex + 1) * width))
  }

  override get kind(): string {
    return 'embedding'
  }

  override forward(indices: Tensor): Tensor {
    return inside(this, [indices], () => {
      const y = this.weight.gather(indices, 0)
      if (this.paddingIndex === undefined) return y
      // the same values, and a gradient only where the index is another one
      const fixed = y.stopGradient()
      const counts = toFloat(indices).sub(this.paddingIndex).square().minimum(1)
      return fixed.add(y.sub(fixed).mul(counts.reshape([...indices.shape, 1])))
    })
  }
}

export const embedding = (count: number, width: number, options: EmbeddingOptions = {}): Embedding =>
  new Embedding(count, width, options)
