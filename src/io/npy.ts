// NumPy's .npy: magic and version, the length of a header, the header (a Python literal of three keys), the numbers.
import { ArgumentError, DataError } from '../errors.ts'
import { widened } from './half.ts'

export type NpyData =
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

export type NpyType =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'float16'
  | 'float32'
  | 'float64'

/** An array of NumPy. */
export interface NpyArray {
  readonly dtype: NpyType
  readonly shape: readonly number[]
  /** Row-major, whatever the order in the file; half precision is widened, bools are 0 and 1. A view where it can be. */
  readonly data: NpyData
}

interface Kind {
  readonly dtype: NpyType
  readonly bytes: number
  view(buffer: ArrayBufferLike, at: number, count: number): NpyData
}
const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['b1', { dtype: 'bool', bytes: 1, view: (buffer, at, count) => new Uint8Array(buffer, at, count) }],
  ['i1', { dtype: 'int8', bytes: 1, view: (buffer, at, count) => new Int8Array(buffer, at, count) }],
  ['i2', { dtype: 'int16', bytes: 2, view: (buffer, at, count) => new Int16Array(buffer, at, count) }],
  ['i4', { dtype: 'int32', bytes: 4, view: (buffer, at, count) => new Int32Array(buffer, at, count) }],
  ['i8', { dtype: 'int64', bytes: 8, view: (buffer, at, count) => new BigInt64Array(buffer, at, count) }],
  ['u1', { dtype: 'uint8', bytes: 1, view: (buffer, at, count) => new Uint8Array(buffer, at, count) }],
  ['u2', { dtype: 'uint16', bytes: 2, view: (buffer, at, count) => new Uint16Array(buffer, at, count) }],
  ['u4', { dtype: 'uint32', bytes: 4, view: (buffer, at, count) => new Uint32Array(buffer, at, count) }],
  ['u8', { dtype: 'uint64', bytes: 8, view: (buffer, at, count) => new BigUint64Array(buffer, at, count) }],
  ['f2', { dtype: 'float16', bytes: 2, view: (buffer, at, count) => widened(new Uint16Array(buffer, at, count)) }],
  ['f4', { dtype: 'float32', bytes: 4, view: (buffer, at, count) => new Float32Array(buffer, at, count) }],
  ['f8', { dtype: 'float64', bytes: 8, view: (buffer, at, count) => new Float64Array(buffer, at, count) }],
])

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] as const
const MAX_HEADER = 65_536
const MAX_RANK = 32

export interface NpyHeader {
  readonly dtype: NpyType
  readonly shape: readonly number[]
  /** Of the numbers. */
  readonly start: number
  /** Of the whole file. */
  readonly bytes: number
}
interface Header extends NpyHeader {
  readonly kind: Kind
  readonly bigEndian: boolean
  readonly fortran: boolean
  readonly count: number
}

/** Reads the bytes of a .npy file. Arrays of Python objects (pickles), of texts and of records are refused. */
export function parseNpy(bytes: Uint8Array, name = 'npy data'): NpyArray {
  const { kind, bigEndian, fortran, shape, count, start, bytes: expected } = headerOf(bytes, name, false)
  if (bytes.length !== expected) {
    const what = bytes.length < expected ? 'truncated' : 'trailing bytes'
    throw new DataError(`${what} at byte ${Math.min(bytes.length, expected)}`, {
      where: name,
      expected: `${expected} bytes for ${kind.dtype} [${shape.join(', ')}]`,
      received: String(bytes.length),
    })
  }
  const at = bytes.byteOffset + start
  let data: NpyData
  if (at % kind.bytes === 0 && !bigEndian) data = kind.view(bytes.buffer, at, count)
  else {
    const copy = bytes.slice(start)
    if (bigEndian) swap(copy, kind.bytes)
    data = kind.view(copy.buffer, copy.byteOffset, count)
  }
  if (kind.dtype === 'bool') {
    const odd = (data as Uint8Array).findIndex((value) => value > 1)
    if (odd >= 0) throw new DataError(`no bool at byte ${start + odd}`, { where: name, expected: '0 or 1' })
  }
  return { dtype: kind.dtype, shape, data: fortran ? rowMajor(data, shape) : data }
}

