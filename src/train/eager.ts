import type { Tensor } from '../ops/tensor.ts'
import { keep, scope } from '../tensor/scope.ts'
import type { GradientFunction, Recipe, Runner } from './classifier.ts'
import { inMode } from './mode.ts'

/** Step by step, with gradients from a function of the caller's: the same batches, masks and optimizer as captured. */
export function eagerRunner(recipe: Recipe, gradientsOf: GradientFunction): Runner {
  return {
    async run(first, steps, signal) {
      const losses = new Float32Array(steps)
      for (let i = 0; i < steps; i++) {
        signal?.throwIfAborted()
        losses[i] = step(recipe, gradientsOf, first + i)
        // Signals and timers get their turn between two steps.
        await new Promise((resolve) => setTimeout(resolve))
      }
      return losses
    },
    [Symbol.dispose]() {},
  }
}

/** Returns the loss before the update. */
function step({ model, batches, loss, apply }: Recipe, gradientsOf: GradientFunction, number: number): number {
  using _ = scope()
  const { x, y } = number < batches.wholeBatches ? batches.next() : batches.rest()
  return inMode(model, true, () => {
    // The loss is read from the trace that the gradients are taken of: a second one would draw other masks.
    let first: Tensor | undefined
    const gradients = gradientsOf(() => {
      const value = loss(x, y)
      first ??= keep(value.alias())
      return value
    }, model)
    const value = first as Tensor
    const before = value.item()
    value.dispose()
    apply(gradients)
    return before
  })
}
