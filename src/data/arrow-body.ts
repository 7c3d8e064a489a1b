// The columns of a record batch against what its metadata says of them.
import { type ArrowBatch, type ArrowField, KIND, type Pair } from './arrow-metadata.ts'

/** Rows of a batch, and values for each byte of it, that columns without bytes of their own may have. */
const MOST_EMPTY = 65_536
const MOST_VALUES = 64

/** A batch with its bytes, read off field by field. */
export class ArrowBody {
  readonly #batch: ArrowBatch
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #version: number
  readonly #dictionaries: ReadonlyMap<number, number>
  readonly #fail: (problem: string) => never
  #node = 0
  #buffer = 0
  #variadic = 0

  /** `dictionaries`: how many values each has. */
  constructor(
    batch: ArrowBatch,
    bytes: Uint8Array,
    version: number,
    dictionaries: ReadonlyMap<number, number>,
    fail: (problem: string) => never,
  ) {
    this.#batch = batch
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#version = version
    this.#dictionaries = dictionaries
    this.#fail = fail
  }

  /** All fields of a batch, which leave nothing over. */
  check(fields: readonly ArrowField[]): void {
    const { rows, nodes, buffers, variadic } = this.#batch
    if (rows > MOST_EMPTY && rows * fields.length > MOST_VALUES * this.#bytes.length)
      this.#fail(`${rows} rows in ${this.#bytes.length} bytes`)
    let end = 0
    for (const [offset, length] of buffers) {
      if (offset % 8 !== 0 || offset + length > this.#bytes.length || (length > 0 && offset < end))
        this.#fail('a buffer outside of its place')
      if (length > 0) end = offset + length
    }
    for (const field of fields) this.#field(field, rows)
    if (this.#node !== nodes.length || this.#buffer !== buffers.length || this.#variadic !== variadic.length)
      this.#fail('columns that the schema does not know')
  }

  #next(bits: number, rows: number, what: string): Pair {
    const place = this.#batch.buffers[this.#buffer++] ?? this.#fail(`${what} are missing`)
    return place[1] * 8 < bits * rows ? this.#fail(`${what} end early`) : place
  }

  #field(field: ArrowField, rows: number | undefined): void {
    const { kind, size, dictionary } = field
    const node = this.#batch.nodes[this.#node++] ?? this.#fail('a column is missing')
    const [length, gaps] = node
    if (length !== (rows ?? length) || gaps > length) this.#fail(`${length} rows with ${gaps} gaps`)
    if (dictionary === undefined && kind === KIND.null) return
    const isUnion = dictionary === undefined && kind === KIND.union
    const validity = isUnion && this.#version > 3 ? undefined : this.#next(gaps > 0 ? 1 : 0, length, 'marks of gaps')
    const isMissing = (row: number): boolean =>
      gaps > 0 && ((this.#bytes[(validity as Pair)[0] + (row >> 3)] as number) & (1 << (row & 7))) === 0
    if (dictionary !== undefined) this.#codes(dictionary, length, isMissing)
    else if (isUnion) this.#union(field, length)
    else if (kind === KIND.struct) for (const child of field.children) this.#field(child, length)
    else if (kind === KIND.fixedList) this.#field(field.children[0] as ArrowField, length * size)
    else if (kind === KIND.binaryView || kind === KIND.utf8View) this.#views(length, isMissing)
    else if (VARIABLE.includes(kind)) this.#variable(field, length)
    else this.#next(size, length, 'values')
  }

  #codes(
    { id, bits, signed }: NonNullable<ArrowField['dictionary']>,
    rows: number,
    isMissing: (row: number) => boolean,
  ): void {
    const [at] = this.#next(bits, rows, 'codes')
    const known = this.#dictionaries.get(id)
    for (let row = 0; row < rows; row++) {
      if (isMissing(row)) continue
      const code = this.#whole(at, bits, row, signed)
      if (known === undefined || !(code >= 0 && code < known))
        this.#fail(`code ${code} of a dictionary of ${known ?? 0}`)
    }
  }

  #whole(at: number, bits: number, row: number, signed: boolean): number {
    const place = at + (row * bits) / 8
    if (bits === 64) return this.#view.getInt32(place + 4, true) * 2 ** 32 + this.#view.getUint32(place, true)
    if (bits === 32) return signed ? this.#view.getInt32(place, true) : this.#view.getUint32(place, true)
    if (bits === 16) return signed ? this.#view.getInt16(place, true) : this.#view.getUint16(place, true)
    return signed ? this.#view.getInt8(place) : this.#view.getUint8(place)
  }

  /** Texts, bytes and lists: an offset for each row and the end, never backwards. */
  #variable({ size, children }: ArrowField, rows: number): void {
    const place = this.#batch.buffers[this.#buffer]
    // Of no rows some writers have no offset either.
    const [at] = this.#next(size, rows === 0 && place?.[1] === 0 ? 0 : rows + 1, 'offsets')
    let end = 0
    for (let row = 0; rows > 0 && row <= rows; row++) {
      const offset = this.#whole(at, size, row, true)
      if (!(offset >= end)) this.#fail(`offsets that go back from ${end} to ${offset}`)
      end = offset
    }
    const [child] = children
    if (child === undefined) return void this.#next(8, end, 'bytes')
    const elements = this.#batch.nodes[this.#node]?.[0] ?? 0
    if (end > elements) this.#fail(`lists of ${end} elements where there are ${elements}`)
    this.#field(child, undefined)
  }

  #views(rows: number, isMissing: (row: number) => boolean): void {
    const [at] = this.#next(128, rows, 'views')
    const count = this.#batch.variadic[this.#variadic++] ?? this.#fail('buffers of views are missing')
    if (count > this.#batch.buffers.length) this.#fail(`${count} buffers of views`)
    const sizes = Array.from({ length: count }, () => this.#next(0, 0, 'bytes')[1])
    for (let row = 0; row < rows; row++) {
      if (isMissing(row)) continue
      const [length, buffer, offset] = [0, 8, 12].map((part) => this.#view.getInt32(at + 16 * row + part, true)) as [
        number,
        number,
        number,
      ]
      if (length < 0 || (length > 12 && !(offset >= 0 && offset + length <= (sizes[buffer] ?? -1))))
        this.#fail(`a view outside of its buffer in row ${row + 1}`)
    }
  }

  #union({ size: dense, children }: ArrowField, rows: number): void {
    this.#next(8, rows, 'types')
    if (dense === 1) this.#next(32, rows, 'offsets')
    for (const child of children) this.#field(child, dense === 1 ? undefined : rows)
  }
}

const VARIABLE: readonly number[] = [
  KIND.binary,
  KIND.utf8,
  KIND.list,
  KIND.map,
  KIND.largeBinary,
  KIND.largeUtf8,
  KIND.largeList,
]
