import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { arrays, type Dataset } from '../../src/data/dataset.ts'
import { loader } from '../../src/data/loader.ts'
import { batches, pipeline } from '../../src/data/pipeline.ts'
import type { BatchStream } from '../../src/data/stream.ts'
import { ArgumentError, DataError } from '../../src/errors.ts'
import { init } from '../../src/index.ts'
import type { Engine } from '../../src/program/engine.ts'

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)
const xs = (list: Dataset<'x'>[]): number[][] => list.map(({ columns }) => [...columns.x.data])

describe('batches', () => {
  const data = arrays({ x: Float32Array.from(range(20)), y: Int32Array.from(range(5)) }, { shapes: { x: [2, 2] } })

  test('of examples have their types and shapes', async () => {
    const stream: BatchStream<'x' | 'y'> = pipeline(data).batch(2)
    const made = await all(stream.epoch(0))
    expect(made.map(({ size }) => size)).toEqual([2, 2, 1])
    expect(made[1]).toEqual({
      size: 2,
      columns: {
        x: { data: Float32Array.of(8, 9, 10, 11, 12, 13, 14, 15), shape: [2, 2] },
        y: { data: Int32Array.of(2, 3), shape: [] },
      },
    })
    expect(await all(pipeline(data).batch(2, { dropLast: true }).epoch(0))).toHaveLength(2)
    const flat = await all(
      pipeline(data)
        .map(({ x, y }) => ({ x: x.subarray(1), n: [...y, 1], k: 0.5, one: [2], real: y.length / 2, label: y }))
        .batch(5)
        .epoch(0),
    )
    expect(
      Object.entries(flat[0]!.columns).map(([name, { data, shape }]) => [name, data.constructor.name, shape]),
    ).toEqual([
      ['x', 'Float32Array', [3]],
      ['n', 'Float32Array', [2]],
      ['k', 'Float32Array', []],
      ['one', 'Float32Array', [1]],
      ['real', 'Float32Array', []],
      ['label', 'Int32Array', []],
    ])
    const given = await all(
      pipeline([{ x: [1, 2, 3, 4] }])
        .batch(1, { shapes: { x: [2, 2] } })
        .epoch(0),
    )
    expect(given[0]?.columns.x.shape).toEqual([2, 2])
  })

  test('rows are copies', async () => {
    for await (const { x } of pipeline(data).epoch(0)) x.fill(-1)
    for await (const { columns } of batches(data, { batch: 2 }).epoch(0)) columns.x.data.fill(-1)
    expect([...data.columns.x.data]).toEqual(range(20))
  })

  test.each<[string, object[], RegExp]>([
    [
      'another length',
      [{ x: [1, 2] }, { x: [1] }],
      /example 1 of epoch 0: column "x" differs.*expected 2 of float32, received 1/,
    ],
    ['another type', [{ x: [1] }, { x: Int32Array.of(1) }], /example 1.*received 1 of int32/],
    ['a column too few', [{ x: 1, y: 1 }, { x: 1 }], /example 1.*column "y" holds no numbers.*undefined/],
    ['a column too many', [{ x: 1 }, { x: 1, y: 1 }], /example 1.*other columns/],
    ['no numbers', [{ x: 'a' }], /example 0.*column "x" holds no numbers.*String/],
    ['numbers of another kind', [{ x: new Float64Array(2) }], /Float64Array/],
    ['no columns', [{}], /example 0.*without columns/],
    ['an empty column', [{ x: [] }], /holds no numbers/],
    ['no example', [1 as unknown as object], /example 0.*no example; expected an object/],
  ])('refuse %s', async (_, examples, message) => {
    await expect(
      all(
        pipeline(examples as { x: number }[])
          .batch(3)
          .epoch(0),
      ),
    ).rejects.toThrow(message)
    await expect(
      all(
        pipeline(examples as { x: number }[])
          .batch(3)
          .epoch(0),
      ),
    ).rejects.toThrow(DataError)
  })

  test('refuse shapes that do not fit', async () => {
    await expect(
      all(
        pipeline([{ x: [1, 2] }])
          .batch(1, { shapes: { x: [3] } })
          .epoch(0),
      ),
    ).rejects.toThrow(/3 numbers for \[3\], received 2/)
    await expect(
      all(
        pipeline([{ x: 1 }])
          .batch(1, { shapes: { z: [3] } })
          .epoch(0),
      ),
    ).rejects.toThrow(/no column "z"/)
  })

  describe('of a data set', () => {
    let engine: Engine
    beforeAll(async () => {
      engine = await init({ threads: 1, seed: 1 })
    })
    afterAll(() => engine.close())

    test.each([0, 7, 2 ** 40 + 3])('shuffled with seed %d come in the order of a loader', async (seed) => {
      const many = arrays({ x: Float32Array.from(range(37)) })
      using resident = loader(many, { batch: 5, shuffle: seed })
      const stream = batches(many, { batch: 5, shuffle: seed })
      for (const epoch of [0, 1, 6]) {
        await resident.begin(epoch)
        const order = [...(await resident.order())]
        expect(xs(await all(stream.epoch(epoch))).flat()).toEqual(order)
      }
    })
  })

  test('of a data set in order, or without the rest', async () => {
    const many = arrays({ x: Float32Array.from(range(7)) })
    expect(xs(await all(batches(many, { batch: 3 }).epoch(2)))).toEqual([[0, 1, 2], [3, 4, 5], [6]])
    expect(xs(await all(batches(many, { batch: 3, dropLast: true }).epoch(0)))).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ])
    expect(() => batches(many, { batch: 0 })).toThrow(ArgumentError)
  })
})
