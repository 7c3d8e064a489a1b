import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateRawSync, crc32 as nodeCrc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ArgumentError, DataError } from '../../src/errors.ts'
import { crc32 } from '../../src/io/crc32.ts'
import { encodeNpy, type NpyArray, type NpyData, parseNpy } from '../../src/io/npy.ts'
import { encodeNpz, readNpz } from '../../src/io/npz.ts'
import { encodeZip, zipEntries } from '../../src/io/zip.ts'

const file = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`numpy/${name}`, import.meta.url)))
const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

/** A file of version 1.0 with that header. */
function npy(header: string, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(10 + header.length + payload.length)
  bytes.set([0x93, ...ascii('NUMPY'), 1, 0, header.length & 255, header.length >> 8])
  bytes.set(ascii(header), 10)
  bytes.set(payload, 10 + header.length)
  return bytes
}

async function verdict(read: () => unknown): Promise<'read' | DataError> {
  try {
    await read()
    return 'read'
  } catch (error) {
    if (error instanceof DataError) return error
    throw error
  }
}

/** What numpy/make.py puts into its files. */
const expected: Record<string, NpyArray> = {
  bool: { dtype: 'bool', shape: [2, 3], data: Uint8Array.of(0, 1, 0, 1, 0, 1) },
  int8: { dtype: 'int8', shape: [2, 3], data: Int8Array.of(-3, -2, -1, 0, 1, 2) },
  int16: { dtype: 'int16', shape: [2, 3], data: Int16Array.of(-3, -2, -1, 0, 1, 2) },
  int32: { dtype: 'int32', shape: [2, 3], data: Int32Array.of(-3, -2, -1, 0, 1, 2) },
  int64: { dtype: 'int64', shape: [2, 3], data: BigInt64Array.of(-3n, -2n, -1n, 0n, 1n, 2n) },
  uint8: { dtype: 'uint8', shape: [2, 3], data: Uint8Array.of(0, 1, 2, 3, 4, 5) },
  uint16: { dtype: 'uint16', shape: [2, 3], data: Uint16Array.of(0, 1, 2, 3, 4, 5) },
  uint32: { dtype: 'uint32', shape: [2, 3], data: Uint32Array.of(0, 1, 2, 3, 4, 5) },
  uint64: { dtype: 'uint64', shape: [2, 3], data: BigUint64Array.of(0n, 1n, 2n, 3n, 4n, 5n) },
  float16: { dtype: 'float16', shape: [2, 3], data: Float32Array.of(-3, -2, -1, 0, 1, 2) },
  float32: { dtype: 'float32', shape: [2, 3], data: Float32Array.of(-3, -2, -1, 0, 1, 2) },
  float64: { dtype: 'float64', shape: [2, 3], data: Float64Array.of(-3, -2, -1, 0, 1, 2) },
  scalar: { dtype: 'float32', shape: [], data: Float32Array.of(2.5) },
  empty: { dtype: 'float32', shape: [0, 4], data: new Float32Array(0) },
  vector: { dtype: 'float32', shape: [5], data: Float32Array.of(0, 0.25, 0.5, 0.75, 1) },
  fortran: { dtype: 'int32', shape: [2, 3, 4], data: Int32Array.from({ length: 24 }, (_, i) => i) },
  big: { dtype: 'float64', shape: [3, 2], data: Float64Array.of(0, 1, 2, 3, 4, 5) },
}

