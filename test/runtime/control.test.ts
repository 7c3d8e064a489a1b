import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as abi from '../../src/abi/constants.ts'
import { type Exact, exactCos, exactExp, exactLog, exactPow, ulps } from '../helpers/exact.ts'
import { Machine } from '../helpers/machine.ts'

const machines = { debug: new Machine('debug'), simd: new Machine('simd'), relaxed: new Machine('relaxed') }
const slots = Object.fromEntries(Object.entries(machines).map(([build, machine]) => [build, machine.alloc(64)]))

/** fn(a, b, c); the same bits in every build. */
function scalar(fn: number, a: number, b = 0, c = 0): number {
  const results = Object.entries(machines).map(([build, machine]) => {
    const at = slots[build] as number
    const slot = machine.f64(at, 4)
    slot.set([a, b, c, -77])
    machine.run('scalar', { fn, y: at + 24, a: at, b: at + 8, c: at + 16 })
    expect([...slot.subarray(0, 3)]).toEqual([a, b, c])
    return slot[3] as number
  })
  for (const result of results) expect(result).toBe(results[0])
  return results[0] as number
}

/** Doubles of all sizes between two bounds, as often small as large. */
const between = (min: number, max: number): fc.Arbitrary<number> =>
  fc.oneof(
    fc.double({ min, max, noNaN: true }),
    fc.double({ min: 0, max: 1, noNaN: true }).map((t) => min + t * (max - min)),
  )
function errorOf(
  fn: number,
  exact: (x: number, y: number) => Exact,
  x: fc.Arbitrary<number>,
  y: fc.Arbitrary<number> = fc.constant(0),
): number {
  let worst = 0
  const property = fc.property(x, y, (a, b) => {
    worst = Math.max(worst, ulps(scalar(fn, a, b), exact(a, b)))
  })
  fc.assert(property, { numRuns: 1500, seed: 20 })
  return worst
}

describe('accuracy, in units of the last place', () => {
  test('exp', () => {
    expect(errorOf(abi.SCALAR_EXP, exactExp, between(-745, 709.78))).toBeLessThan(0.8)
    expect(errorOf(abi.SCALAR_EXP, exactExp, between(-1, 1))).toBeLessThan(0.8)
  })
  test('log', () => {
    expect(errorOf(abi.SCALAR_LOG, exactLog, between(5e-324, Number.MAX_VALUE))).toBeLessThan(0.9)
    expect(errorOf(abi.SCALAR_LOG, exactLog, between(0.5, 2))).toBeLessThan(0.9)
    const close = fc.integer({ min: -1_000_000, max: 1_000_000 }).filter((n) => n !== 0)
    expect(
      errorOf(
        abi.SCALAR_LOG,
        exactLog,
        close.map((n) => 1 + n * 2 ** -52),
      ),
    ).toBeLessThan(0.9)
  })
  test('cos', () => {
    expect(errorOf(abi.SCALAR_COS, exactCos, between(-10, 10))).toBeLessThan(0.9)
    expect(errorOf(abi.SCALAR_COS, exactCos, between(-1e6, 1e6))).toBeLessThan(0.9)
    expect(errorOf(abi.SCALAR_COS, exactCos, between(-(2 ** 45), 2 ** 45))).toBeLessThan(0.9)
    const zeros = fc.integer({ min: -100_000, max: 100_000 }).map((n) => (n + 0.5) * Math.PI)
    expect(errorOf(abi.SCALAR_COS, exactCos, zeros)).toBeLessThan(0.9)
  })
  test('pow', () => {
    // The bias corrections of Adam: 1 - beta^t needs every bit.
    const betas = fc.constantFrom(0.9, 0.95, 0.98, 0.99, 0.999, 0.9999)
    const steps = fc.integer({ min: 1, max: 200_000 })
    expect(errorOf(abi.SCALAR_POW, exactPow, betas, steps)).toBeLessThan(0.9)
    const any = between(1e-5, 1e5)
    expect(errorOf(abi.SCALAR_POW, exactPow, any, between(-60, 60))).toBeLessThan(0.9)
    const nearOne = fc.integer({ min: 1, max: 1000 }).map((n) => 1 + n * 2 ** -52)
    expect(errorOf(abi.SCALAR_POW, exactPow, nearOne, between(-1e15, 1e15))).toBeLessThan(0.9)
    const tiny = between(5e-324, 1e-300)
    expect(errorOf(abi.SCALAR_POW, exactPow, tiny, between(-0.9, 0.9))).toBeLessThan(0.9)
  })
})

