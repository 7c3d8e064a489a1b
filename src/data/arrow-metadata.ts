// The metadata of Arrow's messages (Schema.fbs, Message.fbs, File.fbs): what they say, checked whole.
import { FlatBuffer, type FlatTable } from './flatbuffer.ts'

/** Kinds of types by their number in the union Type. */
export const KIND = {
  null: 1,
  int: 2,
  float: 3,
  binary: 4,
  utf8: 5,
  bool: 6,
  decimal: 7,
  date: 8,
  time: 9,
  timestamp: 10,
  interval: 11,
  list: 12,
  struct: 13,
  union: 14,
  fixedBinary: 15,
  fixedList: 16,
  map: 17,
  duration: 18,
  largeBinary: 19,
  largeUtf8: 20,
  largeList: 21,
  binaryView: 23,
  utf8View: 24,
} as const

export interface ArrowField {
  readonly name: string
  readonly kind: number
  /** Bits of a value where all have the same, or of an offset; elements of a list of fixed size. */
  readonly size: number
  readonly children: readonly ArrowField[]
  readonly dictionary: { readonly id: number; readonly bits: number; readonly signed: boolean } | undefined
}

/** Pairs of numbers as the metadata lists them: a node's rows and gaps, a buffer's place and size. */
export type Pair = readonly [number, number]

export interface ArrowBatch {
  readonly rows: number
  readonly nodes: readonly Pair[]
  readonly buffers: readonly Pair[]
  /** Buffers of each column of views. */
  readonly variadic: readonly number[]
}

export type ArrowHeader =
  | { readonly type: 'schema'; readonly fields: readonly ArrowField[] }
  | { readonly type: 'batch'; readonly batch: ArrowBatch }
  | { readonly type: 'dictionary'; readonly id: number; readonly delta: boolean; readonly batch: ArrowBatch }

export interface ArrowMessage {
  readonly header: ArrowHeader
  readonly bodyLength: number
  /** Before version 5 unions say which of their rows are missing. */
  readonly version: number
  /** Bytes that were looked at. */
  readonly visited: number
}

export interface ArrowBlock {
  readonly offset: number
  readonly metadata: number
  readonly body: number
}

const [V4, V5] = [3, 4]

/** Whether a field number is one of those; the message names what it is. */
function within(table: FlatTable, what: string, value: number, ...allowed: readonly number[]): number {
  return allowed.includes(value) ? value : table.buffer.fail(`${what} ${value}`)
}

function natural(table: FlatTable, what: string, value: number): number {
  return value >= 0 ? value : table.buffer.fail(`${what} ${value}`)
}

function versionOf(table: FlatTable): number {
  return within(table, 'metadata version', table.number(0, 2), V4, V5)
}

function readPairs(table: FlatTable, field: number): void {
  for (const pair of table.tables(field)) for (const part of [0, 1]) pair.text(part)
}

function needed(table: FlatTable, field: number, what: string): FlatTable {
  return table.table(field) ?? table.buffer.fail(`${what} is missing`)
}

/** Bits of a value, or elements of a list; what else a type says is checked. */
function sizeOf(kind: number, type: FlatTable): number {
  const of = (field: number, bytes: 2 | 4, absent: number, what: string, ...allowed: readonly number[]): number =>
    within(type, what, type.number(field, bytes, absent), ...allowed)
  switch (kind) {
    case KIND.null:
    case KIND.struct:
      return 0
    case KIND.int:
      type.number(1, 1)
      return of(0, 4, 0, 'integers of bits', 8, 16, 32, 64)
    case KIND.float:
      return 16 << of(0, 2, 0, 'precision', 0, 1, 2)
    case KIND.bool:
      return 1
    case KIND.decimal:
      natural(type, 'decimal digits', type.number(0, 4))
      type.number(1, 4)
      return of(2, 4, 128, 'decimals of bits', 128, 256)
    case KIND.date:
      return 32 << of(0, 2, 1, 'unit of dates', 0, 1)
    case KIND.time: {
      const unit = of(0, 2, 1, 'unit of time', 0, 1, 2, 3)
      return of(1, 4, 32, 'times of bits', unit < 2 ? 32 : 64)
    }
    case KIND.timestamp:
      of(0, 2, 0, 'unit of timestamps', 0, 1, 2, 3)
      type.text(1)
      return 64
    case KIND.duration:
      of(0, 2, 1, 'unit of durations', 0, 1, 2, 3)
      return 64
    case KIND.interval:
      return [32, 64, 128][of(0, 2, 0, 'unit of intervals', 0, 1, 2)] as number
    case KIND.fixedBinary:
      return 8 * natural(type, 'bytes of a value', type.number(0, 4))
    case KIND.fixedList:
      return natural(type, 'elements of a list', type.number(0, 4))
    case KIND.map:
      type.number(0, 1)
      return 32
    case KIND.binary:
    case KIND.utf8:
    case KIND.list:
      return 32
    case KIND.largeBinary:
    case KIND.largeUtf8:
    case KIND.largeList:
      return 64
    case KIND.binaryView:
    case KIND.utf8View:
      return 128
    case KIND.union:
      type.structs(1, 4, 4, (at) => type.buffer.number(at, 4))
      return of(0, 2, 0, 'mode of a union', 0, 1)
    default:
      return type.buffer.fail(`a type of number ${kind}, which is unknown`)
  }
}

