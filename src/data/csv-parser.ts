// The records of comma-separated text (RFC 4180), from pieces of any size.
import { DataError } from '../errors.ts'

export interface CsvRecord {
  /** Number of the record in the file, from 1; empty lines have none. */
  readonly row: number
  readonly fields: readonly string[]
}

export interface CsvParserOptions {
  readonly delimiter: string
  readonly quote: boolean
  readonly trim: boolean
  readonly maxField: number
  readonly maxColumns: number
  readonly name: string
}

const [LF, CR, QUOTE, SPACE, TAB] = [0x0a, 0x0d, 0x22, 0x20, 0x09] as const
/** Where the parser stands: before a field, in one, in quotes, behind the closing quote, behind a CR. */
type State = 'start' | 'plain' | 'quoted' | 'closed' | 'return'

export class CsvParser {
  readonly #options: CsvParserOptions
  readonly #delimiter: number
  #state: State = 'start'
  /** What earlier pieces, or the text before a doubled quote, gave of the field. */
  #carry = ''
  #fields: string[] = []
  #wasQuoted = false
  #row = 1
  #line = 1
  /** Of the record. */
  #firstLine = 1
  #records: CsvRecord[] = []

  constructor(options: CsvParserOptions) {
    this.#options = options
    this.#delimiter = options.delimiter.charCodeAt(0)
  }

  /** The records that end in this piece. */
  push(text: string): CsvRecord[] {
    const { quote, trim, maxField } = this.#options
    const delimiter = this.#delimiter
    const blank = (code: number): boolean => trim && (code === SPACE || code === TAB)
    let start = 0
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      if (this.#state === 'start') {
        if (quote && code === QUOTE) {
          this.#state = 'quoted'
          this.#wasQuoted = true
          start = i + 1
          continue
        }
        if (blank(code) && code !== delimiter) {
          start = i + 1
          continue
        }
        this.#state = 'plain'
      }
      if (this.#state === 'quoted') {
        const end = text.indexOf('"', i)
        const stop = end < 0 ? text.length : end
        const content = text.slice(start, stop)
        for (let k = content.indexOf('\n'); k >= 0; k = content.indexOf('\n', k + 1)) this.#line++
        this.#carry += content
        if (this.#carry.length > maxField) this.#tooLong()
        start = i = stop
        if (end >= 0) this.#state = 'closed'
      } else if (code === delimiter && this.#state !== 'return') {
        this.#field(this.#state === 'closed' ? '' : text.slice(start, i))
        start = i + 1
      } else if (code === LF) {
        if (this.#state !== 'return') this.#field(this.#state === 'closed' ? '' : text.slice(start, i))
        this.#record()
        start = i + 1
      } else if (this.#state === 'return') {
        this.#fail('a carriage return without a line feed', 'lines that end in LF or CR LF')
      } else if (code === CR) {
        this.#field(this.#state === 'closed' ? '' : text.slice(start, i))
        this.#state = 'return'
      } else if (code === 0) {
        this.#fail('a NUL character', 'text')
      } else if (this.#state === 'closed') {
        if (code === QUOTE) {
          this.#carry += '"'
          this.#state = 'quoted'
          start = i + 1
        } else if (!blank(code)) this.#fail('text behind a closing quote', 'a delimiter or the end of the line')
      } else if (quote && code === QUOTE) {
        this.#fail(
          'a quote inside a field that does not begin with one',
          'quotes around the whole field, doubled inside',
        )
      }
    }
    if (this.#state === 'plain') {
      this.#carry += text.slice(start)
      if (this.#carry.length > maxField) this.#tooLong()
    }
    return this.#taken()
  }

  /** The record that the end of the text closes, if there is one. */
  end(): CsvRecord[] {
    if (this.#state === 'quoted') this.#fail(`a quote that opens in line ${this.#firstLine} or later is not closed`)
    if (this.#state === 'return') this.#record()
    else if (this.#state !== 'start' || this.#fields.length > 0) {
      this.#field('')
      this.#record()
    }
    return this.#taken()
  }

  #taken(): CsvRecord[] {
    const records = this.#records
    this.#records = []
    return records
  }

  #field(rest: string): void {
    const { trim, maxField, maxColumns } = this.#options
    let value = this.#carry === '' ? rest : this.#carry + rest
    if (value.length > maxField) this.#tooLong()
    if (trim && this.#state !== 'closed') value = value.replace(/[ \t]+$/, '')
    if (this.#fields.length >= maxColumns) this.#fail('too many columns', `at most ${maxColumns} (maxColumns)`)
    this.#fields.push(value)
    this.#carry = ''
    this.#state = 'start'
  }

  #record(): void {
    const fields = this.#fields
    const empty = fields.length === 1 && fields[0] === '' && !this.#wasQuoted
    if (!empty) this.#records.push({ row: this.#row++, fields })
    this.#fields = []
    this.#wasQuoted = false
    this.#state = 'start'
    this.#firstLine = ++this.#line
  }

  #tooLong(): never {
    const { maxField } = this.#options
    const hint = this.#wasQuoted ? 'Is a closing quote missing?' : undefined
    return this.#fail('a field is too long', `at most ${maxField} characters (maxField)`, hint)
  }

  #fail(what: string, expected?: string, hint?: string): never {
    throw new DataError(what, {
      where: `${this.#options.name}: row ${this.#row}, column ${this.#fields.length + 1} (line ${this.#line})`,
      ...(expected !== undefined && { expected }),
      ...(hint !== undefined && { hint }),
    })
  }
}