/** The header alone, of the first bytes of a file; undefined where they do not reach to its end. */
export const npyHeader = (head: Uint8Array, name: string): NpyHeader | undefined => headerOf(head, name, true)

function headerOf(bytes: Uint8Array, name: string, partial: true): Header | undefined
function headerOf(bytes: Uint8Array, name: string, partial: false): Header
function headerOf(bytes: Uint8Array, name: string, partial: boolean): Header | undefined {
  const short = (needed: number): undefined => {
    if (partial) return undefined
    throw new DataError(`truncated at byte ${bytes.length}, inside the header`, {
      where: name,
      expected: `at least ${needed} bytes`,
      received: String(bytes.length),
    })
  }
  const wrong = MAGIC.findIndex((byte, i) => i < bytes.length && bytes[i] !== byte)
  if (wrong >= 0)
    throw new DataError(`not a npy file: wrong magic at byte ${wrong}`, { where: name, expected: '93 4e 55 4d 50 59' })
  if (bytes.length < 12) return short(12)
  const [major, minor] = [bytes[6] as number, bytes[7] as number]
  if (major < 1 || major > 3 || minor !== 0)
    throw new DataError('unknown version at byte 6', {
      where: name,
      expected: '1.0 to 3.0',
      received: `${major}.${minor}`,
    })
  const view = new DataView(bytes.buffer, bytes.byteOffset, 12)
  const first = major === 1 ? 10 : 12
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true)
  if (length > MAX_HEADER)
    throw new DataError('the header is too long at byte 8', {
      where: name,
      expected: `at most ${MAX_HEADER} bytes`,
      received: String(length),
    })
  const start = first + length
  if (bytes.length < start) return short(start)
  const { descr, fortran, shape } = literal(String.fromCharCode(...bytes.subarray(first, start)), first, name)
  const kind = KINDS.get(descr.slice(1))
  if (kind === undefined || !(kind.bytes === 1 ? '|<>=' : '<>').includes(descr[0] as string))
    throw new DataError('an element type that is not read', {
      where: name,
      expected: `numbers: ${[...KINDS.keys()].join(', ')}, little- or big-endian`,
      received: JSON.stringify(descr.slice(0, 80)),
      ...(descr.slice(1).startsWith('O') && { hint: 'Arrays of Python objects are pickles, which can run code.' }),
    })
  const count = shape.includes(0) ? 0 : shape.reduce((product, n) => product * n, 1)
  if (count * kind.bytes > Number.MAX_SAFE_INTEGER - start)
    throw new DataError('absurd dimensions in the header', {
      where: name,
      expected: 'an array that fits a file',
      received: `[${shape.join(', ')}]`,
    })
  const bigEndian = descr[0] === '>' && kind.bytes > 1
  return { kind, dtype: kind.dtype, shape, fortran, bigEndian, count, start, bytes: start + count * kind.bytes }
}

interface Literal {
  readonly descr: string
  readonly fortran: boolean
  readonly shape: readonly number[]
}

