import type { Dataset } from '../data/dataset.ts'
import { ArgumentError, ShapeError } from '../errors.ts'
import type { Module } from '../nn/module.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Elements, Engine } from '../program/engine.ts'
import { withEngine } from '../tensor/current.ts'
import { capture, type Step } from './capture.ts'
import { type Feed, feedOf, isStream, type Ready, type Source } from './feed.ts'
import { type Metrics, Tally, type Values } from './metric.ts'
import { inMode } from './mode.ts'
import { engineOf } from './options.ts'
import { type Flow, flowOf, type LossFunction } from './step.ts'

export interface EvaluateOptions<K extends string, M extends Metrics> extends Flow<K> {
  readonly loss?: LossFunction | undefined
  /** What to measure, by names of your choice: `{ accuracy: train.accuracy() }`. */
  readonly metrics?: M | undefined
  /** Most rows of one batch of a data set. Default 512. */
  readonly batch?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Evaluation<M extends Metrics> {
  /** Mean over the rows; NaN without a loss function. */
  readonly loss: number
  readonly metrics: Values<M>
  readonly rows: number
}

/** Runs a model over data in evaluation mode: captured once, for use after every epoch. */
export class Evaluator<K extends string, M extends Metrics> implements Disposable {
  readonly #engine: Engine
  readonly #feed: Feed<K>
  readonly #model: Module
  readonly #options: EvaluateOptions<K, M>
  readonly #tally: Tally<M>
  readonly #steps = new Map<string, Step>()

  constructor(model: Module, data: Source<K>, options: EvaluateOptions<K, M>) {
    if (options.loss === undefined && options.metrics === undefined)
      throw new ArgumentError('nothing to measure', { where: 'evaluate', expected: 'a loss, or metrics, or both' })
    this.#engine = engineOf(model)
    this.#model = model
    this.#options = options
    this.#tally = new Tally(this.#engine, options.metrics ?? ({} as M))
    this.#feed = inferenceFeed(this.#engine, data, options.batch, 'evaluate')
  }

  async run(signal: AbortSignal | undefined = this.#options.signal): Promise<Evaluation<M>> {
    let loss = this.#options.loss === undefined ? Number.NaN : 0
    let rows = 0
    await this.#tally.reset()
    await this.#feed.begin(0, 0)
    for (;;) {
      const ready = await this.#feed.ready(4096, signal)
      if (ready === undefined) break
      const step = await this.#step(ready)
      await this.#engine.flushAsync()
      const { curves } = await step.runMany(ready.steps, { signal })
      for (const value of curves['loss'] ?? []) loss += ready.rows * value
      rows += ready.rows * ready.steps
      this.#feed.ran(ready.steps)
    }
    return { loss: loss / rows, metrics: await this.#tally.values(), rows }
  }

  async #step({ kind }: Ready): Promise<Step> {
    const known = this.#steps.get(kind)
    if (known !== undefined) return known
    const engine = this.#engine
    const flow = flowOf(this.#model, this.#options)
    const { loss } = this.#options
    const feed = this.#feed
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
          return loss === undefined ? {} : { loss: loss(output, flow.target(batch)) }
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
    this.#feed[Symbol.dispose]()
    this.#tally[Symbol.dispose]()
  }
}

/** Loss and metrics of a model over a data set or a stream, in evaluation mode. */
export async function evaluate<K extends string, M extends Metrics = Record<never, never>>(
  model: Module,
  data: Source<K>,
  options: EvaluateOptions<K, M>,
): Promise<Evaluation<M>> {
  await engineOf(model).flushAsync()
  using evaluator = new Evaluator(model, data, options)
  return await evaluator.run()
}

export interface PredictOptions<K extends string> extends Flow<K> {
  /** Most rows of one batch of a data set. Default 512. */
  readonly batch?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Prediction {
  readonly data: Elements
  /** The first axis is that of the rows. */
  readonly shape: readonly number[]
}

/** What the model says of each row of a data set, in evaluation mode. */
export async function predict<K extends string>(
  model: Module,
  dataset: Dataset<K>,
  options: PredictOptions<K> = {},
): Promise<Prediction> {
  let all: Elements | undefined
  let shape: readonly number[] = []
  let at = 0
  for await (const part of predictions(model, dataset, options)) {
    if (all === undefined) {
      shape = part.shape
      const size = (part.data.length / (shape[0] as number)) * dataset.size
      all = part.data instanceof Int32Array ? new Int32Array(size) : new Float32Array(size)
    }
    all.set(part.data, at)
    at += part.data.length
  }
  return { data: all as Elements, shape: [dataset.size, ...shape.slice(1)] }
}

/** The same batch by batch, of a data set or a stream. */
export async function* predictions<K extends string>(
  model: Module,
  data: Source<K>,
  options: PredictOptions<K> = {},
): AsyncGenerator<Prediction, void, undefined> {
  const { signal } = options
  const engine = engineOf(model)
  const { output } = flowOf(model, options)
  await engine.flushAsync()
  using feed = inferenceFeed(engine, data, options.batch, 'predict')
  const steps = new Map<string, { step: Step; shape: readonly number[] }>()
  try {
    await feed.begin(0, 0)
    for (;;) {
      const ready = await feed.ready(1, signal)
      if (ready === undefined) return
      const { kind, rows } = ready
      await engine.flushAsync()
      let made = steps.get(kind)
      if (made === undefined) {
        let shape: readonly number[] = []
        const trace = (): Step =>
          capture(
            () => {
              const y = output(feed.batch(kind))
              shape = y.shape
              return { y }
            },
            {},
            { engine },
          )
        const step = withEngine(engine, () => inMode(model, false, trace))
        steps.set(kind, (made = { step, shape }))
      }
      await made.step.runMany(1, { signal })
      feed.ran(1)
      const { y } = made.step.results()
      yield { data: y as Elements, shape: checkRows(made.shape, rows) }
    }
  } finally {
    for (const { step } of steps.values()) step.dispose()
  }
}

function inferenceFeed<K extends string>(
  engine: Engine,
  data: Source<K>,
  batch: number | undefined,
  where: string,
): Feed<K> {
  const rows = isStream(data) ? batch : batch === undefined ? Math.min(data.size, 512) : batch
  return feedOf(engine, data, { batch: rows, seed: undefined }, where)
}

function checkRows(shape: readonly number[], rows: number): readonly number[] {
  if (shape[0] !== rows)
    throw new ShapeError('the output has not one row for each input row', {
      where: 'predict',
      expected: `[${rows}, ..]`,
      received: `[${shape.join(', ')}]`,
    })
  return shape
}
