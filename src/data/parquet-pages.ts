// The pages of a column, checked before a library decodes them: what is wrong in them can keep it busy for ever.
import { crc32 } from '../io/crc32.ts'
import { checkRuns, checkValues } from './parquet-values.ts'
import { Bytes, type Fields, readStruct } from './thrift.ts'

/** A column of a group of rows, without lists or records. */
export interface Chunk {
  readonly type: string
  readonly codec: string
  /** Bytes of a value of fixed length. */
  readonly width: number
  /** Whether values may be missing. */
  readonly optional: boolean
  readonly rows: number
}

export type Decompressor = (input: Uint8Array, length: number) => Uint8Array

/** A page whose content is compressed: checked when the library has it decompressed. */
interface Packed {
  readonly bytes: number
  check(content: Uint8Array): void
}

const whole = (value: Fields[number] | undefined): number => {
  if (typeof value === 'number' && value >= 0) return value
  throw new Error('a page without its sizes')
}
const struct = (value: Fields[number] | undefined): Fields => {
  if (typeof value === 'object' && value !== null) return value
  throw new Error('a page without its header')
}

/** Checks the pages of a column; returns those whose content is compressed, in order. Throws where one is not sound. */
function checkPages(bytes: Uint8Array, chunk: Chunk): Packed[] {
  const packed: Packed[] = []
  const from = new Bytes(bytes)
  let [rows, dictionary] = [0, false]
  while (rows < chunk.rows) {
    const header = readStruct(from)
    const [kind, size, stored] = [whole(header[1]), whole(header[2]), whole(header[3])]
    const first = from.at
    from.skip(stored)
    const content = bytes.subarray(first, from.at)
    if (typeof header[4] === 'number' && header[4] >>> 0 !== crc32(content))
      throw new Error('a page that differs from its checksum')
    const most = chunk.rows - rows
    if (kind === 2) {
      const count = whole(struct(header[7])[1])
      if (dictionary || count > size) throw new Error(`a dictionary of ${count} values in ${size} bytes`)
      dictionary = true
      take(content, size, chunk.codec, () => {})
      continue
    }
    const old = kind === 0
    if (!old && kind !== 3) throw new Error(`a page of kind ${kind}`)
    const data = struct(header[old ? 5 : 8])
    const count = whole(data[1])
    const encoding = whole(data[old ? 2 : 4])
    if (count > most) throw new Error(`a page of ${count} rows where ${most} are left`)
    if ((encoding === 2 || encoding === 8) && !dictionary) throw new Error('indices without a dictionary')
    rows += count
    const { type, width } = chunk
    if (old) {
      take(content, size, chunk.codec, (page) => {
        const values = new Bytes(page)
        let present = count
        if (chunk.optional) {
          const end = values.uint32() + 4
          present = checkRuns(values, end, 1, count)
          values.at = end
        }
        checkValues(values, { encoding, type, width, count: present })
      })
      continue
    }
    const missing = whole(data[2])
    const levels = whole(data[5])
    const before = levels + whole(data[6])
    if (missing > count || data[3] !== count || before > stored || before > size || data[6] !== 0)
      throw new Error('a page whose numbers do not go together')
    if (chunk.optional) {
      const present = checkRuns(new Bytes(content.subarray(0, levels)), levels, 1, count)
      if (present !== count - missing) throw new Error(`${present} values where ${count - missing} are declared`)
    } else if (missing > 0) throw new Error('missing values where none may be')
    const codec = data[7] === false ? 'UNCOMPRESSED' : chunk.codec
    take(content.subarray(before), size - before, codec, (page) =>
      checkValues(new Bytes(page), { encoding, type, width, count: count - missing }),
    )
  }
  return packed

  function take(content: Uint8Array, size: number, codec: string, check: (page: Uint8Array) => void): void {
    if (codec === 'UNCOMPRESSED') {
      if (content.length !== size) throw new Error(`a page of ${content.length} bytes instead of ${size}`)
      check(content)
    } else {
      // A copy of 64 bytes is at least three.
      if (codec === 'SNAPPY' && size > 22 * content.length + 64) throw new Error('a page that is too large')
      packed.push({ bytes: content.length, check })
    }
  }
}

/** Checks the pages of a column; the decompressors that come back check the rest when they are called for each. */
export function guardPages(
  bytes: Uint8Array,
  chunk: Chunk,
  decompressors: Readonly<Record<string, Decompressor | undefined>>,
): Record<string, Decompressor> {
  const packed = checkPages(bytes, chunk)
  const guarded: Record<string, Decompressor> = {}
  const unpack = decompressors[chunk.codec]
  if (unpack !== undefined)
    guarded[chunk.codec] = (input, length) => {
      const page = packed.shift()
      if (page?.bytes !== input.length) throw new Error('pages in another order')
      const content = unpack(input, length)
      page.check(content)
      return content
    }
  return guarded
}
