// Texts of a table become typed columns.
import { DataError } from '../errors.ts'
import { label } from '../io/header.ts'
import type { TableColumn } from './table.ts'

/** What the values of a column are. */
export type CellKind = 'number' | 'category'

/** Texts that stand for a missing value unless told otherwise. */
export const MISSING: readonly string[] = ['', 'NA', 'N/A', 'NaN', 'nan', 'NULL', 'null', '?']

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
/** With more distinct numbers than this a column is one of numbers, whatever follows. */
const SURE = 1000
/** Where that part of at least so many values are numbers, the others are taken for mistakes. */
const NEARLY = 0.95
const ENOUGH = 20

/** Is it a decimal number, with nothing before or behind it? */
export const isNumber = (text: string): boolean => NUMBER.test(text)

/** A typed array that grows without copying what is there. */
class Chunks<T extends Float64Array | Int32Array> {
  readonly #make: (size: number) => T
  readonly #full: T[] = []
  #last: T
  #used = 0
  constructor(make: (size: number) => T) {
    this.#make = make
    this.#last = make(64)
  }
  get length(): number {
    return this.#full.reduce((sum, { length }) => sum + length, 0) + this.#used
  }
  push(value: number): void {
    if (this.#used === this.#last.length) {
      this.#full.push(this.#last)
      this.#last = this.#make(Math.min(65_536, 2 * this.#last.length))
      this.#used = 0
    }
    this.#last[this.#used++] = value
  }
  join(): T {
    const whole = this.#make(this.length)
    let at = 0
    for (const chunk of this.#full) {
      whole.set(chunk, at)
      at += chunk.length
    }
    whole.set(this.#last.subarray(0, this.#used), at)
    return whole
  }
}

/** Takes the values of a column as text and finds out what they are. */
export class ColumnBuilder {
  readonly #name: string
  readonly #where: string
  readonly #kind: CellKind | undefined
  readonly #missing: ReadonlySet<string>
  /** Distinct texts, until the column is known to be of numbers. */
  #codes: Chunks<Int32Array> | undefined
  #texts: Map<string, number> = new Map()
  #numeric: boolean[] = []
  #numbers: Chunks<Float64Array> | undefined
  #counts = { number: 0, other: 0 }
  #odd: { readonly text: string; readonly row: number } | undefined

  constructor(name: string, where: string, kind: CellKind | undefined, missing: ReadonlySet<string>) {
    this.#name = name
    this.#where = where
    this.#kind = kind
    this.#missing = missing
    if (kind === 'number') this.#numbers = new Chunks((size) => new Float64Array(size))
    else this.#codes = new Chunks((size) => new Int32Array(size))
  }

  addMissing(): void {
    if (this.#numbers !== undefined) this.#numbers.push(Number.NaN)
    else this.#codes?.push(-1)
  }

  add(text: string, row: number): void {
    if (this.#missing.has(text)) this.addMissing()
    else if (this.#numbers !== undefined) this.#numbers.push(this.#number(text, row))
    else this.#addText(text, row)
  }

  #addText(text: string, row: number): void {
    let code = this.#texts.get(text)
    if (code === undefined) {
      code = this.#texts.size
      this.#texts.set(text, code)
      if (this.#kind === undefined) this.#numeric.push(this.#looksNumeric(text, row))
    }
    this.#codes?.push(code)
    if (this.#kind !== undefined) return
    this.#counts[this.#numeric[code] ? 'number' : 'other']++
    if (this.#odd === undefined && this.#texts.size > SURE) this.#become()
  }

  finish(): TableColumn {
    const { number, other } = this.#counts
    if (this.#odd !== undefined && number + other >= ENOUGH && number >= NEARLY * (number + other)) {
      const { text, row } = this.#odd
      throw this.#notANumber(text, row, `a number, as ${number} of ${number + other} values are`)
    }
    if (this.#kind === undefined && this.#odd === undefined && number > 0) this.#become()
    if (this.#numbers !== undefined) return { kind: 'number', name: this.#name, values: this.#numbers.join() }
    const codes = (this.#codes as Chunks<Int32Array>).join()
    return { kind: 'category', name: this.#name, codes, categories: [...this.#texts.keys()] }
  }

  /** The codes so far turn into numbers. */
  #become(): void {
    if (this.#codes === undefined) return
    const values = Float64Array.from(this.#texts.keys(), Number)
    const numbers = new Chunks<Float64Array>((size) => new Float64Array(size))
    for (const code of this.#codes.join()) numbers.push(code < 0 ? Number.NaN : (values[code] as number))
    this.#numbers = numbers
    this.#codes = undefined
    this.#texts = new Map()
  }

  #looksNumeric(text: string, row: number): boolean {
    if (isNumber(text)) {
      this.#number(text, row)
      return true
    }
    this.#odd ??= { text, row }
    return false
  }

  #number(text: string, row: number): number {
    if (!isNumber(text)) throw this.#notANumber(text, row, 'a decimal number')
    const value = Number(text)
    if (Number.isFinite(value)) return value
    throw new DataError('a number out of range', {
      where: `${this.#where}, row ${row}`,
      expected: 'at most 1.8e308',
      received: label(text),
    })
  }

  #notANumber(text: string, row: number, expected: string): DataError {
    const name = JSON.stringify(this.#name)
    return new DataError('not a number', {
      where: `${this.#where}, row ${row}`,
      expected,
      received: label(text),
      hint: `Where it means a missing value, name it: { missing: [${label(text)}, ...] }; where the column is one of categories, { types: { ${name}: 'category' } }.`,
    })
  }
}

/** An error that lists the columns there are. */
export const unexpected = (where: string, name: string, names: readonly string[]): DataError =>
  new DataError(`no column ${label(name)}`, {
    where,
    expected: `${names.slice(0, 20).map(label).join(', ')}${names.length > 20 ? ` and ${names.length - 20} more` : ''}`,
  })

/** A value as its text; undefined where it is missing. */
export function cellText(value: unknown, where: () => string): string | undefined {
  if (value === null || value === undefined || Number.isNaN(value)) return undefined
  if (typeof value === 'string') return value
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (value instanceof Date && Number.isFinite(value.getTime())) return value.toISOString()
  throw new DataError('a value that no table holds', {
    where: where(),
    expected: 'a string, a finite number, a boolean, a date or null',
    received: typeof value === 'number' ? String(value) : Array.isArray(value) ? 'a list' : typeof value,
  })
}
