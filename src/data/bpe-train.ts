// Byte pair encoding: the pieces of a text, and the pairs that are worth a token.

/** Longest piece, and so longest token, in bytes: what bounds the time that a text without spaces takes. */
export const LONGEST = 128

const [OTHER, LETTER, DIGIT, SPACE] = [0, 1, 2, 3] as const
const classOf = (byte: number): number =>
  byte >= 0x80 || (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a)
    ? LETTER
    : byte >= 0x30 && byte <= 0x39
      ? DIGIT
      : byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)
        ? SPACE
        : OTHER

/**
 * Cuts bytes into words, numbers, signs and spaces, a single space before a word going with it. Tokens never cross these.
 * Bytes beyond ASCII count as letters: no table of Unicode, whose versions differ between runtimes.
 */
export function* piecesOf(bytes: Uint8Array): Generator<Uint8Array, void, undefined> {
  const run = (from: number, kind: number, limit: number): number => {
    let to = from
    while (to < bytes.length && to < limit && classOf(bytes[to] as number) === kind) to++
    return to
  }
  for (let start = 0; start < bytes.length; ) {
    let end = run(start, classOf(bytes[start] as number), start + LONGEST)
    const next = bytes[end]
    if (bytes[end - 1] === 0x20 && next !== undefined && classOf(next) !== SPACE) {
      if (end - 1 > start) yield bytes.subarray(start, end - 1)
      start = end - 1
      end = run(end, classOf(next), start + LONGEST)
    }
    yield bytes.subarray(start, end)
    start = end
  }
}

/** A pair of tokens as one number; tokens are below 65,536. */
export const pairKey = (a: number, b: number): number => a * 65_536 + b

/** Puts `made` for each pair (a, b), from the left. */
export function mergePair(tokens: readonly number[], a: number, b: number, made: number): number[] {
  const merged: number[] = []
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i] === a && tokens[i + 1] === b) {
      merged.push(made)
      i++
    } else merged.push(tokens[i] as number)
  }
  return merged
}

interface Word {
  tokens: readonly number[]
  readonly count: number
}
interface Pair {
  count: number
  /** Those that have it, and some that had it. */
  readonly words: Set<Word>
}

/**
 * The pairs that become tokens 256, 257 ..., at most so many: each time the most frequent one, of equally frequent ones
 * that of the smaller tokens. Ends where no pair occurs twice.
 */
export function learnMerges(pieces: Iterable<Uint8Array>, most: number): [number, number][] {
  const counts = new Map<string, number>()
  for (const piece of pieces) {
    const key = String.fromCharCode(...piece)
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  const pairs = new Map<number, Pair>()
  const queue = new Queue()
  /** Pairs that are being counted anew, and what they were. */
  const touched = new Map<number, number>()
  const tally = (word: Word, sign: 1 | -1): void => {
    for (let i = 1; i < word.tokens.length; i++) {
      const key = pairKey(word.tokens[i - 1] as number, word.tokens[i] as number)
      let pair = pairs.get(key)
      if (pair === undefined) pairs.set(key, (pair = { count: 0, words: new Set() }))
      if (!touched.has(key)) touched.set(key, pair.count)
      pair.count += sign * word.count
      if (sign > 0) pair.words.add(word)
    }
  }
  const settle = (): void => {
    for (const [key, before] of touched) {
      const { count } = pairs.get(key) as Pair
      if (count > 1 && count !== before) queue.push(count, key)
      else if (count === 0) pairs.delete(key)
    }
    touched.clear()
  }
  for (const [text, count] of counts)
    tally({ tokens: Array.from(text, (character) => character.charCodeAt(0)), count }, 1)
  settle()
  const merges: [number, number][] = []
  while (merges.length < most) {
    const key = queue.pop((key, count) => pairs.get(key)?.count === count)
    if (key === undefined) break
    const [a, b] = [Math.floor(key / 65_536), key % 65_536]
    const made = 256 + merges.length
    merges.push([a, b])
    for (const word of (pairs.get(key) as Pair).words) {
      const merged = mergePair(word.tokens, a, b, made)
      if (merged.length === word.tokens.length) continue
      tally(word, -1)
      word.tokens = merged
      tally(word, 1)
    }
    settle()
  }
  return merges
}

/** A heap of pairs: the highest count first, then the smallest key. Entries whose count has changed are passed over. */
class Queue {
  readonly #heap: { readonly count: number; readonly key: number }[] = []

  push(count: number, key: number): void {
    const heap = this.#heap
    heap.push({ count, key })
    for (let i = heap.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1
      if (!this.#before(i, parent)) return
      this.#swap(i, parent)
      i = parent
    }
  }

  pop(valid: (key: number, count: number) => boolean): number | undefined {
    const heap = this.#heap
    for (let top = heap[0]; top !== undefined; top = heap[0]) {
      this.#swap(0, heap.length - 1)
      heap.pop()
      for (let i = 0; ; ) {
        let least = i
        for (const child of [2 * i + 1, 2 * i + 2]) if (child < heap.length && this.#before(child, least)) least = child
        if (least === i) break
        this.#swap(i, least)
        i = least
      }
      if (valid(top.key, top.count)) return top.key
    }
    return undefined
  }

  #before(i: number, j: number): boolean {
    const [a, b] = [this.#heap[i], this.#heap[j]]
    if (a === undefined || b === undefined) return false
    return a.count === b.count ? a.key < b.key : a.count > b.count
  }

  #swap(i: number, j: number): void {
    const [a, b] = [this.#heap[i], this.#heap[j]]
    if (a === undefined || b === undefined) return
    this.#heap[i] = b
    this.#heap[j] = a
  }
}
