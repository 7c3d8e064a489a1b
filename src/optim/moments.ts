import { scalars } from '../ops/scalar.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Variable } from '../ops/variable.ts'

/** old <- beta old + (1 - beta) value; returns the new version. */
export function average(old: Variable, value: Tensor, beta: number): Tensor {
  old.assign(old.mul(beta).add(value.mul(1 - beta)))
  return old
}

/** beta^t, kept as a product: `power` moves on to this step. */
export function nextPower(power: Variable, beta: number): Tensor {
  const next = scalars.mul(power, beta)
  power.assign(next)
  return next
}

/** A control scalar for arithmetic with tensors: computed in float64, rounded once. */
export const rounded = (value: Tensor): Tensor => scalars.toFloat(value)
