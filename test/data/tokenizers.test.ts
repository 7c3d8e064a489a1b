import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BpeTokenizer } from '../../src/data/bpe.ts'
import { LONGEST, learnMerges, piecesOf } from '../../src/data/bpe-train.ts'
import { ByteTokenizer, CharacterTokenizer } from '../../src/data/tokenizer.ts'
import { tokenizerFromJSON } from '../../src/data/tokenizer-json.ts'
import { ArgumentError, DataError } from '../../src/errors.ts'

const text = readFileSync(new URL('../../data/text/us-constitution-and-declaration.txt', import.meta.url), 'utf8')
const utf8 = (source: string): Uint8Array => new TextEncoder().encode(source)
const pieces = (source: string): string[] => [...piecesOf(utf8(source))].map((piece) => new TextDecoder().decode(piece))
const wellFormed = fc.string({ unit: 'grapheme', maxLength: 40 })

describe('ByteTokenizer', () => {
  const bytes = new ByteTokenizer()
  test('encodes UTF-8', () => {
    expect([...bytes.encode('aé😀')]).toEqual([97, 195, 169, 240, 159, 152, 128])
    fc.assert(fc.property(wellFormed, (source) => bytes.decode(bytes.encode(source)) === source))
    expect(bytes.decode([97, 195])).toBe('a\ufffd')
  })
  test('refuses what is no text and no token', () => {
    expect(() => bytes.encode('ab\ud800')).toThrow(/half a surrogate pair at character 2/)
    expect(() => bytes.decode([1, 256])).toThrow(/no such token at place 1; expected 0 to 255, received 256/)
    expect(() => bytes.decode([0.5])).toThrow(DataError)
  })
})

describe('CharacterTokenizer', () => {
  test('orders characters by code point', () => {
    const characters = CharacterTokenizer.train('banana 😀 Ω')
    expect(characters.characters).toEqual([' ', 'a', 'b', 'n', 'Ω', '😀'])
    expect([...characters.encode('nab😀')]).toEqual([3, 1, 2, 5])
    expect(characters.decode([3, 1, 2, 5])).toBe('nab😀')
    expect(() => characters.encode('an😀x')).toThrow(/number 3; received "x"/)
    expect(() => characters.decode([6])).toThrow(/expected 0 to 5/)
    expect(() => CharacterTokenizer.train('')).toThrow(ArgumentError)
  })
  test('knows the embedded text', () => {
    const characters = CharacterTokenizer.train(text)
    expect(characters.size).toBe(74)
    expect(characters.decode(characters.encode(text))).toBe(text)
  })
})

describe('pieces', () => {
  test.each([
    ['we hold these', ['we', ' hold', ' these']],
    ['a  b', ['a', ' ', ' b']],
    ['a\n\n b', ['a', '\n\n', ' b']],
    ['x = 42;', ['x', ' =', ' 42', ';']],
    ["don't", ['don', "'", 't']],
    ['naïve 漢字', ['naïve', ' 漢字']],
    ['  ', ['  ']],
    ['', []],
  ])('%j', (source, expected) => expect(pieces(source)).toEqual(expected))

  test('are the whole of the bytes, and never long', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...'aB1 \n;é'), { maxLength: 400 }), (characters) => {
        const source = characters.join('')
        expect(pieces(source).join('')).toBe(source)
      }),
    )
    for (const source of ['a'.repeat(1000), ' '.repeat(1000), ` ${'7'.repeat(500)}`]) {
      const lengths = [...piecesOf(utf8(source))].map((piece) => piece.length)
      expect(Math.max(...lengths)).toBe(LONGEST)
      expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(source.length)
    }
  })
})

/** Merges by counting everything anew each time. */
function naive(source: string, most: number): [number, number][] {
  let words = [...piecesOf(utf8(source))].map((piece) => [...piece])
  const merges: [number, number][] = []
  while (merges.length < most) {
    const counts = new Map<string, number>()
    for (const word of words)
      for (let i = 1; i < word.length; i++)
        counts.set(`${word[i - 1]} ${word[i]}`, (counts.get(`${word[i - 1]} ${word[i]}`) ?? 0) + 1)
    const ranked = [...counts].map(([key, count]) => ({ pair: key.split(' ').map(Number), count }))
    ranked.sort((p, q) => q.count - p.count || p.pair[0]! - q.pair[0]! || p.pair[1]! - q.pair[1]!)
    const best = ranked[0]
    if (best === undefined || best.count < 2) break
    const [a, b] = best.pair as [number, number]
    merges.push([a, b])
    words = words.map((word) => {
      const merged: number[] = []
      for (let i = 0; i < word.length; i++)
        if (word[i] === a && word[i + 1] === b) {
          merged.push(255 + merges.length)
          i++
        } else merged.push(word[i]!)
      return merged
    })
  }
  return merges
}

