import type { ParameterTree } from '../autodiff/tree.ts'
import { ArgumentError } from '../errors.ts'
import type { Tensor } from '../ops/tensor.ts'

/** lambda times the sum of |w|: a term of the loss that pulls weights to exactly 0. */
export const l1 = (parameters: ParameterTree, lambda: number): Tensor =>
  penalty('l1', parameters, lambda, (w) => w.abs().sum())

/** lambda times the sum of w^2 (its gradient is 2 lambda w): a term of the loss that keeps weights small. */
export const l2 = (parameters: ParameterTree, lambda: number): Tensor =>
  penalty('l2', parameters, lambda, (w) => w.square().sum())

function penalty(where: string, tree: ParameterTree, lambda: number, of: (w: Tensor) => Tensor): Tensor {
  if (!(Number.isFinite(lambda) && lambda >= 0))
    throw new ArgumentError('lambda is out of range', {
      where,
      expected: 'a finite number of at least 0',
      received: String(lambda),
    })
  const weights =
    'namedParameters' in tree && typeof tree.namedParameters === 'function'
      ? [...(tree as { namedParameters(): Iterable<[string, Tensor]> }).namedParameters()].map(([, w]) => w)
      : Object.values(tree as Record<string, Tensor>)
  const [first, ...rest] = weights
  if (first === undefined) throw new ArgumentError('no parameters', { where })
  return rest.reduce((sum, w) => sum.add(of(w)), of(first)).mul(lambda)
}
