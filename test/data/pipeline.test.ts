import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Pipeline, pipeline } from '../../src/data/pipeline.ts'
import type { Source } from '../../src/data/source.ts'
import { ArgumentError, DataError } from '../../src/errors.ts'

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)
const numbers = (n: number): Pipeline<number> => pipeline(range(n))

describe('a pipeline', () => {
  test('maps, filters, takes, skips and repeats', async () => {
    const made = numbers(20)
      .map((n) => n * 10)
      .filter((n) => n % 20 === 0)
      .skip(1)
      .take(3)
      .repeat(2)
    expect(await all(made.epoch(0))).toEqual([20, 40, 60, 20, 40, 60])
    expect(await all(made.epoch(5))).toEqual([20, 40, 60, 20, 40, 60])
    expect(await all(numbers(3).take(0).epoch(0))).toEqual([])
    expect(await all(numbers(3).skip(7).epoch(0))).toEqual([])
  })

  test('tells functions where they are', async () => {
    const made = numbers(3)
      .repeat(2)
      .map(async (n, { index, epoch }) => `${epoch}/${index}: ${n}`)
    expect(await all(made.epoch(4))).toEqual(['4/0: 0', '4/1: 1', '4/2: 2', '4/3: 0', '4/4: 1', '4/5: 2'])
  })

  test.each<[string, () => Source<number>, boolean]>([
    ['a list', () => [1, 2, 3], true],
    ['a set', () => new Set([1, 2, 3]), true],
    ['a typed array', () => Float32Array.of(1, 2, 3), true],
    ['a function that opens a generator', () => () => [1, 2, 3].values(), true],
    ['an async function', () => async () => [1, 2, 3], true],
    ['a generator', () => [1, 2, 3].values(), false],
    [
      'a stream',
      () =>
        new ReadableStream<number>({
          start: (c) => {
            for (const n of [1, 2, 3]) c.enqueue(n)
            c.close()
          },
        }),
      false,
    ],
    [
      'a function that opens an async generator',
      () =>
        async function* () {
          yield* [1, 2, 3]
        },
      true,
    ],
  ])('reads %s', async (_, source, again) => {
    const made = pipeline<number>(source())
    expect(await all(made.epoch(0))).toEqual([1, 2, 3])
    if (again) expect(await all(made.epoch(1))).toEqual([1, 2, 3])
    else await expect(all(made.epoch(1))).rejects.toThrow(/can be read once alone.*cache/)
  })

  test('hands the epoch to the function that opens it', async () => {
    expect(await all(pipeline((epoch) => [epoch]).epoch(3))).toEqual([3])
  })

  test('shuffles each epoch in its own way, and each in the same way again', async () => {
    for (const buffer of [1, 7, 100, 1000]) {
      const made = numbers(100).shuffle(5, buffer)
      const [first, second] = [await all(made.epoch(0)), await all(made.epoch(1))]
      expect([...first].sort((a, b) => a - b)).toEqual(range(100))
      expect(await all(made.epoch(0))).toEqual(first)
      if (buffer === 1) expect(first).toEqual(range(100))
      else {
        expect(first).not.toEqual(range(100))
        expect(second).not.toEqual(first)
        expect(await all(numbers(100).shuffle(6, buffer).epoch(0))).not.toEqual(first)
      }
      // Nothing comes sooner than the buffer lets it.
      for (const [i, n] of first.entries()) expect(n).toBeLessThanOrEqual(i + buffer - 1 + (buffer === 1 ? 0 : 1))
    }
    expect((await all(numbers(100).shuffle(5, 100).epoch(0))).slice(0, 6)).toMatchInlineSnapshot(`
      [
        14,
        21,
        84,
        56,
        25,
        75,
      ]
    `)
  })

  test('a buffer as large as the data puts every number everywhere', async () => {
    const counts = range(4).map(() => [0, 0, 0, 0])
    for (let seed = 0; seed < 4000; seed++)
      for (const [place, n] of (await all(numbers(4).shuffle(seed, 4).epoch(0))).entries()) counts[n]![place]!++
    for (const count of counts.flat()) expect(Math.abs(count - 1000)).toBeLessThan(130)
  })

  test('splits by number, in every epoch alike', async () => {
    const { train, test: held } = numbers(2000).split(0.25, 3)
    const [a, b] = [await all(train.epoch(0)), await all(held.epoch(0))]
    expect([...a, ...b].sort((x, y) => x - y)).toEqual(range(2000))
    expect(Math.abs(b.length - 500)).toBeLessThan(60)
    expect(await all(held.epoch(7))).toEqual(b)
    expect(() => numbers(9).shuffle(1, 3).split(0.5, 1)).toThrow(/Split before shuffling/)
    expect(() => numbers(9).split(1, 1)).toThrow(ArgumentError)
  })

  test('caches epoch 0, whichever is asked for first', async () => {
    let opened = 0
    const made = pipeline(() => {
      opened++
      return range(10)
    })
      .shuffle(1, 10)
      .cache(10)
    const third = await all(made.epoch(3))
    expect(await all(made.epoch(0))).toEqual(third)
    expect(third).toEqual(await all(numbers(10).shuffle(1, 10).epoch(0)))
    expect(opened).toBe(1)
    await expect(all(numbers(11).cache(10).epoch(0))).rejects.toThrow(
      /more examples than the cache may hold.*at most 10/,
    )
    const once = pipeline(range(3).values()).cache(3)
    expect([await all(once.epoch(0)), await all(once.epoch(1))]).toEqual([range(3), range(3)])
  })

  test('prefetches so many, in order, and closes what it opened', async () => {
    let made = 0
    let closed = false
    const source = pipeline(async function* () {
      try {
        for (;;) yield made++
      } finally {
        closed = true
      }
    }).prefetch(4)
    const seen = []
    for await (const n of source.epoch(0)) {
      seen.push(n)
      await new Promise((resolve) => setTimeout(resolve, 1))
      expect(made).toBe(n + 5)
      if (n === 9) break
    }
    expect(seen).toEqual(range(10))
    expect(closed).toBe(true)
    expect(await all(numbers(3).prefetch(10).epoch(0))).toEqual([0, 1, 2])
    const failing = numbers(9)
      .map((n) => (n === 2 ? Promise.reject(new Error('no')) : n))
      .prefetch(5)
    const got: number[] = []
    await expect(
      (async () => {
        for await (const n of failing.epoch(0)) got.push(n)
      })(),
    ).rejects.toThrow(/example 2/)
    expect(got).toEqual([0, 1])
  })

  test('errors carry the number of the example', async () => {
    const broken = numbers(9).map((n) => {
      if (n === 4) throw new TypeError('not this one')
      return n
    })
    await expect(all(broken.epoch(2))).rejects.toThrow('map failed at example 4 of epoch 2: not this one')
    const error = await all(broken.epoch(2)).catch((cause) => cause)
    expect(error).toBeInstanceOf(DataError)
    expect(error.cause).toBeInstanceOf(TypeError)
    await expect(
      all(
        numbers(9)
          .filter((n) => {
            if (n === 3) throw new Error('x')
            return true
          })
          .epoch(0),
      ),
    ).rejects.toThrow(/^filter failed at example 3/)
    const source = pipeline(function* () {
      yield 1
      throw new Error('the disk')
    } as () => Iterable<number>)
    await expect(all(source.epoch(0))).rejects.toThrow('the source failed at example 1 of epoch 0: the disk')
    const abort = numbers(2).map(() => {
      throw new DOMException('stop', 'AbortError')
    })
    await expect(all(abort.epoch(0))).rejects.toMatchObject({ name: 'AbortError' })
  })

  test('a step that fails or is left closes the source', async () => {
    let open = 0
    const source = pipeline(async function* () {
      open++
      try {
        for (;;) yield 1
      } finally {
        open--
      }
    })
    await expect(
      all(
        source
          .map(() => {
            throw new Error('x')
          })
          .epoch(0),
      ),
    ).rejects.toThrow()
    expect(await all(source.shuffle(1, 5).prefetch(3).skip(2).take(2).epoch(0))).toEqual([1, 1])
    expect(open).toBe(0)
  })

  test.each<[string, () => unknown]>([
    ['epoch', () => numbers(1).epoch(-1)],
    ['take', () => numbers(1).take(0.5)],
    ['skip', () => numbers(1).skip(-1)],
    ['repeat', () => numbers(1).repeat(0)],
    ['shuffle', () => numbers(1).shuffle(1, 0)],
    ['a seed', () => numbers(1).shuffle(-1, 1)],
    ['prefetch', () => numbers(1).prefetch(0)],
    ['cache', () => numbers(1).cache(Number.NaN)],
    ['batch', () => pipeline([{ x: 1 }]).batch(0)],
  ])('%s refuses a number that does not fit', (_, make) => expect(make).toThrow(ArgumentError))
})

