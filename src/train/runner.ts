import type { Tensor } from '../ops/tensor.ts'
import type { Engine } from '../program/engine.ts'
import type { Generator } from '../program/generator.ts'
import type { Attempt } from '../program/step.ts'
import { withEngine } from '../tensor/current.ts'
import { capture, type Step } from './capture.ts'

/** A way to run steps. */
export interface Runner extends Disposable {
  run(steps: number, signal: AbortSignal | undefined): Promise<Attempt>
  /** Where the steps are one program. */
  readonly step?: Step
  /** Generators that the steps draw from, where they are known. */
  readonly generators: Iterable<Generator>
}

/** What a step does, to be traced. */
export type Trace = () => Readonly<Record<string, Tensor>>

/** Steps that run as one program, on the pool. */
export function captured(engine: Engine, fn: Trace): Runner {
  const step = withEngine(engine, () => capture(fn, {}, { engine }))
  return {
    step,
    async run(steps, signal) {
      await engine.flushAsync()
      return step.compiled.attempt(steps, { signal })
    },
    generators: step.compiled.generators,
    [Symbol.dispose]: () => step.dispose(),
  }
}
