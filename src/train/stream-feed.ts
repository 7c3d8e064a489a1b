import type { Column, Dataset } from '../data/dataset.ts'
import type { Batch } from '../data/loader.ts'
import type { BatchStream } from '../data/stream.ts'
import { DataError } from '../errors.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Variable } from '../ops/variable.ts'
import type { Engine } from '../program/engine.ts'
import type { Feed, Ready } from './feed.ts'
import type { Kit } from './kit.ts'

/** Batches that may lie ready, and the bytes that they may take. */
const MOST_SLOTS = 16
const MOST_BYTES = 64 * 2 ** 20

/** A ring of batches of one shape in shared memory. */
interface Ring {
  readonly rows: number
  readonly slots: number
  readonly columns: ReadonlyMap<string, Variable>
  /** The slot that the next step takes, counted on without end. */
  readonly cursor: Variable
  /** Zero rows of each column, for their shapes. */
  readonly form: Readonly<Record<string, Column>>
  written: number
  used: number
}

/**
 * Batches of a stream: written into shared memory while the threads compute on those written before. Only ready() and
 * begin() touch the engine; the writing goes on beside its runs.
 */
export class StreamFeed<K extends string> implements Feed<K> {
  readonly stepsPerEpoch = undefined
  readonly #kit: Kit
  readonly #engine: Engine
  readonly #stream: BatchStream<K>
  readonly #where: string
  readonly #rings = new Map<string, Ring>()
  /** Kinds of the batches that lie ready, in order. */
  #queue: { readonly kind: string; count: number }[] = []
  /** Counts epochs, so that what an earlier one still delivers is left alone. */
  #run = 0
  #source: AsyncIterator<Dataset<K>> | undefined
  /** A batch that found no room yet. */
  #held: { readonly kind: string; readonly batch: Dataset<K> } | undefined
  #pumping = false
  #number = 0
  #over = false
  #failure: unknown
  #wake: () => void = () => {}

  constructor(kit: Kit, engine: Engine, stream: BatchStream<K>, where: string) {
    this.#kit = kit
    this.#engine = engine
    this.#stream = stream
    this.#where = where
  }

