import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Augmentation,
  augment,
  randomErase,
  randomFlip,
  randomNoise,
  randomRotation,
  randomShift,
} from '../../src/data/augment.ts'
import { arrays, type Dataset } from '../../src/data/dataset.ts'
import { batches } from '../../src/data/pipeline.ts'
import { Random } from '../../src/data/random.ts'
import { ArgumentError } from '../../src/errors.ts'

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)
/** Images of 2 x 3 x 4 whose numbers tell where they are: 1, 2, 3 ... */
const size = { channels: 2, height: 3, width: 4 }
const image = (): Float32Array => Float32Array.from(range(24), (i) => i + 1)
const run = (step: Augmentation, seed: number): number[] => [...step(image(), size, new Random(seed))]
const get = (pixels: readonly number[], c: number, y: number, x: number): number =>
  y < 0 || y > 2 || x < 0 || x > 3 ? 0 : (pixels[(c * 3 + y) * 4 + x] as number)
const where = (move: (c: number, y: number, x: number) => number): number[] =>
  range(24).map((i) => move(Math.floor(i / 12), Math.floor(i / 4) % 3, i % 4))

describe('steps', () => {
  test('randomShift moves all channels by one of all offsets', () => {
    const seen = new Set<string>()
    for (let seed = 0; seed < 400; seed++) {
      const moved = run(randomShift(1), seed)
      const offset = range(9).map((k) => [Math.floor(k / 3) - 1, (k % 3) - 1] as const)
      const found = offset.filter(
        ([dy, dx]) => String(moved) === String(where((c, y, x) => get([...image()], c, y - dy, x - dx))),
      )
      expect(found).toHaveLength(1)
      seen.add(String(found[0]))
    }
    expect(seen.size).toBe(9)
    expect(run(randomShift(0), 1)).toEqual([...image()])
    const far = range(200).map((seed) => run(randomShift(50), seed))
    expect(far.some((pixels) => pixels.every((value) => value === 0))).toBe(true)
  })

  test('randomFlip mirrors half of the images', () => {
    let flipped = 0
    for (let seed = 0; seed < 400; seed++) {
      const pixels = run(randomFlip(), seed)
      if (pixels[0] === 1) expect(pixels).toEqual([...image()])
      else {
        flipped++
        expect(pixels).toEqual(where((c, y, x) => get([...image()], c, y, 3 - x)))
      }
    }
    expect(Math.abs(flipped - 200)).toBeLessThan(50)
    expect(run(randomFlip('vertical', 1), 3)).toEqual(where((c, y, x) => get([...image()], c, 2 - y, x)))
    expect(run(randomFlip('horizontal', 0), 3)).toEqual([...image()])
  })

  test('randomRotation by nothing changes nothing, and by any angle keeps the centre', () => {
    expect(run(randomRotation(0), 1)).toEqual([...image()])
    const odd = { channels: 1, height: 5, width: 5 }
    for (const seed of range(50)) {
      const dot = new Float32Array(25)
      dot[12] = 1
      dot[14] = 1
      const turned = randomRotation(180)(dot, odd, new Random(seed))
      expect(turned[12]).toBeCloseTo(1, 6)
      // The other dot is two pixels away still: its weight is spread over up to four pixels.
      const total = turned.reduce((sum, value) => sum + value, 0)
      expect(total).toBeGreaterThan(1.5)
      expect(total).toBeLessThan(2.5)
      const reach = range(25).filter((i) => i !== 12 && (turned[i] as number) > 0)
      for (const i of reach) {
        const distance = Math.hypot(Math.floor(i / 5) - 2, (i % 5) - 2)
        expect(distance).toBeGreaterThan(0.5)
        expect(distance).toBeLessThan(3.5)
      }
    }
  })

  test('a quarter turn takes rows to columns', () => {
    const square = { channels: 1, height: 3, width: 3 }
    const pixels = Float32Array.from(range(9))
    // between(-90, 90) of u = 1 - 2^-32: a Random that draws its largest number.
    const last = { between: (_: number, max: number) => max } as unknown as Random
    const turned = randomRotation(90)(pixels, square, last)
    expect([...turned].map((value) => Math.round(value * 1e5) / 1e5)).toEqual([6, 3, 0, 7, 4, 1, 8, 5, 2])
  })

  test('randomNoise adds normal numbers', () => {
    const flat = { channels: 1, height: 100, width: 100 }
    const noisy = randomNoise(0.5)(new Float32Array(10_000).fill(3), flat, new Random(2))
    const mean = noisy.reduce((sum, value) => sum + value, 0) / 1e4
    const variance = noisy.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 1e4
    expect(mean).toBeCloseTo(3, 1)
    expect(Math.sqrt(variance)).toBeCloseTo(0.5, 1)
  })

  test('randomErase clears one square', () => {
    for (const seed of range(50)) {
      const pixels = run(randomErase(2), seed)
      const gone = range(24).filter((i) => pixels[i] === 0)
      expect(gone).toHaveLength(8)
      const [first] = gone as [number]
      expect(gone).toEqual([0, 1, 4, 5, 12, 13, 16, 17].map((k) => first + k))
    }
    expect(run(randomErase(9), 1)).toEqual(new Array(24).fill(0))
  })

  test.each([
    () => randomShift(-1),
    () => randomShift(Number.NaN),
    () => randomFlip('horizontal', 2),
    () => randomFlip('diagonal' as 'vertical'),
    () => randomRotation(200),
    () => randomNoise(-1),
    () => randomErase(0),
  ])('amounts that do not fit are refused: %s', (make) => expect(make).toThrow(ArgumentError))
})

