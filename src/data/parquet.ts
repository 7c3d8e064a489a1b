import { DataError } from '../errors.ts'
import { known } from '../options.ts'
import { guarded, optional, type ReadColumnarOptions, TableBuilder } from './columnar.ts'
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
}

export interface ReadParquetOptions extends ReadColumnarOptions {
  /** The module hyparquet. Default: imported when it is needed, where it is installed. */
  library?: ParquetLibrary | undefined
  /** Decompressors beyond snappy and gzip: those of hyparquet-compressors, for one. */
  compressors?: object | undefined
}

interface Metadata {
  readonly schema: readonly { readonly name: string; readonly num_children?: number }[]
  readonly row_groups: readonly { readonly num_rows: bigint }[]
}

/**
 * Reads a Parquet file, given by its bytes or in parts, into a table with hyparquet (an optional peer: `npm install
 * hyparquet`), one group of rows after the other. Columns of lists or records are errors; `columns` chooses others.
 */
export async function readParquet(source: Uint8Array | ByteFile, options: ReadParquetOptions = {}): Promise<Table> {
  const { name = 'Parquet data', compressors } = known(
    'data.readParquet',
    options,
    'columns types maxRows name library compressors',
  )
  const library = options.library ?? ((await optional('hyparquet', '1', 'Parquet')) as ParquetLibrary)
  const file = source instanceof Uint8Array ? inMemory(source) : source
  return guarded(name, 'Parquet file', async () => {
    const metadata = (await library.parquetMetadataAsync(file)) as Metadata
    // The first element of the schema is its root; those with children are no columns of values.
    const found = children(metadata.schema)
    const table = new TableBuilder(found, options, name)
    const groups = metadata.row_groups.map(({ num_rows }) => Number(num_rows))
    if (groups.some((rows) => !(Number.isSafeInteger(rows) && rows >= 0)))
      throw new DataError('a group of rows without a number of them', { where: name })
    table.expect(groups.reduce((sum, rows) => sum + rows, 0))
    let rowStart = 0
    for (const rows of groups) {
      const rowEnd = rowStart + rows
      let read: readonly (readonly unknown[])[] = []
      const onComplete = (list: readonly (readonly unknown[])[]): void => {
        read = list
      }
      const columns = [...table.names]
      await library.parquetRead({
        file,
        metadata,
        columns,
        rowStart,
        rowEnd,
        compressors,
        rowFormat: 'array',
        onComplete,
      })
      if (read.length !== rows || read.some((row) => row.length !== columns.length))
        throw new DataError('another number of values than declared', { where: name, expected: `${rows} rows` })
      table.add(rows, (column, row) => read[row]?.[column])
      rowStart = rowEnd
    }
    return table.finish()
  })
}

function inMemory(bytes: Uint8Array): ByteFile {
  return {
    byteLength: bytes.length,
    slice: (start, end = bytes.length) => bytes.slice(start, end).buffer,
  }
}

/** Names of the children of the root. */
function children(schema: Metadata['schema']): string[] {
  const names: string[] = []
  let at = 1
  const skip = (): void => {
    const { num_children = 0 } = schema[at++] ?? {}
    for (let i = 0; i < num_children && at < schema.length; i++) skip()
  }
  while (at < schema.length) {
    names.push(String(schema[at]?.name))
    skip()
  }
  return names
}
