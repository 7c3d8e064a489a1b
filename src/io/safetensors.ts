// safetensors: u64 header length, JSON header {name: {dtype, shape, data_offsets}}, then the tensors' bytes without holes.
import { ArgumentError, DataError } from '../errors.ts'
import { HeaderParser, type Json, type Located, label } from './header.ts'

export type SafeTensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array

export type SafeTensorType =
  | 'U64'
  | 'I64'
  | 'F64'
  | 'F32'
  | 'U32'
  | 'I32'
  | 'BF16'
  | 'F16'
  | 'U16'
  | 'I16'
  | 'F8_E4M3'
  | 'F8_E5M2'
  | 'I8'
  | 'U8'
  | 'BOOL'

interface Kind {
  readonly bytes: number
  view(buffer: ArrayBufferLike, at: number, count: number): SafeTensorData
}
// In the order in which the format's own library lays tensors out: the most aligned first. F16, BF16 and F8 stay bits.
const KINDS: Readonly<Record<SafeTensorType, Kind>> = {
  U64: { bytes: 8, view: (buffer, at, count) => new BigUint64Array(buffer, at, count) },
  I64: { bytes: 8, view: (buffer, at, count) => new BigInt64Array(buffer, at, count) },
  F64: { bytes: 8, view: (buffer, at, count) => new Float64Array(buffer, at, count) },
  F32: { bytes: 4, view: (buffer, at, count) => new Float32Array(buffer, at, count) },
  U32: { bytes: 4, view: (buffer, at, count) => new Uint32Array(buffer, at, count) },
  I32: { bytes: 4, view: (buffer, at, count) => new Int32Array(buffer, at, count) },
  BF16: { bytes: 2, view: (buffer, at, count) => new Uint16Array(buffer, at, count) },
  F16: { bytes: 2, view: (buffer, at, count) => new Uint16Array(buffer, at, count) },
  U16: { bytes: 2, view: (buffer, at, count) => new Uint16Array(buffer, at, count) },
  I16: { bytes: 2, view: (buffer, at, count) => new Int16Array(buffer, at, count) },
  F8_E4M3: { bytes: 1, view: (buffer, at, count) => new Uint8Array(buffer, at, count) },
  F8_E5M2: { bytes: 1, view: (buffer, at, count) => new Uint8Array(buffer, at, count) },
  I8: { bytes: 1, view: (buffer, at, count) => new Int8Array(buffer, at, count) },
  U8: { bytes: 1, view: (buffer, at, count) => new Uint8Array(buffer, at, count) },
  BOOL: { bytes: 1, view: (buffer, at, count) => new Uint8Array(buffer, at, count) },
}
const TYPES = Object.keys(KINDS) as SafeTensorType[]

export interface SafeTensor {
  readonly dtype: SafeTensorType
  readonly shape: readonly number[]
  /** Row-major; of a file that was read, a view where alignment allows it and a copy where not. */
  readonly data: SafeTensorData
}
export interface SafeTensors {
  readonly tensors: ReadonlyMap<string, SafeTensor>
  readonly metadata: ReadonlyMap<string, string>
}

const MAX_HEADER = 100_000_000
const METADATA = '__metadata__'

/** The bytes of a safetensors file that holds `tensors` under their names. */
export function encodeSafetensors(
  tensors: Iterable<readonly [string, SafeTensor]>,
  metadata: Iterable<readonly [string, string]> = [],
): Uint8Array<ArrayBuffer> {
  const entries = [...new Map(checked(tensors))].sort(([nameA, a], [nameB, b]) => {
    const rank = TYPES.indexOf(a.dtype) - TYPES.indexOf(b.dtype)
    return rank !== 0 ? rank : nameA < nameB ? -1 : 1
  })
  const lines: string[] = []
  const meta = [...new Map(metadata)].map(([key, value]) => `${quote(key)}:${quote(value)}`)
  if (meta.length > 0) lines.push(`${quote(METADATA)}:{${meta.join(',')}}`)
  let size = 0
  for (const [name, { dtype, shape, data }] of entries) {
    const range = `${size},${size + data.byteLength}`
    lines.push(`${quote(name)}:{"dtype":"${dtype}","shape":[${shape.join(',')}],"data_offsets":[${range}]}`)
    size += data.byteLength
  }
  const json = new TextEncoder().encode(`{${lines.join(',')}}`)
  const header = Math.ceil(json.length / 8) * 8
  const file = new Uint8Array(8 + header + size)
  new DataView(file.buffer).setBigUint64(0, BigInt(header), true)
  file.fill(0x20, 8, 8 + header)
  file.set(json, 8)
  let at = 8 + header
  for (const [, { data }] of entries) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at)
    at += data.byteLength
  }
  return file
}

