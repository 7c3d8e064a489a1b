import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ArgumentError, DataError } from '../../src/errors.ts'
import { encodeSafetensors, parseSafetensors, type SafeTensor } from '../../src/io/safetensors.ts'

/** A file of this header text, padded as given, before `data` bytes of data. */
function file(header: string, data = 0, length?: bigint): Uint8Array {
  const json = new TextEncoder().encode(header)
  const bytes = new Uint8Array(8 + json.length + data)
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(json.length), true)
  bytes.set(json, 8)
  return bytes
}
const one = (name: string, dtype: string, shape: string, offsets: string): string =>
  `"${name}":{"dtype":"${dtype}","shape":${shape},"data_offsets":${offsets}}`

const f32 = (shape: readonly number[], ...values: number[]): SafeTensor => ({
  dtype: 'F32',
  shape,
  data: Float32Array.from(values),
})

describe('encodeSafetensors', () => {
  test('writes the layout byte for byte', () => {
    const bytes = encodeSafetensors([['b', f32([2], 1, 2)]], [['format', 'pt']])
    const header = `{"__metadata__":{"format":"pt"},${one('b', 'F32', '[2]', '[0,8]')}}`
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8)
    expect(new DataView(bytes.buffer).getBigUint64(0, true)).toBe(BigInt(padded.length))
    expect(new TextDecoder().decode(bytes.subarray(8, 8 + padded.length))).toBe(padded)
    expect([...bytes.subarray(8 + padded.length)]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0x40])
  })

  test('gives back what it was given, every type aligned', () => {
    const tensors: [string, SafeTensor][] = [
      ['odd', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) }],
      ['0.weight', f32([2, 2], 1.5, -0, Number.NaN, Number.POSITIVE_INFINITY)],
      ['count', { dtype: 'F64', shape: [], data: Float64Array.of(Math.PI) }],
      ['big', { dtype: 'I64', shape: [1], data: BigInt64Array.of(-(2n ** 63n)) }],
      ['half', { dtype: 'F16', shape: [1, 1], data: Uint16Array.of(0x3c00) }],
      ['none', f32([0, 7])],
      ['labels', { dtype: 'I32', shape: [2], data: Int32Array.of(-1, 9) }],
      ['__proto__', f32([1], 3)],
      ['näme "quoted"\n😀', f32([1], 4)],
    ]
    const { tensors: read, metadata } = parseSafetensors(encodeSafetensors(tensors, [['__proto__', '{"a":1}']]))
    expect(read.size).toBe(tensors.length)
    for (const [name, { dtype, shape, data }] of tensors) {
      expect(read.get(name)).toMatchObject({ dtype, shape })
      expect(read.get(name)?.data).toEqual(data)
    }
    expect([...metadata]).toEqual([['__proto__', '{"a":1}']])
    expect((Object.prototype as unknown as { a?: unknown }).a).toBeUndefined()
  })

  test('does not depend on the order it is given', () => {
    const a: [string, SafeTensor] = ['a', f32([1], 1)]
    const b: [string, SafeTensor] = ['b', { dtype: 'F64', shape: [1], data: Float64Array.of(2) }]
    expect(encodeSafetensors([a, b])).toEqual(encodeSafetensors([b, a]))
  })

  test.each([
    ['a shape that data does not fill', [['a', f32([3], 1, 2)]], /expected 3 values of F32/],
    ['data of another type', [['a', { dtype: 'F32', shape: [1], data: Float64Array.of(1) }]], /in 8 bytes/],
    [
      'a name twice',
      [
        ['a', f32([0])],
        ['a', f32([0])],
      ],
      /"a": named twice/,
    ],
    ['the reserved name', [['__metadata__', f32([0])]], /reserved name/],
    ['a lone surrogate', [['\ud800', f32([0])]], /lone surrogate/],
  ] as [string, [string, SafeTensor][], RegExp][])('refuses %s', (_, tensors, message) => {
    expect(() => encodeSafetensors(tensors)).toThrow(ArgumentError)
    expect(() => encodeSafetensors(tensors)).toThrow(message)
  })
})

