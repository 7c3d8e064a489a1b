import { ArgumentError, DataError } from '../errors.ts'
import { label } from '../io/header.ts'
import { known } from '../options.ts'
import { type CellKind, ColumnBuilder, cellText, MISSING, unexpected } from './cells.ts'
import { checkSeed } from './loader.ts'
import { orderOf } from './random.ts'

/** Apart from the streams of epochs, and from that of the engine. */
const SPLIT = -1

/** Values of a column of numbers; NaN where one is missing. */
export interface NumberColumn {
  readonly kind: 'number'
  readonly name: string
  readonly values: Float64Array
}
/** Values of a column of texts: for each row the place of its text in `categories`, -1 where it is missing. */
export interface CategoryColumn {
  readonly kind: 'category'
  readonly name: string
  readonly codes: Int32Array
  readonly categories: readonly string[]
}
export type TableColumn = NumberColumn | CategoryColumn

/** Named columns of numbers and texts, as a CSV file has them. A `TablePreprocessor` makes a data set of it. */
export interface Table {
  /** What errors call it. */
  readonly name: string
  readonly rows: number
  readonly columns: readonly TableColumn[]
  /** Number of each row in the file it comes from. */
  readonly at: Int32Array
}

/** The column of that name. */
export function columnOf(table: Table, name: string): TableColumn {
  const column = table.columns.find((column) => column.name === name)
  if (column === undefined)
    throw unexpected(
      table.name,
      name,
      table.columns.map(({ name }) => name),
    )
  return column
}

/** One value of a row given as an object; null, undefined and NaN are missing. */
export type Cell = string | number | boolean | bigint | Date | null | undefined

export interface TableOptions {
  /** Kinds of columns, by name; the others are told from their content. */
  types?: Readonly<Record<string, CellKind>> | undefined
  /** Texts that stand for a missing value. Default: '', NA, N/A, NaN, nan, NULL, null, ?. */
  missing?: readonly string[] | undefined
  /** What errors call it. Default 'rows'. */
  name?: string | undefined
}

/**
 * A table of rows given as objects: `await tableOf([{ width: 1.5, colour: 'red' }])`, or `tableOf(jsonLines(source))`. A
 * key that a row does not have is a missing value. Numbers, booleans, big
 * integers and dates are read as their texts would be.
 */
export async function tableOf(
  rows: Iterable<Readonly<Record<string, unknown>>> | AsyncIterable<Readonly<Record<string, unknown>>>,
  options: TableOptions = {},
): Promise<Table> {
  const { name = 'rows' } = known('data.tableOf', options, 'types missing name')
  const types = new Map(Object.entries(options.types ?? {}))
  const missing = new Set(options.missing ?? MISSING)
  const builders = new Map<string, ColumnBuilder>()
  const seen = new Map<ColumnBuilder, number>()
  let count = 0
  for await (const row of rows) {
    count++
    if (typeof row !== 'object' || row === null)
      throw new DataError('a row is no object', { where: `${name}: row ${count}`, received: typeof row })
    for (const [key, value] of Object.entries(row)) {
      let builder = builders.get(key)
      if (builder === undefined) {
        builder = new ColumnBuilder(key, `${name}: column ${label(key)}`, types.get(key), missing)
        builders.set(key, builder)
      }
      for (let i = seen.get(builder) ?? 0; i < count - 1; i++) builder.addMissing()
      const text = cellText(value, () => `${name}: column ${label(key)}, row ${count}`)
      if (text === undefined) builder.addMissing()
      else builder.add(text, count)
      seen.set(builder, count)
    }
  }
  for (const builder of builders.values()) for (let i = seen.get(builder) ?? 0; i < count; i++) builder.addMissing()
  if (count === 0 || builders.size === 0) throw new DataError('no rows', { where: name })
  const columns = [...builders.values()].map((builder) => builder.finish())
  return { name, rows: count, columns, at: Int32Array.from({ length: count }, (_, i) => i + 1) }
}

/** Those rows of a table, in that order. */
export function takeRows(table: Table, rows: ArrayLike<number>): Table {
  const picked = Int32Array.from(rows)
  const out = picked.find((row) => row < 0 || row >= table.rows)
  if (out !== undefined || picked.some((row, i) => row !== rows[i]))
    throw new ArgumentError('no such row', {
      where: table.name,
      expected: `whole numbers from 0 to ${table.rows - 1}`,
      received: String(out ?? 'something else'),
    })
  return {
    name: table.name,
    rows: picked.length,
    at: picked.map((row) => table.at[row] as number),
    columns: table.columns.map((column) =>
      column.kind === 'number'
        ? { ...column, values: Float64Array.from(picked, (row) => column.values[row] as number) }
        : { ...column, codes: picked.map((row) => column.codes[row] as number) },
    ),
  }
}

export interface SplitTableOptions {
  /** A column of categories whose values shall have the same shares in both parts. */
  stratify?: string | undefined
}

/** Shuffles the rows with the seed and holds out `part` of them (0.2: a fifth) as the test set. The same everywhere. */
export function splitTable(
  table: Table,
  part: number,
  seed: number,
  options: SplitTableOptions = {},
): { readonly train: Table; readonly test: Table } {
  checkSeed('data.splitTable', seed)
  const { stratify } = known('data.splitTable', options, 'stratify')
  const order = orderOf(table.rows, seed, SPLIT)
  const groups = new Map<number | string, number[]>()
  const column = stratify === undefined ? undefined : columnOf(table, stratify)
  for (const row of order) {
    const key =
      column === undefined ? 0 : column.kind === 'number' ? String(column.values[row]) : (column.codes[row] as number)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [row])
    else group.push(row)
  }
  // A row goes to the test set whenever the share due so far has grown by one: the groups' fractions add up.
  const held = new Set<number>()
  let k = 0
  for (const group of groups.values())
    for (const row of group) if (Math.round(part * k++) < Math.round(part * k)) held.add(row)
  if (!(part > 0 && part < 1) || held.size === 0 || held.size === table.rows)
    throw new ArgumentError('the part leaves nothing on one side', {
      where: 'data.splitTable',
      expected: `a number between 0 and 1 that takes 1 to ${table.rows - 1} of the ${table.rows} rows`,
      received: String(part),
    })
  const rows = [...order]
  return {
    train: takeRows(
      table,
      rows.filter((row) => !held.has(row)),
    ),
    test: takeRows(
      table,
      rows.filter((row) => held.has(row)),
    ),
  }
}
