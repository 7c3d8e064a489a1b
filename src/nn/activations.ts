import type { Tensor } from '../ops/tensor.ts'
import { inside, Module } from './module.ts'

/** An element-wise function (or softmax) as a layer. */
export class Activation extends Module {
  readonly #kind: string
  readonly #apply: (x: Tensor) => Tensor

  constructor(kind: string, apply: (x: Tensor) => Tensor) {
    super()
    this.#kind = kind
    this.#apply = apply
  }

  override get kind(): string {
    return this.#kind
  }

  override forward(x: Tensor): Tensor {
    return inside(this, () => this.#apply(x))
  }
}

export const relu = (): Activation => new Activation('relu', (x) => x.relu())
export const tanh = (): Activation => new Activation('tanh', (x) => x.tanh())
export const sigmoid = (): Activation => new Activation('sigmoid', (x) => x.sigmoid())
/** x P(X <= x) for a standard normal X, exactly or by the usual tanh formula. */
export const gelu = (approximate: 'none' | 'tanh' = 'none'): Activation =>
  new Activation('gelu', (x) => x.gelu(approximate))
export const silu = (): Activation => new Activation('silu', (x) => x.silu())
export const softplus = (): Activation => new Activation('softplus', (x) => x.softplus())
export const leakyRelu = (slope = 0.01): Activation => new Activation('leakyRelu', (x) => x.leakyRelu(slope))
export const elu = (alpha = 1): Activation => new Activation('elu', (x) => x.elu(alpha))
export const softmax = (axis = -1): Activation => new Activation('softmax', (x) => x.softmax(axis))
export const logSoftmax = (axis = -1): Activation => new Activation('logSoftmax', (x) => x.logSoftmax(axis))
