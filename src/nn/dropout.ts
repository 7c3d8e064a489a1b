import { ArgumentError } from '../errors.ts'
import type { Tensor } from '../ops/tensor.ts'
import { inside, Module } from './module.ts'

/** While training, sets each element to 0 with probability p and scales the others by 1 / (1 - p). */
export class Dropout extends Module {
  readonly p: number

  constructor(p = 0.5) {
    super()
    if (!(p >= 0 && p < 1))
      throw new ArgumentError('not a probability for dropout', {
        where: 'nn.dropout',
        expected: '0 <= p < 1',
        received: String(p),
      })
    this.p = p
  }

  override get kind(): string {
    return 'dropout'
  }

  override forward(x: Tensor): Tensor {
    return this.training && this.p > 0 ? inside(this, () => x.dropout(this.p)) : x
  }
}

export const dropout = (p = 0.5): Dropout => new Dropout(p)
