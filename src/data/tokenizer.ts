import { ArgumentError, DataError } from '../errors.ts'
import { type FittedJson, JsonReader } from './fitted.ts'

/** Text as whole numbers, and back. */
export interface Tokenizer {
  readonly kind: string
  /** Tokens there are: encoded text holds 0 to size - 1. */
  readonly size: number
  encode(text: string): Int32Array
  /** Bytes that are no UTF-8 (a text cut within a character) become U+FFFD. */
  decode(tokens: ArrayLike<number>): string
  /** What a model keeps; `tokenizerFromJSON` reads it. */
  toJSON(): FittedJson
}

/** The bytes of UTF-8; a text with half a surrogate pair has none. */
export function bytesOf(text: string): Uint8Array {
  const broken = text.search(/\p{Surrogate}/u)
  if (broken < 0) return new TextEncoder().encode(text)
  throw new DataError(`half a surrogate pair at character ${broken}`, { where: 'encode', expected: 'well-formed text' })
}

/** Checks tokens given to `decode`. */
export function checkToken(token: number, at: number, size: number): number {
  if (Number.isInteger(token) && token >= 0 && token < size) return token
  throw new DataError(`no such token at place ${at}`, {
    where: 'decode',
    expected: `0 to ${size - 1}`,
    received: String(token),
  })
}

/** A token for each byte of UTF-8: 256 of them, nothing to train, any text. */
export class ByteTokenizer implements Tokenizer {
  readonly kind = 'bytes'
  readonly size = 256

  encode(text: string): Int32Array {
    return Int32Array.from(bytesOf(text))
  }

  decode(tokens: ArrayLike<number>): string {
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(
      Uint8Array.from(tokens, (token, i) => checkToken(token, i, 256)),
    )
  }

  static fromJSON(json: unknown, name = 'tokenizer'): ByteTokenizer {
    new JsonReader(json, name).header('bytes', 1)
    return new ByteTokenizer()
  }

  toJSON(): FittedJson {
    return { kind: this.kind, version: 1 }
  }
}

/** A token for each character (code point) of the training text. Others cannot be encoded. */
export class CharacterTokenizer implements Tokenizer {
  readonly kind = 'characters'
  /** By token. */
  readonly characters: readonly string[]
  readonly #tokens: ReadonlyMap<string, number>

  private constructor(characters: readonly string[]) {
    this.characters = characters
    this.#tokens = new Map(characters.map((character, token) => [character, token]))
  }

  /** The characters of a text, ordered by code point. */
  static train(text: string): CharacterTokenizer {
    bytesOf(text)
    if (text === '') throw new ArgumentError('there is no text', { where: 'CharacterTokenizer.train' })
    const characters = [...new Set(text)].sort((a, b) => (a.codePointAt(0) as number) - (b.codePointAt(0) as number))
    return new CharacterTokenizer(characters)
  }

  get size(): number {
    return this.characters.length
  }

  encode(text: string): Int32Array {
    const tokens = new Int32Array(text.length)
    let count = 0
    for (const character of text) {
      const token = this.#tokens.get(character)
      if (token === undefined)
        throw new DataError(`a character that the training text does not have, number ${count}`, {
          where: 'encode',
          received: JSON.stringify(character),
          hint: 'A byte or BPE tokenizer encodes any text.',
        })
      tokens[count++] = token
    }
    return tokens.subarray(0, count)
  }

  decode(tokens: ArrayLike<number>): string {
    return Array.from(tokens, (token, i) => this.characters[checkToken(token, i, this.size)]).join('')
  }

  static fromJSON(json: unknown, name = 'tokenizer'): CharacterTokenizer {
    const root = new JsonReader(json, name)
    root.header('characters', 1)
    const text = root.get('characters')
    const characters = [...text.string()]
    if (characters.length === 0 || new Set(characters).size < characters.length || /\p{Surrogate}/u.test(text.string()))
      text.fail('characters, no two of them equal')
    return new CharacterTokenizer(characters)
  }

  toJSON(): FittedJson & { readonly characters: string } {
    return { kind: this.kind, version: 1, characters: this.characters.join('') }
  }
}
