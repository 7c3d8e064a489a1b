import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { digits, loadDigits } from '../../src/data/digits.ts'

describe('the embedded digits', () => {
  test('are the 1,797 of the original, pixel for pixel', async () => {
    const original = await loadDigits()
    expect(original).toMatchObject({ count: 1797, sampleShape: [8, 8], features: 64, classes: 10, maximum: 16 })
    // sha256 of the original's rows without the class column, one byte a value
    expect(createHash('sha256').update(original.values).digest('hex')).toBe(PIXELS)
    expect([...original.labels.subarray(0, 12)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1])
    const counts = new Array<number>(10).fill(0)
    for (const label of original.labels) counts[label] = (counts[label] ?? 0) + 1
    expect(counts).toEqual([178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
  })

  test('are rows from 0 to 1 and their classes', async () => {
    const { size, columns } = await digits()
    expect(size).toBe(1797)
    expect(columns.x.shape).toEqual([64])
    expect(columns.x.data).toHaveLength(1797 * 64)
    expect(Math.min(...columns.x.data.subarray(0, 640))).toBe(0)
    expect(Math.max(...columns.x.data.subarray(0, 640))).toBe(1)
    expect(columns.x.data[3]).toBe(13 / 16)
    expect([...columns.y.data.subarray(0, 3)]).toEqual([0, 1, 2])
  })
})

const PIXELS = '8f26b2bd9d135c256808f68f14fdabddde6d9c7f869ae419704b051f0f14b3b3'
