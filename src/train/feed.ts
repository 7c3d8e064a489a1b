import type { Column, Dataset } from '../data/dataset.ts'
import { type Batch, type Loader, loader } from '../data/loader.ts'
import type { BatchStream } from '../data/stream.ts'
import { ArgumentError, DataError } from '../errors.ts'
import { zeros } from '../ops/create.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Engine } from '../program/engine.ts'
import { withEngine } from '../tensor/current.ts'
import { kit } from './kit.ts'

/** Batches of one shape that come next: one captured step takes them all. */
export interface Ready {
  /** Tells shapes apart. */
  readonly kind: string
  /** Rows in each of the batches. */
  readonly rows: number
  /** At least 1. */
  readonly steps: number
}

/** Where steps take their batches from: a set in memory or a stream. */
export interface Feed<K extends string> extends Disposable {
  /** Of a set in memory; a stream tells at its end. */
  readonly stepsPerEpoch: number | undefined
  /** Goes to a batch of an epoch, both counted from 0. */
  begin(epoch: number, batch: number): Promise<void>
  /** The next batches, at most `most`; waits until there is one. Undefined at the end of the epoch. */
  ready(most: number, signal?: AbortSignal): Promise<Ready | undefined>
  /** Takes the next batch of a kind; part of a step that is being captured. */
  batch(kind: string): Batch<K>
  /** Zeros of the shapes of a kind. */
  blank(kind: string): Batch<K>
  /** So many of the batches were used. */
  ran(steps: number): void
}

export interface FeedOptions {
  readonly batch: number | undefined
  /** Undefined: in the order of the rows. */
  readonly seed: number | undefined
}

export type Source<K extends string> = Dataset<K> | BatchStream<K>

export const isStream = <K extends string>(source: Source<K>): source is BatchStream<K> =>
  typeof (source as Partial<BatchStream<K>>).epoch === 'function'

export function checkSource(where: string, data: unknown): void {
  if (typeof data === 'object' && data !== null && ('columns' in data || isStream(data as Source<string>))) return
  throw new ArgumentError('the data does not fit', {
    where,
    expected: 'a data set, such as data.arrays({ x, y }), or a stream of batches',
    received: ArrayBuffer.isView(data) ? data.constructor.name : String(data),
  })
}

export async function feedOf<K extends string>(
  engine: Engine,
  source: Source<K>,
  { batch, seed }: FeedOptions,
  where: string,
): Promise<Feed<K>> {
  if (isStream(source)) {
    if (batch !== undefined)
      throw new ArgumentError('a stream makes its batches itself', {
        where: `${where}.batch`,
        expected: 'no batch, with a stream',
        received: String(batch),
      })
    const { StreamFeed } = await import('./stream-feed.ts')
    return new StreamFeed(kit, engine, source, where)
  }
  if (source.size === 0) throw new DataError('the data set is empty', { where })
  return new ResidentFeed(engine, source, batch ?? 32, seed)
}

/** Rows that lie in the engine's memory; an instruction picks those of a batch. */
class ResidentFeed<K extends string> implements Feed<K> {
  readonly #engine: Engine
  readonly #loader: Loader<K>
  readonly #columns: Readonly<Record<K, Column>>
  #at = 0

  constructor(engine: Engine, dataset: Dataset<K>, batch: number, seed: number | undefined) {
    this.#engine = engine
    this.#columns = dataset.columns
    this.#loader = withEngine(engine, () => loader(dataset, { batch, shuffle: seed ?? false }))
  }

  get stepsPerEpoch(): number {
    return this.#loader.stepsPerEpoch
  }

  begin(epoch: number, batch: number): Promise<void> {
    this.#at = batch
    return this.#loader.begin(epoch, batch)
  }

  async ready(most: number): Promise<Ready | undefined> {
    const { wholeBatches, batch, remainder } = this.#loader
    if (this.#at < wholeBatches) return { kind: 'whole', rows: batch, steps: Math.min(most, wholeBatches - this.#at) }
    return this.#at < this.stepsPerEpoch ? { kind: 'rest', rows: remainder, steps: 1 } : undefined
  }

  batch(kind: string): Batch<K> {
    return kind === 'whole' ? this.#loader.next() : this.#loader.rest()
  }

  blank(kind: string): Batch<K> {
    return blanks(this.#engine, kind === 'whole' ? this.#loader.batch : this.#loader.remainder, this.#columns)
  }

  ran(steps: number): void {
    this.#at += steps
  }

  [Symbol.dispose](): void {
    this.#loader.dispose()
  }
}

/** Zeros for each column. */
export function blanks<K extends string>(engine: Engine, rows: number, columns: Readonly<Record<K, Column>>): Batch<K> {
  const batch: Record<string, Tensor> = Object.create(null)
  for (const [name, { data, shape }] of Object.entries<Column>(columns))
    batch[name] = zeros([rows, ...shape], { engine, dtype: data instanceof Float32Array ? 'float32' : 'int32' })
  return batch as Batch<K>
}
