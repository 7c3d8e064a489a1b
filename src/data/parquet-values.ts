// What is encoded in a page of a Parquet file, walked through without decoding more than its lengths.
import type { Bytes } from './thrift.ts'

/** A page of a column without lists: its values are as many as its rows, or fewer where some are missing. */
export interface PageValues {
  /** Of the Parquet format. */
  readonly encoding: number
  readonly type: string
  /** Bytes of a value of fixed length. */
  readonly width: number
  readonly count: number
}

const PLAIN = 0
const RLE = 3
const DELTA_BINARY = 5
const DELTA_LENGTHS = 6
const DELTA_BYTES = 7
const SPLIT = 9
const DICTIONARIES: readonly number[] = [2, 8]

/** Most bytes of texts that one page of prefixes and suffixes stands for. */
const MOST_TEXT = 2 ** 29
/** Numbers of a run of packed bits may go on after the last one; writers fill groups of up to 504. */
const MOST_FILL = 512

/** Throws where the values are not what they say they are, or stand for more than there are. */
export function checkValues(from: Bytes, { encoding, type, width, count }: PageValues): void {
  if (encoding === PLAIN || count === 0) return
  if (DICTIONARIES.includes(encoding) && type !== 'BOOLEAN') {
    const bits = from.byte()
    if (bits > 32) throw new Error(`indices of ${bits} bits`)
    if (bits > 0) checkRuns(from, from.bytes.length, bits, count)
  } else if (encoding === RLE && type === 'BOOLEAN') {
    const length = from.uint32()
    checkRuns(from, from.at + length, 1, count)
  } else if (encoding === DELTA_BINARY || encoding === DELTA_LENGTHS) deltaHead(from)
  else if (encoding === DELTA_BYTES) {
    const prefixes = deltas(from, count)
    const suffixes = deltas(from, count)
    let [before, all] = [0, 0]
    for (let i = 0; i < count; i++) {
      const [prefix, suffix] = [prefixes[i] as number, suffixes[i] as number]
      before = prefix >= 0 && prefix <= before ? prefix + suffix : Number.NaN
      all += before
      if (!(suffix >= 0 && all <= MOST_TEXT)) throw new Error('texts with prefixes that do not fit')
    }
  } else if (encoding === SPLIT) {
    const bytes = { INT32: 4, FLOAT: 4, INT64: 8, DOUBLE: 8 }[type] ?? width
    if (count * bytes > from.bytes.length - from.at) throw new Error('values end early')
  } else throw new Error(`an unknown encoding, ${encoding}`)
}

/** Runs of numbers, repeated or packed. Returns how many of the `count` numbers are 1, where they have one bit. */
export function checkRuns(from: Bytes, end: number, bits: number, count: number): number {
  if (end > from.bytes.length) throw new Error('runs end early')
  let [seen, ones] = [0, 0]
  while (seen < count) {
    if (from.at >= end) throw new Error('runs end early')
    const head = from.varint() >>> 0
    const left = count - seen
    if ((head & 1) === 0) {
      const length = head >>> 1
      if (length > left) throw new Error(`a run of ${length} for ${left}`)
      const value = from.byte()
      from.skip(Math.ceil(bits / 8) - 1)
      seen += length
      ones += value === 1 ? length : 0
    } else {
      const length = 8 * (head >>> 1)
      if (length === 0 || length > left + MOST_FILL) throw new Error(`a run of ${length} for ${left}`)
      const used = Math.min(length, left)
      if (bits === 1) for (let i = 0; i < used; i++) ones += ((from.bytes[from.at + (i >> 3)] ?? 0) >> (i & 7)) & 1
      if (from.at + Math.ceil((used * bits) / 8) > end) throw new Error('runs end early')
      from.at = Math.min(from.at + (length * bits) / 8, end)
      seen += used
    }
  }
  return ones
}

/** What comes before the first block of differences; values that a small block holds. */
function deltaHead(from: Bytes): readonly [blocks: number, each: number] {
  const size = from.varint()
  const blocks = from.varint()
  from.varint()
  if (!(size > 0 && size <= 2 ** 20 && blocks > 0 && size % blocks === 0))
    throw new Error(`blocks of ${size} values in ${blocks} parts`)
  return [blocks, size / blocks]
}

/** Whole numbers of 32 bits as differences. */
function deltas(from: Bytes, count: number): Int32Array {
  const values = new Int32Array(count)
  const [blocks, each] = deltaHead(from)
  let value = from.zigzag()
  values[0] = value
  for (let at = 1; at < count; ) {
    const least = from.zigzag()
    const widths = from.bytes.subarray(from.at, from.at + blocks)
    from.skip(blocks)
    for (let block = 0; block < blocks && at < count; block++) {
      const bits = widths[block] as number
      if (bits > 32) throw new Error(`differences of ${bits} bits`)
      const first = from.at
      for (let i = 0; i < each && at < count; i++) {
        value = (value + least + bitsAt(from.bytes, 8 * first + i * bits, bits)) | 0
        values[at++] = value
      }
      from.at = first
      from.skip(Math.min((each * bits) / 8, from.bytes.length - first))
    }
  }
  return values
}

function bitsAt(bytes: Uint8Array, at: number, bits: number): number {
  let value = 0
  for (let i = 0; i < bits; i++) {
    const byte = bytes[(at + i) >> 3]
    if (byte === undefined) throw new Error('differences end early')
    value |= ((byte >> ((at + i) & 7)) & 1) << i
  }
  return value
}