/** Each step, and what it does to a list. */
const steps = {
  map: [(p: Pipeline<number>) => p.map((n) => 3 * n + 1), (list: number[]) => list.map((n) => 3 * n + 1)],
  async: [(p: Pipeline<number>) => p.map(async (n) => n + 1), (list: number[]) => list.map((n) => n + 1)],
  filter: [(p: Pipeline<number>) => p.filter((n) => n % 2 === 0), (list: number[]) => list.filter((n) => n % 2 === 0)],
  take: [(p: Pipeline<number>) => p.take(9), (list: number[]) => list.slice(0, 9)],
  skip: [(p: Pipeline<number>) => p.skip(2), (list: number[]) => list.slice(2)],
  repeat: [(p: Pipeline<number>) => p.repeat(2), (list: number[]) => [...list, ...list]],
  prefetch: [(p: Pipeline<number>) => p.prefetch(3), (list: number[]) => list],
  cache: [(p: Pipeline<number>) => p.cache(1e6), (list: number[]) => list],
} as const

test('any chain of steps does to examples what its steps do to a list', async () => {
  const chain = fc.array(fc.constantFrom(...(Object.keys(steps) as (keyof typeof steps)[])), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(fc.nat(12), chain, fc.nat(3), fc.nat(20), async (n, names, epoch, most) => {
      let made = numbers(n)
      let list = range(n)
      for (const name of names) {
        made = steps[name][0](made)
        list = steps[name][1](list)
      }
      expect(await all(made.epoch(epoch))).toEqual(list)
      // Left at any place, and read again.
      let left = 0
      for await (const _ of made.epoch(epoch)) if (left++ === most) break
      expect(left).toBe(Math.min(list.length, most + 1))
      expect(await all(made.epoch(epoch))).toEqual(list)
    }),
    { numRuns: 500 },
  )
})
