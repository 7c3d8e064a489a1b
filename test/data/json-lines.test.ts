import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type JsonValue, parseJson } from '../../src/data/json.ts'
import { jsonLines } from '../../src/data/json-lines.ts'
import { tableOf } from '../../src/data/table.ts'
import { DataError } from '../../src/errors.ts'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}

/** With the usual prototypes, to compare. */
const plain = (value: JsonValue): unknown => JSON.parse(JSON.stringify(value))

describe('parseJson', () => {
  test('reads what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.nat(3), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        expect(JSON.stringify(parseJson(text, 'f'))).toBe(JSON.stringify(JSON.parse(text)))
      }),
      { numRuns: 1000 },
    )
  })

  test('agrees with JSON.parse, but for what that hides', () => {
    const text = fc.string({ unit: fc.constantFrom(...'{}[]",:0123-+.eE\\untrfals \n\u007f\u0001'), maxLength: 12 })
    fc.assert(
      fc.property(text, (source) => {
        let strict: string | undefined
        let native: string | undefined
        try {
          strict = JSON.stringify(parseJson(source, 'f'))
        } catch (error) {
          expect(error).toBeInstanceOf(DataError)
        }
        try {
          native = JSON.stringify(JSON.parse(source))
        } catch {
          // Neither reads it.
        }
        if (strict !== undefined) expect(strict).toBe(native)
        else if (native !== undefined) expect(source).toMatch(/e[+]?\d{3}|\d{16}|".*".*".*"/i)
      }),
      { numRuns: 20_000 },
    )
  })

  test.each([
    ['{"a":1,"a":2}', /malformed JSON at character 8; expected keys that differ, received "a"/],
    ['{"a":1,"\\u0061":2}', /keys that differ/],
    ['[1e400]', /character 2; expected a number that a double holds/],
    ['9007199254740993', /a number that a double holds/],
    ['NaN', /expected a value/],
    ['01', /expected the end, received "1"/],
    ['[1,]', /expected a value, received "\]"/],
    ['{"a" 1}', /expected ':'/],
    ['{a:1}', /a key in quotes/],
    ['"a\nb"', /a closed string without control characters/],
    ['"\\x"', /valid escapes/],
    ['"abc', /a closed string/],
    ['"abc\\', /a closed string/],
    ['', /expected a value, received the end/],
  ])('refuses %j', (text, message) => {
    expect(() => parseJson(text, 'f')).toThrow(message)
    expect(() => parseJson(text, 'f')).toThrow(/^f: /)
  })
})

test('depth is bounded', () => {
  expect(() => parseJson('['.repeat(100), 'f')).toThrow(/at most 64 levels/)
  expect(() => parseJson('{"a":'.repeat(100_000), 'f')).toThrow(/at most 64 levels/)
})

describe('jsonLines', () => {
  test('reads objects, however they are cut', async () => {
    const text = '\ufeff{"a": 1, "b": "é"}\r\n\n  \n{"a": [2, {}]}\n{"a": null}'
    const expected = [{ a: 1, b: 'é' }, { a: [2, {}] }, { a: null }]
    expect((await all(jsonLines(text))).map(plain)).toEqual(expected)
    const single = Array.from(utf8(text), (byte) => Uint8Array.of(byte))
    expect((await all(jsonLines(single))).map(plain)).toEqual(expected)
    expect(await all(jsonLines(''))).toEqual([])
  })

  test('a key is a key and nothing else', async () => {
    const [row] = await all(jsonLines('{"__proto__": {"polluted": 1}, "constructor": 2}'))
    expect(Object.getPrototypeOf(row)).toBeNull()
    expect(Object.keys(row ?? {})).toEqual(['__proto__', 'constructor'])
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  test('becomes a table', async () => {
    const table = await tableOf(jsonLines('{"n": 1.5, "t": "a"}\n{"t": "b"}\n'))
    expect(table.columns).toEqual([
      { kind: 'number', name: 'n', values: Float64Array.of(1.5, Number.NaN) },
      { kind: 'category', name: 't', codes: Int32Array.of(0, 1), categories: ['a', 'b'] },
    ])
  })

  test('errors name the line and the character', async () => {
    await expect(all(jsonLines('{"a":1}\n\n{"a":tru}\n', { name: 'f.jsonl' }))).rejects.toThrow(
      /^f\.jsonl: line 3: malformed JSON at character 6; expected a value, received "tru}"/,
    )
    await expect(all(jsonLines('{}\n[1]\n'))).rejects.toThrow(/line 2: a line that is no object; received \[1\]/)
    await expect(all(jsonLines('{}\n3\n'))).rejects.toThrow(DataError)
    await expect(all(jsonLines(`{}\n${' '.repeat(2000)}`, { maxLine: 1000 }))).rejects.toThrow(
      /line 2: a line is too long; expected at most 1000/,
    )
    let made = 0
    const endless = (function* () {
      for (;;) {
        made++
        yield utf8('x'.repeat(1000))
      }
    })()
    await expect(all(jsonLines(endless, { maxLine: 10_000 }))).rejects.toThrow(/line 1: a line is too long/)
    expect(made).toBeLessThan(20)
  })

  test('any bytes give objects or a DataError', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 50 }), async (bytes) => {
        await all(jsonLines(bytes)).catch((error) => expect(error).toBeInstanceOf(DataError))
      }),
      { numRuns: 1000 },
    )
  })
})
