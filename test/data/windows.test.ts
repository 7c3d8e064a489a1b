import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Dataset } from '../../src/data/dataset.ts'
import { splitTokens, windowBatches, windows } from '../../src/data/windows.ts'
import { ArgumentError } from '../../src/errors.ts'

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

describe('windows', () => {
  const tokens = Int32Array.from(range(11))
  const rows = ({ columns: { x, y } }: Dataset<'x' | 'y'>) =>
    range(x.data.length / 3).map((i) => [
      [...x.data.subarray(3 * i, 3 * i + 3)],
      [...y.data.subarray(3 * i, 3 * i + 3)],
    ])

  test('have the next tokens as targets', () => {
    const made = windows(tokens, { length: 3 })
    expect(made.columns.x.shape).toEqual([3])
    expect(rows(made)).toEqual([
      [
        [0, 1, 2],
        [1, 2, 3],
      ],
      [
        [3, 4, 5],
        [4, 5, 6],
      ],
      [
        [6, 7, 8],
        [7, 8, 9],
      ],
    ])
    expect(windows(tokens, { length: 3, stride: 1 }).size).toBe(8)
    expect(windows(tokens, { length: 10 }).size).toBe(1)
    expect(() => windows(tokens, { length: 11 })).toThrow(/expected a run of at least 12, received runs of 11/)
    expect(() => windows(tokens, { length: 0 })).toThrow(ArgumentError)
  })

  test('stay within their run', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(12), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 6 }),
        (lengths, length, stride) => {
          const runs = lengths.map((n, k) => Int32Array.from(range(n), (i) => 100 * k + i))
          const expected = runs.flatMap((run) =>
            range(run.length)
              .filter((at) => at % stride === 0 && at + length < run.length)
              .map((at) => run[at]),
          )
          if (expected.length === 0) return
          const { size, columns } = windows(runs, { length, stride })
          expect(size).toBe(expected.length)
          expect(range(size).map((i) => columns.x.data[i * length])).toEqual(expected)
          for (const [i, x] of columns.x.data.entries()) expect(columns.y.data[i]).toBe(x + 1)
        },
      ),
    )
  })

  test('come as batches, shuffled each epoch', async () => {
    const stream = windowBatches(tokens, { length: 3, stride: 1, batch: 3, shuffle: 4 })
    const made = await all(stream.epoch(0))
    expect(made.map(({ size }) => size)).toEqual([3, 3, 2])
    expect(made.flatMap(rows).sort((a, b) => a[0]![0]! - b[0]![0]!)).toEqual(
      rows(windows(tokens, { length: 3, stride: 1 })),
    )
    expect(await all(stream.epoch(0))).toEqual(made)
    expect(await all(stream.epoch(1))).not.toEqual(made)
  })

  test('are held out by blocks', () => {
    const { train, test: held } = splitTokens(tokens, { block: 2, every: 2 })
    expect(train.map((run) => [...run])).toEqual([
      [0, 1],
      [4, 5],
      [8, 9],
    ])
    expect(held.map((run) => [...run])).toEqual([[2, 3], [6, 7], [10]])
    expect(() => splitTokens(tokens)).toThrow(/more than 9000 tokens/)
  })
})
