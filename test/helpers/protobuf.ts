// A reader of the wire format of protocol buffers, written from its specification and from nothing in src/.

export type Field = bigint | number | Uint8Array
/** Values of each field number, in their order; fixed32 and fixed64 as the bytes they are. */
export type Fields = ReadonlyMap<number, readonly Field[]>

export function decode(bytes: Uint8Array): Fields {
  const fields = new Map<number, Field[]>()
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      if (at >= bytes.length) throw new Error('a varint is cut off')
      const byte = BigInt(bytes[at++] as number)
      value |= (byte & 127n) << shift
      if (byte < 128n) return BigInt.asIntN(64, value)
      if (shift > 56n) throw new Error('a varint is too long')
    }
  }
  const take = (count: number): Uint8Array => {
    if (at + count > bytes.length) throw new Error('a field is cut off')
    at += count
    return bytes.subarray(at - count, at)
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const type = tag & 7
    const value =
      type === 0
        ? varint()
        : type === 1
          ? take(8)
          : type === 2
            ? take(Number(varint()))
            : type === 5
              ? take(4)
              : undefined
    if (value === undefined) throw new Error(`wire type ${type}`)
    const list = fields.get(tag >> 3)
    if (list === undefined) fields.set(tag >> 3, [value])
    else list.push(value)
  }
  return fields
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

export const all = (fields: Fields, field: number): readonly Field[] => fields.get(field) ?? []
export const texts = (fields: Fields, field: number): string[] =>
  all(fields, field).map((value) => new TextDecoder('utf-8', { fatal: true }).decode(value as Uint8Array))
export const text = (fields: Fields, field: number): string | undefined => texts(fields, field)[0]
export const ints = (fields: Fields, field: number): number[] => all(fields, field).map(Number)
export const int = (fields: Fields, field: number): number | undefined => ints(fields, field)[0]
export const messages = (fields: Fields, field: number): Fields[] =>
  all(fields, field).map((value) => decode(value as Uint8Array))
export const message = (fields: Fields, field: number): Fields => messages(fields, field)[0] ?? new Map()
export const float = (fields: Fields, field: number): number | undefined => {
  const value = all(fields, field)[0]
  return value === undefined ? undefined : view(value as Uint8Array).getFloat32(0, true)
}
export const double = (fields: Fields, field: number): number | undefined => {
  const value = all(fields, field)[0]
  return value === undefined ? undefined : view(value as Uint8Array).getFloat64(0, true)
}
/** A packed repeated double. */
export const doubles = (fields: Fields, field: number): number[] => {
  const value = all(fields, field)[0] as Uint8Array | undefined
  if (value === undefined) return []
  return Array.from({ length: value.length / 8 }, (_, i) => view(value).getFloat64(i * 8, true))
}
export const blob = (fields: Fields, field: number): Uint8Array | undefined =>
  all(fields, field)[0] as Uint8Array | undefined
