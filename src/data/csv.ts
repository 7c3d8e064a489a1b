import { ArgumentError, DataError } from '../errors.ts'
import { label } from '../io/header.ts'
import { known } from '../options.ts'
import { type ByteSource, nameOf, textOf } from './bytes.ts'
import { type CellKind, ColumnBuilder, MISSING, unexpected } from './cells.ts'
import { CsvParser, type CsvParserOptions, type CsvRecord } from './csv-parser.ts'
import type { Table } from './table.ts'

export interface CsvOptions {
  /** One character. Default: whichever of comma, tab, semicolon and bar the first lines agree on. */
  delimiter?: string | undefined
  /** Fields may stand in double quotes, doubled inside. Default true. */
  quote?: boolean | undefined
  /** The first record names the columns (default), or there is none and these are the names (`false`: 1, 2, 3 ...). */
  header?: boolean | readonly string[] | undefined
  /** Records to leave out before the header. Default 0. */
  skip?: number | undefined
  /** Take spaces and tabs around fields away. Default false: they belong to the field. */
  trim?: boolean | undefined
  /** Longest field, in characters. Default 1 MiB. */
  maxField?: number | undefined
  /** Default 16,384. */
  maxColumns?: number | undefined
  /** What errors call the file. Default: the name of the source, if it has one. */
  name?: string | undefined
}

/** A record of a CSV file and the names of its fields. */
export interface CsvRow extends CsvRecord {
  readonly names: readonly string[]
}

const CANDIDATES = [',', '\t', ';', '|'] as const
/** Characters and records the delimiter is guessed from. */
const SAMPLE = 65_536
const SAMPLE_RECORDS = 20

interface Block {
  readonly names: readonly string[]
  readonly records: readonly CsvRecord[]
}

/**
 * The rows of comma-, tab- or otherwise separated text (RFC 4180, UTF-8, lines that end in LF or CR LF, empty lines left
 * out), one after the other, whatever the size of the file. Every row must have as many fields as the header. Errors
 * (DataError) name row, column and line; the header is row 1.
 */
export async function* csvRows(source: ByteSource, options: CsvOptions = {}): AsyncGenerator<CsvRow, void, undefined> {
  for await (const { names, records } of blocksOf(
    source,
    known('data.csvRows', options, 'delimiter quote header skip trim maxField maxColumns name'),
  ))
    for (const { row, fields } of records) yield { row, fields, names }
}

export interface ReadCsvOptions extends CsvOptions {
  /** Kinds of columns, by name; the others are told from their content. */
  types?: Readonly<Record<string, CellKind>> | undefined
  /** Fields that stand for a missing value. Default: '', NA, N/A, NaN, nan, NULL, null, ?. */
  missing?: readonly string[] | undefined
  /** Read that many rows at most. Default: all. */
  rows?: number | undefined
  /** Read these columns only. Default: all. */
  columns?: readonly string[] | undefined
}

/**
 * Reads a CSV or TSV file into typed columns. A column whose values are all decimal numbers is a number column, any
 * other a category; where nearly all are numbers the odd one is an error that names its place, rather than a category
 * for each number. Memory: eight bytes a number, four a category and each distinct text once.
 */
export async function readCsv(source: ByteSource, options: ReadCsvOptions = {}): Promise<Table> {
  known('data.readCsv', options, 'delimiter quote header skip trim maxField maxColumns name types missing rows columns')
  const name = options.name ?? nameOf(source, 'CSV data')
  const types = new Map(Object.entries(options.types ?? {}))
  const missing = new Set(options.missing ?? MISSING)
  const limit = whole('rows', options.rows ?? Number.POSITIVE_INFINITY, 1)
  let builders: ColumnBuilder[] | undefined
  let taken: number[] = []
  const at: number[] = []
  for await (const { names, records } of blocksOf(source, options)) {
    if (builders === undefined) {
      taken = chosen(names, options.columns ?? names, name)
      chosen(names, [...types.keys()], name)
      builders = taken.map(
        (i) =>
          new ColumnBuilder(
            names[i] as string,
            `${name}: column ${label(names[i] as string)}`,
            types.get(names[i] as string),
            missing,
          ),
      )
    }
    for (const { row, fields } of records) {
      if (at.length >= limit) break
      at.push(row)
      for (const [k, builder] of builders.entries()) builder.add(fields[taken[k] as number] as string, row)
    }
    if (at.length >= limit) break
  }
  if (builders === undefined || at.length === 0)
    throw new DataError('no rows', {
      where: name,
      expected: 'a header and at least one row of values',
      ...(typeof source === 'string' && { hint: 'A string is taken as the text itself, not as the path of a file.' }),
    })
  return { name, rows: at.length, columns: builders.map((builder) => builder.finish()), at: Int32Array.from(at) }
}