describe('parseSafetensors', () => {
  test('takes unsorted entries, padding, escapes and unaligned data', () => {
    const header = `{${one('\\u0062', 'F32', '[1]', '[2,6]')},  ${one('a', 'U8', '[2]', '[0,2]')}}  `
    const bytes = file(header, 6)
    bytes.set([7, 8, 0, 0, 0x80, 0x3f], bytes.length - 6)
    const { tensors } = parseSafetensors(bytes)
    expect(tensors.get('b')?.data).toEqual(Float32Array.of(1))
    expect(tensors.get('a')?.data).toEqual(Uint8Array.of(7, 8))
  })

  test('takes an empty file of no tensors', () => {
    expect(parseSafetensors(file('{}')).tensors.size).toBe(0)
  })

  const a = one('a', 'F32', '[2]', '[0,8]')
  test.each([
    ['no bytes', new Uint8Array(0), /truncated at byte 0/],
    ['seven bytes', new Uint8Array(7), /truncated at byte 7/],
    [
      'a header beyond the file',
      file('{}', 0, 3n),
      /impossible header length at byte 0; expected 2 to 2 .* received 3/,
    ],
    ['a header length of 2^64 - 1', file('{}', 0, 2n ** 64n - 1n), /impossible header length/],
    ['a header length of 0', file('{}', 0, 0n), /impossible header length/],
    ['a header above 100 MB', file('{}', 100_000_010, 100_000_001n), /expected 2 to 100000000/],
    ['leading space', file(' {}'), /malformed header at byte 8; expected '{'/],
    ['an array', file('[]'), /at byte 8; expected '{'/],
    ['something after the object', file('{} x'), /at byte 11; expected nothing but spaces/],
    ['an open object', file('{"a"'), /at byte 12; expected ':'.*end of the header/],
    ['an open string', file('{"a'), /expected a closed string/],
    ['a string that ends in a backslash', file('{"a\\'), /expected a closed string/],
    ['a control character', file('{"a\n":1}'), /without control characters/],
    ['invalid UTF-8', file('{"?":1}').map((byte) => (byte === 0x3f ? 0xff : byte)), /valid UTF-8/],
    ['an escaped lone surrogate', file('{"\\ud800":1}'), /valid UTF-8/],
    ['a bad escape', file('{"\\x":1}'), /valid UTF-8 and escapes/],
    ['a trailing comma', file(`{${a},}`, 8), /expected a key in quotes/],
    ['a duplicate name', file(`{${a},${a}}`, 8), /duplicate key "a" at byte/],
    ['a duplicate name, escaped', file(`{${a},${a.replace('"a"', '"\\u0061"')}}`, 8), /duplicate key "a"/],
    ['a duplicate field', file('{"a":{"dtype":"U8","dtype":"U8"}}'), /duplicate key "dtype"/],
    ['deep nesting', file(`{"a":${'['.repeat(1e5)}}`), /at most 4 levels/],
    ['a long list', file(`{"a":{"shape":[${'0,'.repeat(99)}0]}}`), /at most 32 items in a list/],
    ['null', file('{"a":null}'), /a string, a non-negative integer/],
    ['a negative number', file(`{${one('a', 'F32', '[-1]', '[0,4]')}}`), /non-negative integer/],
    ['a fraction', file(`{${one('a', 'U8', '[1.0]', '[0,1]')}}`), /expected ',' or ']'/],
    ['an exponent', file(`{${one('a', 'U8', '[1e3]', '[0,1]')}}`), /expected ',' or ']'/],
    ['a leading zero', file(`{${one('a', 'U8', '[01]', '[0,1]')}}`), /leading zeros/],
    ['2^53', file(`{${one('a', 'U8', '[9007199254740992]', '[0,1]')}}`), /below 2\^53/],
    ['a product that wraps', file(`{${one('a', 'U8', '[4294967296,4294967296]', '[0,0]')}}`), /does not fit the shape/],
    ['an unknown dtype', file(`{${one('a', 'F31', '[1]', '[0,4]')}}`, 4), /unknown dtype at byte .* received "F31"/],
    ['a dtype from the prototype', file(`{${one('a', 'constructor', '[1]', '[0,4]')}}`, 4), /unknown dtype/],
    ['a missing field', file('{"a":{"dtype":"U8","shape":[0]}}'), /malformed entry.*keys "dtype", "shape"/],
    ['a field too many', file(`{"a":{"x":1,${a.slice(5)}}`, 8), /malformed entry/],
    ['an entry that is no object', file('{"a":1}'), /malformed entry/],
    ['one offset', file(`{${one('a', 'U8', '[1]', '[0]')}}`, 1), /bad data_offsets/],
    ['offsets backwards', file(`{${one('a', 'U8', '[1]', '[1,0]')}}`, 1), /does not fit the shape/],
    [
      'a shape that needs more bytes',
      file(`{${one('a', 'F32', '[3]', '[0,8]')}}`, 8),
      /expected 12 bytes .* received 0 to 8/,
    ],
    ['truncated data', file(`{${a}}`, 7), /data is truncated/],
    ['trailing bytes', file(`{${a}}`, 9), /trailing bytes at byte/],
    ['a hole', file(`{${one('a', 'U8', '[1]', '[1,2]')}}`, 2), /hole in the data/],
    ['an overlap', file(`{${a},${one('b', 'F32', '[2]', '[4,12]')}}`, 12), /overlapping data/],
    ['two tensors of the same bytes', file(`{${a},${one('b', 'F32', '[2]', '[0,8]')}}`, 8), /overlapping data/],
    ['metadata that is no object', file('{"__metadata__":[]}'), /malformed __metadata__/],
    ['metadata of a number', file('{"__metadata__":{"epoch":3}}'), /a string for "epoch"/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => parseSafetensors(bytes, 'm')).toThrow(DataError)
    expect(() => parseSafetensors(bytes, 'm')).toThrow(message)
  })

  test('keeps an error short whatever a name says', () => {
    const bytes = file(`{"${'n'.repeat(1e6)}":1}`)
    expect(() => parseSafetensors(bytes)).toThrow(/^.{1,300}$/)
  })

  test('has made nothing of 50,001 names', () => {
    const names = Array.from({ length: 50_001 }, (_, i) => one(`${i}`, 'U8', '[0]', '[0,0]'))
    expect(() => parseSafetensors(file(`{${names.join()}}`))).toThrow(/at most 50000 keys/)
    expect(parseSafetensors(file(`{${names.slice(1).join()}}`)).tensors.size).toBe(50_000)
  })
})

