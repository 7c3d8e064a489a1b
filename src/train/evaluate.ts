import { ArgumentError } from '../errors.ts'
import type { Module } from '../nn/module.ts'
import type { Tensor } from '../ops/tensor.ts'
import { known } from '../options.ts'
import type { Engine } from '../program/engine.ts'
import { withEngine } from '../tensor/current.ts'
import { capture, type Step } from './capture.ts'
import { checkSource, type Feed, feedOf, isStream, type Ready, type Source } from './feed.ts'
import { type Metrics, Tally, type Values } from './metric.ts'
import { inMode } from './mode.ts'
import { engineOf } from './options.ts'
import { checkClassWeights, type Flow, flowOf, type LossFunction, type Weighting, weighted, weightsOf } from './step.ts'

/** Weights go into the loss alone: metrics count every row once. */
export interface EvaluateOptions<K extends string, M extends Metrics> extends Flow<K>, Weighting<K> {
  readonly loss?: LossFunction | undefined
  /** What to measure, by names of your choice: `{ accuracy: train.accuracy() }`. */
  readonly metrics?: M | undefined
  /** Most rows of one batch of a data set. Default 512. */
  readonly batch?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Evaluation<M extends Metrics> {
  /** Mean over the rows, or over their weights where they have some; NaN without a loss function, and of no weight. */
  readonly loss: number
  readonly metrics: Values<M>
  readonly rows: number
}

/** Runs a model over data in evaluation mode: captured once, for use after every epoch. */
export class Evaluator<K extends string, M extends Metrics> implements Disposable {
  readonly #engine: Engine
  readonly #data: Source<K>
  #feed: Feed<K> | undefined
  readonly #model: Module
  readonly #options: EvaluateOptions<K, M>
  readonly #tally: Tally<M>
  readonly #steps = new Map<string, Step>()

  constructor(model: Module, data: Source<K>, options: EvaluateOptions<K, M>) {
    known(
      'evaluate',
      options as EvaluateOptions<string, Metrics>,
      'forward target loss metrics batch signal classWeights sampleWeight',
    )
    if (options.loss === undefined && options.metrics === undefined)
      throw new ArgumentError('nothing to measure', { where: 'evaluate', expected: 'a loss, or metrics, or both' })
    checkClassWeights(options.classWeights)
    this.#engine = engineOf(model)
    this.#model = model
    this.#options = options
    this.#tally = new Tally(this.#engine, options.metrics ?? ({} as M))
    this.#data = data
  }

  async run(signal: AbortSignal | undefined = this.#options.signal): Promise<Evaluation<M>> {
    let [sum, over, rows] = [0, 0, 0]
    await this.#tally.reset()
    const feed = await this.#open()
    for (;;) {
      const ready = await feed.ready(this.#tally.most, signal)
      if (ready === undefined) break
      const step = await this.#step(feed, ready)
      await this.#engine.flushAsync()
      const { curves } = await step.runMany(ready.steps, { signal })
      await this.#tally.fetch()
      const { loss = [], weight } = curves
      for (const [i, value] of loss.entries()) {
        sum += weight === undefined ? ready.rows * value : value
        over += weight?.[i] ?? ready.rows
      }
      rows += ready.rows * ready.steps
      feed.ran(ready.steps)
    }
    return { loss: sum / over, metrics: await this.#tally.values(), rows }
  }

  /** Makes the programs for the first batches of a stream, or all in memory, and runs none. */
  async prepare(batches: number): Promise<readonly Step[]> {
    const feed = await this.#open()
    for (
      let left = isStream(this.#data) ? batches : Infinity, ready: Ready | undefined;
      left > 0;
      left -= ready.steps
    ) {
      if ((ready = await feed.ready(left)) === undefined) break
      await this.#step(feed, ready)
      feed.ran(ready.steps)
    }
    return [...this.#steps.values()]
  }

  async #open(): Promise<Feed<K>> {
    const feed = (this.#feed ??= await inferenceFeed(this.#engine, this.#data, this.#options.batch, 'evaluate'))
    await feed.begin(0, 0)
    return feed
  }

  async #step(feed: Feed<K>, { kind }: Ready): Promise<Step> {
    const known = this.#steps.get(kind)
    if (known !== undefined) return known
    const engine = this.#engine
    const flow = flowOf(this.#model, this.#options)
    const { loss } = this.#options
    await this.#tally.prepare(() =>
      inMode(this.#model, false, () => {
        const batch = feed.blank(kind)
        return [flow.output(batch), flow.target(batch)]
      }),
    )
    await engine.flushAsync()
    const trace = (): Step =>
      capture(
        (): Readonly<Record<string, Tensor>> => {
          const batch = feed.batch(kind)
          const output = flow.output(batch)
          if (!this.#tally.empty) this.#tally.add(output, flow.target(batch))
          if (loss === undefined) return {}
          const target = flow.target(batch)
          const weights = weightsOf(batch, target, this.#options)
          if (weights === undefined) return { loss: loss(output, target) }
          return { loss: weighted(loss, output, target, weights, this.#options), weight: weights.sum() }
        },
        {},
        { engine },
      )
    const step = withEngine(engine, () => inMode(this.#model, false, trace))
    this.#steps.set(kind, step)
    return step
  }

  [Symbol.dispose](): void {
    for (const step of this.#steps.values()) step.dispose()
    this.#feed?.[Symbol.dispose]()
    this.#tally[Symbol.dispose]()
  }
}

/** Loss and metrics of a model over a data set or a stream, in evaluation mode. */
export async function evaluate<K extends string, M extends Metrics = Record<never, never>>(
  model: Module,
  data: Source<K>,
  options: EvaluateOptions<K, M> = {},
): Promise<Evaluation<M>> {
  await engineOf(model).flushAsync()
  const evaluator = new Evaluator(model, data, options)
  return await evaluator.run().finally(() => evaluator[Symbol.dispose]())
}

/** The batches of data that are only looked at: all rows in order. */
export function inferenceFeed<K extends string>(
  engine: Engine,
  data: Source<K>,
  batch: number | undefined,
  where: string,
): Promise<Feed<K>> {
  checkSource(where, data)
  const rows = isStream(data) ? batch : batch === undefined ? Math.min(data.size, 512) : batch
  return feedOf(engine, data, { batch: rows, seed: undefined }, where)
}