function chosen(names: readonly string[], wanted: readonly string[], where: string): number[] {
  return wanted.map((name) => {
    const i = names.indexOf(name)
    if (i < 0) throw unexpected(where, name, names)
    return i
  })
}

async function* blocksOf(source: ByteSource, options: CsvOptions): AsyncGenerator<Block, void, undefined> {
  const name = options.name ?? nameOf(source, 'CSV data')
  const { header = true } = options
  const skip = whole('skip', options.skip ?? 0, 0)
  let parser: CsvParser | undefined
  let sample = ''
  let names: readonly string[] | undefined
  let width = 0
  const block = (records: CsvRecord[]): Block | undefined => {
    let from = 0
    if (names === undefined) {
      from = records.findIndex(({ row }) => row > skip)
      if (from < 0) return undefined
      const { fields } = records[from] as CsvRecord
      names = header === true ? fields : header === false ? fields.map((_, i) => String(i + 1)) : [...header]
      checkNames(names, `${name}: row ${(records[from] as CsvRecord).row}`)
      width = names.length
      if (header === true) from++
    }
    for (let i = from; i < records.length; i++) {
      const { row, fields } = records[i] as CsvRecord
      if (fields.length !== width) throw wrongWidth(`${name}: row ${row}`, width, fields.length)
    }
    return { names, records: from === 0 ? records : records.slice(from) }
  }
  const settings = settingsOf(options, name)
  const begin = (whole: boolean): CsvParser =>
    new CsvParser({ ...settings, delimiter: options.delimiter ?? guess(sample, whole, settings, skip) })
  for await (const text of textOf(source, name)) {
    let records: CsvRecord[]
    if (parser === undefined) {
      sample += text
      if (options.delimiter === undefined && sample.length < SAMPLE) continue
      parser = begin(false)
      records = parser.push(sample)
    } else records = parser.push(text)
    const made = block(records)
    if (made !== undefined) yield made
  }
  if (parser === undefined) {
    parser = begin(true)
    const made = block(parser.push(sample))
    if (made !== undefined) yield made
  }
  const last = block(parser.end())
  if (last !== undefined) yield last
}

function settingsOf(options: CsvOptions, name: string): Omit<CsvParserOptions, 'delimiter'> {
  const { delimiter, quote = true, trim = false } = options
  if (delimiter !== undefined && (delimiter.length !== 1 || /["\r\n\0]/.test(delimiter)))
    throw new ArgumentError('the delimiter is not usable', {
      where: 'delimiter',
      expected: 'one character that is no quote and no line end',
      received: JSON.stringify(delimiter),
    })
  const maxField = whole('maxField', options.maxField ?? 2 ** 20, 1)
  return { quote, trim, maxField, maxColumns: whole('maxColumns', options.maxColumns ?? 16_384, 1), name }
}

/** The candidate by which the first records have the most fields, and all as many. */
function guess(sample: string, complete: boolean, settings: Omit<CsvParserOptions, 'delimiter'>, skip: number): string {
  let best: string = CANDIDATES[0]
  let most = 1
  let agreed = false
  for (const delimiter of CANDIDATES) {
    let records: CsvRecord[]
    try {
      const parser = new CsvParser({ ...settings, delimiter })
      records = parser.push(sample)
      if (complete) records = [...records, ...parser.end()]
    } catch {
      continue
    }
    const [first, ...others] = records.filter(({ row }) => row > skip).slice(0, SAMPLE_RECORDS)
    const width = first?.fields.length ?? 0
    const agrees = others.every(({ fields }) => fields.length === width)
    if (width > 1 && (agrees === agreed ? width > most : agrees)) [best, most, agreed] = [delimiter, width, agrees]
  }
  return best
}

function checkNames(names: readonly string[], where: string): void {
  const seen = new Map<string, number>()
  for (const [i, name] of names.entries()) {
    const before = seen.get(name)
    if (name === '' || before !== undefined)
      throw new DataError(name === '' ? 'a column without a name' : `two columns are named ${label(name)}`, {
        where: `${where}, column ${i + 1}`,
        expected:
          before === undefined ? 'a header that names every column' : `a name other than that of column ${before + 1}`,
        hint: 'Without a header row, give { header: false } or the names, { header: [...] }.',
      })
    seen.set(name, i)
  }
}

const wrongWidth = (where: string, expected: number, received: number): DataError =>
  new DataError(received < expected ? 'too few fields' : 'too many fields', {
    where,
    expected: `${expected}, as the header has`,
    received: String(received),
  })

function whole(where: string, value: number, least: number): number {
  if (value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && value >= least)) return value
  throw new ArgumentError('not a number that fits', {
    where,
    expected: `a whole number of at least ${least}`,
    received: String(value),
  })
}
