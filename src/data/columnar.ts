// Parquet and Arrow, by libraries that users who need them install: rows of their columns become a table.
import { DataError, EngineError } from '../errors.ts'
import { label } from '../io/header.ts'
import { reason } from '../io/read.ts'
import { type CellKind, ColumnBuilder, cellText, unexpected } from './cells.ts'
import type { Table } from './table.ts'

export interface ReadColumnarOptions {
  /** Read these columns only. Default: all. */
  columns?: readonly string[] | undefined
  /** Kinds of columns, by name; the others are told from their content. */
  types?: Readonly<Record<string, CellKind>> | undefined
  /** Texts that stand for a missing value, beside values that are none. Default: ''. */
  missing?: readonly string[] | undefined
  /** Most rows; a file with more is an error. Default 2^27. */
  maxRows?: number | undefined
  /** What errors call the file. */
  name?: string | undefined
}

/** Imports an optional library; `name` is no literal, so that bundlers do not look for what is not installed. */
export async function optional(name: string, version: string, format: string): Promise<unknown> {
  try {
    return await import(/* @vite-ignore */ /* webpackIgnore: true */ name)
  } catch (cause) {
    throw new EngineError(`${format} files are read by the library ${name}, which cannot be imported`, {
      where: name,
      hint: `Install it (npm install ${name}@${version}), or give the module as the option library.`,
      cause,
    })
  }
}

/** Whatever the library throws, as an error about the file. */
export async function guarded<T>(name: string, what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (cause) {
    if (cause instanceof DataError || cause instanceof EngineError) throw cause
    throw new DataError(`no ${what}, or a damaged one: ${reason(cause).slice(0, 200)}`, { where: name, cause })
  }
}

/** Takes columns value by value. */
export class TableBuilder {
  readonly #builders: readonly ColumnBuilder[]
  readonly #name: string
  readonly #maxRows: number
  readonly names: readonly string[]
  #rows = 0

  constructor(
    found: readonly string[],
    { columns, types, missing: texts = [''], maxRows = 2 ** 27 }: ReadColumnarOptions,
    name: string,
  ) {
    this.#name = name
    this.#maxRows = maxRows
    const kinds = new Map(Object.entries(types ?? {}))
    for (const wanted of [...(columns ?? []), ...kinds.keys()])
      if (!found.includes(wanted)) throw unexpected(name, wanted, found)
    this.names = columns ?? found
    if (new Set(this.names).size < this.names.length)
      throw new DataError('two columns have one name', {
        where: name,
        received: this.names.slice(0, 20).map(label).join(', '),
      })
    const missing = new Set(texts)
    this.#builders = this.names.map(
      (column) => new ColumnBuilder(column, `${name}: column ${label(column)}`, kinds.get(column), missing),
    )
  }

  /** Room for so many more rows? */
  expect(rows: number): void {
    if (this.#rows + rows <= this.#maxRows) return
    throw new DataError('too many rows', {
      where: this.#name,
      expected: `at most ${this.#maxRows} (maxRows)`,
      received: `at least ${this.#rows + rows}`,
    })
  }

  /** So many rows: the value of each of the columns. */
  add(rows: number, value: (column: number, row: number) => unknown): void {
    this.expect(rows)
    for (const [k, builder] of this.#builders.entries())
      for (let i = 0; i < rows; i++) {
        const row = this.#rows + i + 1
        const text = cellText(value(k, i), () => `${this.#name}: column ${label(this.names[k] as string)}, row ${row}`)
        if (text === undefined) builder.addMissing()
        else builder.add(text, row)
      }
    this.#rows += rows
  }

  finish(): Table {
    if (this.#rows === 0) throw new DataError('no rows', { where: this.#name })
    const at = Int32Array.from({ length: this.#rows }, (_, i) => i + 1)
    return { name: this.#name, rows: this.#rows, columns: this.#builders.map((builder) => builder.finish()), at }
  }
}
