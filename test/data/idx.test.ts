import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseIdx, readIdx } from '../../src/data/idx.ts'
import { DataError } from '../../src/errors.ts'

function idx(type: number, shape: readonly number[], payload: Uint8Array | number): Uint8Array {
  const body = typeof payload === 'number' ? new Uint8Array(payload) : payload
  const bytes = new Uint8Array(4 + 4 * shape.length + body.length)
  const view = new DataView(bytes.buffer)
  view.setUint8(2, type)
  view.setUint8(3, shape.length)
  for (const [axis, size] of shape.entries()) view.setUint32(4 + 4 * axis, size)
  bytes.set(body, 4 + 4 * shape.length)
  return bytes
}

/** Whatever the bytes: a value or a DataError, nothing else. */
async function verdict(bytes: Uint8Array): Promise<'read' | DataError> {
  try {
    await readIdx(bytes, 'x')
    return 'read'
  } catch (error) {
    if (error instanceof DataError) return error
    throw error
  }
}

describe('parseIdx', () => {
  test('reads bytes in row-major order', () => {
    const { dtype, shape, data } = parseIdx(idx(0x08, [2, 3], new Uint8Array([1, 2, 3, 4, 5, 255])))
    expect(dtype).toBe('uint8')
    expect(shape).toEqual([2, 3])
    expect(data).toEqual(new Uint8Array([1, 2, 3, 4, 5, 255]))
  })

  test.each([
    [0x09, 'int8', [0xff], [-1]],
    [0x0b, 'int16', [0xff, 0xfe], [-2]],
    [0x0c, 'int32', [0, 1, 0, 2], [65538]],
    [0x0d, 'float32', [0x3f, 0xc0, 0, 0], [1.5]],
    [0x0e, 'float64', [0xc0, 4, 0, 0, 0, 0, 0, 0], [-2.5]],
  ] as const)('reads big-endian type %i as %s', (type, dtype, payload, values) => {
    const array = parseIdx(idx(type, [1], Uint8Array.from(payload)))
    expect(array.dtype).toBe(dtype)
    expect([...array.data]).toEqual(values)
  })

  test('reads from a view that begins inside its buffer', () => {
    const file = idx(0x0b, [2], new Uint8Array([0, 1, 0, 2]))
    const padded = new Uint8Array(file.length + 3)
    padded.set(file, 3)
    expect([...parseIdx(padded.subarray(3)).data]).toEqual([1, 2])
  })

  test.each([
    ['empty', new Uint8Array(0), /truncated at byte 0/],
    ['a short header', new Uint8Array([0, 0, 8, 3, 0]), /truncated at byte 5, inside the header; expected at least 16/],
    ['another magic', new Uint8Array([0x89, 0x50, 8, 1]), /magic number at byte 0.*received 89 50 08 01/],
    ['an unknown type', idx(0x0a, [1], 1), /unknown element type at byte 2.*received 0a/],
    ['rank 0', idx(0x08, [], 1), /bad rank at byte 3/],
    ['rank 9', idx(0x08, new Array<number>(9).fill(1), 1), /bad rank at byte 3/],
    ['missing data', idx(0x08, [2, 2], 3), /truncated at byte 15; expected 16 bytes for uint8 \[2, 2\], received 15/],
    ['data left over', idx(0x08, [2, 2], 5), /trailing bytes at byte 16; expected 16/],
    ['a product that wraps at 2^32', idx(0x08, [65536, 65536], 0), /truncated.*expected 4294967308/],
    ['a product above 2^53', idx(0x08, [4294967295, 4294967295, 4294967295], 9), /absurd dimensions at byte 4/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => parseIdx(bytes, 'file')).toThrow(DataError)
    expect(() => parseIdx(bytes, 'file')).toThrow(message)
    expect(() => parseIdx(bytes, 'file')).toThrow(/^file: /)
  })

  test('takes a zero among huge dimensions as an empty array', () => {
    expect(parseIdx(idx(0x0e, [4294967295, 4294967295, 0], 0)).data).toHaveLength(0)
  })
})

describe('readIdx of gzip data', () => {
  const file = idx(
    0x08,
    [100, 50],
    Uint8Array.from({ length: 5000 }, (_, i) => (i * i) % 251),
  )
  const packed = new Uint8Array(gzipSync(file))

  test('inflates', async () => {
    expect(await readIdx(packed)).toEqual(parseIdx(file))
  })

  test('stops a bomb soon after the size its header declares', async () => {
    const bomb = new Uint8Array(gzipSync(Buffer.concat([idx(0x08, [4], 4), new Uint8Array(64e6)]), { level: 9 }))
    const before = process.memoryUsage().arrayBuffers
    await expect(readIdx(bomb, 'bomb')).rejects.toThrow(
      /bomb: inflates to more .* expected 12 bytes .* received at least/,
    )
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16e6)
  })

  test('stops a bomb of zeros, which never gives a header', async () => {
    await expect(readIdx(new Uint8Array(gzipSync(new Uint8Array(50e6))), 'zeros')).rejects.toThrow(
      /unknown element type/,
    )
  })

  test.each([1, 8, 9, 100])('refuses a file without its last %i bytes', async (missing) => {
    await expect(readIdx(packed.subarray(0, packed.length - missing), 'cut')).rejects.toThrow(DataError)
  })

  test('refuses bytes after the end', async () => {
    const longer = new Uint8Array(packed.length + 5)
    longer.set(packed)
    await expect(readIdx(longer, 'long')).rejects.toThrow(DataError)
    await expect(readIdx(Buffer.concat([packed, packed]), 'twice')).rejects.toThrow(DataError)
  })

  test('refuses a wrong checksum', async () => {
    const wrong = packed.slice()
    wrong[wrong.length - 8] = (wrong[wrong.length - 8] as number) ^ 1
    await expect(readIdx(wrong, 'crc')).rejects.toThrow(/crc: corrupt or truncated gzip data/)
  })

  test('judges the inflated content as strictly', async () => {
    const short = new Uint8Array(gzipSync(idx(0x08, [9], 8)))
    await expect(readIdx(short, 'short')).rejects.toThrow(/short \(inflated\): truncated at byte 16/)
  })
})

describe('any bytes', () => {
  const header = fc.tuple(
    fc.constantFrom(0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e, 0xff),
    fc.array(fc.nat(40), { maxLength: 9 }),
  )

  test('give a value or a DataError', async () => {
    await fc.assert(
      fc.asyncProperty(header, fc.uint8Array({ maxLength: 200 }), async ([type, shape], payload) => {
        const bytes = idx(type, shape, payload)
        const exact = payload.length === shape.reduce((n, d) => n * d, [0, 1, 1, 0, 2, 4, 4, 8][type - 7] ?? Number.NaN)
        expect((await verdict(bytes)) === 'read').toBe(exact && shape.length > 0 && shape.length < 9)
      }),
      { numRuns: 3000 },
    )
  })

  test('also when a good file is mutated, packed or not', async () => {
    const good = [idx(0x08, [4, 3], 12), idx(0x0d, [3], 12)].flatMap((file) => [file, new Uint8Array(gzipSync(file))])
    let refused = 0
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...good), fc.nat(), fc.nat(255), fc.nat(8), async (file, at, byte, cut) => {
        const bytes = file.slice(0, file.length - cut)
        bytes[at % bytes.length] = byte
        if ((await verdict(bytes)) !== 'read') refused++
      }),
      { numRuns: 3000 },
    )
    expect(refused).toBeGreaterThan(1000)
  })
})
