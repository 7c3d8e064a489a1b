import { columnOf, splitTable, type Table, takeRows } from '../../data/table.ts'
import { DataError } from '../../errors.ts'

/** Classes with fewer rows are all trained on. */
const FEW = 5

/** Holds out a part of the rows; where there are classes, the same part of each that has enough. */
export function divide(
  table: Table,
  part: number,
  seed: number,
  stratify: string | undefined,
): { train: Table; test: Table } {
  if (stratify === undefined) return splitOf(table, part, seed)
  const column = columnOf(table, stratify)
  const values: ArrayLike<number> = column.kind === 'number' ? column.values : column.codes
  const counts = new Map<number, number>()
  for (let row = 0; row < table.rows; row++)
    counts.set(values[row] as number, (counts.get(values[row] as number) ?? 0) + 1)
  const rows = Array.from({ length: table.rows }, (_, row) => row)
  const isRare = (row: number): boolean => (counts.get(values[row] as number) as number) < FEW
  const rare = rows.filter(isRare)
  if (rare.length === table.rows) return splitOf(table, part, seed)
  const common =
    rare.length === 0
      ? table
      : takeRows(
          table,
          rows.filter((row) => !isRare(row)),
        )
  const { train, test } = splitOf(common, part, seed, stratify)
  if (rare.length === 0) return { train, test }
  const places = new Map([...table.at].map((at, row) => [at, row]))
  return { train: takeRows(table, [...[...train.at].map((at) => places.get(at) as number), ...rare]), test }
}

/** Rounding leaves both parts a row, or there are too few. */
function splitOf(table: Table, part: number, seed: number, stratify?: string): { train: Table; test: Table } {
  const held = Math.round(part * table.rows)
  if (held > 0 && held < table.rows) return splitTable(table, part, seed, { stratify })
  throw new DataError('too few rows to hold any out', {
    where: table.name,
    expected: `a part of ${part} to be at least one row, and not all of them`,
    received: `${table.rows} ${table.rows === 1 ? 'row' : 'rows'}`,
    hint: 'Rows are held out for the test at the end (--hold-out) and to tell when to stop: give more of them.',
  })
}
