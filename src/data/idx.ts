import { DataError } from '../errors.ts'
import { gunzip, isGzip } from './gzip.ts'

export type IdxData = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array
export type IdxType = 'uint8' | 'int8' | 'int16' | 'int32' | 'float32' | 'float64'

/** The array an IDX file holds (the format MNIST comes in), row-major. */
export interface IdxArray {
  readonly dtype: IdxType
  readonly shape: readonly number[]
  readonly data: IdxData
}

interface Kind {
  readonly dtype: IdxType
  readonly bytes: number
  read(view: DataView, at: number, count: number): IdxData
}

const KINDS: ReadonlyMap<number, Kind> = new Map<number, Kind>([
  [0x08, { dtype: 'uint8', bytes: 1, read: (v, at, n) => new Uint8Array(v.buffer, v.byteOffset + at, n) }],
  [0x09, { dtype: 'int8', bytes: 1, read: (v, at, n) => new Int8Array(v.buffer, v.byteOffset + at, n) }],
  [0x0b, { dtype: 'int16', bytes: 2, read: (v, at, n) => new Int16Array(n).map((_, i) => v.getInt16(at + i * 2)) }],
  [0x0c, { dtype: 'int32', bytes: 4, read: (v, at, n) => new Int32Array(n).map((_, i) => v.getInt32(at + i * 4)) }],
  [
    0x0d,
    { dtype: 'float32', bytes: 4, read: (v, at, n) => new Float32Array(n).map((_, i) => v.getFloat32(at + i * 4)) },
  ],
  [
    0x0e,
    { dtype: 'float64', bytes: 8, read: (v, at, n) => new Float64Array(n).map((_, i) => v.getFloat64(at + i * 8)) },
  ],
])
const MAX_RANK = 8

interface Header {
  readonly kind: Kind
  readonly shape: readonly number[]
  readonly count: number
  /** Of the whole file. */
  readonly bytes: number
}

/** Reads an IDX file, gzipped or not. `name` is what errors call it. */
export async function readIdx(bytes: Uint8Array, name = 'IDX data'): Promise<IdxArray> {
  if (!isGzip(bytes)) return parseIdx(bytes, name)
  const inner = `${name} (inflated)`
  return parseIdx(await gunzip(bytes, { name, limit: (head) => header(head, inner, true)?.bytes }), inner)
}

/** Parses the bytes of an IDX file that is not compressed. */
export function parseIdx(bytes: Uint8Array, name = 'IDX data'): IdxArray {
  const { kind, shape, count, bytes: expected } = header(bytes, name, false)
  if (bytes.length !== expected) {
    const what = bytes.length < expected ? 'truncated' : 'trailing bytes'
    const at = Math.min(bytes.length, expected)
    throw new DataError(`${what} at byte ${at}`, {
      where: name,
      expected: `${expected} bytes for ${kind.dtype} [${shape.join(', ')}]`,
      received: String(bytes.length),
    })
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { dtype: kind.dtype, shape, data: kind.read(view, expected - count * kind.bytes, count) }
}

function header(bytes: Uint8Array, name: string, partial: true): Header | undefined
function header(bytes: Uint8Array, name: string, partial: false): Header
function header(bytes: Uint8Array, name: string, partial: boolean): Header | undefined {
  if (bytes.length < 4) return short(bytes, 4, name, partial)
  const [zero0, zero1, type, rank] = bytes as unknown as [number, number, number, number]
  if (zero0 !== 0 || zero1 !== 0) {
    throw new DataError('not an IDX file: wrong magic number at byte 0', {
      where: name,
      expected: '00 00, then element type and rank',
      received: [zero0, zero1, type, rank].map(hex).join(' '),
    })
  }
  const kind = KINDS.get(type)
  if (kind === undefined) {
    throw new DataError('unknown element type at byte 2', {
      where: name,
      expected: [...KINDS].map(([code, { dtype }]) => `${hex(code)} (${dtype})`).join(', '),
      received: hex(type),
    })
  }
  if (rank < 1 || rank > MAX_RANK) {
    throw new DataError('bad rank at byte 3', { where: name, expected: `1 to ${MAX_RANK}`, received: String(rank) })
  }
  const start = 4 + 4 * rank
  if (bytes.length < start) return short(bytes, start, name, partial)
  const view = new DataView(bytes.buffer, bytes.byteOffset, start)
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis))
  const count = shape.reduce((product, size) => product * BigInt(size), 1n)
  if (count * BigInt(kind.bytes) > Number.MAX_SAFE_INTEGER - start) {
    throw new DataError('absurd dimensions at byte 4', {
      where: name,
      expected: 'an array that fits a file',
      received: `[${shape.join(', ')}]`,
    })
  }
  return { kind, shape, count: Number(count), bytes: start + Number(count) * kind.bytes }
}

function short(bytes: Uint8Array, needed: number, name: string, partial: boolean): undefined {
  if (partial) return undefined
  throw new DataError(`truncated at byte ${bytes.length}, inside the header`, {
    where: name,
    expected: `at least ${needed} bytes`,
    received: String(bytes.length),
  })
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0')
}