function* checked(tensors: Iterable<readonly [string, SafeTensor]>): Generator<readonly [string, SafeTensor]> {
  const seen = new Set<string>()
  for (const [name, tensor] of tensors) {
    const where = `tensor ${label(name)}`
    if (name === METADATA || seen.has(name)) {
      throw new ArgumentError(name === METADATA ? 'a reserved name' : 'named twice', { where })
    }
    seen.add(name)
    const count = tensor.shape.reduce((product, length) => product * length, 1)
    if (count !== tensor.data.length || count * KINDS[tensor.dtype].bytes !== tensor.data.byteLength) {
      throw new ArgumentError('data does not fill the shape', {
        where,
        expected: `${count} values of ${tensor.dtype} for [${tensor.shape.join(', ')}]`,
        received: `${tensor.data.length} values in ${tensor.data.byteLength} bytes`,
      })
    }
    yield [name, tensor]
  }
}

function quote(text: string): string {
  if (/\p{Surrogate}/u.test(text))
    throw new ArgumentError('a lone surrogate cannot be written', { where: 'safetensors' })
  return JSON.stringify(text)
}

/** Reads a safetensors file strictly: every byte of it is accounted for. `name` is what errors call it. */
export function parseSafetensors(bytes: Uint8Array, name = 'safetensors data'): SafeTensors {
  const start = 8 + headerLength(bytes, name)
  const entries: Entry[] = []
  let metadata: ReadonlyMap<string, string> = new Map()
  for (const [key, found] of new HeaderParser(bytes, 8, start, name).members()) {
    if (key === METADATA) metadata = metadataOf(found, name)
    else entries.push(entry(key, found, name))
  }
  checkLayout(entries, bytes.length - start, start, name)
  return {
    tensors: new Map(entries.map((found) => [found.name, new View(bytes, start, found)])),
    metadata,
  }
}

function headerLength(bytes: Uint8Array, name: string): number {
  if (bytes.length < 8) {
    throw new DataError(`truncated at byte ${bytes.length}`, {
      where: name,
      expected: 'a safetensors file, which begins with 8 bytes of header length',
      received: `${bytes.length} bytes`,
    })
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true)
  const room = Math.min(bytes.length - 8, MAX_HEADER)
  if (length < 2n || length > room) {
    throw new DataError('impossible header length at byte 0', {
      where: name,
      expected: `2 to ${room} in a file of ${bytes.length} bytes`,
      received: String(length),
      hint: 'The file is truncated or no safetensors file.',
    })
  }
  return Number(length)
}

interface Entry {
  readonly name: string
  readonly at: number
  readonly dtype: SafeTensorType
  readonly shape: readonly number[]
  readonly count: number
  readonly begin: number
  readonly end: number
}

