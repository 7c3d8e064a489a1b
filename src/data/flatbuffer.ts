// Flatbuffers as metadata of Arrow hold them: every access is checked before it is made.
import { DataError } from '../errors.ts'

/** What is read of a buffer may be so many times its size: strings may be shared, nothing may be shared without end. */
const SHARING = 16
const MOST_DEPTH = 64

/** Bytes with a flatbuffer; counts what is read of them. */
export class FlatBuffer {
  readonly #view: DataView
  readonly #where: string
  /** Bytes looked at so far. */
  visited = 0

  constructor(bytes: Uint8Array, where: string) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#where = where
  }

  get size(): number {
    return this.#view.byteLength
  }

  fail(problem: string): never {
    throw new DataError(`damaged metadata: ${problem}`, {
      where: this.#where,
      hint: 'Copy or download the file again.',
    })
  }

  /** What is sound and not read. */
  refuse(problem: string, hint: string): never {
    throw new DataError(problem, { where: this.#where, hint })
  }

  /** Are these bytes there, and aligned? */
  check(at: number, bytes: number, alignment: number): void {
    if (!(at >= 0 && bytes <= this.size - at)) this.fail(`${bytes} bytes at ${at} of ${this.size}`)
    if (at % alignment !== 0) this.fail(`an address that is no multiple of ${alignment}`)
    this.visited += bytes
    if (this.visited > SHARING * this.size) this.fail('the same bytes are used over and over')
  }

  number(at: number, bytes: 1 | 2 | 4 | 8): number {
    this.check(at, bytes, bytes)
    if (bytes === 1) return this.#view.getInt8(at)
    if (bytes === 2) return this.#view.getInt16(at, true)
    if (bytes === 4) return this.#view.getInt32(at, true)
    const value = this.#view.getInt32(at + 4, true) * 2 ** 32 + this.#view.getUint32(at, true)
    return Number.isSafeInteger(value) ? value : this.fail('a number beyond 2^53')
  }

  /** Where the offset at `at` leads: always forwards, so that nothing is within itself. */
  target(at: number): number {
    const offset = this.number(at, 4) >>> 0
    return offset < 4 ? this.fail('an offset that leads nowhere') : at + offset
  }

  text(at: number, length: number): string {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(
        new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, length),
      )
    } catch {
      return this.fail('a text that is not UTF-8')
    }
  }

  root(): FlatTable {
    return new FlatTable(this, this.target(0), 0)
  }
}

/** A table: fields by their number in the schema, with what they are where they are absent. */
export class FlatTable {
  readonly buffer: FlatBuffer
  readonly #at: number
  readonly #depth: number
  readonly #slots: readonly number[]
  readonly #end: number

  constructor(buffer: FlatBuffer, at: number, depth: number) {
    if (depth > MOST_DEPTH) buffer.fail('tables within tables without end')
    this.buffer = buffer
    this.#at = at
    this.#depth = depth
    const vtable = at - buffer.number(at, 4)
    const size = buffer.number(vtable, 2)
    this.#end = buffer.number(vtable + 2, 2)
    if (size < 4 || size % 2 !== 0 || this.#end < 4) buffer.fail('a table of no size')
    buffer.check(vtable, size, 2)
    buffer.check(at, this.#end, 4)
    this.#slots = Array.from({ length: (size - 4) / 2 }, (_, i) => buffer.number(vtable + 4 + 2 * i, 2))
  }

  /** Where a field of so many bytes is. */
  #place(field: number, bytes: number): number | undefined {
    const offset = this.#slots[field] ?? 0
    if (offset === 0) return undefined
    if (offset < 4 || offset + bytes > this.#end) this.buffer.fail(`field ${field} outside of its table`)
    return this.#at + offset
  }

  number(field: number, bytes: 1 | 2 | 4 | 8, absent = 0): number {
    const at = this.#place(field, bytes)
    return at === undefined ? absent : this.buffer.number(at, bytes)
  }

  has(field: number): boolean {
    return this.#place(field, 1) !== undefined
  }

  table(field: number): FlatTable | undefined {
    const at = this.#place(field, 4)
    return at === undefined ? undefined : new FlatTable(this.buffer, this.buffer.target(at), this.#depth + 1)
  }

  /** Where the elements of a vector are, and how many. */
  vector(field: number, bytes: number, alignment: number): readonly [at: number, length: number] {
    const place = this.#place(field, 4)
    if (place === undefined) return [0, 0]
    const at = this.buffer.target(place)
    const length = this.buffer.number(at, 4) >>> 0
    this.buffer.check(at + 4, length * bytes, length === 0 ? 1 : alignment)
    return [at + 4, length]
  }

  /** Each element of a vector of structures or numbers, made by `read` of its address. */
  structs<T>(field: number, bytes: number, alignment: number, read: (at: number) => T): T[] {
    const [at, length] = this.vector(field, bytes, alignment)
    return Array.from({ length }, (_, i) => read(at + i * bytes))
  }

  tables(field: number): FlatTable[] {
    return this.structs(field, 4, 4, (at) => new FlatTable(this.buffer, this.buffer.target(at), this.#depth + 1))
  }

  text(field: number): string {
    const [at, length] = this.vector(field, 1, 4)
    if (at === 0) return ''
    if (this.buffer.number(at + length, 1) !== 0) this.buffer.fail('a text without an end')
    return this.buffer.text(at, length)
  }
}
