import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type DecodedImage, type ImageFolderOptions, imageFolder } from '../../src/data/image-folder.ts'
import { ArgumentError, DataError } from '../../src/errors.ts'

// A format of our own: width, height, channels, then the bytes.
const decode = (bytes: Uint8Array): DecodedImage => {
  const [width, height, channels] = bytes as unknown as [number, number, number]
  return { width, height, channels, data: bytes.subarray(3) }
}
const picture = (width: number, height: number, channels: number, first = 0): Uint8Array =>
  Uint8Array.of(width, height, channels, ...Array.from({ length: width * height * channels }, (_, i) => first + i))

let folder: string
const put = (path: string, bytes: Uint8Array): void => {
  mkdirSync(join(folder, path, '..'), { recursive: true })
  writeFileSync(join(folder, path), bytes)
}
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chainrule-images-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function all(options: Partial<ImageFolderOptions> = {}, epoch = 0) {
  const found = await imageFolder(folder, { decode, ...options })
  const examples = []
  for await (const { x, y } of found.examples.epoch(epoch))
    examples.push({ x: [...x].map((v) => Math.round(v * 255)), y: y[0] })
  return { ...found, examples }
}

describe('imageFolder', () => {
  test('reads planes of channels, class after class', async () => {
    put('dogs/b.png', picture(2, 1, 3, 6))
    put('dogs/a.PNG', picture(2, 1, 3))
    put('cats/1.jpg', picture(2, 1, 3, 12))
    put('cats/.hidden.png', picture(9, 9, 3))
    put('cats/notes.txt', new Uint8Array(3))
    put('empty/readme.md', new Uint8Array(3))
    put('readme.png', new Uint8Array(3))
    const { classes, size, shape, examples } = await all()
    expect({ classes, size, shape }).toEqual({ classes: ['cats', 'dogs'], size: 3, shape: [3, 1, 2] })
    expect(examples).toEqual([
      { x: [12, 15, 13, 16, 14, 17], y: 0 },
      { x: [0, 3, 1, 4, 2, 5], y: 1 },
      { x: [6, 9, 7, 10, 8, 11], y: 1 },
    ])
    expect((await all({}, 3)).examples).toEqual(examples)
    const found = await imageFolder(folder, { decode })
    for await (const { columns } of found.examples.shuffle(1, 9).batch(3).epoch(0)) {
      expect(columns.x.shape).toEqual([3, 1, 2])
      expect(columns.y.shape).toEqual([])
    }
  })

  test('drops alpha and makes grey', async () => {
    put('a/1.png', Uint8Array.of(1, 1, 4, 100, 150, 200, 9))
    put('b/1.png', Uint8Array.of(1, 1, 4, 10, 10, 10, 9))
    expect((await all({ channels: 3 })).examples[0]?.x).toEqual([100, 150, 200])
    expect((await all({ channels: 1 })).examples.map(({ x }) => x)).toEqual([[141], [10]])
    expect((await all()).shape).toEqual([4, 1, 1])
  })

  test('errors name the file', async () => {
    put('a/1.png', picture(2, 1, 1))
    await expect(all()).rejects.toThrow(/at least two folders.*received the folder a alone/)
    put('b/1.png', picture(1, 2, 1))
    await expect(all()).rejects.toThrow(
      /b\/1\.png: an image of another size; expected \[1, 1, 2\].*received \[1, 2, 1\]/,
    )
    put('b/1.png', Uint8Array.of(2, 1, 1, 5))
    await expect(all()).rejects.toThrow(/b\/1\.png: the decoder gave no image.*received 1 for 2 x 1 x 1/)
    put('b/1.png', picture(2, 1, 2))
    await expect(all({ channels: 1 })).rejects.toThrow(/an image without colours/)
    const broken = () => Promise.reject(new Error('no PNG'))
    await expect(all({ decode: broken })).rejects.toThrow(/1\.png: cannot be decoded: no PNG/)
    await expect(all({ decode: broken })).rejects.toThrow(DataError)
    await expect(all({ channels: 2 as 1 })).rejects.toThrow(ArgumentError)
    await expect(imageFolder(folder, {} as ImageFolderOptions)).rejects.toThrow(/no decoder/)
    await expect(imageFolder(join(folder, 'none'), { decode })).rejects.toThrow(
      /cannot be read: no such file or folder/,
    )
  })
})
