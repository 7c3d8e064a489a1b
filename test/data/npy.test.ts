import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fromNpy, npyParts } from '../../src/data/npy.ts'
import { DataError } from '../../src/errors.ts'
import { readNpyFolder } from '../../src/io/node.ts'
import { encodeNpy, type NpyArray, type NpyData, parseNpy } from '../../src/io/npy.ts'

const npy = (shape: readonly number[], data: NpyData): NpyArray => parseNpy(encodeNpy({ shape, data }))

test('labels become int32, pixels float32', () => {
  const { size, columns } = fromNpy({
    image: npy([2, 1, 2], Uint8Array.of(0, 128, 255, 7)),
    label: npy([2], BigInt64Array.of(3n, -1n)),
    byte: npy([2], Uint8Array.of(4, 5)),
    token: npy([2, 2], Int32Array.of(1, 2, 3, 4)),
    wide: npy([2], Float64Array.of(0.1, Number.POSITIVE_INFINITY)),
  })
  expect(size).toBe(2)
  expect(columns).toEqual({
    image: { data: Float32Array.of(0, 128, 255, 7), shape: [1, 2] },
    label: { data: Int32Array.of(3, -1), shape: [] },
    byte: { data: Int32Array.of(4, 5), shape: [] },
    token: { data: Int32Array.of(1, 2, 3, 4), shape: [2] },
    wide: { data: Float32Array.of(0.1, Number.POSITIVE_INFINITY), shape: [] },
  })
})

test('numbers that do not fit are errors', () => {
  expect(() => fromNpy({ y: npy([2], BigInt64Array.of(1n, 2n ** 31n)) }, 'f')).toThrow(
    /f: "y": number 1 is out of range.*received 2147483648/,
  )
  expect(() => fromNpy({ x: npy([1], Float64Array.of(1e300)) })).toThrow(/number 0 is out of float32's range/)
  expect(() => fromNpy({ x: npy([2], new Float32Array(2)), y: npy([3], new Float32Array(3)) })).toThrow(
    /"y": an array that gives no rows; expected shape \[2, \.\.\.\] without a 0, received \[3\]/,
  )
  expect(() => fromNpy({ x: npy([], Float32Array.of(1)) })).toThrow(DataError)
})

test('x and y are found by their names', () => {
  const x = npy([2, 3], new Float32Array(6))
  const y = npy([2], new Int32Array(2))
  const parts = npyParts(
    new Map([
      ['X_train', x],
      ['y_train', y],
      ['test-x', x],
      ['test-y', y],
      ['other', x],
    ]),
  )
  expect([parts.train.size, parts.test?.size]).toEqual([2, 2])
  expect(
    npyParts(
      new Map([
        ['x', x],
        ['y', y],
      ]),
    ).test,
  ).toBeUndefined()
  expect(() => npyParts(new Map([['x', x]]))).toThrow(/y_train is missing; expected x and y, or .*received "x"/)
  expect(() => npyParts(new Map())).toThrow(/no arrays to train on.*received nothing/)
  expect(() =>
    npyParts(
      new Map([
        ['x', x],
        ['x_train', x],
      ]),
    ),
  ).toThrow(/two arrays for x_train/)
  const z = npy([2, 4], new Float32Array(8))
  const wrong = new Map([
    ['x', x],
    ['y', y],
    ['x_test', z],
    ['y_test', y],
  ])
  expect(() => npyParts(wrong)).toThrow(/rows of x differ in shape; expected \[3\], received \[4\]/)
})

test('a folder of .npy files is read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'chainrule-npy-'))
  try {
    writeFileSync(join(folder, 'x.npy'), encodeNpy({ shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }))
    writeFileSync(join(folder, 'y.npy'), encodeNpy({ shape: [2], data: Int32Array.of(1, 0) }))
    writeFileSync(join(folder, 'notes.txt'), 'nothing')
    const { train, files } = await readNpyFolder(folder)
    expect(files).toEqual(['x.npy', 'y.npy'])
    expect(train.columns.x).toEqual({ data: Float32Array.of(1, 2, 3, 4), shape: [2] })
    writeFileSync(join(folder, 'y.npy'), 'no array')
    await expect(readNpyFolder(folder)).rejects.toThrow(/y\.npy: not a npy file/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