describe('files of NumPy', () => {
  test.each(['stored.npz', 'deflated.npz'])('%s is read', async (name) => {
    const arrays = await readNpz(file(name), { name })
    const zeros = arrays.get('zeros')
    arrays.delete('zeros')
    expect(Object.fromEntries(arrays)).toEqual(expected)
    if (name === 'deflated.npz')
      expect(zeros).toEqual({ dtype: 'float32', shape: [100, 100], data: new Float32Array(10_000) })
  })

  test('.npy is read, in either order', () => {
    expect(parseNpy(file('fortran.npy'))).toEqual(expected['fortran'])
  })

  test('pickles are refused', () => {
    expect(() => parseNpy(file('objects.npy'), 'o')).toThrow(
      /^o: an element type that is not read.*"\|O".*can run code/,
    )
  })

  const numpy = (() => {
    try {
      execFileSync('python3', ['-c', 'import numpy'], { stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })()
  test.skipIf(!numpy)('NumPy reads what is written', () => {
    const folder = mkdtempSync(join(tmpdir(), 'chainrule-npz-'))
    try {
      writeFileSync(join(folder, 'a.npz'), encodeNpz(Object.entries(expected)))
      const program = `import numpy, sys
for name, array in numpy.load(sys.argv[1]).items(): print(name, array.dtype, array.shape, array.ravel().tolist())`
      const printed = execFileSync('python3', ['-c', program, join(folder, 'a.npz')], { encoding: 'utf8' })
      expect(printed).toContain('int64 int64 (2, 3) [-3, -2, -1, 0, 1, 2]\n')
      expect(printed).toContain('vector float32 (5,) [0.0, 0.25, 0.5, 0.75, 1.0]\n')
      expect(printed).toContain('scalar float32 () [2.5]\n')
      expect(printed).toContain('empty float32 (0, 4) []\n')
      expect(printed.trim().split('\n')).toHaveLength(Object.keys(expected).length)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('parseNpy', () => {
  test('reads back what encodeNpy writes, from any offset', () => {
    const shape = fc.array(fc.nat(4), { maxLength: 4 })
    const kinds = [Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Uint8Array, Uint16Array, Uint32Array]
    fc.assert(
      fc.property(shape, fc.constantFrom(...kinds), fc.nat(9), (sizes, Kind, offset) => {
        const data: NpyData = new Kind(sizes.reduce((n, d) => n * d, 1)).map((_, i) => i * 3)
        const bytes = encodeNpy({ shape: sizes, data })
        const padded = new Uint8Array(bytes.length + offset)
        padded.set(bytes, offset)
        expect(parseNpy(padded.subarray(offset))).toMatchObject({ shape: sizes, data })
        expect((bytes.length - data.byteLength) % 64).toBe(0)
      }),
    )
  })

  const good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }"
  test('takes its keys in any order and quotes of either kind', () => {
    const bytes = npy('{"shape": (2,), "fortran_order": True, "descr": "<f4"}   \n', new Uint8Array(8))
    expect(parseNpy(bytes).shape).toEqual([2])
  })

  test.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /truncated at byte 0/],
    ['another file', ascii('not a numpy file'), /wrong magic at byte 0/],
    ['version 4', Object.assign(npy(good, new Uint8Array(8)), { 6: 4 }), /unknown version at byte 6/],
    ['a cut header', npy(good).subarray(0, 30), /truncated at byte 30, inside the header; expected at least 67/],
    ['missing numbers', npy(good, new Uint8Array(7)), /truncated at byte 74; expected 75 bytes for float32 \[2\]/],
    ['numbers left over', npy(good, new Uint8Array(9)), /trailing bytes at byte 75/],
    ['a key twice', npy("{'descr': '<f4', 'descr': '<f4', 'shape': (2,)}"), /'descr' twice/],
    ['another key', npy("{'descr': '<f4', 'evil': __import__('os')}"), /malformed header at byte 27/],
    ['a key too few', npy("{'descr': '<f4', 'shape': (2,)}"), /malformed header/],
    ['a fourth key', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}"), /malformed header/],
    ['no tuple', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2), }"), /no tuple/],
    ['a negative size', npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }"), /malformed header/],
    [
      'a huge size',
      npy(`{'descr': '<f4', 'fortran_order': False, 'shape': (${'9'.repeat(16)},), }`),
      /absurd dimensions/,
    ],
    ['a huge product', npy(good.replace('(2,)', '(99999999, 99999999, 99999999)')), /absurd dimensions/],
    ['many dimensions', npy(good.replace('(2,)', `(${'1, '.repeat(33)})`)), /malformed header|absurd dimensions/],
    ['complex numbers', npy(good.replace('<f4', '<c8')), /element type that is not read.*"<c8"/],
    ['records', npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}"), /malformed header|not read/],
    ['a bool of 2', npy(good.replace('<f4', '|b1'), Uint8Array.of(1, 2)), /no bool at byte 68/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => parseNpy(bytes, 'f')).toThrow(message)
    expect(() => parseNpy(bytes, 'f')).toThrow(DataError)
  })

  test('gives an array or a DataError for any bytes', async () => {
    const valid = encodeNpy({ shape: [3, 2], data: new Int16Array(6) })
    let refused = 0
    await fc.assert(
      fc.asyncProperty(fc.nat(valid.length - 1), fc.nat(255), fc.nat(3), async (at, byte, cut) => {
        const bytes = valid.slice(0, valid.length - cut)
        bytes[at] = byte
        if ((await verdict(() => parseNpy(bytes))) !== 'read') refused++
      }),
      { numRuns: 3000 },
    )
    expect(refused).toBeGreaterThan(1000)
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 60 }), async (header) => {
        const ascii = header.replace(/[^ -~]/g, '')
        expect(await verdict(() => parseNpy(npy(ascii)))).toBeInstanceOf(DataError)
      }),
    )
  })

  test('encodeNpy refuses what does not fit', () => {
    expect(() => encodeNpy({ shape: [2], data: new Float32Array(3) })).toThrow(ArgumentError)
    expect(() => encodeNpy({ shape: [-1], data: new Float32Array(1) })).toThrow(ArgumentError)
    expect(() => encodeNpy({ shape: [1], data: [1] as unknown as Float32Array })).toThrow(ArgumentError)
  })
})