describe('augment', () => {
  const n = 10
  const data = arrays(
    { x: Float32Array.from(range(n * 24), (i) => (i % 24) + 1), y: Int32Array.from(range(n)) },
    { shapes: { x: [2, 3, 4] } },
  )
  const steps = [randomShift(1), randomFlip(), randomRotation(20), randomNoise(0.1), randomErase(1)]
  const stream = (seed: number) => batches(data, { batch: 4, shuffle: 1 }).map(augment(steps, { seed }))
  async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
    const items: T[] = []
    for await (const item of source) items.push(item)
    return items
  }

  test('gives the same images whenever an epoch is replayed', async () => {
    const epochs = [await all(stream(5).epoch(0)), await all(stream(5).epoch(1))]
    expect(await all(stream(5).epoch(0))).toEqual(epochs[0])
    expect(await all(stream(5).epoch(1))).toEqual(epochs[1])
    expect(epochs[0]).not.toEqual(epochs[1])
    expect(await all(stream(6).epoch(0))).not.toEqual(epochs[0])
    // Equal images are changed in ways of their own.
    const images = epochs
      .flat()
      .flatMap(({ size, columns: { x } }) => range(size).map((i) => String(x.data.subarray(i * 24, i * 24 + 24))))
    expect(new Set(images).size).toBe(2 * n)
  })

  test('leaves labels, shapes and the data set as they are', async () => {
    const before = data.columns.x.data.slice()
    const made = await all(stream(5).epoch(0))
    expect(made.flatMap(({ columns }) => [...columns.y.data]).sort()).toEqual(range(n))
    expect(made[0]?.columns.x.shape).toEqual([2, 3, 4])
    expect(data.columns.x.data).toEqual(before)
  })

  test('takes flat rows whose size it is told, and another column', () => {
    const flat: Dataset<'pixels'> = arrays({ pixels: image() }, { shapes: { pixels: [24] } })
    const place = { index: 0, epoch: 0 }
    const flip = [randomFlip('horizontal', 1)]
    const changed = augment(flip, { seed: 1, column: 'pixels', size: [6, 4] })(flat, place)
    expect([...changed.columns.pixels.data.subarray(0, 4)]).toEqual([4, 3, 2, 1])
    expect(changed.columns.pixels.shape).toEqual([24])
    expect(() => augment(flip, { seed: 1 })(flat, place)).toThrow(/no column 'x' of images.*received pixels/)
    expect(() => augment(flip, { seed: 1, column: 'pixels' })(flat, place)).toThrow(
      /no images.*received \[24\].*Give the size/,
    )
    expect(() => augment(flip, { seed: 1, column: 'pixels', size: [5, 5] })(flat, place)).toThrow(ArgumentError)
    expect(() =>
      augment([() => new Float32Array(3)], { seed: 1, column: 'pixels', size: [6, 4] })(flat, place),
    ).toThrow(/a step changed the size/)
    expect(() => augment(flip, { seed: -1 })).toThrow(ArgumentError)
  })

  test('any chain keeps finite numbers finite', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4), { maxLength: 4 }), fc.nat(), (chosen, seed) => {
        let pixels: Float32Array = image()
        const random = new Random(seed)
        for (const k of chosen) pixels = (steps[k] as Augmentation)(pixels, size, random)
        expect(pixels).toHaveLength(24)
        expect(pixels.every(Number.isFinite)).toBe(true)
      }),
    )
  })
})