/** Reads the header's dictionary: exactly its three keys, each once, in any order. */
function literal(text: string, offset: number, name: string): Literal {
  let at = 0
  const match = (pattern: RegExp, expected: string): string => {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (found === null)
      throw new DataError(`malformed header at byte ${offset + at}`, {
        where: name,
        expected,
        received: JSON.stringify(text.slice(at, at + 20)),
      })
    at = pattern.lastIndex
    return found[1] ?? found[0]
  }
  const values = new Map<string, string>()
  match(/\{ */y, "'{'")
  while (values.size < 3) {
    const key = match(/['"](descr|fortran_order|shape)['"] *: */y, "'descr', 'fortran_order' and 'shape', each once")
    if (values.has(key)) throw new DataError(`the header has '${key}' twice`, { where: name })
    if (key === 'descr') values.set(key, match(/(['"][^'"\\]{2,80}['"]|\[) */y, 'an element type').replace(/['"]/g, ''))
    else if (key === 'shape') values.set(key, match(/\(((?:\d{1,16}, *)*(?:\d{1,16})?)\) */y, 'a shape'))
    else values.set(key, match(/(True|False) */y, 'True or False'))
    match(values.size < 3 ? /, */y : /,? *\} *\n?$/y, values.size < 3 ? "','" : "'}' and the end of the header")
  }
  const sizes = (values.get('shape') as string).split(',').map((size) => size.trim())
  if (sizes.length === 1 && sizes[0] !== '')
    throw new DataError('malformed header: the shape is no tuple', { where: name, received: `(${sizes[0]})` })
  const shape = sizes.filter((size) => size !== '').map(Number)
  if (shape.length > MAX_RANK || shape.some((size) => !Number.isSafeInteger(size)))
    throw new DataError('absurd dimensions in the header', { where: name, expected: `at most ${MAX_RANK} of them` })
  return { descr: values.get('descr') as string, fortran: values.get('fortran_order') === 'True', shape }
}

function swap(bytes: Uint8Array, width: number): void {
  for (let i = 0; i < bytes.length; i += width) bytes.subarray(i, i + width).reverse()
}

/** Of numbers whose first index runs fastest. */
function rowMajor(data: NpyData, shape: readonly number[]): NpyData {
  const out = data.slice()
  const rank = shape.length
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, n) => product * n, 1))
  const index = new Array<number>(rank).fill(0)
  let from = 0
  for (let i = 0; i < data.length; i++) {
    out[i] = data[from] as never
    for (let axis = rank - 1; axis >= 0; axis--) {
      from += strides[axis] as number
      if (++(index[axis] as number) < (shape[axis] as number)) break
      from -= (shape[axis] as number) * (strides[axis] as number)
      index[axis] = 0
    }
  }
  return out
}

/** What `encodeNpy` takes; the element type is that of the data. */
export interface NpyInput {
  readonly shape: readonly number[]
  readonly data: NpyData
}

const CODES: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [Float32Array, '<f4'],
  [Float64Array, '<f8'],
  [Int8Array, '|i1'],
  [Int16Array, '<i2'],
  [Int32Array, '<i4'],
  [BigInt64Array, '<i8'],
  [Uint8Array, '|u1'],
  [Uint16Array, '<u2'],
  [Uint32Array, '<u4'],
  [BigUint64Array, '<u8'],
])

/** The bytes of a .npy file (version 1.0, numbers at a multiple of 64), which `numpy.load` reads. */
export function encodeNpy({ shape, data }: NpyInput): Uint8Array<ArrayBuffer> {
  const descr = CODES.get(Object.getPrototypeOf(data)?.constructor)
  if (descr === undefined) throw new ArgumentError('no typed array', { where: 'encodeNpy', received: typeof data })
  if (shape.length > MAX_RANK || shape.some((n) => !Number.isSafeInteger(n) || n < 0) || sizeOf(shape) !== data.length)
    throw new ArgumentError('the shape does not fit the data', {
      where: 'encodeNpy',
      expected: `a shape of ${data.length} numbers`,
      received: `[${shape.join(', ')}]`,
    })
  const dimensions = `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${dimensions}, }`
  const start = Math.ceil((10 + dictionary.length + 1) / 64) * 64
  const header = `${dictionary.padEnd(start - 11)}\n`
  const bytes = new Uint8Array(start + data.byteLength)
  bytes.set(MAGIC)
  bytes.set([1, 0, header.length & 255, header.length >> 8], 6)
  for (let i = 0; i < header.length; i++) bytes[10 + i] = header.charCodeAt(i)
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start)
  return bytes
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1)