describe('special values', () => {
  const INF = Infinity
  test.each([
    [abi.SCALAR_EXP, 0, 0, 1],
    [abi.SCALAR_EXP, -0, 0, 1],
    [abi.SCALAR_EXP, INF, 0, INF],
    [abi.SCALAR_EXP, -INF, 0, 0],
    [abi.SCALAR_EXP, 709.79, 0, INF],
    [abi.SCALAR_EXP, -745.2, 0, 0],
    [abi.SCALAR_EXP, -745.1, 0, 5e-324],
    [abi.SCALAR_EXP, NaN, 0, NaN],
    [abi.SCALAR_LOG, 1, 0, 0],
    [abi.SCALAR_LOG, 0, 0, -INF],
    [abi.SCALAR_LOG, -0, 0, -INF],
    [abi.SCALAR_LOG, -1, 0, NaN],
    [abi.SCALAR_LOG, INF, 0, INF],
    [abi.SCALAR_LOG, NaN, 0, NaN],
    [abi.SCALAR_COS, 0, 0, 1],
    [abi.SCALAR_COS, INF, 0, NaN],
    [abi.SCALAR_COS, NaN, 0, NaN],
    [abi.SCALAR_COS, 2 ** 46, 0, NaN],
    [abi.SCALAR_POW, 2, 10, 1024],
    [abi.SCALAR_POW, -2, 3, -8],
    [abi.SCALAR_POW, -2, 2, 4],
    [abi.SCALAR_POW, -2, 0.5, NaN],
    [abi.SCALAR_POW, 0, 0, 1],
    [abi.SCALAR_POW, NaN, 0, 1],
    [abi.SCALAR_POW, 1, NaN, 1],
    [abi.SCALAR_POW, NaN, 1, NaN],
    [abi.SCALAR_POW, 2, NaN, NaN],
    [abi.SCALAR_POW, 0, 3, 0],
    [abi.SCALAR_POW, -0, 3, -0],
    [abi.SCALAR_POW, -0, 2, 0],
    [abi.SCALAR_POW, 0, -3, INF],
    [abi.SCALAR_POW, -0, -3, -INF],
    [abi.SCALAR_POW, INF, -3, 0],
    [abi.SCALAR_POW, -INF, -3, -0],
    [abi.SCALAR_POW, -INF, 3, -INF],
    [abi.SCALAR_POW, -INF, 0.5, INF],
    [abi.SCALAR_POW, -1, INF, 1],
    [abi.SCALAR_POW, 0.5, INF, 0],
    [abi.SCALAR_POW, 0.5, -INF, INF],
    [abi.SCALAR_POW, 2, 1024, INF],
    [abi.SCALAR_POW, 2, -1075, 0],
    [abi.SCALAR_POW, 2, -1074, 5e-324],
    [abi.SCALAR_POW, 0.5, 1e300, 0],
    [abi.SCALAR_POW, -3, 2 ** 60, INF],
    [abi.SCALAR_POW, 1.0000000000000002, -1e300, 0],
    [abi.SCALAR_POW, 9, 0.5, 3],
    [abi.SCALAR_MIN, NaN, 1, NaN],
    [abi.SCALAR_MIN, 2, -1, -1],
    [abi.SCALAR_MAX, 1, NaN, NaN],
    [abi.SCALAR_MAX, 2, -1, 2],
    [abi.SCALAR_FLOOR, -1.5, 0, -2],
    [abi.SCALAR_SQRT, 2, 0, Math.SQRT2],
    [abi.SCALAR_SQRT, -1, 0, NaN],
    [abi.SCALAR_ADD, 0.1, 0.2, 0.1 + 0.2],
    [abi.SCALAR_SUB, 1, 0.999, 1 - 0.999],
    [abi.SCALAR_MUL, 3, 0.1, 3 * 0.1],
    [abi.SCALAR_DIV, 1, 3, 1 / 3],
    [abi.SCALAR_DIV, 1, 0, INF],
    [abi.SCALAR_LESS, 1, 2, 1],
    [abi.SCALAR_LESS, 2, 2, 0],
    [abi.SCALAR_LESS, NaN, 2, 0],
    [abi.SCALAR_COPY, -0, 0, -0],
    [abi.SCALAR_NEG, 0, 0, -0],
  ])('function %i of %d and %d is %d', (fn, a, b, expected) => {
    expect(scalar(fn, a, b)).toBe(expected)
  })

  test('select takes the second for any number but 0', () => {
    expect([1, -2, NaN, 0, -0].map((a) => scalar(abi.SCALAR_SELECT, a, 5, 6))).toEqual([5, 5, 5, 6, 6])
  })

  test('toF32 rounds once and writes one word', () => {
    const machine = machines.simd
    const at = machine.put(Float64Array.of(1 - 0.999, 0))
    const y = machine.put(Float32Array.of(7, 7))
    machine.run('scalar', { fn: abi.SCALAR_TO_F32, y, a: at })
    expect([...machine.f32(y, 2)]).toEqual([Math.fround(1 - 0.999), 7])
  })

  test('only the first part works', () => {
    const machine = machines.simd
    const at = machine.put(Float64Array.of(2, 0))
    const cell = machine.put(Uint32Array.of(0xffffffff, 0))
    machine.run('scalar', { fn: abi.SCALAR_MUL, y: at, a: at, b: at }, 4)
    machine.run('advance', { counter: cell, by: 3 }, 4)
    expect(machine.f64(at, 1)[0]).toBe(4)
    expect([...machine.i32(cell, 2)]).toEqual([2, 1])
  })
})