function entry(key: string, { value, at }: Located, file: string): Entry {
  const refuse = (message: string, expected: string, received?: string): never => {
    const where = `${file}: tensor ${label(key)}`
    throw new DataError(
      `${message} at byte ${at}`,
      received === undefined ? { where, expected } : { where, expected, received },
    )
  }
  const keys = 'an object of dtype, shape and data_offsets'
  if (!(value instanceof Map)) return refuse('malformed entry', keys)
  const fields = value as ReadonlyMap<string, Located>
  const [dtype, shape, offsets] = ['dtype', 'shape', 'data_offsets'].map((field) => fields.get(field)?.value)
  if (fields.size !== 3 || dtype === undefined || shape === undefined || offsets === undefined) {
    return refuse('malformed entry', keys, `keys ${[...fields.keys()].slice(0, 9).map(label).join(', ')}`)
  }
  if (typeof dtype !== 'string' || !TYPES.includes(dtype as SafeTensorType)) {
    return refuse(
      'unknown dtype',
      `one of ${TYPES.join(', ')}`,
      typeof dtype === 'string' ? label(dtype) : 'another kind of value',
    )
  }
  if (!integers(shape)) return refuse('bad shape', 'a list of integers')
  if (!integers(offsets) || offsets.length !== 2) return refuse('bad data_offsets', 'two integers')
  const [begin, end] = offsets as [number, number]
  const width = KINDS[dtype as SafeTensorType].bytes
  const count = productOf(shape)
  if (end - begin !== count * width) {
    const expected = `${count * width} bytes for ${dtype} [${shape.join(', ')}]`
    return refuse('byte range does not fit the shape', expected, `${begin} to ${end}`)
  }
  return { name: key, at, dtype: dtype as SafeTensorType, shape, count, begin, end }
}

/** Infinity where it is no exact number any more, which fits no range. */
function productOf(shape: readonly number[]): number {
  if (shape.includes(0)) return 0
  const product = shape.reduce((count, length) => count * length, 1)
  return product * 8 <= Number.MAX_SAFE_INTEGER ? product : Number.POSITIVE_INFINITY
}

function integers(value: Json): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'number')
}

/** The byte ranges, in order, must cover the data exactly: no overlap, no hole, nothing after the last. */
function checkLayout(entries: readonly Entry[], size: number, start: number, name: string): void {
  let covered = 0
  for (const { name: key, begin, end, at } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered || end > size) {
      throw new DataError(
        begin === covered ? 'data is truncated' : begin < covered ? 'overlapping data' : 'hole in the data',
        {
          where: `${name}: tensor ${label(key)} at byte ${at}`,
          expected: begin === covered ? `at most ${size}, the data's end` : `a range that begins at ${covered}`,
          received: `${begin} to ${end}`,
        },
      )
    }
    covered = end
  }
  if (covered !== size) {
    throw new DataError(`trailing bytes at byte ${start + covered}`, {
      where: name,
      expected: `${start + covered} bytes`,
      received: String(start + size),
    })
  }
}

function metadataOf(found: Located, name: string): ReadonlyMap<string, string> {
  const metadata = new Map<string, string>()
  if (!(found.value instanceof Map)) {
    throw new DataError(`malformed ${METADATA} at byte ${found.at}`, { where: name, expected: 'an object of strings' })
  }
  for (const [key, { value, at }] of found.value as ReadonlyMap<string, Located>) {
    if (typeof value !== 'string') {
      throw new DataError(`malformed ${METADATA} at byte ${at}`, {
        where: name,
        expected: `a string for ${label(key)}`,
      })
    }
    metadata.set(key, value)
  }
  return metadata
}

/** Makes its typed array when asked: a header of many tiny tensors must not cost many views. */
class View implements SafeTensor {
  readonly dtype: SafeTensorType
  readonly shape: readonly number[]
  readonly #bytes: Uint8Array
  readonly #at: number
  readonly #count: number

  constructor(bytes: Uint8Array, start: number, { dtype, shape, count, begin }: Entry) {
    this.dtype = dtype
    this.shape = shape
    this.#bytes = bytes
    this.#at = start + begin
    this.#count = count
  }

  get data(): SafeTensorData {
    const kind: Kind = KINDS[this.dtype]
    const at = this.#bytes.byteOffset + this.#at
    if (at % kind.bytes === 0) return kind.view(this.#bytes.buffer, at, this.#count)
    const copy = this.#bytes.slice(this.#at, this.#at + this.#count * kind.bytes)
    return kind.view(copy.buffer, copy.byteOffset, this.#count)
  }
}
