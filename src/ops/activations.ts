import { ArgumentError, ShapeError } from '../errors.ts'
import { checkAxis, shapeText } from '../tensor/shape.ts'
import { checkTensor } from './apply.ts'
import * as f from './functions.ts'
import type { Tensor } from './tensor.ts'

// Activations that other operations make up.

// Klambauer et al. 2017: mean 0 and variance 1 are a fixed point
const SELU_ALPHA = 1.6732632423543772
const SELU_SCALE = 1.0507009873554805

/** 1.0507 (x > 0 ? x : 1.6733 (e^x - 1)): self-normalizing. */
export const selu = (x: Tensor): Tensor => f.mul(f.elu(x, SELU_ALPHA), SELU_SCALE)

/** x > 0 ? x : alpha (e^(x / alpha) - 1), with a slope that is continuous at 0. */
export function celu(x: Tensor, alpha = 1): Tensor {
  if (!(f.finite(alpha, 'celu.alpha') > 0))
    throw new ArgumentError('alpha is not positive', {
      where: 'celu.alpha',
      expected: 'a number above 0',
      received: String(alpha),
    })
  return f.mul(f.elu(f.div(x, alpha)), alpha)
}

/** x tanh(ln(1 + e^x)). */
export const mish = (x: Tensor): Tensor => f.mul(x, f.tanh(f.softplus(x)))

/** x / (1 + |x|). */
export const softsign = (x: Tensor): Tensor => f.div(x, f.add(f.abs(x), 1))

/** min(max(x, 0), 6); its derivative at both ends is 0. */
export const relu6 = (x: Tensor): Tensor => f.hardtanh(x, 0, 6)

/** min(max(x / 6 + 1/2, 0), 1). */
export const hardsigmoid = (x: Tensor): Tensor => f.add(f.div(f.hardtanh(x, -3, 3), 6), 0.5)

/** x hardsigmoid(x); its derivative is -1/2 at -3 and 1 at 3, as in PyTorch. */
export function hardswish(x: Tensor): Tensor {
  const limited = f.hardtanh(f.clip(x, -3, Number.POSITIVE_INFINITY), Number.NEGATIVE_INFINITY, 3)
  return f.mul(x, f.add(f.div(limited, 6), 0.5))
}

/** x > 0 ? x : slope x, for a slope that broadcasts to x and may be learned. */
export function prelu(x: Tensor, slope: Tensor): Tensor {
  for (const operand of [x, slope]) checkTensor(operand, 'prelu')
  return f.where(f.greater(x, 0), x, f.mul(x, slope))
}

/** Gated linear unit: the first half of x along the axis, times the sigmoid of the second. */
export function glu(x: Tensor, axis = -1): Tensor {
  const at = checkAxis(axis, checkTensor(x, 'glu').rank, 'glu')
  const size = x.shape[at] as number
  if (size % 2 !== 0)
    throw new ShapeError('the axis has no halves', {
      where: 'glu',
      expected: `an even size of axis ${at}`,
      received: shapeText(x.shape),
    })
  const ends = x.shape.map((n, i) => (i === at ? size / 2 : n))
  const starts = x.shape.map((_, i) => (i === at ? size / 2 : 0))
  return f.mul(f.slice(x, [], ends), f.sigmoid(f.slice(x, starts)))
}