describe('batches', () => {
  const machine = machines.simd
  const cursorAt = (value: bigint): number =>
    machine.put(Uint32Array.of(Number(value & 0xffffffffn), Number(value >> 32n)))

  test.each([0n, 1n, 6n, 7n, 2n ** 40n + 3n])('record writes one place of the curve, cursor %d', (cursor) => {
    const curve = machine.put(new Float32Array(9).fill(-1))
    const x = machine.put(Float32Array.of(0.25))
    machine.run('record', { x, curve, cursor: cursorAt(cursor), capacity: 7 }, 3)
    const expected = new Array(9).fill(-1)
    expected[Number(cursor % 7n)] = 0.25
    expect([...machine.f32(curve, 9)]).toEqual(expected)
  })

  test.each([1, 2, 3, 4, 8])('fetchSlot copies one slot of the ring in %i parts', (parts) => {
    for (const words of [1, 15, 16, 17, 100, 1000]) {
      const ring = machine.put(Uint32Array.from({ length: 3 * words }, (_, i) => i + 1))
      for (const cursor of [0n, 2n, 4n, 2n ** 33n]) {
        const y = machine.put(new Uint32Array(words + 2))
        machine.run('fetchSlot', { ring, y: y + 4, cursor: cursorAt(cursor), slots: 3, bytes: 4 * words }, parts)
        const first = Number(cursor % 3n) * words + 1
        expect([...machine.i32(y, words + 2)]).toEqual([0, ...Array.from({ length: words }, (_, i) => first + i), 0])
      }
    }
  })

  test.each([1, 2, 3, 4, 8])('fetchRows gathers one batch in %i parts', (parts) => {
    for (const [rows, words] of [
      [1, 1],
      [64, 1],
      [5, 3],
      [3, 31],
      [3, 32],
      [7, 100],
      [2, 1000],
    ] as const) {
      const count = 11
      const data = Uint32Array.from({ length: count * words }, (_, i) => i + 1)
      const batches = 3
      const index = Uint32Array.from({ length: batches * rows }, (_, i) => (i * 7 + 3) % count)
      const [x, list] = [machine.put(data), machine.put(index)]
      for (const cursor of [0n, 1n, 5n]) {
        const y = machine.put(new Uint32Array(rows * words + 2))
        const operands = { x, index: list, y: y + 4, cursor: cursorAt(cursor), batches, rows, words }
        machine.run('fetchRows', operands, parts)
        const batch = Number(cursor % 3n)
        const expected = Array.from({ length: rows }, (_, r) => {
          const row = index[batch * rows + r] as number
          return [...data.subarray(row * words, (row + 1) * words)]
        }).flat()
        expect([...machine.i32(y, rows * words + 2)]).toEqual([0, ...expected, 0])
      }
    }
  })
})
