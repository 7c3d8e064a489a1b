import { known } from '../options.ts'
import { ArrowCheck } from './arrow-frames.ts'
import { type ByteSource, nameOf } from './bytes.ts'
import { guarded, optional, type ReadColumnarOptions, TableBuilder } from './columnar.ts'
import type { Table } from './table.ts'

/** What is used of apache-arrow. */
export interface ArrowLibrary {
  readonly RecordBatchReader: { from(source: AsyncIterable<Uint8Array>): unknown }
}

export interface ReadArrowOptions extends ReadColumnarOptions {
  /** The module apache-arrow. Default: imported when it is needed, where it is installed. */
  library?: ArrowLibrary | undefined
}

interface RecordBatch {
  readonly numRows: number
  readonly schema: { readonly fields: readonly { readonly name: string }[] }
  getChildAt(column: number): { get(row: number): unknown } | null
}

/**
 * Reads an Arrow IPC stream or a Feather 2 file into a table with apache-arrow (an optional peer: `npm install
 * apache-arrow`), one record batch after the other; of a file all bytes are taken first. Metadata, offsets and codes are
 * checked before the library sees them. Columns of lists or records are errors (`columns` chooses others), and so are
 * compressed ones.
 */
export async function readArrow(source: ByteSource, options: ReadArrowOptions = {}): Promise<Table> {
  const { name = nameOf(source, 'Arrow data') } = known(
    'data.readArrow',
    options,
    'columns types missing maxRows name library',
  )
  const library = options.library ?? ((await optional('apache-arrow', '21', 'Arrow')) as ArrowLibrary)
  return guarded(name, 'Arrow stream or file', async () => {
    const batches = (await library.RecordBatchReader.from(
      new ArrowCheck(name).frames(source),
    )) as AsyncIterable<RecordBatch>
    let table: TableBuilder | undefined
    let places: readonly number[] = []
    for await (const batch of batches) {
      const found = batch.schema.fields.map((field) => String(field.name))
      if (table === undefined) {
        table = new TableBuilder(found, options, name)
        places = table.names.map((column) => found.indexOf(column))
      }
      const columns = places.map((place) => batch.getChildAt(place))
      table.add(batch.numRows, (column, row) => columns[column]?.get(row))
    }
    return (table ?? new TableBuilder([], {}, name)).finish()
  })
}