describe('readNpz', () => {
  const two = encodeNpz([
    ['x', { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
    ['y', { shape: [2], data: Int32Array.of(0, 1) }],
  ])

  test('reads back what encodeNpz writes', async () => {
    expect(await readNpz(two)).toEqual(
      new Map([
        ['x', { dtype: 'float32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
        ['y', { dtype: 'int32', shape: [2], data: Int32Array.of(0, 1) }],
      ]),
    )
    expect(await readNpz(encodeNpz([]))).toEqual(new Map())
    const hostile = await readNpz(encodeNpz([['__proto__', { shape: [1], data: Float32Array.of(1) }]]))
    expect([...hostile.keys()]).toEqual(['__proto__'])
  })

  test('finds the directory behind a comment', async () => {
    const bytes = new Uint8Array(two.length + 4)
    bytes.set(two)
    bytes[two.length - 2] = 4
    expect((await readNpz(bytes)).size).toBe(2)
  })

  /** An archive of one deflated entry whose directory declares that size. */
  function deflated(content: Uint8Array, declared: number): Uint8Array {
    const packed = deflateRawSync(content, { level: 9 })
    const archive = encodeZip([['a.npy', packed]])
    const view = new DataView(archive.buffer)
    const central = archive.length - 22 - 46 - 5
    for (const at of [8, central + 10]) view.setUint16(at, 8, true)
    for (const at of [14, central + 16]) view.setUint32(at, nodeCrc32(content), true)
    for (const at of [22, central + 24]) view.setUint32(at, declared, true)
    return archive
  }

  test('stops a bomb, whether it declares its size or not', async () => {
    const content = new Uint8Array(100e6)
    content.set(encodeNpy({ shape: [2], data: new Float32Array(2) }))
    const bomb = deflated(content, 136)
    const before = process.memoryUsage().arrayBuffers
    await expect(readNpz(bomb, { name: 'bomb' })).rejects.toThrow(/bomb: "a\.npy": inflates to more than/)
    await expect(readNpz(deflated(content, 100e6), { name: 'bomb' })).rejects.toThrow(/inflates to more than/)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16e6)
    await expect(readNpz(deflated(content, 4e9), { name: 'bomb' })).rejects.toThrow(/declares 4000000000 bytes, which/)
    await expect(readNpz(two, { maxBytes: 200 })).rejects.toThrow(/too large; expected at most 200 bytes/)
  })

  const patched = (at: number, bytes: readonly number[]): Uint8Array => {
    const copy = two.slice()
    copy.set(bytes, at < 0 ? copy.length + at : at)
    return copy
  }
  const central = two.length - 22 - 2 * (46 + 5)
  test.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /no ZIP archive/],
    ['a cut archive', two.subarray(0, two.length - 1), /no ZIP archive, or a truncated one/],
    ['damaged numbers', patched(30 + 5 + 130, [9]), /"x\.npy": the content is damaged/],
    ['a directory elsewhere', patched(-6, [0, 0, 0, 0]), /a directory that does not end where/],
    ['zip64', patched(-6, [255, 255, 255, 255]), /zip64/],
    ['several disks', patched(-18, [1]), /several disks/],
    ['an encrypted entry', patched(central + 8, [1]), /the encrypted entry "x\.npy"/],
    ['another method', patched(central + 10, [99]), /method 99/],
    ['an entry that is stored in less than itself', patched(central + 20, [1]), /declares 144 bytes, which its/],
    ['an entry beyond the end', patched(central + 42, [255, 255]), /no header of entry "x\.npy"/],
    ['an entry on another', patched(central + 51 + 42, [0, 0]), /two names for entry "y\.npy"/],
    ['a name twice', patched(central + 51 + 46, [0x78]), /a second entry "x\.npy"/],
    ['a name that is none', patched(central + 46, [0xff]), /a name that is not UTF-8/],
    [
      'an entry that is no array',
      encodeZip([['readme.txt', ascii('hello')]]),
      /"readme\.txt": an entry that is no array/,
    ],
    ['an entry that only says so', encodeZip([['a.npy', ascii('hello, this is text')]]), /"a\.npy": not a npy file/],
  ])('refuses %s', async (_, bytes, message) => {
    await expect(readNpz(bytes, { name: 'f' })).rejects.toThrow(message)
    await expect(readNpz(bytes, { name: 'f' })).rejects.toThrow(DataError)
  })

  test('gives arrays or a DataError for any mutation', async () => {
    let refused = 0
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(two, file('deflated.npz')), fc.nat(), fc.nat(255), async (from, at, byte) => {
        const bytes = from.slice()
        bytes[at % bytes.length] = byte
        if ((await verdict(() => readNpz(bytes))) !== 'read') refused++
      }),
      { numRuns: 2000 },
    )
    expect(refused).toBeGreaterThan(1000)
  })
})

describe('ZIP', () => {
  test('checksums are those of zlib', () => {
    expect(crc32(ascii('123456789'))).toBe(0xcbf43926)
    fc.assert(fc.property(fc.uint8Array(), (bytes) => crc32(bytes) === nodeCrc32(bytes)))
  })

  test('archives are the same for the same contents, and names differ', () => {
    const contents: [string, Uint8Array][] = [
      ['a', ascii('x')],
      ['ä/b', ascii('')],
    ]
    expect(encodeZip(contents)).toEqual(encodeZip(contents))
    expect(zipEntries(encodeZip(contents), 'z').map(({ name, size }) => [name, size])).toEqual([
      ['a', 1],
      ['ä/b', 0],
    ])
    expect(() => encodeZip([...contents, ['a', ascii('y')]])).toThrow(/two entries are named "a"/)
  })
})
