import type { Engine } from '../program/engine.ts'
import type { Kit } from './kit.ts'
import type { Runner, Trace } from './runner.ts'

/** Step by step, for gradients that no program can take: the same batches, masks and optimizer as captured. */
export function eager({ within }: Kit, engine: Engine, fn: Trace): Runner {
  return {
    async run(steps, signal) {
      const parts: Record<string, number[]> = {}
      let done = 0
      let failure: unknown
      while (done < steps && signal?.aborted !== true) {
        const results = within(engine, fn)
        try {
          for (const [name, result] of Object.entries(results)) {
            const value = await result.data()
            if (result.rank === 0 && result.dtype === 'float32') (parts[name] ??= []).push(value[0] as number)
          }
          done++
        } catch (error) {
          failure = error
          break
        } finally {
          for (const result of Object.values(results)) result.dispose()
        }
        // Signals and timers get their turn between two steps.
        await new Promise((resolve) => setTimeout(resolve))
      }
      const curves = Object.fromEntries(Object.entries(parts).map(([name, list]) => [name, Float32Array.from(list)]))
      return { steps: done, curves, failure }
    },
    generators: [],
    [Symbol.dispose]() {},
  }
}
