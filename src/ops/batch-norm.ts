import { ShapeError } from '../errors.ts'
import { shapeText } from '../tensor/shape.ts'
import { checkTensor } from './apply.ts'
import * as f from './functions.ts'
import { mean, sum, sumSquares } from './reduce.ts'
import { reshape } from './shape.ts'
import type { Tensor } from './tensor.ts'

export interface Statistics {
  readonly mean: Tensor
  /** Mean squared distance from the mean, [C]. */
  readonly variance: Tensor
}

/** Mean and biased variance of each channel of x [N, C, ..], each [C]. */
export function channelStatistics(x: Tensor): Statistics {
  const { rows, n, c, area } = checked(x, 'batchNorm')
  const average = mean(mean(rows, 2), 0)
  const centred = f.sub(rows, reshape(average, [c, 1]))
  return { mean: average, variance: f.mul(sum(sumSquares(centred, 2), 0), 1 / (n * area)) }
}

/** (x - mean) / sqrt(variance + eps) weight + bias along axis 1 of x [N, C, ..]; all of them [C]. */
export function batchNorm(
  x: Tensor,
  { mean: average, variance }: Statistics,
  { weight, bias, eps = 1e-5 }: f.NormOptions = {},
): Tensor {
  const { rows, c } = checked(x, 'batchNorm')
  const column = (t: Tensor): Tensor => {
    if (checkTensor(t, 'batchNorm').size !== c)
      throw new ShapeError('an operand does not fit the channels', {
        where: 'batchNorm',
        expected: `[${c}]`,
        received: shapeText(t.shape),
      })
    return reshape(t, [c, 1])
  }
  const rstd = f.rsqrt(f.add(variance, f.finite(eps, 'batchNorm.eps')))
  const scale = weight === undefined ? rstd : f.mul(rstd, weight)
  const scaled = f.mul(f.sub(rows, column(average)), column(scale))
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
