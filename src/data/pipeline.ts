import { ArgumentError, DataError } from '../errors.ts'
import { known } from '../options.ts'
import { collect, failure, type Values, whole } from './collect.ts'
import { type Dataset, take } from './dataset.ts'
import { checkSeed } from './loader.ts'
import { orderOf, Random } from './random.ts'
import { type Open, opener, rowsOf, type Source } from './source.ts'

/** One example: for each column the numbers of its row. Plain numbers and lists become float32. */
export type Example<K extends string = string> = Readonly<Record<K, Values>>

/** Where in an epoch a function of a pipeline is. */
export interface Place {
  /** Number of the example, from 0. */
  readonly index: number
  readonly epoch: number
}

export interface BatchOptions {
  /**
   * Shapes of one row, by column. Default: those of the data set, else [] for a number and for a class (an Int32Array of
   * one), [n] for a list of n.
   */
  shapes?: Readonly<Record<string, readonly number[]>> | undefined
  /** Leave out the last batch where it is smaller. Default false. */
  dropLast?: boolean | undefined
}

type Shapes = ReadonlyMap<string, readonly number[]>
interface Facts {
  /** Every epoch has the same examples in the same order. */
  readonly steady: boolean
  readonly shapes: Shapes
}

/**
 * Examples (or batches) that are made while they are used: every step gives a new pipeline, and nothing is read before
 * `epoch(n)` is looped over. The same epoch gives the same examples, in every runtime: whatever is random follows from a
 * seed, the epoch and the number of the example. A pipeline of batches is a `BatchStream`.
 */
export class Pipeline<T> {
  readonly #open: Open<T>
  readonly #facts: Facts

  constructor(open: Open<T>, facts: Facts) {
    this.#open = open
    this.#facts = facts
  }

  /** The examples of an epoch, from 0. Leaving the loop closes what is open. */
  epoch(n: number): AsyncIterable<T> {
    whole('epoch', n, 0)
    return this.#open(n)
  }

