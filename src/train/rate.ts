import { scalars } from '../ops/scalar.ts'
import type { Optimizer } from '../optim/index.ts'
import type { Engine } from '../program/engine.ts'
import { capture, type Step } from './capture.ts'

/** Reads the learning rate of the next step, by a program of its own: a schedule takes long to trace. */
export class RateReader implements Disposable {
  readonly #engine: Engine
  readonly #step: Step<never, 'rate'>

  constructor(engine: Engine, optimizer: Optimizer) {
    this.#engine = engine
    // A constant rate is no operation; the sum is one.
    this.#step = capture(() => ({ rate: scalars.add(optimizer.rate(), 0) }), {}, { engine })
  }

  async read(): Promise<number> {
    await this.#engine.flushAsync()
    if (this.#engine.runtime.canBlock) this.#step.compiled.run()
    else await this.#step.runMany(1)
    return this.#step.results().rate[0] as number
  }

  [Symbol.dispose](): void {
    this.#step.dispose()
  }
}
