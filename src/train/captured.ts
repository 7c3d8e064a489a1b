import { valueAndGrad } from '../autodiff/gradients.ts'
import { capture } from './capture.ts'
import type { Recipe, Runner } from './classifier.ts'
import { inMode } from './mode.ts'

/** Steps captured once for whole batches and once for the smaller last one; both share weights and state. */
export function capturedRunner({ model, batches, loss, apply }: Recipe): Runner {
  const step = (rest: boolean): ReturnType<typeof capture> =>
    inMode(model, true, () =>
      capture(() => {
        const { x, y } = rest ? batches.rest() : batches.next()
        const { value, grads } = valueAndGrad(() => loss(x, y), model)
        apply(grads)
        return { loss: value }
      }, {}),
    )
  const whole = batches.wholeBatches > 0 ? step(false) : undefined
  const last = batches.remainder > 0 ? step(true) : undefined
  return {
    async run(first, steps, signal) {
      const losses = new Float32Array(steps)
      const many = Math.min(steps, batches.wholeBatches - first)
      if (many > 0 && whole !== undefined)
        losses.set((await whole.runMany(many, { signal })).curves['loss'] as Float32Array)
      if (many < steps && last !== undefined)
        losses.set((await last.runMany(1, { signal })).curves['loss'] as Float32Array, Math.max(many, 0))
      return losses
    },
    [Symbol.dispose]() {
      whole?.dispose()
      last?.dispose()
    },
  }
}