const ONE_CHILD: readonly number[] = [KIND.list, KIND.largeList, KIND.fixedList, KIND.map]
const MANY: readonly number[] = [KIND.struct, KIND.union]

function readField(table: FlatTable): ArrowField {
  const name = table.text(0)
  table.number(1, 1)
  const kind = table.number(2, 1)
  const size = sizeOf(kind, needed(table, 3, `the type of ${JSON.stringify(name)}`))
  const coded = table.table(4)
  const children = table.tables(5).map(readField)
  readPairs(table, 6)
  if (!MANY.includes(kind) && children.length !== (ONE_CHILD.includes(kind) ? 1 : 0))
    table.buffer.fail(`a type of ${children.length} children`)
  return { name, kind, size, children, dictionary: coded && readCoding(coded) }
}

function readCoding(table: FlatTable): ArrowField['dictionary'] {
  const index = table.table(1)
  table.number(2, 1)
  within(table, 'kind of dictionary', table.number(3, 2), 0)
  const bits = index === undefined ? 32 : sizeOf(KIND.int, index)
  return { id: natural(table, 'dictionary', table.number(0, 8)), bits, signed: index?.number(1, 1) !== 0 }
}

function readSchema(table: FlatTable): readonly ArrowField[] {
  if (within(table, 'order of bytes', table.number(0, 2), 0, 1) === 1)
    table.buffer.refuse('big-endian numbers are not read', 'Write the file on a little-endian machine.')
  table.structs(3, 8, 8, (at) => table.buffer.number(at, 8))
  readPairs(table, 2)
  const fields = table.tables(1).map(readField)
  const types = new Map<number, string>()
  for (const { id, values } of dictionariesOf(fields)) {
    const type = JSON.stringify({ ...values, name: '' })
    if ((types.get(id) ?? type) !== type) table.buffer.fail('a dictionary of two types')
    types.set(id, type)
  }
  return fields
}

/** Every dictionary of a schema, with the field that its values make. */
export function dictionariesOf(fields: readonly ArrowField[]): { readonly id: number; readonly values: ArrowField }[] {
  return fields.flatMap((field) => [
    ...(field.dictionary === undefined
      ? []
      : [{ id: field.dictionary.id, values: { ...field, dictionary: undefined } }]),
    ...dictionariesOf(field.children),
  ])
}

function readBatch(table: FlatTable): ArrowBatch {
  const { buffer } = table
  if (table.has(3))
    buffer.refuse(
      'compressed columns are not read',
      'Write the file without: pyarrow and pandas have compression="uncompressed".',
    )
  const pair = (at: number): Pair => [
    natural(table, 'a number', buffer.number(at, 8)),
    natural(table, 'a number', buffer.number(at + 8, 8)),
  ]
  return {
    rows: natural(table, 'rows', table.number(0, 8)),
    nodes: table.structs(1, 16, 8, pair),
    buffers: table.structs(2, 16, 8, pair),
    variadic: table.structs(4, 8, 8, (at) => natural(table, 'buffers', buffer.number(at, 8))),
  }
}

function readHeader(type: number, table: FlatTable): ArrowHeader {
  if (type === 1) return { type: 'schema', fields: readSchema(table) }
  if (type === 3) return { type: 'batch', batch: readBatch(table) }
  if (type !== 2) return table.buffer.fail(`a message of type ${type}`)
  const id = natural(table, 'dictionary', table.number(0, 8))
  return { type: 'dictionary', id, delta: table.number(2, 1) !== 0, batch: readBatch(needed(table, 1, 'its content')) }
}

/** What a message says of what follows it. */
export function readMessage(bytes: Uint8Array, where: string): ArrowMessage {
  const buffer = new FlatBuffer(bytes, where)
  const table = buffer.root()
  const version = versionOf(table)
  const header = readHeader(table.number(1, 1), needed(table, 2, 'the header'))
  const bodyLength = natural(table, 'bytes', table.number(3, 8))
  readPairs(table, 4)
  return { header, bodyLength, version, visited: buffer.visited }
}

/** Where the messages of a file are. */
export function readFooter(
  bytes: Uint8Array,
  where: string,
): { readonly fields: readonly ArrowField[]; readonly dictionaries: ArrowBlock[]; readonly batches: ArrowBlock[] } {
  const table = new FlatBuffer(bytes, where).root()
  versionOf(table)
  const { buffer } = table
  const block = (at: number): ArrowBlock => ({
    offset: natural(table, 'a place', buffer.number(at, 8)),
    metadata: natural(table, 'bytes', buffer.number(at + 8, 4)),
    body: natural(table, 'bytes', buffer.number(at + 16, 8)),
  })
  const fields = readSchema(needed(table, 1, 'the schema'))
  const [dictionaries, batches] = [table.structs(2, 24, 8, block), table.structs(3, 24, 8, block)]
  readPairs(table, 4)
  return { fields, dictionaries, batches }
}
