import { ShapeError } from '../errors.ts'
import { channelStatistics, batchNorm as normalize } from '../ops/batch-norm.ts'
import { ones, zeros } from '../ops/create.ts'
import * as f from '../ops/functions.ts'
import type { Tensor } from '../ops/tensor.ts'
import { type Parameter, type Variable, variable } from '../ops/variable.ts'
import { known } from '../options.ts'
import { scope } from '../tensor/scope.ts'
import { inside, Module } from './module.ts'
import { epsilon, onesOf, zerosOf } from './norm.ts'
import { checkSizes } from './sizes.ts'

export interface BatchNormOptions {
  /** Added to the variance. Default 1e-5. */
  eps?: number
  /** Share of the newest batch in the running statistics. Default 0.1. */
  momentum?: number
  /** Learns a weight and a bias. Default true. */
  affine?: boolean
}

/**
 * Batch normalization of [N, channels, ..]: while training by the statistics of the batch, which also move the running
 * ones (the variance unbiased); in evaluation mode by the running ones.
 */
export class BatchNorm extends Module {
  readonly channels: number
  readonly eps: number
  readonly momentum: number
  weight: Parameter | undefined
  bias: Parameter | undefined
  readonly running_mean: Variable
  readonly running_var: Variable

  constructor(channels: number, options: BatchNormOptions = {}) {
    super()
    const { eps = 1e-5, momentum = 0.1, affine = true } = known('nn.batchNorm', options, 'eps momentum affine')
    checkSizes('nn.batchNorm', { channels })
    this.channels = channels
    this.eps = epsilon(eps, 'nn.batchNorm')
    this.momentum = f.finite(momentum, 'nn.batchNorm.momentum')
    this.weight = affine ? onesOf([channels]) : undefined
    this.bias = affine ? zerosOf([channels]) : undefined
    this.running_mean = scope(() => variable(zeros([channels])))
    this.running_var = scope(() => variable(ones([channels])))
  }

  override get kind(): string {
    return 'batchNorm'
  }

  override forward(x: Tensor): Tensor {
    const { channels, eps, momentum, weight, bias, running_mean, running_var } = this
    return inside(this, [x], () => {
      const count = x.size / channels
      if (x.rank < 2 || x.shape[1] !== channels || (this.training && count < 2))
        throw new ShapeError('the input does not fit the layer', {
          where: `nn.batchNorm(${channels})`,
          expected: `[N, ${channels}, ..], with two or more values a channel while training`,
          received: `[${x.shape.join(', ')}]`,
        })
      if (!this.training) return normalize(x, { mean: running_mean, variance: running_var, weight, bias, eps })
      const batch = channelStatistics(x)
      const y = normalize(x, { ...batch, weight, bias, eps })
      const moved = (old: Tensor, now: Tensor, scale: number): Tensor =>
        f.add(f.mul(old, 1 - momentum), f.mul(f.stopGradient(now), momentum * scale))
      running_mean.assign(moved(running_mean, batch.mean, 1))
      running_var.assign(moved(running_var, batch.variance, count / (count - 1)))
      return y
    })
  }
}

export const batchNorm = (channels: number, options: BatchNormOptions = {}): BatchNorm =>
  new BatchNorm(channels, options)
