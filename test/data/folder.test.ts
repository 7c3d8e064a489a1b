import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readIdxFolder } from '../../src/data/folder.ts'
import { DataError } from '../../src/errors.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chainrule-idx-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function images(name: string, count: number, rows = 2, columns = 3): void {
  const data = Buffer.from({ length: count * rows * columns }).map((_, i) => i)
  const header = Buffer.from([0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, rows, 0, 0, 0, columns])
  put(name, Buffer.concat([header, data]))
}
function labels(name: string, values: readonly number[]): void {
  put(name, Buffer.from([0, 0, 8, 1, 0, 0, 0, values.length, ...values]))
}
function put(name: string, bytes: Buffer): void {
  writeFileSync(join(folder, name), name.endsWith('.gz') ? gzipSync(bytes) : bytes)
}

describe('readIdxFolder', () => {
  test('takes a pair whose names say no part', async () => {
    images('digits-images-idx3-ubyte', 3)
    labels('digits-labels-idx1-ubyte.gz', [0, 4, 1])
    const { train, test: none, files } = await readIdxFolder(folder)
    expect([train.count, none]).toEqual([3, undefined])
    expect(files).toEqual(['digits-images-idx3-ubyte', 'digits-labels-idx1-ubyte.gz'])
    images('train-images-idx3-ubyte', 3)
    await expect(readIdxFolder(folder)).rejects.toThrow(/several files of train images/)
  })

  test('pairs training and test files, packed and not', async () => {
    images('train-images-idx3-ubyte.gz', 3)
    labels('train-labels-idx1-ubyte', [0, 4, 1])
    images('t10k-images.idx3-ubyte', 2)
    labels('t10k-labels.idx1-ubyte.gz', [1, 0])
    const { train, test, files } = await readIdxFolder(folder)
    expect(train).toMatchObject({ count: 3, sampleShape: [2, 3], features: 6, classes: 5, maximum: 255 })
    expect([...train.labels]).toEqual([0, 4, 1])
    expect(test?.count).toBe(2)
    expect(files).toHaveLength(4)
  })

  test('takes a test pair alone, and the unpacked one of two equal files', async () => {
    images('t10k-images-idx3-ubyte', 2)
    put('t10k-images-idx3-ubyte.gz', Buffer.from('not read'))
    labels('t10k-labels-idx1-ubyte', [0, 1])
    const { train, test } = await readIdxFolder(folder)
    expect(train.count).toBe(2)
    expect(test).toBeUndefined()
  })

  test.each([
    ['an empty folder', () => {}, /no IDX files; expected train-images-idx3-ubyte .* received an empty folder/],
    ['other files', () => put('photo.png', Buffer.from('x')), /received photo.png/],
    ['a lone images file', () => images('train-images-idx3-ubyte', 1), /train labels are missing; expected a partner/],
    [
      'ambiguous names',
      () => {
        images('emnist-digits-train-images-idx3-ubyte', 1)
        images('emnist-letters-train-images-idx3-ubyte', 1)
        labels('emnist-digits-train-labels-idx1-ubyte', [0])
      },
      /several files of train images/,
    ],
    [
      'too few labels',
      () => {
        images('train-images-idx3-ubyte', 3)
        labels('train-labels-idx1-ubyte', [0, 1])
      },
      /differ in number; expected 3 labels .* received 2/,
    ],
    [
      'no sample',
      () => {
        images('train-images-idx3-ubyte', 0)
        labels('train-labels-idx1-ubyte', [])
      },
      /no samples/,
    ],
    [
      'swapped files',
      () => {
        labels('train-images-idx3-ubyte', [1, 2])
        images('train-labels-idx1-ubyte', 2)
      },
      /labels are not a list/,
    ],
    [
      'test images of another size',
      () => {
        images('train-images-idx3-ubyte', 1)
        labels('train-labels-idx1-ubyte', [0])
        images('t10k-images-idx3-ubyte', 1, 3, 3)
        labels('t10k-labels-idx1-ubyte', [0])
      },
      /differ in size; expected \[2, 3\] .* received \[3, 3\]/,
    ],
  ] as const)('refuses %s', async (_, prepare, message) => {
    prepare()
    await expect(readIdxFolder(folder)).rejects.toThrow(DataError)
    await expect(readIdxFolder(folder)).rejects.toThrow(message)
  })

  test('refuses labels that are no classes', async () => {
    images('train-images-idx3-ubyte', 1)
    put('train-labels-idx1-ubyte', Buffer.from([0, 0, 9, 1, 0, 0, 0, 1, 0xff]))
    await expect(readIdxFolder(folder)).rejects.toThrow(/bad label of sample 0.*received -1/)
  })

  test('names a folder that is not there', async () => {
    await expect(readIdxFolder(join(folder, 'none'))).rejects.toThrow(/none: cannot be read: no such file/)
  })
})
