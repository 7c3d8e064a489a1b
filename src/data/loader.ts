import { ArgumentError } from '../errors.ts'
import { advanceCursor, fetchRows } from '../ops/batch.ts'
import { tensor } from '../ops/create.ts'
import { permutation } from '../ops/random.ts'
import type { Tensor } from '../ops/tensor.ts'
import { type Variable, variable } from '../ops/variable.ts'
import { known } from '../options.ts'
import type { Engine } from '../program/engine.ts'
import { Generator } from '../program/generator.ts'
import { currentEngine } from '../tensor/current.ts'
import { keep } from '../tensor/scope.ts'
import type { Column, Dataset } from './dataset.ts'

export interface LoaderOptions {
  /** Rows of one batch. */
  batch: number
  /** Draw the order of the rows anew each epoch: from this seed, or with `true` from the engine's. Default false. */
  shuffle?: boolean | number | undefined
  /** Leave out the last batch where it is smaller. Default false. */
  dropLast?: boolean | undefined
}

/** One batch: a tensor for each column. */
export type Batch<K extends string> = Readonly<Record<K, Tensor>>

/**
 * Batches of a data set that lies in the engine's memory. A captured step takes them with `next()`: an instruction
 * copies the rows, so the threads go from batch to batch without JavaScript. `for await` gives one epoch of them.
 */
export class Loader<K extends string> implements Disposable, AsyncIterable<Batch<K>> {
  readonly batch: number
  /** Rows of an epoch. */
  readonly rows: number
  readonly wholeBatches: number
  /** Rows of the last, smaller batch; 0 where there is none. */
  readonly remainder: number
  readonly #size: number
  readonly #columns: readonly (readonly [name: string, column: Tensor])[]
  readonly #seed: number | undefined
  readonly #order: Variable
  /** Number of the next batch (64 bits); of whole batches alone. */
  readonly #cursor: Variable
  #epoch = 0

  constructor(dataset: Dataset<K>, options: LoaderOptions) {
    const { batch, shuffle = false, dropLast = false } = known('data.loader', options, 'batch shuffle dropLast')
    const engine = currentEngine()
    const seed = shuffle === true ? engine.seed : shuffle === false ? undefined : shuffle
    check(dataset.size, batch, seed, dropLast)
    this.batch = batch
    this.wholeBatches = Math.floor(dataset.size / batch)
    this.remainder = dropLast ? 0 : dataset.size % batch
    this.rows = this.wholeBatches * batch + this.remainder
    this.#size = dataset.size
    this.#seed = seed
    this.#columns = Object.entries<Column>(dataset.columns).map(([name, { data, shape }]) => [
      name,
      keep(tensor(data, [dataset.size, ...shape])),
    ])
    this.#order = variableOf(Int32Array.from({ length: this.rows }, (_, i) => i))
    this.#cursor = variableOf(new Int32Array(2))
  }

  get stepsPerEpoch(): number {
    return this.wholeBatches + (this.remainder > 0 ? 1 : 0)
  }

  /** Rows of a batch of the epoch, by its number. */
  rowsIn(step: number): number {
    return step < this.wholeBatches ? this.batch : this.remainder
  }

  /**
   * Goes to a batch of an epoch (both counted from 0) and lays out the epoch's order, which follows from seed and number.
   */
  async begin(epoch: number, batch = 0): Promise<void> {
    const { engine } = this.#order
    await engine.flushAsync()
    if (this.#seed !== undefined) {
      // Stream 0 is the engine's own: a loader with the engine's seed must not draw the same numbers.
      this.#order.set((await shuffled(this.#size, this.#seed, epoch + 1, engine)).subarray(0, this.rows))
    }
    this.#cursor.set([Math.min(batch, this.wholeBatches), 0])
    this.#epoch = epoch + 1
  }

  /** The next whole batch; in a captured step, one more each time it runs. */
  next(): Batch<K> {
    if (this.wholeBatches === 0) throw noBatch('next', `The data set has fewer than ${this.batch} rows: take rest().`)
    const batch = this.#fetch(this.batch, this.wholeBatches, 0)
    advanceCursor(this.#cursor)
    return batch
  }

  /** The last, smaller batch of an epoch. */
  rest(): Batch<K> {
    if (this.remainder === 0) throw noBatch('rest', 'Every batch is whole, or dropLast is set.')
    return this.#fetch(this.remainder, 1, this.rows - this.remainder)
  }

  /** Numbers of the rows of the current epoch, in the order of its batches. */
  async order(): Promise<Int32Array> {
    return (await this.#order.data()) as Int32Array
  }

  /** The batches of the next epoch, for loops without capture. The tensors of a batch last until the next one. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Batch<K>, void, undefined> {
    await this.begin(this.#epoch)
    for (let step = 0; step < this.stepsPerEpoch; step++) {
      const batch = step < this.wholeBatches ? this.next() : this.rest()
      try {
        yield batch
      } finally {
        for (const column of Object.values<Tensor>(batch)) column.dispose()
      }
    }
  }

  #fetch(rows: number, batches: number, first: number): Batch<K> {
    const batch: Record<string, Tensor> = Object.create(null)
    for (const [name, column] of this.#columns)
      batch[name] = fetchRows(column, this.#order, this.#cursor, { rows, batches, first })
    return batch as Batch<K>
  }

  dispose(): void {
    for (const [, column] of this.#columns) column.dispose()
    this.#order.dispose()
    this.#cursor.dispose()
  }
  [Symbol.dispose](): void {
    this.dispose()
  }
}

export const loader = <K extends string>(dataset: Dataset<K>, options: LoaderOptions): Loader<K> =>
  new Loader(dataset, options)

/** The numbers 0 to n - 1 in an order that follows from the seed and the number of the stream. */
export async function shuffled(
  n: number,
  seed: number,
  stream: number,
  engine: Engine = currentEngine(),
): Promise<Int32Array> {
  const generator = new Generator(engine, seed, stream)
  const order = permutation(n, { generator })
  try {
    return (await order.data()) as Int32Array
  } finally {
    order.dispose()
    generator.dispose()
  }
}

function variableOf(data: Int32Array): Variable {
  const initial = tensor(data)
  const made = variable(initial)
  initial.dispose()
  return made
}

function check(size: number, batch: number, seed: number | undefined, dropLast: boolean): void {
  const where = 'data.loader'
  if (!(Number.isSafeInteger(batch) && batch > 0))
    throw new ArgumentError('batch is not a number of rows', {
      where,
      expected: 'a whole number of at least 1',
      received: String(batch),
    })
  if (seed !== undefined) checkSeed(where, seed)
  if (size < (dropLast ? batch : 1))
    throw new ArgumentError('no batches', {
      where,
      expected: `at least ${dropLast ? batch : 1} rows`,
      received: String(size),
    })
}

export function checkSeed(where: string, seed: number): void {
  if (!(Number.isSafeInteger(seed) && seed >= 0))
    throw new ArgumentError('the seed is not usable', {
      where,
      expected: 'a whole number from 0 to 2^53 - 1',
      received: String(seed),
    })
}

const noBatch = (where: string, hint: string): ArgumentError =>
  new ArgumentError('there is no such batch', { where: `data.loader.${where}()`, hint })
