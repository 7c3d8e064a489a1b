import { readArrow } from '../../data/arrow.ts'
import { type ByteSource, gunzipped } from '../../data/bytes.ts'
import { type CellKind, MISSING } from '../../data/cells.ts'
import { readCsv } from '../../data/csv.ts'
import { jsonLines } from '../../data/json-lines.ts'
import { readParquet } from '../../data/parquet.ts'
import type { TablePreprocessor } from '../../data/preprocess.ts'
import { type Table, tableOf } from '../../data/table.ts'
import { ArgumentError, DataError, EngineError } from '../../errors.ts'
import { label } from '../../io/header.ts'
import { openFile, readFile } from '../../io/node-files.ts'
import { shell } from '../run-config.ts'

export interface TableFileOptions {
  /** Kinds of columns, by name; the others are told from their content. */
  readonly types?: Readonly<Record<string, CellKind>>
  /** Texts that stand for a missing value. */
  readonly missing?: readonly string[]
  /** Whether the user may say what columns are. */
  readonly typesFlag?: boolean
}

/** The table of a file: CSV, TSV or JSON Lines, packed or not, Parquet or Arrow, as its name says. */
export async function readTable(path: string, options: TableFileOptions = {}): Promise<Table> {
  const { types, missing = MISSING, typesFlag = false } = options
  try {
    return await reader(path)({ name: path, missing, ...(types !== undefined && { types }) })
  } catch (error) {
    if (error instanceof DataError && typesFlag)
      for (const name of Object.keys(types ?? {}))
        if (error.message.includes(`: no column ${label(name)};`))
          throw new ArgumentError(`no column ${label(name)} in ${path}`, {
            where: '--types',
            ...(error.expected !== undefined && { expected: error.expected }),
            cause: error,
          })
    throw error instanceof DataError || error instanceof EngineError ? inFlags(error, typesFlag) : error
  }
}

/** Rows as a model that was trained on a table takes them. */
export const readRows = (
  path: string,
  { types, missing }: TablePreprocessor,
  others: readonly string[] = [],
): Promise<Table> => readTable(path, { types, missing: [...missing, ...others] })

interface Settings {
  readonly name: string
  readonly missing: readonly string[]
  readonly types?: Readonly<Record<string, CellKind>>
}

function reader(path: string): (settings: Settings) => Promise<Table> {
  const [, kind = ''] = /\.(\w+?)(?:\.gz)?$/.exec(path.toLowerCase()) ?? []
  // Both have a directory at the end: they are read whole.
  if (kind === 'parquet') return async (settings) => readParquet(await readFile(path), settings)
  if (kind === 'arrow' || kind === 'feather') return async (settings) => readArrow(await readFile(path), settings)
  const file = openFile(path)
  const source: ByteSource = path.endsWith('.gz') ? gunzipped(file, path) : file
  if (kind === 'jsonl' || kind === 'ndjson') return (settings) => tableOf(jsonLines(source, { name: path }), settings)
  return (settings) => readCsv(source, settings)
}

/** Hints of the library name its options: here they are flags. */
function inFlags(error: DataError | EngineError, typesFlag: boolean): DataError | EngineError {
  const { message, hint } = error
  if (hint === undefined) return error
  const plain = message.slice(0, -(hint.length + 2))
  if (error instanceof EngineError) {
    const [install] = /npm install \S+(?=\))/.exec(hint) ?? []
    return install === undefined ? error : new EngineError(plain, { hint: `Install it: ${install}.`, cause: error })
  }
  const [, text, name] = /missing: \[("(?:[^"\\]|\\.)*").*types: \{ ("(?:[^"\\]|\\.)*"):/.exec(hint) ?? []
  if (text === undefined || name === undefined) return error
  const [value, column] = [text, name].map((json) => shell(JSON.parse(json) as string))
  const types = typesFlag ? `; where the column is one of categories, --types ${column}:category` : ''
  return new DataError(plain, { hint: `Where it means a missing value, use --missing ${value}${types}.`, cause: error })
}