describe('BpeTokenizer', () => {
  test('learns what counting anew learns', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...'aab bc'), { maxLength: 80 }),
        fc.integer({ min: 1, max: 20 }),
        (list, most) => {
          const source = list.join('')
          expect(learnMerges(piecesOf(utf8(source)), most)).toEqual(naive(source, most))
        },
      ),
      { numRuns: 500 },
    )
    expect(learnMerges(piecesOf(utf8(text)), 60)).toEqual(naive(text, 60))
  })

  test('ties go to the smaller tokens', () => {
    expect(BpeTokenizer.train('ba;ab;ba;ab', { size: 257 }).merges).toEqual([[97, 98]])
  })

  const bpe = BpeTokenizer.train(text, { size: 1024 })
  test('shortens a text and gives it back', () => {
    expect(bpe.size).toBe(1024)
    const tokens = bpe.encode(text)
    expect(tokens.length).toBeLessThan(text.length / 2.5)
    expect(Math.max(...tokens)).toBeLessThan(1024)
    expect(bpe.decode(tokens)).toBe(text)
    fc.assert(fc.property(wellFormed, (source) => bpe.decode(bpe.encode(source)) === source))
  })

  test('merges in the order learnt', () => {
    const small = BpeTokenizer.train('abab abab bc bc bc', { size: 300 })
    const ids = [...small.encode('abab')]
    expect(small.decode(ids)).toBe('abab')
    expect(ids).toHaveLength(1)
    expect([...small.encode('zz')]).toEqual([122, 122])
  })

  test('learns from several texts, which do not run into each other', () => {
    expect(BpeTokenizer.train(['ab', 'ab'], { size: 260 }).merges).toEqual([[97, 98]])
    expect(BpeTokenizer.train(['a', 'b', 'a', 'b'], { size: 260 }).merges).toEqual([])
  })

  test('a text without spaces does not take for ever', () => {
    const long = 'ab'.repeat(500_000)
    expect(bpe.decode(bpe.encode(long))).toBe(long)
    expect(BpeTokenizer.train(long, { size: 300 }).merges.length).toBeGreaterThan(3)
  })

  test.each([256, 65_537, 300.5, Number.NaN])('refuses a size of %d', (size) => {
    expect(() => BpeTokenizer.train('aa', { size })).toThrow(ArgumentError)
  })
})

describe('JSON', () => {
  test('gives the same tokenizer', () => {
    for (const tokenizer of [
      new ByteTokenizer(),
      CharacterTokenizer.train(text),
      BpeTokenizer.train(text, { size: 400 }),
    ]) {
      const json = JSON.stringify(tokenizer)
      const again = tokenizerFromJSON(JSON.parse(json))
      expect(JSON.stringify(again)).toBe(json)
      expect(again.size).toBe(tokenizer.size)
      expect(again.encode('We the People')).toEqual(tokenizer.encode('We the People'))
    }
  })

  test.each<[string, unknown, RegExp]>([
    ['nothing', null, /tokenizer: malformed preprocessing; expected an object, received null/],
    ['another kind', { kind: 'words', version: 1 }, /tokenizer\.kind.*"bpe", received "words"/],
    ['an inherited kind', Object.create({ kind: 'bytes', version: 1 }), /tokenizer\.kind/],
    ['another version', { kind: 'bytes', version: 2 }, /tokenizer\.version/],
    ['equal characters', { kind: 'characters', version: 1, characters: 'aba' }, /no two of them equal/],
    ['no characters', { kind: 'characters', version: 1, characters: '' }, /tokenizer\.characters/],
    ['half a pair', { kind: 'characters', version: 1, characters: '\ud800' }, /tokenizer\.characters/],
    ['a token that is not made yet', { kind: 'bpe', version: 1, merges: [[97, 256]] }, /merges\[0\]\[1\].*0 to 255/],
    ['three tokens', { kind: 'bpe', version: 1, merges: [[97, 98, 99]] }, /merges\[0\].*two tokens/],
    [
      'a pair twice',
      {
        kind: 'bpe',
        version: 1,
        merges: [
          [97, 98],
          [97, 98],
        ],
      },
      /merges\[1\].*a new pair/,
    ],
    // Each twice as long as the one before: the fortieth would be a terabyte.
    [
      'a bomb',
      {
        kind: 'bpe',
        version: 1,
        merges: Array.from({ length: 40 }, (_, i) => (i === 0 ? [97, 97] : [255 + i, 255 + i])),
      },
      /merges\[7\].*at most 128 bytes/,
    ],
  ])('refuses %s', (_, json, message) => {
    expect(() => tokenizerFromJSON(json)).toThrow(message)
    expect(() => tokenizerFromJSON(json)).toThrow(DataError)
  })
})
