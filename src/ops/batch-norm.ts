import { ArgumentError, ShapeError } from '../errors.ts'
import { known } from '../options.ts'
import { shapeText } from '../tensor/shape.ts'
import { checkTensor } from './apply.ts'
import * as f from './functions.ts'
import type { NormOptions } from './norm.ts'
import { mean, sum, sumSquares } from './reduce.ts'
import { reshape } from './shape.ts'
import type { Tensor } from './tensor.ts'

export interface Statistics {
  /** [C]. */
  readonly mean: Tensor
  /** Mean squared distance from the mean, [C]. */
  readonly variance: Tensor
}

/** Mean and biased variance of each channel of x [N, C, ..], each [C]. Throws ShapeError where there is nothing. */
export function channelStatistics(x: Tensor): Statistics {
  const { rows, n, c, area } = checked(x, 'channelStatistics')
  const average = mean(mean(rows, 2), 0)
  const centred = f.sub(rows, reshape(average, [c, 1]))
  return { mean: average, variance: f.mul(sum(sumSquares(centred, 2), 0), 1 / (n * area)) }
}

export interface BatchNormOptions extends NormOptions {
  /** [C], with `variance`; default: those of the channels of x. */
  readonly mean?: Tensor | undefined
  /** [C]. */
  readonly variance?: Tensor | undefined
}

/**
 * (x - mean) / sqrt(variance + eps) weight + bias along axis 1 of x [N, C, ..]; all of them [C]. Without a mean and a
 * variance by `channelStatistics` of x, which gradients go through. Throws ShapeError where a vector is not [C], x is
 * empty, or has a single value a channel and no statistics.
 */
export function batchNorm(x: Tensor, options: BatchNormOptions = {}): Tensor {
  const where = 'batchNorm'
  const { weight, bias, eps = 1e-5, ...given } = known(where, options, 'mean variance weight bias eps')
  const { rows, n, c, area } = checked(x, where)
  f.finite(eps, `${where}.eps`)
  if ((given.mean === undefined) !== (given.variance === undefined))
    throw new ArgumentError('half of the statistics is missing', {
      where,
      expected: 'mean and variance, or neither',
      received: given.mean === undefined ? 'variance' : 'mean',
    })
  if (given.mean === undefined && n * area < 2)
    throw new ShapeError('a single value has no variance', {
      where,
      expected: 'two or more values a channel, or mean and variance',
      received: shapeText(x.shape),
    })
  const fitting = (t: Tensor): Tensor => {
    if (String(checkTensor(t, where).shape) !== String([c]))
      throw new ShapeError('an operand does not fit the channels', {
        where,
        expected: `[${c}]`,
        received: shapeText(t.shape),
      })
    return t
  }
  const column = (t: Tensor): Tensor => reshape(fitting(t), [c, 1])
  const by = given.mean === undefined ? channelStatistics(x) : (given as Statistics)
  const rstd = f.rsqrt(f.add(fitting(by.variance), eps))
  const scale = weight === undefined ? rstd : f.mul(rstd, fitting(weight))
  const scaled = f.mul(f.sub(rows, column(by.mean)), column(scale))
  return reshape(bias === undefined ? scaled : f.add(scaled, column(bias)), x.shape)
}

function checked(x: Tensor, where: string): { rows: Tensor; n: number; c: number; area: number } {
  const [n = 0, c = 0] = checkTensor(x, where).shape
  if (x.rank < 2 || x.size === 0)
    throw new ShapeError('there is nothing to normalize', {
      where,
      expected: '[N, C, ..], none of them 0',
      received: shapeText(x.shape),
    })
  return { rows: reshape(x, [n, c, x.size / (n * c)]), n, c, area: x.size / (n * c) }
}
