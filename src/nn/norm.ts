import { ArgumentError, ShapeError } from '../errors.ts'
import { ones, zeros } from '../ops/create.ts'
import * as f from '../ops/functions.ts'
import type { Tensor } from '../ops/tensor.ts'
import { type Parameter, parameter } from '../ops/variable.ts'
import { known } from '../options.ts'
import { scope } from '../tensor/scope.ts'
import { checkNumber } from '../tensor/shape.ts'
import { inside, Module } from './module.ts'
import { checkSizes } from './sizes.ts'

export interface LayerNormOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number
  /** Learns a weight and a bias. Default true. */
  affine?: boolean
  /** Learns a bias beside the weight. Default true. */
  bias?: boolean
}

export function epsilon(eps: number, where: string): number {
  return checkNumber(eps, `${where}.eps`, 'a finite number from 0 up', (e) => e >= 0 && e < Infinity)
}

export const onesOf = (shape: readonly number[]): Parameter => scope(() => parameter(ones(shape)))
export const zerosOf = (shape: readonly number[]): Parameter => scope(() => parameter(zeros(shape)))

/** Layer normalization over the last axes, whose sizes are given: (x - mean) / sqrt(variance + eps) weight + bias. */
export class LayerNorm extends Module {
  readonly shape: readonly number[]
  readonly eps: number
  weight: Parameter | undefined
  bias: Parameter | undefined

  constructor(shape: number | readonly number[], options: LayerNormOptions = {}) {
    super()
    const { eps = 1e-5, affine = true, bias = true } = known('nn.layerNorm', options, 'eps affine bias')
    this.shape = [shape].flat() as number[]
    if (this.shape.length === 0)
      throw new ArgumentError('there is no axis to normalize', {
        where: 'nn.layerNorm',
        expected: 'a size or more',
        received: '[]',
      })
    checkSizes('nn.layerNorm', Object.fromEntries([...this.shape.entries()].map(([i, size]) => [`axis ${i}`, size])))
    this.eps = epsilon(eps, 'nn.layerNorm')
    this.weight = affine ? onesOf(this.shape) : undefined
    this.bias = affine && bias ? zerosOf(this.shape) : undefined
  }

  override get kind(): string {
    return 'layerNorm'
  }

  override forward(x: Tensor): Tensor {
    const { shape: sizes, eps, weight, bias } = this
    return inside(this, [x], () => {
      if (String(x.shape.slice(-sizes.length)) !== String(sizes))
        throw new ShapeError('the input does not fit the layer', {
          where: `nn.layerNorm(${sizes.join(', ')})`,
          expected: `[..., ${sizes.join(', ')}]`,
          received: `[${x.shape.join(', ')}]`,
        })
      return f.layerNorm(x, { weight, bias, eps, axes: sizes.length })
    })
  }
}

/** Root-mean-square normalization of the last axis: x / sqrt(mean(x^2) + eps) weight. */
export class RMSNorm extends Module {
  readonly size: number
  readonly eps: number
  weight: Parameter

  constructor(size: number, options: { eps?: number } = {}) {
    super()
    const { eps = 1e-5 } = known('nn.rmsNorm', options, 'eps')
    checkSizes('nn.rmsNorm', { size })
    this.size = size
    this.eps = epsilon(eps, 'nn.rmsNorm')
    this.weight = onesOf([size])
  }

  override get kind(): string {
    return 'rmsNorm'
  }

  override forward(x: Tensor): Tensor {
    return inside(this, [x], () => f.rmsNorm(x, { weight: this.weight, eps: this.eps }))
  }
}

/** Normalization of each sample in groups of channels; weight and bias [channels]. Input [N, channels, ..]. */
export class GroupNorm extends Module {
  readonly groups: number
  readonly channels: number
  readonly eps: number
  weight: Parameter | undefined
  bias: Parameter | undefined
  readonly #kind: string

  constructor(groups: number, channels: number, options: LayerNormOptions = {}, kind = 'groupNorm') {
    super()
    this.#kind = kind
    const { eps = 1e-5, affine = true, bias = true } = known(`nn.${kind}`, options, 'eps affine bias')
    checkSizes(`nn.${kind}`, { groups, channels })
    if (channels % groups !== 0)
      throw new ArgumentError('the groups do not divide the channels', {
        where: `nn.${kind}`,
        expected: `a divisor of ${channels}`,
        received: String(groups),
      })
    this.groups = groups
    this.channels = channels
    this.eps = epsilon(eps, `nn.${kind}`)
    this.weight = affine ? onesOf([channels]) : undefined
    this.bias = affine && bias ? zerosOf([channels]) : undefined
  }

  override get kind(): string {
    return this.#kind
  }

  override forward(x: Tensor): Tensor {
    const { groups, channels, eps, weight, bias } = this
    return inside(this, [x], () => {
      if (x.rank < 2 || x.shape[1] !== channels)
        throw new ShapeError('the input does not fit the layer', {
          where: `nn.${this.kind}`,
          expected: `[N, ${channels}, ..]`,
          received: `[${x.shape.join(', ')}]`,
        })
      return f.groupNorm(x, groups, { weight, bias, eps })
    })
  }
}

export const layerNorm = (shape: number | readonly number[], options: LayerNormOptions = {}): LayerNorm =>
  new LayerNorm(shape, options)
export const rmsNorm = (size: number, options: { eps?: number } = {}): RMSNorm => new RMSNorm(size, options)
export const groupNorm = (groups: number, channels: number, options: LayerNormOptions = {}): GroupNorm =>
  new GroupNorm(groups, channels, options)
/** Each channel of each sample by itself; without weight and bias, as PyTorch's. */
export const instanceNorm = (channels: number, options: LayerNormOptions = {}): GroupNorm =>
  new GroupNorm(
    channels,
    channels,
    { affine: false, ...known('nn.instanceNorm', options, 'eps affine bias') },
    'instanceNorm',
  )
