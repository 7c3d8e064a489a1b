import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { arrays, type Dataset } from '../../src/data/dataset.ts'
import { loader } from '../../src/data/loader.ts'
import { batches, type Pipeline, pipeline } from '../../src/data/pipeline.ts'
import { ln, Random, sinCos } from '../../src/data/random.ts'
import type { Source } from '../../src/data/source.ts'
import type { BatchStream } from '../../src/data/stream.ts'
import { splitTokens, windowBatches, windows } from '../../src/data/windows.ts'
import { ArgumentError, DataError } from '../../src/errors.ts'
import { init } from '../../src/index.ts'
import type { Engine } from '../../src/program/engine.ts'

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of source) items.push(item)
  return items
}
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)
const numbers = (n: number): Pipeline<number> => pipeline(range(n))
const xs = (list: Dataset<'x'>[]): number[][] => list.map(({ columns }) => [...columns.x.data])

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

describe('random numbers', () => {
  test('follow from seed, epoch and number', () => {
    const words = (...place: [number, number, number]) => {
      const random = new Random(...place)
      return range(6).map(() => random.word())
    }
    expect(words(1, 2, 3)).toEqual(words(1, 2, 3))
    const others = [words(1, 2, 3), words(2, 2, 3), words(1, 3, 3), words(1, 2, 4), words(2 ** 32 + 1, 2, 3)]
    expect(new Set(others.flat()).size).toBe(30)
    expect(words(1, 0, 0)).toMatchInlineSnapshot(`
      [
        2973476793,
        1651695809,
        677005981,
        1380255688,
        2431545723,
        4083749918,
      ]
    `)
  })

  test('are uniform and normal', () => {
    const random = new Random(9)
    const [u, z] = [range(20_000).map(() => random.uniform()), range(20_000).map(() => random.normal())]
    const mean = (list: number[]) => list.reduce((sum, value) => sum + value, 0) / list.length
    expect(mean(u)).toBeCloseTo(0.5, 1.7)
    expect(mean(z)).toBeCloseTo(0, 1.5)
    expect(mean(z.map((value) => value * value))).toBeCloseTo(1, 1.2)
    expect(mean(z.map((value) => value ** 4))).toBeGreaterThan(2.8)
    expect(range(1000).every(() => random.below(3) < 3 && random.between(2, 5) >= 2)).toBe(true)
  })

  test('logarithm, sine and cosine agree with the built-in ones', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 2 ** -70, max: 1, noNaN: true }),
        fc.double({ min: -Math.PI, max: Math.PI, noNaN: true }),
        (x, angle) => {
          expect(Math.abs(ln(x) - Math.log(x))).toBeLessThan(1e-15 + 4e-16 * Math.abs(Math.log(x)))
          const [sin, cos] = sinCos(angle)
          expect(Math.abs(sin - Math.sin(angle))).toBeLessThan(1e-13)
          expect(Math.abs(cos - Math.cos(angle))).toBeLessThan(1e-13)
        },
      ),
    )
  })
})