  async begin(epoch: number, batch: number): Promise<void> {
    this.#stop()
    await this.#engine.flushAsync()
    for (const ring of this.#rings.values()) {
      ring.written = 0
      ring.used = 0
      ring.cursor.set([0, 0])
    }
    this.#source = this.#stream.epoch(epoch)[Symbol.asyncIterator]()
    for (this.#number = 0; this.#number < batch; this.#number++)
      if ((await this.#source.next()).done === true) {
        this.#over = true
        return
      }
    this.#pump()
  }

  async ready(most: number, signal?: AbortSignal): Promise<Ready | undefined> {
    for (;;) {
      const [head] = this.#queue
      if (head !== undefined) {
        const { rows } = this.#rings.get(head.kind) as Ring
        return { kind: head.kind, rows, steps: Math.min(most, head.count) }
      }
      signal?.throwIfAborted()
      if (this.#held !== undefined && !this.#rings.has(this.#held.kind)) {
        await this.#add(this.#held.kind, this.#held.batch)
        this.#pump()
      } else if (this.#failure !== undefined) throw this.#failure
      else if (this.#over) return undefined
      else await this.#change(signal)
    }
  }

  /** Until a batch lies ready, the stream ends, or the signal aborts. */
  #change(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = (): void => {
        signal?.removeEventListener('abort', this.#wake)
        resolve()
      }
      signal?.addEventListener('abort', this.#wake, { once: true })
      // What the pump did meanwhile counts too.
      if (this.#queue.length > 0 || this.#over || this.#failure !== undefined || !this.#pumping) this.#wake()
    })
  }

  batch(kind: string): Batch<K> {
    const { fetchSlot, advanceCursor } = this.#kit
    const { columns, cursor } = this.#rings.get(kind) as Ring
    const batch: Record<string, Tensor> = Object.create(null)
    for (const [name, ring] of columns) batch[name] = fetchSlot(ring, cursor)
    advanceCursor(cursor)
    return batch as Batch<K>
  }

  blank(kind: string): Batch<K> {
    const { rows, form } = this.#rings.get(kind) as Ring
    return this.#kit.blanks(this.#engine, rows, form) as Batch<K>
  }

  ran(steps: number): void {
    const [head] = this.#queue
    if (head === undefined) return
    ;(this.#rings.get(head.kind) as Ring).used += steps
    head.count -= steps
    if (head.count === 0) this.#queue.shift()
    this.#pump()
  }

  [Symbol.dispose](): void {
    this.#stop()
    for (const { columns, cursor } of this.#rings.values())
      for (const made of [...columns.values(), cursor]) made.dispose()
    this.#rings.clear()
  }

  /** Lets go of the epoch under way. */
  #stop(): void {
    this.#run++
    const source = this.#source
    this.#source = undefined
    this.#queue = []
    this.#held = undefined
    this.#failure = undefined
    this.#pumping = false
    const over = this.#over
    this.#over = false
    if (source !== undefined && !over) void source.return?.()?.then(undefined, () => {})
  }

  /** Reads on until every slot is full. */
  #pump(): void {
    if (this.#pumping || this.#over || this.#failure !== undefined || this.#source === undefined) return
    this.#pumping = true
    const run = this.#run
    void this.#read(this.#source, run)
      .catch((error: unknown) => {
        if (run === this.#run) this.#failure = error
      })
      .finally(() => {
        if (run !== this.#run) return
        this.#pumping = false
        this.#wake()
      })
  }

  async #read(source: AsyncIterator<Dataset<K>>, run: number): Promise<void> {
    for (;;) {
      if (this.#held === undefined) {
        const { done, value } = await source.next()
        if (run !== this.#run) return
        if (done === true) {
          this.#over = true
          return
        }
        this.#held = { kind: this.#kindOf(value), batch: value }
        this.#number++
      }
      const { kind, batch } = this.#held
      const ring = this.#rings.get(kind)
      if (ring === undefined || ring.written - ring.used >= ring.slots) return
      this.#write(ring, batch)
      this.#held = undefined
      const last = this.#queue.at(-1)
      if (last?.kind === kind) last.count++
      else this.#queue.push({ kind, count: 1 })
      this.#wake()
    }
  }

  #write(ring: Ring, batch: Dataset<K>): void {
    const slot = ring.written % ring.slots
    for (const [name, column] of ring.columns) {
      const { data } = batch.columns[name as K]
      this.#engine.elements(column.state).set(data, slot * data.length)
    }
    ring.written++
  }

  async #add(kind: string, { size, columns }: Dataset<K>): Promise<void> {
    const { within, variable, zeros } = this.#kit
    const engine = this.#engine
    const entries = Object.entries<Column>(columns)
    const bytes = entries.reduce((sum, [, { data }]) => sum + data.byteLength, 0)
    const slots = Math.max(2, Math.min(MOST_SLOTS, Math.floor(MOST_BYTES / Math.max(bytes, 1))))
    const make = (shape: readonly number[], dtype: 'float32' | 'int32'): Variable =>
      within(engine, () => variable(zeros(shape, { dtype })))
    const made = new Map(
      entries.map(([name, { data, shape }]) => [
        name,
        make([slots, size, ...shape], data instanceof Float32Array ? 'float32' : 'int32'),
      ]),
    )
    const form: Record<string, Column> = Object.create(null)
    for (const [name, { data, shape }] of entries) form[name] = { data: data.subarray(0, 0), shape }
    const cursor = make([2], 'int32')
    this.#rings.set(kind, { rows: size, slots, columns: made, cursor, form, written: 0, used: 0 })
    await engine.flushAsync()
  }

  /** Rows, names, types and shapes as one text, after a look at whether they go together. */
  #kindOf(batch: Dataset<K>): string {
    const where = `${this.#where}, batch ${this.#number} of the stream`
    if (typeof batch?.columns !== 'object' || batch.columns === null)
      throw new DataError('no batch', {
        where,
        expected: 'a data set, such as data.arrays({ x, y })',
        received: (batch as object | undefined)?.constructor?.name ?? String(batch),
        hint: 'Of a pipeline of examples, .batch(size) makes batches.',
      })
    const entries = Object.entries<Column>(batch.columns)
    if (!(Number.isSafeInteger(batch.size) && batch.size > 0) || entries.length === 0)
      throw new DataError('an empty batch', { where, expected: 'at least one row and one column' })
    return `${batch.size}${entries.map(([name, { data, shape }]) => {
      const fits = data instanceof Float32Array || data instanceof Int32Array
      if (!fits || data.length !== shape.reduce((size, n) => size * n, batch.size))
        throw new DataError(`column '${name}' does not fit`, {
          where,
          expected: `a Float32Array or Int32Array of ${batch.size} rows of shape [${shape.join(', ')}]`,
          received: `${data?.constructor?.name} of ${data?.length} numbers`,
        })
      return ` ${name} ${data instanceof Float32Array ? 'f' : 'i'}[${shape.join(',')}]`
    })}`
  }
}
