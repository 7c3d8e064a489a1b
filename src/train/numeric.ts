import { numericGradients } from '../check/index.ts'
import { scope } from '../tensor/scope.ts'
import type { Recipe, Runner } from './classifier.ts'
import { inMode } from './mode.ts'

/** The same steps with gradients from differences of the loss: same batches, same optimizer, no chain rule. */
export function numericRunner(recipe: Recipe): Runner {
  return {
    async run(first, steps, signal) {
      const losses = new Float32Array(steps)
      for (let i = 0; i < steps; i++) {
        signal?.throwIfAborted()
        losses[i] = step(recipe, first + i)
        // Signals and timers get their turn between two steps.
        await new Promise((resolve) => setTimeout(resolve))
      }
      return losses
    },
    [Symbol.dispose]() {},
  }
}

/** Returns the loss before the update. */
function step({ model, batches, loss, apply }: Recipe, number: number): number {
  using _ = scope()
  const { x, y } = number < batches.wholeBatches ? batches.next() : batches.rest()
  return inMode(model, true, () => {
    const before = loss(x, y).item()
    apply(numericGradients(() => loss(x, y), model))
    return before
  })
}
