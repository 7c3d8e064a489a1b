import { split } from '../data/split.ts'
import { ArgumentError } from '../errors.ts'
import type { Module } from '../nn/module.ts'
import type { Engine } from '../program/engine.ts'
import { withEngine } from '../tensor/current.ts'
import { Evaluator } from './evaluate.ts'
import { type Feed, feedOf, isStream, type Source } from './feed.ts'
import type { Metrics } from './metric.ts'
import type { FitOptions } from './options.ts'

/** The data of a run, ready to be taken from. */
export interface Opened<K extends string, M extends Metrics> {
  readonly seed: number
  readonly feed: Feed<K>
  readonly evaluator: Evaluator<K, M> | undefined
  /** What must be equal in a run that goes on. */
  readonly facts: { readonly rows?: number; readonly batch?: number }
}

/** Brings the data into memory and holds out what validation takes. */
export async function openData<K extends string, M extends Metrics>(
  engine: Engine,
  model: Module,
  data: Source<K>,
  options: FitOptions<K, M>,
): Promise<Opened<K, M>> {
  const { resume } = options
  const seed = resume?.progress.seed ?? options.seed ?? engine.seed
  let { validation } = options
  let source = data
  if (typeof validation === 'number') {
    if (isStream(data))
      throw new ArgumentError('a stream cannot be split', {
        where: 'train.validation',
        expected: 'a data set or a stream of its own',
        received: String(validation),
      })
    const part = validation
    const parts = await withEngine(engine, () => split(data, part, seed))
    source = parts.train
    validation = parts.test
  }
  const facts = isStream(source) ? {} : { rows: source.size, batch: options.batch ?? 32 }
  if (resume !== undefined) (await import('./resume.ts')).checkRun(engine, resume, facts, options)
  const { batch, loss, metrics, forward, target, classWeights, sampleWeight } = options
  const order = (options.shuffle ?? true) ? seed : undefined
  const feed = await feedOf(engine, source, { batch, seed: order }, 'train')
  try {
    const measure = { loss, metrics, forward, target, classWeights, sampleWeight }
    const evaluator = validation === undefined ? undefined : new Evaluator(model, validation, measure)
    return { seed, feed, evaluator, facts }
  } catch (error) {
    feed[Symbol.dispose]()
    throw error
  }
}
