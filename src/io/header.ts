// The JSON of a safetensors header, read strictly: JSON.parse hides duplicate keys, rounds integers
// above 2^53 and gives no byte offsets. Values are strings, non-negative integers, arrays and objects (as Maps).
import { DataError } from '../errors.ts'

export type Json = string | number | readonly Json[] | ReadonlyMap<string, Located>
export interface Located {
  readonly value: Json
  /** Byte offset in the file. */
  readonly at: number
}

const MAX_DEPTH = 4
// Far above any model, and what keeps a hostile header from costing more memory than its own size.
const MAX_KEYS = 50_000
const MAX_LIST = 32
/** Nearly all strings are plain and short, which needs no decoder. */
const SHORT = 64
const [QUOTE, COMMA, COLON, BACKSLASH] = [0x22, 0x2c, 0x3a, 0x5c] as const
const [OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP] = [0x5b, 0x5d, 0x7b, 0x7d] as const

/** A name as errors show it: quoted, and short whatever a file says. */
export function label(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}...` : name)
}

export class HeaderParser {
  private at: number
  private readonly bytes: Uint8Array
  private readonly end: number
  private readonly name: string
  private readonly text: TextDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

  constructor(bytes: Uint8Array, start: number, end: number, name: string) {
    this.bytes = bytes
    this.at = start
    this.end = end
    this.name = name
  }

  /** The members of the header object one by one; after the last, nothing but the spaces that pad it. */
  *members(): Generator<readonly [string, Located]> {
    if (this.peek() !== OPEN_MAP) this.fail("'{' as the first byte of the header")
    yield* this.map(1)
    this.space()
    if (this.at < this.end) this.fail('nothing but spaces after the header object')
  }

  private value(depth: number): Json {
    const byte = this.peek()
    if (byte === QUOTE) return this.string()
    if (byte !== undefined && byte >= 0x30 && byte <= 0x39) return this.integer()
    if (byte !== OPEN_MAP && byte !== OPEN_LIST) this.fail('a string, a non-negative integer, a list or an object')
    if (depth >= MAX_DEPTH) this.fail(`at most ${MAX_DEPTH} levels`)
    return byte === OPEN_MAP ? new Map(this.map(depth + 1)) : this.list(depth + 1)
  }

  private *map(depth: number): Generator<readonly [string, Located]> {
    const seen = new Set<string>()
    this.at++
    if (this.closes(CLOSE_MAP)) return
    do {
      this.space()
      const keyAt = this.at
      if (this.peek() !== QUOTE) this.fail('a key in quotes')
      const key = this.string()
      if (seen.has(key)) {
        throw new DataError(`duplicate key ${label(key)} at byte ${keyAt}`, { where: this.name })
      }
      seen.add(key)
      if (seen.size > MAX_KEYS) this.fail(`at most ${MAX_KEYS} keys in an object`)
      this.expect(COLON, "':' after the key")
      this.space()
      const at = this.at
      yield [key, { value: this.value(depth), at }]
    } while (this.continues(CLOSE_MAP, "',' or '}'"))
  }

  private list(depth: number): readonly Json[] {
    const list: Json[] = []
    this.at++
    if (this.closes(CLOSE_LIST)) return list
    do {
      this.space()
      if (list.length >= MAX_LIST) this.fail(`at most ${MAX_LIST} items in a list`)
      list.push(this.value(depth))
    } while (this.continues(CLOSE_LIST, "',' or ']'"))
    return list
  }

  private string(): string {
    const start = this.at++
    let plain = true
    for (let byte = this.peek(); byte !== QUOTE; byte = this.peek()) {
      if (byte === undefined || byte < 0x20) this.fail('a closed string without control characters')
      plain &&= byte !== BACKSLASH && byte < 0x80
      this.at += byte === BACKSLASH ? 2 : 1
    }
    this.at++
    if (this.at > this.end) this.fail('a closed string')
    const raw = this.bytes.subarray(start, this.at)
    if (plain && raw.length < SHORT) return String.fromCharCode(...raw.subarray(1, -1))
    try {
      const text = JSON.parse(this.text.decode(raw)) as string
      if (!/\p{Surrogate}/u.test(text)) return text
    } catch {
      // The same complaint as for a lone surrogate, which cannot be written as UTF-8.
    }
    this.at = start
    return this.fail('a string of valid UTF-8 and escapes')
  }

  private integer(): number {
    const start = this.at
    let value = 0
    for (let byte = this.peek(); byte !== undefined && byte >= 0x30 && byte <= 0x39; byte = this.peek()) {
      value = value * 10 + (byte - 0x30)
      this.at++
      if (value > Number.MAX_SAFE_INTEGER || (this.at > start + 1 && this.bytes[start] === 0x30)) {
        this.at = start
        this.fail('an integer below 2^53 without leading zeros')
      }
    }
    return value
  }

  private closes(bracket: number): boolean {
    this.space()
    if (this.peek() !== bracket) return false
    this.at++
    return true
  }

  private continues(bracket: number, expected: string): boolean {
    if (this.closes(bracket)) return false
    this.expect(COMMA, expected)
    return true
  }

  private expect(byte: number, expected: string): void {
    this.space()
    if (this.peek() !== byte) this.fail(expected)
    this.at++
  }

  private space(): void {
    for (let byte = this.peek(); byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d; byte = this.peek()) {
      this.at++
    }
  }

  private peek(): number | undefined {
    return this.at < this.end ? this.bytes[this.at] : undefined
  }

  private fail(expected: string): never {
    const byte = this.peek()
    throw new DataError(`malformed header at byte ${this.at}`, {
      where: this.name,
      expected,
      received: byte === undefined ? 'the end of the header' : `byte 0x${byte.toString(16).padStart(2, '0')}`,
    })
  }
}
