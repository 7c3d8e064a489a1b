import { DataError } from '../errors.ts'
import { label } from '../io/header.ts'
import { known } from '../options.ts'
import { guarded, optional, type ReadColumnarOptions, TableBuilder } from './columnar.ts'
import { type Decompressor, guardPages } from './parquet-pages.ts'
import type { Table } from './table.ts'

/** A file that is read in parts; what hyparquet calls an AsyncBuffer. */
export interface ByteFile {
  readonly byteLength: number
  slice(start: number, end?: number): ArrayBuffer | Promise<ArrayBuffer>
}

/** What is used of hyparquet. */
export interface ParquetLibrary {
  parquetMetadataAsync(file: ByteFile): Promise<unknown>
  parquetRead(options: object): Promise<void>
  /** Fills `output`. */
  snappyUncompress(input: Uint8Array, output: Uint8Array): void
}

export interface ReadParquetOptions extends ReadColumnarOptions {
  /** The module hyparquet. Default: imported when it is needed, where it is installed. */
  library?: ParquetLibrary | undefined
  /** Decompressors beyond snappy, by the names of the format: those of hyparquet-compressors, for one. */
  compressors?: Readonly<Record<string, Decompressor>> | undefined
}

interface Element {
  readonly name: string
  readonly type?: string
  readonly type_length?: number
  readonly repetition_type?: string
  readonly num_children?: number
}

interface ColumnChunk {
  readonly type: string
  readonly codec: string
  readonly path_in_schema: readonly string[]
  readonly total_compressed_size: bigint
  readonly data_page_offset: bigint
  readonly dictionary_page_offset?: bigint
}

interface Metadata {
  readonly schema: readonly Element[]
  readonly row_groups: readonly {
    readonly num_rows: bigint
    readonly columns: readonly { readonly meta_data?: ColumnChunk }[]
  }[]
}

/**
 * Reads a Parquet file, given by its bytes or in parts, into a table with hyparquet (an optional peer: `npm install
 * hyparquet`), one group of rows after the other. Columns of lists or records are errors; `columns` chooses others. Pages
 * are checked before they are decoded, checksums included where there are any: a damaged file is a DataError, soon.
 */
export async function readParquet(source: Uint8Array | ByteFile, options: ReadParquetOptions = {}): Promise<Table> {
  const { name = 'Parquet data' } = known(
    'data.readParquet',
    options,
    'columns types missing maxRows name library compressors',
  )
  const library = options.library ?? ((await optional('hyparquet', '1', 'Parquet')) as ParquetLibrary)
  const file = source instanceof Uint8Array ? inMemory(source) : source
  return guarded(name, 'Parquet file', async () => {
    const metadata = (await library.parquetMetadataAsync(file)) as Metadata
    const found = children(metadata.schema)
    const table = new TableBuilder(
      found.map((element) => element.name),
      options,
      name,
    )
    const groups = metadata.row_groups.map(({ num_rows }) => Number(num_rows))
    if (groups.some((rows) => !(Number.isSafeInteger(rows) && rows >= 0)))
      throw new DataError('a group of rows without a number of them', { where: name })
    table.expect(groups.reduce((sum, rows) => sum + rows, 0))
    let rowStart = 0
    for (const [group, rows] of groups.entries()) {
      const rowEnd = rowStart + rows
      const columns: (readonly (readonly unknown[])[])[] = []
      for (const column of rows === 0 ? [] : table.names) {
        const place = { where: `${name}: column ${label(column)}, rows ${rowStart + 1} to ${rowEnd}` }
        const element = found.find((one) => one.name === column) as Element
        const compressors = await guarded(place.where, 'column of a Parquet file', () =>
          checked(file, element, metadata.row_groups[group]?.columns ?? [], rows, options.compressors, library),
        )
        let read: readonly (readonly unknown[])[] = []
        const onComplete = (list: readonly (readonly unknown[])[]): void => {
          read = list
        }
        await guarded(place.where, 'column of a Parquet file', () =>
          library.parquetRead({
            file,
            metadata: { ...metadata, row_groups: [metadata.row_groups[group]] },
            columns: [column],
            rowStart: 0,
            rowEnd: rows,
            compressors,
            rowFormat: 'array',
            onComplete,
          }),
        )
        // What is missing is null.
        if (read.length !== rows || read.some(([value]) => value === undefined))
          throw new DataError('another number of values than declared, or one that the dictionary does not have', place)
        columns.push(read)
      }
      table.add(rows, (column, row) => columns[column]?.[row]?.[0])
      rowStart = rowEnd
    }
    return table.finish()
  })
}

/** Checks the bytes of a column in a group of rows, and gives the decompressors that check what is in them. */
async function checked(
  file: ByteFile,
  { name, type, type_length: width = 0, repetition_type: repetition, num_children = 0 }: Element,
  chunks: readonly { readonly meta_data?: ColumnChunk }[],
  rows: number,
  compressors: ReadParquetOptions['compressors'],
  { snappyUncompress }: ParquetLibrary,
): Promise<Record<string, Decompressor>> {
  if (num_children > 0 || repetition === 'REPEATED')
    throw new Error('its values are lists or records; choose others by the option columns')
  const [chunk, ...others] = chunks.flatMap(({ meta_data: meta }) => (meta?.path_in_schema[0] === name ? [meta] : []))
  if (chunk === undefined || others.length > 0 || chunk.path_in_schema.length !== 1 || chunk.type !== type)
    throw new Error('it is not what the schema says')
  const start = Number(chunk.dictionary_page_offset || chunk.data_page_offset)
  const end = start + Number(chunk.total_compressed_size)
  if (!(start >= 0 && end >= start && end <= file.byteLength)) throw new Error('it lies outside the file')
  const snappy: Decompressor = (input, length) => {
    const output = new Uint8Array(length)
    snappyUncompress(input, output)
    return output
  }
  const bytes = new Uint8Array(await file.slice(start, end))
  const { codec } = chunk
  const column = { type, codec, width, optional: repetition !== 'REQUIRED', rows }
  return guardPages(bytes, column, { SNAPPY: snappy, ...compressors })
}

function inMemory(bytes: Uint8Array): ByteFile {
  return {
    byteLength: bytes.length,
    // A copy: slice of a Buffer is not one.
    slice: (start, end = bytes.length) => new Uint8Array(bytes.subarray(start, end)).buffer,
  }
}

/** The children of the root, which comes first; those of others are no columns of their own. */
function children(schema: Metadata['schema']): Element[] {
  const found: Element[] = []
  let at = 1
  const skip = (depth: number): void => {
    const { num_children = 0 } = schema[at++] ?? {}
    if (depth > 64) throw new Error('records in records')
    for (let i = 0; i < num_children && at < schema.length; i++) skip(depth + 1)
  }
  while (at < schema.length) {
    found.push({ ...(schema[at] as Element), name: String(schema[at]?.name) })
    skip(0)
  }
  return found
}
