import type { Module } from '../nn/module.ts'
import { sqrt, sumSquares } from '../ops/functions.ts'
import type { Tensor } from '../ops/tensor.ts'

/** What `watch` of fit hands over. */
interface Gradients {
  readonly grads: Readonly<Record<string, Tensor>>
}

/** How the names of the curves begin. */
export const GRADIENT_NORM = 'gradient norm: '
export const WEIGHT_NORM = 'weight norm: '

/**
 * For the option `watch` of fit: the Euclidean norms of the gradient and of the trained weights of each layer, in every step,
 * before gradients are clipped and weights updated. The curves are called `gradient norm: 0 (linear)` and the like.
 */
export function layerNorms(model: Module): (step: Gradients) => Record<string, Tensor> {
  const kinds = new Map([...model.namedModules()].map(([path, module]) => [path, module.kind]))
  return ({ grads }) => {
    const parameters = new Map(model.namedParameters())
    const squares = new Map<string, Tensor>()
    const add = (name: string, value: Tensor): void => {
      const sum = squares.get(name)
      squares.set(name, sum === undefined ? sumSquares(value) : sum.add(sumSquares(value)))
    }
    for (const [name, gradient] of Object.entries(grads)) {
      const layer = layerOfParameter(name, kinds)
      add(`${GRADIENT_NORM}${layer}`, gradient)
      const weight = parameters.get(name)
      if (weight !== undefined) add(`${WEIGHT_NORM}${layer}`, weight)
    }
    return Object.fromEntries([...squares].map(([name, value]) => [name, sqrt(value)]))
  }
}

/** Path and kind of the innermost module that a parameter is in. */
function layerOfParameter(name: string, kinds: ReadonlyMap<string, string>): string {
  for (let path = name; path !== ''; path = path.slice(0, Math.max(0, path.lastIndexOf('.')))) {
    const kind = kinds.get(path)
    if (kind !== undefined) return `${path} (${kind})`
  }
  return kinds.get('') ?? name
}