describe('any bytes', () => {
  const good = encodeSafetensors(
    [
      ['0.weight', f32([2, 3], 1, 2, 3, 4, 5, 6)],
      ['0.bias', f32([2], 1, 2)],
      ['step', { dtype: 'I64', shape: [], data: BigInt64Array.of(7n) }],
    ],
    [['format', 'pt']],
  )
  const verdict = (bytes: Uint8Array): boolean => {
    try {
      for (const { shape, data } of parseSafetensors(bytes).tensors.values()) {
        expect(data.length).toBe(shape.reduce((n, d) => n * d, 1))
      }
      return true
    } catch (error) {
      if (error instanceof DataError) return false
      throw error
    }
  }

  test('give tensors that fit or a DataError: mutated files', () => {
    let refused = 0
    const edit = fc.tuple(fc.nat(good.length - 1), fc.nat(255))
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), fc.nat(3), (edits, cut) => {
        const bytes = good.slice(0, good.length - cut)
        for (const [at, byte] of edits) bytes[at % bytes.length] = byte
        if (!verdict(bytes)) refused++
      }),
      { numRuns: 20_000 },
    )
    expect(refused).toBeGreaterThan(10_000)
  })

  test('give tensors that fit or a DataError: made-up headers', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '"dtype"',
      '"shape"',
      '"F32"',
      '0',
      '8',
      ' ',
      '\\',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.nat(16), (pieces, data) => {
        verdict(file(`{${pieces.join('')}`, data))
      }),
      { numRuns: 5000 },
    )
  })

  test('round-trip: any tensors', () => {
    const entry = fc.tuple(fc.string({ unit: 'grapheme' }), fc.array(fc.nat(4), { maxLength: 3 }))
    fc.assert(
      fc.property(fc.uniqueArray(entry, { selector: ([name]) => name, maxLength: 8 }), (entries) => {
        const tensors = entries
          .filter(([name]) => name !== '__metadata__')
          .map(([name, shape], index): [string, SafeTensor] => {
            const data = new Float32Array(shape.reduce((n, d) => n * d, 1)).fill(index)
            return [name, { dtype: 'F32', shape, data }]
          })
        const read = parseSafetensors(encodeSafetensors(tensors)).tensors
        expect(read.size).toBe(tensors.length)
        for (const [name, { shape, data }] of tensors) expect(read.get(name)).toMatchObject({ shape, data })
      }),
      { numRuns: 300 },
    )
  })
})
