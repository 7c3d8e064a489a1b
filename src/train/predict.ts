import type { Dataset } from '../data/dataset.ts'
import { ArgumentError, ShapeError } from '../errors.ts'
import type { Module } from '../nn/module.ts'
import { known } from '../options.ts'
import type { Elements } from '../program/engine.ts'
import { withEngine } from '../tensor/current.ts'
import { capture, type Step } from './capture.ts'
import { inferenceFeed } from './evaluate.ts'
import { checkSource, isStream, type Source } from './feed.ts'
import { inMode } from './mode.ts'
import { engineOf } from './options.ts'
import { type Flow, flowOf } from './step.ts'

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
  if (!isStream(dataset as Source<K>)) checkSource('predict', dataset)
  else
    throw new ArgumentError('a stream has no number of rows', {
      where: 'predict',
      expected: 'a data set',
      hint: 'Take its outputs batch by batch: for await (const part of predictions(model, stream)).',
    })
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
  const { signal } = known('predict', options as PredictOptions<string>, 'forward target batch signal')
  const engine = engineOf(model)
  const { output } = flowOf(model, options)
  await engine.flushAsync()
  const feed = await inferenceFeed(engine, data, options.batch, 'predict')
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
    feed[Symbol.dispose]()
  }
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
