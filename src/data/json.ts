// JSON of untrusted files, read strictly: JSON.parse hides duplicate keys, gives Infinity for 1e400, rounds big integers.
import { DataError } from '../errors.ts'
import { label } from '../io/header.ts'

/** A value of JSON. Objects have no prototype. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject
export interface JsonObject {
  readonly [key: string]: JsonValue
}

const MAX_DEPTH = 64
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
/** From the space on, without quote and backslash. */
const PLAIN = /[ !#-[\]-\u{10ffff}]*/uy

/** Parses one JSON text; `where` is what errors call it, with the character at fault. */
export function parseJson(text: string, where: string): JsonValue {
  const parser = new Parser(text, where)
  const value = parser.value(0)
  parser.end()
  return value
}

class Parser {
  readonly #text: string
  readonly #where: string
  #at = 0

  constructor(text: string, where: string) {
    this.#text = text
    this.#where = where
  }

  value(depth: number): JsonValue {
    this.#space()
    const character = this.#text[this.#at]
    if (character === '"') return this.#string()
    if (character === '{' || character === '[') {
      if (depth === MAX_DEPTH) this.#fail(`at most ${MAX_DEPTH} levels`)
      this.#at++
      return character === '{' ? this.#object(depth + 1) : this.#list(depth + 1)
    }
    for (const [word, value] of WORDS)
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length
        return value
      }
    return this.#number()
  }

  end(): void {
    this.#space()
    if (this.#at < this.#text.length) this.#fail('the end')
  }

  #object(depth: number): JsonObject {
    const object: Record<string, JsonValue> = Object.create(null)
    if (this.#takes('}')) return object
    do {
      this.#space()
      const at = this.#at
      if (this.#text[at] !== '"') this.#fail('a key in quotes')
      const key = this.#string()
      if (Object.hasOwn(object, key)) {
        this.#at = at
        this.#fail('keys that differ', label(key))
      }
      if (!this.#takes(':')) this.#fail("':'")
      object[key] = this.value(depth)
    } while (this.#takes(','))
    if (!this.#takes('}')) this.#fail("',' or '}'")
    return object
  }

  #list(depth: number): JsonValue[] {
    const list: JsonValue[] = []
    if (this.#takes(']')) return list
    do list.push(this.value(depth))
    while (this.#takes(','))
    if (!this.#takes(']')) this.#fail("',' or ']'")
    return list
  }

  #string(): string {
    const start = this.#at++
    for (;;) {
      PLAIN.lastIndex = this.#at
      PLAIN.exec(this.#text)
      this.#at = PLAIN.lastIndex
      const character = this.#text[this.#at]
      if (character === '"') break
      if (character !== '\\' || this.#at + 1 >= this.#text.length)
        this.#fail('a closed string without control characters')
      this.#at += 2
    }
    const raw = this.#text.slice(start, ++this.#at)
    if (!raw.includes('\\')) return raw.slice(1, -1)
    try {
      return JSON.parse(raw) as string
    } catch {
      this.#at = start
      return this.#fail('a string of valid escapes')
    }
  }

  #number(): number {
    NUMBER.lastIndex = this.#at
    const text = NUMBER.exec(this.#text)?.[0]
    if (text === undefined) return this.#fail('a value')
    const value = Number(text)
    // Whole numbers beyond 2^53 are often keys: those that would be rounded are refused.
    const big = Number.isFinite(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(text)
    const rounded = big && String(value) !== text && BigInt(text) !== BigInt(value)
    if (!Number.isFinite(value) || rounded) this.#fail('a number that a double holds')
    this.#at += text.length
    return value
  }

  #takes(character: string): boolean {
    this.#space()
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  #space(): void {
    while (' \t\r\n'.includes(this.#text[this.#at] ?? 'x')) this.#at++
  }

  #fail(expected: string, received?: string): never {
    const rest = this.#text.slice(this.#at, this.#at + 20)
    throw new DataError(`malformed JSON at character ${this.#at + 1}`, {
      where: this.#where,
      expected,
      received: received ?? (rest === '' ? 'the end' : JSON.stringify(rest)),
    })
  }
}

const WORDS: readonly (readonly [string, boolean | null])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
]
