import { rate } from '../ops/random.ts'
import type { Tensor } from '../ops/tensor.ts'
import { inside, Module } from './module.ts'

/** While training, sets each element to 0 with probability p and scales the others by 1 / (1 - p). */
export class Dropout extends Module {
  readonly p: number

  constructor(p = 0.5) {
    super()
    this.p = rate(p, 'nn.dropout')
  }

  override get kind(): string {
    return 'dropout'
  }

  override forward(x: Tensor): Tensor {
    return inside(this, [x], () => (this.training && this.p > 0 ? x.dropout(this.p) : x))
  }
}

export const dropout = (p = 0.5): Dropout => new Dropout(p)
