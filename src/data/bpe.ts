import { ArgumentError, DataError } from '../errors.ts'
import { known } from '../options.ts'
import { LONGEST, learnMerges, mergePair, pairKey, piecesOf } from './bpe-train.ts'
import { type FittedJson, JsonReader } from './fitted.ts'
import { bytesOf, checkToken, type Tokenizer } from './tokenizer.ts'

export interface TrainBpeOptions {
  /** Most tokens, the 256 of single bytes included: 257 to 65,536. */
  size: number
}

const MOST = 65_536
/** Pieces whose tokens are remembered. */
const REMEMBERED = 16_384

/**
 * Byte pair encoding: tokens are bytes and what frequent neighbours were merged to, learnt from a text. Any text can be
 * encoded; decoding gives it back exactly. What is learnt is the same in every runtime.
 */
export class BpeTokenizer implements Tokenizer {
  readonly kind = 'bpe'
  /** The two tokens that token 256 + i is made of. */
  readonly merges: readonly (readonly [number, number])[]
  readonly #bytes: readonly Uint8Array[]
  readonly #made: ReadonlyMap<number, number>
  readonly #known = new Map<string, readonly number[]>()

  private constructor(merges: readonly (readonly [number, number])[]) {
    this.merges = merges
    this.#made = new Map(merges.map(([a, b], i) => [pairKey(a, b), 256 + i]))
    const bytes = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte))
    for (const [a, b] of merges) bytes.push(Uint8Array.of(...(bytes[a] as Uint8Array), ...(bytes[b] as Uint8Array)))
    this.#bytes = bytes
  }

  /** Learns from a text, or from several: the most frequent pair first, of equals that of the smaller tokens. */
  static train(text: string | Iterable<string>, options: TrainBpeOptions): BpeTokenizer {
    const { size } = known('BpeTokenizer.train', options, 'size')
    if (!(Number.isSafeInteger(size) && size > 256 && size <= MOST))
      throw new ArgumentError('not a number of tokens', {
        where: 'BpeTokenizer.train',
        expected: `a whole number from 257 to ${MOST}`,
        received: String(size),
      })
    const texts = typeof text === 'string' ? [text] : text
    return new BpeTokenizer(learnMerges(pieces(texts), size - 256))
  }

  get size(): number {
    return 256 + this.merges.length
  }

  encode(text: string): Int32Array {
    const bytes = bytesOf(text)
    const tokens = new Int32Array(bytes.length)
    let count = 0
    for (const piece of piecesOf(bytes)) for (const token of this.#encodePiece(piece)) tokens[count++] = token
    return tokens.slice(0, count)
  }

  decode(tokens: ArrayLike<number>): string {
    const parts = Array.from(tokens, (token, i) => this.#bytes[checkToken(token, i, this.size)] as Uint8Array)
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
    let at = 0
    for (const part of parts) {
      bytes.set(part, at)
      at += part.length
    }
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  }

  /** Merges as training did: of all pairs there are, the one learnt first. */
  #encodePiece(piece: Uint8Array): readonly number[] {
    const key = String.fromCharCode(...piece)
    const known = this.#known.get(key)
    if (known !== undefined) return known
    let tokens: number[] = [...piece]
    for (;;) {
      let first = MOST
      for (let i = 1; i < tokens.length; i++)
        first = Math.min(first, this.#made.get(pairKey(tokens[i - 1] as number, tokens[i] as number)) ?? MOST)
      if (first === MOST) break
      const [a, b] = this.merges[first - 256] as readonly [number, number]
      tokens = mergePair(tokens, a, b, first)
    }
    if (this.#known.size >= REMEMBERED) this.#known.clear()
    this.#known.set(key, tokens)
    return tokens
  }

  static fromJSON(json: unknown, name = 'tokenizer'): BpeTokenizer {
    const root = new JsonReader(json, name)
    root.header('bpe', 1)
    const list = root.get('merges')
    const lengths = new Array<number>(256).fill(1)
    const seen = new Set<number>()
    const merges = list.list().map((item): readonly [number, number] => {
      const pair = item.list()
      if (pair.length !== 2) item.fail('two tokens')
      const [a, b] = pair.map((token) => token.whole(0, lengths.length - 1)) as [number, number]
      const length = (lengths[a] as number) + (lengths[b] as number)
      if (length > LONGEST || seen.has(pairKey(a, b)) || lengths.length >= MOST)
        throw new DataError('malformed preprocessing', {
          where: item.path,
          expected: `a new pair of tokens, of at most ${LONGEST} bytes together, one of at most ${MOST - 256}`,
          received: `[${a}, ${b}]`,
        })
      seen.add(pairKey(a, b))
      lengths.push(length)
      return [a, b]
    })
    return new BpeTokenizer(merges)
  }

  toJSON(): FittedJson & { readonly merges: readonly (readonly [number, number])[] } {
    return { kind: this.kind, version: 1, merges: this.merges }
  }
}

function* pieces(texts: Iterable<string>): Generator<Uint8Array> {
  for (const text of texts) yield* piecesOf(bytesOf(text))
}