  /** What the function makes of each example; it may be async, one example at a time. */
  map<U>(change: (example: T, place: Place) => U | Promise<U>): Pipeline<U> {
    return this.#next(async function* (source, epoch) {
      let index = 0
      for await (const example of source) {
        let made: U
        try {
          made = await change(example, { index, epoch })
        } catch (cause) {
          throw failure('map', index, epoch, cause)
        }
        index++
        yield made
      }
    })
  }

  /** The examples for which the function says so. */
  filter(test: (example: T, place: Place) => boolean | Promise<boolean>): Pipeline<T> {
    return this.#next(async function* (source, epoch) {
      let index = 0
      for await (const example of source) {
        let kept: boolean
        try {
          kept = await test(example, { index, epoch })
        } catch (cause) {
          throw failure('filter', index, epoch, cause)
        }
        index++
        if (kept) yield example
      }
    })
  }

  /** Another order each epoch: examples leave a buffer of that many at random. One as large as the data mixes them all. */
  shuffle(seed: number, buffer: number): Pipeline<T> {
    checkSeed('pipeline.shuffle', seed)
    whole('pipeline.shuffle: buffer', buffer, 1)
    return this.#next(
      async function* (source, epoch) {
        const random = new Random(seed, epoch)
        const held: T[] = []
        for await (const example of source) {
          if (held.length < buffer) {
            held.push(example)
            continue
          }
          const i = random.below(buffer)
          const leaving = held[i] as T
          held[i] = example
          yield leaving
        }
        while (held.length > 0) {
          const i = random.below(held.length)
          const leaving = held[i] as T
          const last = held.pop() as T
          if (i < held.length) held[i] = last
          yield leaving
        }
      },
      { steady: false },
    )
  }

  /** The first n examples of each epoch. */
  take(n: number): Pipeline<T> {
    whole('pipeline.take', n, 0)
    return this.#next(async function* (source) {
      if (n === 0) return
      let left = n
      for await (const example of source) {
        yield example
        if (--left === 0) return
      }
    })
  }

  /** Each epoch without its first n examples. */
  skip(n: number): Pipeline<T> {
    whole('pipeline.skip', n, 0)
    return this.#next(async function* (source) {
      let left = n
      for await (const example of source) if (left-- <= 0) yield example
    })
  }

  /** So many epochs, one after the other, as one. */
  repeat(times: number): Pipeline<T> {
    whole('pipeline.repeat', times, 1)
    const open = this.#open
    return new Pipeline(async function* (epoch) {
      for (let k = 0; k < times; k++) yield* open(epoch * times + k)
    }, this.#facts)
  }

  /**
   * Two pipelines: about `part` of the examples (0.2: a fifth), and the others. Which goes where follows from the seed
   * and the example's number, so the order must be that of every epoch: split before shuffling.
   */
  split(part: number, seed: number): { readonly train: Pipeline<T>; readonly test: Pipeline<T> } {
    checkSeed('pipeline.split', seed)
    if (!(part > 0 && part < 1))
      throw new ArgumentError('not a part', {
        where: 'pipeline.split',
        expected: 'a number between 0 and 1',
        received: String(part),
      })
    if (!this.#facts.steady)
      throw new ArgumentError('the order differs from epoch to epoch', {
        where: 'pipeline.split',
        hint: 'Split before shuffling, or examples would change sides.',
      })
    const side = (test: boolean): Pipeline<T> =>
      this.#next(async function* (source) {
        let index = 0
        for await (const example of source) {
          const held = new Random(seed, 0, index++).uniform() < part
          if (held === test) yield example
        }
      })
    return { train: side(false), test: side(true) }
  }

  /**
   * Keeps the examples of epoch 0 in memory when they are first asked for: every epoch has them, in that order. Put it
   * before what shall differ between epochs. More than `most` of them is an error.
   */
  cache(most: number): Pipeline<T> {
    whole('pipeline.cache', most, 1)
    let kept: Promise<readonly T[]> | undefined
    const fill = async (): Promise<readonly T[]> => {
      const examples: T[] = []
      for await (const example of this.#open(0)) {
        if (examples.length === most)
          throw new DataError('more examples than the cache may hold', {
            where: 'pipeline.cache',
            expected: `at most ${most}`,
          })
        examples.push(example)
      }
      return examples
    }
    const open = async function* (): AsyncGenerator<T> {
      kept ??= fill()
      try {
        yield* await kept
      } catch (error) {
        kept = undefined
        throw error
      }
    }
    return new Pipeline(open, { ...this.#facts, steady: true })
  }

  /** Makes up to n examples before they are asked for, while whoever uses them waits for something else. */
  prefetch(n: number): Pipeline<T> {
    whole('pipeline.prefetch', n, 1)
    return this.#next(async function* (source) {
      const iterator = source[Symbol.asyncIterator]()
      const waiting: Promise<IteratorResult<T>>[] = []
      const ask = (): void => {
        const next = iterator.next()
        // It is awaited later, if at all.
        next.catch(() => {})
        waiting.push(next)
      }
      try {
        for (let i = 0; i < n; i++) ask()
        for (;;) {
          const result = await (waiting.shift() as Promise<IteratorResult<T>>)
          if (result.done) return
          ask()
          yield result.value
        }
      } finally {
        await iterator.return?.()
      }
    })
  }

  /**
   * Batches of that many examples: a `Dataset` each. The first example settles the columns, their types and shapes; one
   * that differs is an error that names it.
   */
  batch<K extends string>(this: Pipeline<Example<K>>, size: number, options: BatchOptions = {}): Pipeline<Dataset<K>> {
    const { shapes: own = {}, dropLast = false } = known('pipeline.batch', options, 'shapes dropLast')
    whole('pipeline.batch', size, 1)
    const shapes = new Map([...this.#facts.shapes, ...Object.entries(own)])
    const given = new Set(Object.keys(own))
    return this.#next((source, epoch) => collect(source, { size, shapes, given, epoch, dropLast }), {
      shapes: new Map(),
    })
  }

  #next<U>(
    step: (source: AsyncIterable<T>, epoch: number) => AsyncIterable<U>,
    facts: Partial<Facts> = {},
  ): Pipeline<U> {
    const open = this.#open
    return new Pipeline((epoch) => step(open(epoch), epoch), { ...this.#facts, ...facts })
  }
}

/** A pipeline of the rows of a data set, each a copy; `batches` gives whole batches of them with less ado. */
export function pipeline<K extends string>(source: Dataset<K>): Pipeline<Readonly<Record<K, Float32Array | Int32Array>>>
/** A pipeline of what a source brings: examples of named columns, or whatever `map` shall make them of. */
export function pipeline<T>(source: Source<T>): Pipeline<T>
export function pipeline(source: Dataset | Source<unknown>): Pipeline<unknown> {
  if (isDataset(source)) {
    const shapes = new Map(Object.entries(source.columns).map(([name, { shape }]) => [name, shape]))
    return new Pipeline(() => rowsOf(source), { steady: true, shapes })
  }
  return new Pipeline(opener(source), { steady: true, shapes: new Map() })
}

export interface BatchesOptions {
  /** Rows of one batch. */
  batch: number
  /** Draw the order of the rows anew each epoch, from this seed: the order of a `loader` with it. Default: as they are. */
  shuffle?: number | undefined
  /** Leave out the last batch where it is smaller. Default false. */
  dropLast?: boolean | undefined
}

/** Batches of a data set in memory, copied, as a pipeline: to change them (augmentation) before they are used. */
export const batches = <K extends string>(dataset: Dataset<K>, options: BatchesOptions): Pipeline<Dataset<K>> =>
  indexed(dataset.size, (rows) => take(dataset, rows), known('data.batches', options, 'batch shuffle dropLast'))

/** Batches that are made from the numbers of their rows. */
export function indexed<K extends string>(
  size: number,
  make: (rows: Int32Array) => Dataset<K>,
  { batch, shuffle, dropLast = false }: BatchesOptions,
): Pipeline<Dataset<K>> {
  whole('batch', batch, 1)
  if (shuffle !== undefined) checkSeed('shuffle', shuffle)
  const end = dropLast ? size - (size % batch) : size
  const open = async function* (epoch: number): AsyncGenerator<Dataset<K>> {
    // The stream of that epoch of a loader.
    const order = shuffle === undefined ? undefined : orderOf(size, shuffle, epoch + 1)
    for (let start = 0; start < end; start += batch) {
      const stop = Math.min(end, start + batch)
      yield make(order?.subarray(start, stop) ?? Int32Array.from({ length: stop - start }, (_, i) => start + i))
    }
  }
  return new Pipeline(open, { steady: shuffle === undefined, shapes: new Map() })
}

const isDataset = (source: object): source is Dataset => 'columns' in source && 'size' in source
