import { ArgumentError, DataError } from '../errors.ts'
import { known } from '../options.ts'

/** One column of a data set: rows of `shape` numbers each, one after the other. */
export interface Column {
  readonly data: Float32Array | Int32Array
  /** Shape of one row; [] for one number a row. */
  readonly shape: readonly number[]
}

/** Examples in memory: named columns with one row an example. */
export interface Dataset<K extends string = string> {
  /** Number of examples. */
  readonly size: number
  readonly columns: Readonly<Record<K, Column>>
}

export interface ArraysOptions<K extends string> {
  /** Shapes of one row, by column. Default [] (one number a row). */
  shapes?: { readonly [name in K]?: readonly number[] }
}

/** A data set over typed arrays, which are not copied: `arrays({ x, y }, { shapes: { x: [784] } })`. */
export function arrays<K extends string>(
  data: Readonly<Record<K, Float32Array | Int32Array>>,
  options: ArraysOptions<K> = {},
): Dataset<K> {
  const { shapes: given = {} } = known('data.arrays', options, 'shapes')
  const shapes = new Map(Object.entries<readonly number[] | undefined>(given))
  const entries = Object.entries<Float32Array | Int32Array>(data)
  const columns: Record<string, Column> = Object.create(null)
  let size: number | undefined
  for (const name of shapes.keys())
    if (!Object.hasOwn(data, name))
      throw new ArgumentError(`a shape for a column '${name}' that is not there`, {
        where: 'data.arrays',
        expected: Object.keys(data).join(', '),
      })
  for (const [name, column] of entries) {
    if (!(column instanceof Float32Array || column instanceof Int32Array))
      throw new ArgumentError(`column '${name}' is not a typed array the engine takes`, {
        where: 'data.arrays',
        expected: 'Float32Array or Int32Array',
        received: (column as object | undefined)?.constructor?.name ?? String(column),
      })
    const shape = shapes.get(name) ?? []
    if (shape.some((n) => !Number.isSafeInteger(n) || n < 1))
      throw new ArgumentError(`the shape of column '${name}' is not a shape`, {
        where: 'data.arrays',
        expected: 'whole numbers of at least 1',
        received: `[${shape.join(', ')}]`,
      })
    const rows = column.length / width(shape)
    if (!Number.isInteger(rows) || (size !== undefined && rows !== size))
      throw new DataError(`column '${name}' does not fit`, {
        where: 'data.arrays',
        expected: `${size === undefined ? 'whole' : size} rows of shape [${shape.join(', ')}]`,
        received: `${column.length} numbers`,
        hint: 'Give the shape of one row of each column: { shapes: { x: [784] } }.',
      })
    size = rows
    columns[name] = { data: column, shape: [...shape] }
  }
  if (size === undefined) throw new ArgumentError('a data set without columns', { where: 'data.arrays' })
  return { size, columns: columns as Record<K, Column> }
}

/** Numbers in one row. */
export const width = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1)

/** The rows of those numbers, copied, in that order. */
export function take<K extends string>(dataset: Dataset<K>, rows: ArrayLike<number>): Dataset<K> {
  const columns: Record<string, Column> = Object.create(null)
  for (const [name, { data, shape }] of Object.entries<Column>(dataset.columns)) {
    const n = width(shape)
    const copy = data instanceof Float32Array ? new Float32Array(rows.length * n) : new Int32Array(rows.length * n)
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i] as number
      copy.set(data.subarray(row * n, (row + 1) * n), i * n)
    }
    columns[name] = { data: copy, shape }
  }
  return { size: rows.length, columns: columns as Record<K, Column> }
}
