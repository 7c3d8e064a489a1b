import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ArgumentError, capture, DataError, data, type Engine, init } from '../../src/index.ts'

let engine: Engine
beforeAll(async () => {
  engine = await init({ threads: 2 })
})
afterAll(() => engine.close())

const rows = (n: number): data.Dataset<'x' | 'y'> =>
  data.arrays(
    { x: Float32Array.from({ length: n * 2 }, (_, i) => i), y: Int32Array.from({ length: n }, (_, i) => i) },
    { shapes: { x: [2] } },
  )

async function epoch(loader: data.Loader<'x' | 'y'>): Promise<{ sizes: number[]; order: number[] }> {
  const sizes: number[] = []
  const order: number[] = []
  for await (const { x, y } of loader) {
    const labels = await y.data()
    const values = await x.data()
    expect(x.shape).toEqual([labels.length, 2])
    expect([...values]).toEqual([...labels].flatMap((i) => [2 * i, 2 * i + 1]))
    sizes.push(labels.length)
    order.push(...labels)
  }
  return { sizes, order }
}

describe('arrays', () => {
  it('counts rows by the shapes', () => {
    const set = rows(5)
    expect(set.size).toBe(5)
    expect(set.columns.x.shape).toEqual([2])
    expect(set.columns.y.shape).toEqual([])
  })

  it('refuses columns that do not fit', () => {
    const x = new Float32Array(7)
    expect(() => data.arrays({ x }, { shapes: { x: [2] } })).toThrow(DataError)
    expect(() => data.arrays({ x, y: new Int32Array(6) })).toThrow(DataError)
    expect(() => data.arrays({})).toThrow(ArgumentError)
    expect(() => data.arrays({ x }, { shapes: { z: [1] } as object })).toThrow(ArgumentError)
    expect(() => data.arrays({ x }, { shapes: { x: [0] } })).toThrow(ArgumentError)
    expect(() => data.arrays({ x: [1, 2] as unknown as Float32Array })).toThrow(ArgumentError)
    expect(() => data.arrays({ x: new Float64Array(2) as unknown as Float32Array })).toThrow(ArgumentError)
  })
})

describe('split', () => {
  it('holds out a part drawn from the seed', async () => {
    const set = rows(100)
    const { train, test } = await data.split(set, 0.2, 5)
    expect([train.size, test.size]).toEqual([80, 20])
    const all = [...train.columns.y.data, ...test.columns.y.data]
    expect(all).not.toEqual([...set.columns.y.data])
    expect(all.sort((a, b) => a - b)).toEqual([...set.columns.y.data])
    expect([...test.columns.x.data]).toEqual([...test.columns.y.data].flatMap((i) => [2 * i, 2 * i + 1]))
    const again = await data.split(set, 0.2, 5)
    expect(again.test.columns.y.data).toEqual(test.columns.y.data)
    expect((await data.split(set, 0.2, 6)).test.columns.y.data).not.toEqual(test.columns.y.data)
  })

  it('wants a part that leaves rows on both sides', async () => {
    for (const part of [0, 1, -0.5, Number.NaN, 0.001])
      await expect(data.split(rows(10), part, 1)).rejects.toThrow(ArgumentError)
  })
})

describe('loader', () => {
  it('goes through the rows in order, the last batch smaller', async () => {
    using loader = data.loader(rows(7), { batch: 3 })
    expect(loader.stepsPerEpoch).toBe(3)
    expect(await epoch(loader)).toEqual({ sizes: [3, 3, 1], order: [0, 1, 2, 3, 4, 5, 6] })
  })

  it('can leave the last batch out, and takes a batch larger than the data', async () => {
    using whole = data.loader(rows(7), { batch: 3, dropLast: true })
    expect(await epoch(whole)).toEqual({ sizes: [3, 3], order: [0, 1, 2, 3, 4, 5] })
    using one = data.loader(rows(2), { batch: 8 })
    expect((await epoch(one)).sizes).toEqual([2])
  })

  it('shuffles anew each epoch, the same from the same seed, and can go back', async () => {
    const sorted = Array.from({ length: 20 }, (_, i) => i)
    using a = data.loader(rows(20), { batch: 6, shuffle: 9 })
    using b = data.loader(rows(20), { batch: 4, shuffle: 9 })
    const first = await epoch(a)
    const second = await epoch(a)
    expect([...first.order].sort((x, y) => x - y)).toEqual(sorted)
    expect(first.order).not.toEqual(sorted)
    expect(second.order).not.toEqual(first.order)
    expect((await epoch(b)).order).toEqual(first.order)
    await b.begin(1)
    expect(await b.order()).toEqual(Int32Array.from(second.order))
    using c = data.loader(rows(20), { batch: 6, shuffle: 10 })
    expect((await epoch(c)).order).not.toEqual(first.order)
  })

  it('feeds captured steps without JavaScript between them', async () => {
    using loader = data.loader(rows(7), { batch: 2, shuffle: 3 })
    await loader.begin(0)
    using whole = capture(() => ({ sum: loader.next().x.sum() }), {})
    using rest = capture(() => ({ sum: loader.rest().x.sum() }), {})
    const sums = [...(await whole.runMany(3)).curves.sum, ...(await rest.runMany(1)).curves.sum]
    const order = [...(await loader.order())]
    const want = [order.slice(0, 2), order.slice(2, 4), order.slice(4, 6), order.slice(6)]
    expect(sums).toEqual(want.map((batch) => batch.reduce((sum, i) => sum + 4 * i + 1, 0)))
  })

  it('refuses what makes no batches', () => {
    for (const batch of [0, -1, 1.5, Number.NaN]) expect(() => data.loader(rows(4), { batch })).toThrow(ArgumentError)
    expect(() => data.loader(rows(2), { batch: 4, dropLast: true })).toThrow(ArgumentError)
    expect(() => data.loader(rows(2), { batch: 1, shuffle: -1 })).toThrow(ArgumentError)
  })
})
