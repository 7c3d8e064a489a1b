import { ShapeError } from '../errors.ts'
import * as f from '../ops/functions.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Parameter } from '../ops/variable.ts'
import { known } from '../options.ts'
import { constant, drawn } from './initializers.ts'
import { inside, Module } from './module.ts'
import { checkSizes } from './sizes.ts'

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
    return inside(this, [x], () => this.#apply(x))
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
export const selu = (): Activation => new Activation('selu', f.selu)
export const celu = (alpha = 1): Activation => new Activation('celu', (x) => f.celu(x, alpha))
export const mish = (): Activation => new Activation('mish', f.mish)
export const softsign = (): Activation => new Activation('softsign', f.softsign)
export const logSigmoid = (): Activation => new Activation('logSigmoid', f.logSigmoid)
export const hardtanh = (min = -1, max = 1): Activation => new Activation('hardtanh', (x) => f.hardtanh(x, min, max))
export const hardsigmoid = (): Activation => new Activation('hardsigmoid', f.hardsigmoid)
export const hardswish = (): Activation => new Activation('hardswish', f.hardswish)
export const relu6 = (): Activation => new Activation('relu6', f.relu6)
/** Halves the axis: the first half times the sigmoid of the second. */
export const glu = (axis = -1): Activation => new Activation('glu', (x) => f.glu(x, axis))
export const softmax = (axis = -1): Activation => new Activation('softmax', (x) => x.softmax(axis))
export const logSoftmax = (axis = -1): Activation => new Activation('logSoftmax', (x) => x.logSoftmax(axis))

export interface PReluOptions {
  /** 1: one slope for all (default); otherwise the size of axis 1, one slope each. */
  channels?: number
  /** Of every slope at first. Default 0.25. */
  slope?: number
}

/** x > 0 ? x : weight x, with learned slopes. */
export class PRelu extends Module {
  /** [channels] */
  weight: Parameter

  constructor(options: PReluOptions = {}) {
    super()
    const { channels = 1, slope = 0.25 } = known('nn.prelu', options, 'channels slope')
    checkSizes('nn.prelu', { channels })
    this.weight = drawn(constant(f.finite(slope, 'nn.prelu.slope')), [channels], { inputs: 1, outputs: 1 })
  }

  override get kind(): string {
    return 'prelu'
  }

  override forward(x: Tensor): Tensor {
    return inside(this, [x], () => {
      const channels = this.weight.size
      if (channels === 1) return f.prelu(x, this.weight)
      if (x.rank < 2 || x.shape[1] !== channels)
        throw new ShapeError('the input does not fit the layer', {
          where: `nn.prelu({ channels: ${channels} })`,
          expected: `[.., ${channels}, ..] with the channels in axis 1`,
          received: `[${x.shape.join(', ')}]`,
        })
      return f.prelu(x, this.weight.reshape([channels, ...x.shape.slice(2).map(() => 1)]))
    })
  }
}

export const prelu = (options: PReluOptions = {}): PRelu => new PRelu(options)
