// The compact protocol of Thrift, as far as page headers of Parquet use it.

/** Fields by number: whole numbers of up to 32 bits, truth values, structures. Of other fields only that they are there. */
export interface Fields {
  readonly [field: number]: number | boolean | Fields | null
}

/** Bytes that are read one after the other; reading behind their end throws. */
export class Bytes {
  readonly bytes: Uint8Array
  at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  byte(): number {
    const byte = this.bytes[this.at++]
    if (byte === undefined) throw new Error('the bytes end early')
    return byte
  }

  skip(count: number): void {
    if (count < 0 || this.at + count > this.bytes.length) throw new Error('the bytes end early')
    this.at += count
  }

  uint32(): number {
    const at = this.at
    this.skip(4)
    return new DataView(this.bytes.buffer, this.bytes.byteOffset + at).getUint32(0, true)
  }

  /** Of at most `most` bytes of 7 bits; its low 32 bits. */
  varint(most = 5): number {
    let value = 0
    for (let i = 0; i < most; i++) {
      const byte = this.byte()
      if (i < 5) value |= (byte & 127) << (7 * i)
      if (byte < 128) return value
    }
    throw new Error('a number is too long')
  }

  zigzag(): number {
    const value = this.varint()
    return (value >>> 1) ^ -(value & 1)
  }
}

const MOST_DEPTH = 8

/** Reads a structure up to its end. */
export function readStruct(from: Bytes, depth = 0): Fields {
  if (depth > MOST_DEPTH) throw new Error('structures in structures')
  const fields: Record<number, Fields[number]> = {}
  for (let field = 0; ; ) {
    const head = from.byte()
    if ((head & 15) === 0) return fields
    field = head >> 4 === 0 ? from.zigzag() : field + (head >> 4)
    fields[field] = element(from, head & 15, depth)
  }
}

function element(from: Bytes, type: number, depth: number): Fields[number] {
  if (type === 1 || type === 2) return type === 1
  if (type === 4 || type === 5) return from.zigzag()
  if (type === 12) return readStruct(from, depth + 1)
  if (type === 3) from.skip(1)
  else if (type === 6) from.varint(10)
  else if (type === 7) from.skip(8)
  else if (type === 8) from.skip(from.varint() >>> 0)
  else if (type === 9) {
    const head = from.byte()
    const size = head >> 4 === 15 ? from.varint() >>> 0 : head >> 4
    const of = head & 15
    if (size > from.bytes.length - from.at) throw new Error('a list is too long')
    for (let i = 0; i < size; i++) element(from, of === 1 || of === 2 ? 3 : of, depth + 1)
  } else throw new Error(`an unknown type, ${type}`)
  return null
}
