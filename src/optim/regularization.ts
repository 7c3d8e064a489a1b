import { type ParameterTree, treeOf } from '../autodiff/tree.ts'
import { ArgumentError } from '../errors.ts'
import { add } from '../ops/functions.ts'
import type { Tensor } from '../ops/tensor.ts'
import { Variable } from '../ops/variable.ts'
import { known } from '../options.ts'
import { scoped } from '../tensor/scope.ts'
import { nonNegative, positive } from './options.ts'

/** lambda times the sum of |w|: a term of the loss that pulls weights to exactly 0. */
export const l1 = (parameters: ParameterTree, lambda: number): Tensor =>
  penalty('l1', parameters, lambda, (w) => w.abs().sum())

/** lambda times the sum of w^2 (its gradient is 2 lambda w): a term of the loss that keeps weights small. */
export const l2 = (parameters: ParameterTree, lambda: number): Tensor =>
  penalty('l2', parameters, lambda, (w) => w.square().sum())

/** l1 and l2 together: l1 sum |w| + l2 sum w^2 (Zou and Hastie 2005). */
export const elastic = (parameters: ParameterTree, of: { readonly l1: number; readonly l2: number }): Tensor => {
  known('optim.elastic', of, 'l1 l2')
  return add(
    penalty('elastic', parameters, of.l1, (w) => w.abs().sum()),
    l2(parameters, of.l2),
  )
}

export interface MaxNormOptions {
  /** Along which axes a norm is taken. Default 0: the inputs of a unit, for weights [inputs, outputs]. */
  readonly axis?: number | readonly number[]
}

/**
 * Brings vectors of weights back to a length of at most `limit` (Srivastava et al. 2014): w min(1, limit / |w|). Belongs
 * into the step, after the optimizer's. Parameters of rank 0 and 1 (biases) are left alone.
 */
export function maxNorm(parameters: ParameterTree, limit: number, options: MaxNormOptions = {}): void {
  const { axis = 0 } = known('optim.maxNorm', options, 'axis')
  positive('maxNorm', { limit })
  const weights = treeOf(parameters, 'maxNorm').tensors
  for (const w of weights)
    if (!(w instanceof Variable))
      throw new ArgumentError('not a parameter', {
        where: 'maxNorm',
        expected: 'Parameters or Variables',
        received: String(w),
      })
  for (const w of weights)
    if (w.rank >= 2)
      scoped(w.engine, () => {
        // The smallest normal number keeps the quotient of a vector of zeros finite.
        const length = w.norm(axis, { keepDims: true }).maximum(2 ** -126)
        ;(w as Variable).assign(w.mul(length.reciprocal().mul(limit).minimum(1)))
      })
}

function penalty(where: string, tree: ParameterTree, lambda: number, of: (w: Tensor) => Tensor): Tensor {
  nonNegative(where, { lambda })
  const [first, ...rest] = treeOf(tree, where).tensors
  if (first === undefined) throw new ArgumentError('no parameters', { where })
  return rest.reduce((sum, w) => sum.add(of(w)), of(first)).mul(lambda)
}
