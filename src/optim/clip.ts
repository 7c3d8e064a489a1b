import { treeOf } from '../autodiff/tree.ts'
import { ArgumentError } from '../errors.ts'
import type { Tensor } from '../ops/tensor.ts'
import { checkNumber } from '../tensor/shape.ts'
import type { Gradients } from './optimizer.ts'

/** sqrt of the sum of the squares of all elements, a scalar tensor. */
export function globalNorm(gradients: Gradients): Tensor {
  const squares = treeOf(gradients, 'globalNorm').tensors.map((g) => g.square().sum())
  const [first, ...rest] = squares
  if (first === undefined) throw new ArgumentError('no gradients', { where: 'globalNorm' })
  return rest.reduce((sum, square) => sum.add(square), first).sqrt()
}

/** All gradients times min(1, maxNorm / (norm + 1e-6)), norm being that of all of them together. */
export function clipByGlobalNorm<G extends Gradients>(gradients: G, maxNorm: number): G {
  positive('clipByGlobalNorm', 'maxNorm', maxNorm)
  const factor = globalNorm(gradients).add(1e-6).reciprocal().mul(maxNorm).minimum(1)
  return map(gradients, (g) => g.mul(factor))
}

/** Each gradient times min(1, maxNorm / (norm + 1e-6)), norm being its own. */
export function clipByNorm<G extends Gradients>(gradients: G, maxNorm: number): G {
  positive('clipByNorm', 'maxNorm', maxNorm)
  return map(gradients, (g) => g.mul(g.norm().add(1e-6).reciprocal().mul(maxNorm).minimum(1)))
}

/** Each element brought into [-limit, limit]. */
export function clipByValue<G extends Gradients>(gradients: G, limit: number): G {
  positive('clipByValue', 'limit', limit)
  return map(gradients, (g) => g.clip(-limit, limit))
}

function map<G extends Gradients>(gradients: G, f: (g: Tensor) => Tensor): G {
  const { tensors, rebuild } = treeOf(gradients as Gradients)
  return rebuild(tensors.map(f)) as unknown as G
}

function positive(where: string, name: string, value: number): void {
  checkNumber(value, `${where}.${name}`, 'a number above 0', (v) => v > 0)
}
