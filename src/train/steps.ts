import type { Batch } from '../data/loader.ts'
import type { Module } from '../nn/module.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Engine } from '../program/engine.ts'
import type { Step } from './capture.ts'
import type { Generators } from './checkpoint.ts'
import type { Feed } from './feed.ts'
import { kit } from './kit.ts'
import type { Metrics, Tally } from './metric.ts'
import { inMode } from './mode.ts'
import type { FitOptions } from './options.ts'
import { captured, type Runner, type Trace } from './runner.ts'
import { flowOf, stepOf } from './step.ts'

/** What it takes to make the training step of a run. */
export interface StepParts<K extends string, M extends Metrics> {
  readonly engine: Engine
  readonly model: Module
  readonly options: FitOptions<K, M>
  readonly tally: Tally<M>
  readonly generators: Generators
}

/** The training step for each shape of batch: all share weights and state. */
export class Steps<K extends string, M extends Metrics> implements Disposable {
  readonly #feed: Feed<K>
  readonly #parts: StepParts<K, M>
  readonly #made = new Map<string, { readonly runner: Runner; readonly trace: Trace }>()

  constructor(feed: Feed<K>, parts: StepParts<K, M>) {
    this.#feed = feed
    this.#parts = parts
  }

  async of(kind: string): Promise<{ readonly runner: Runner; readonly trace: Trace }> {
    const known = this.#made.get(kind)
    if (known !== undefined) return known
    const { engine, model, options, tally, generators } = this.#parts
    const feed = this.#feed
    const flow = flowOf(model, options)
    await tally.prepare(() =>
      inMode(model, false, () => {
        const batch = feed.blank(kind)
        return [flow.output(batch), flow.target(batch)]
      }),
    )
    await engine.flushAsync()
    const step: (batch: Batch<K>) => Readonly<Record<string, Tensor>> =
      options.step ?? stepOf(model, options, tally.empty ? undefined : (output, target) => tally.add(output, target))
    const trace: Trace = () => inMode(model, true, () => step(feed.batch(kind)))
    const runner =
      options.gradients === undefined ? captured(engine, trace) : (await import('./eager.ts')).eager(kit, engine, trace)
    const made = { runner, trace }
    this.#made.set(kind, made)
    generators.meet(runner.generators)
    return made
  }

  /** The program of the batches that came first, which are whole where any is. */
  get program(): Step | undefined {
    return this.#made.values().next().value?.runner.step
  }

  [Symbol.dispose](): void {
    for (const { runner } of this.#made.values()) runner[Symbol.dispose]()
  }
}
