import { describe, expect, it } from 'vitest'
import { CONTROL, ERROR_INDEX } from '../../src/abi/constants.ts'
import type { KernelName } from '../../src/abi/kernels.ts'
import { type Build, builds } from '../helpers/machine.ts'
import { firstDifference, numbers, Operands, partsToTry, runCase } from '../helpers/operands.ts'

interface Sizes {
  outer: number
  n: number
  count: number
  inner: number
}
const sizes: Sizes[] = [
  { outer: 1, n: 5, count: 7, inner: 1 },
  { outer: 1, n: 300, count: 1000, inner: 1 },
  { outer: 33, n: 10, count: 1, inner: 1 },
  { outer: 3, n: 4, count: 5, inner: 3 },
  { outer: 1, n: 7, count: 40, inner: 17 },
  { outer: 2, n: 3, count: 9, inner: 64 },
  { outer: 1, n: 50, count: 6, inner: 130 },
  { outer: 1, n: 2, count: 3, inner: 1030 },
  { outer: 20, n: 6, count: 11, inner: 5 },
  { outer: 2, n: 3, count: 0, inner: 4 },
  { outer: 2, n: 3, count: 4, inner: 0 },
  { outer: 0, n: 3, count: 4, inner: 2 },
]
const indices = (count: number, n: number, seed: number): Int32Array =>
  Int32Array.from(numbers(count, seed), (u) => Math.min(n - 1, Math.floor(((u + 1) / 2) * n)))

/** The f32 sums in the order of c, which no split may change. */
function scattered(y: Float32Array, at: (c: number, e: number) => number, s: Sizes): Float32Array {
  const x = new Float32Array(s.outer * s.n * s.inner)
  for (let o = 0; o < s.outer; o++)
    for (let c = 0; c < s.count; c++)
      for (let i = 0; i < s.inner; i++) {
        const e = (o * s.count + c) * s.inner + i
        const row = at(c, e)
        if (row < 0 || row >= s.n) continue
        const to = (o * s.n + row) * s.inner + i
        x[to] = (x[to] as number) + (y[e] as number)
      }
  return x
}
function taken(x: Float32Array, at: (c: number, e: number) => number, s: Sizes): Float32Array {
  const y = new Float32Array(s.outer * s.count * s.inner)
  for (let o = 0; o < s.outer; o++)
    for (let c = 0; c < s.count; c++)
      for (let i = 0; i < s.inner; i++) {
        const e = (o * s.count + c) * s.inner + i
        const row = at(c, e)
        y[e] = x[(o * s.n + (row < 0 || row >= s.n ? 0 : row)) * s.inner + i] as number
      }
  return y
}

function run(build: Build, kernel: KernelName, source: Float32Array, index: Int32Array, s: Sizes): Float32Array {
  const grad = kernel === 'scatterAdd' || kernel === 'takeAlongGrad'
  const n = s.outer * s.inner * (grad ? s.n : s.count)
  const got = runCase(build, {
    kernel,
    place: (o) => {
      const [from, to] = [o.put(source, 4), o.blank(n, 8)]
      return {
        results: grad ? { x: n } : { y: n },
        operands: { index: o.put(index), ...(grad ? { y: from, x: to } : { x: from, y: to }), ...s },
      }
    },
  })
  return (grad ? got['x'] : got['y']) as Float32Array
}

const expectSame = (got: Float32Array, want: Float32Array): void => {
  const i = firstDifference(got, want)
  if (i >= 0) throw new Error(`[${i}] is ${got[i]}, should be ${want[i]}`)
}

describe.each(builds)('gather and scatter kernels, %s build', (build) => {
  const clearError = (o: Operands): Int32Array => o.machine.i32(CONTROL + 128, 4).fill(0)

  it.each(sizes)('%o', (s) => {
    const x = numbers(s.outer * s.n * s.inner, 1)
    const y = numbers(s.outer * s.count * s.inner, 2)
    const rows = indices(s.count, s.n, 3)
    const each = indices(y.length, s.n, 4)
    const byRow = (c: number): number => rows[c] as number
    const byElement = (_: number, e: number): number => each[e] as number
    expectSame(run(build, 'gather', x, rows, s), taken(x, byRow, s))
    expectSame(run(build, 'takeAlong', x, each, s), taken(x, byElement, s))
    expectSame(run(build, 'scatterAdd', y, rows, s), scattered(y, byRow, s))
    expectSame(run(build, 'takeAlongGrad', y, each, s), scattered(y, byElement, s))
  })

  it.each([
    { outer: 1, n: 6, count: 40, inner: 1 },
    { outer: 2, n: 6, count: 40, inner: 33 },
    { outer: 1, n: 400, count: 40, inner: 20 },
  ])('bad indices are reported and stay in bounds: %o', (s) => {
    const x = numbers(s.outer * s.n * s.inner, 1)
    const y = numbers(s.outer * s.count * s.inner, 2)
    for (const bad of [s.n, -1, -2147483648, 2147483647]) {
      const rows = indices(s.count, s.n, 3)
      const each = indices(y.length, s.n, 4)
      rows[29] = bad
      each[37] = bad
      const byRow = (c: number): number => rows[c] as number
      const byElement = (_: number, e: number): number => each[e] as number
      expectSame(run(build, 'gather', x, rows, s), taken(x, byRow, s))
      expectSame(run(build, 'takeAlong', x, each, s), taken(x, byElement, s))
      expectSame(run(build, 'scatterAdd', y, rows, s), scattered(y, byRow, s))
      expectSame(run(build, 'takeAlongGrad', y, each, s), scattered(y, byElement, s))
      for (const [kernel, index, position] of [
        ['gather', rows, 29],
        ['takeAlong', each, 37],
        ['scatterAdd', rows, 29],
        ['takeAlongGrad', each, 37],
      ] as const)
        for (const parts of partsToTry) {
          const o = new Operands(build)
          const record = clearError(o)
          o.machine.run(
            kernel,
            { x: o.put(x), y: o.put(y), index: o.put(index), ...s },
            parts,
            Array.from({ length: parts }, (_, i) => parts - 1 - i),
          )
          expect([record[0], record[2], record[3]], `${kernel}, ${parts} parts`).toEqual([ERROR_INDEX, position, bad])
          expect(record[1]).toBeGreaterThan(0)
        }
    }
  })

  it('good indices report nothing, and an axis of no rows reads as zeros', () => {
    const o = new Operands(build)
    const record = clearError(o)
    const y = o.blank(6)
    const s = { outer: 1, count: 3, inner: 2 }
    o.machine.run('gather', { x: o.put(numbers(8, 1)), index: o.put(Int32Array.of(0, 3, 1)), y, n: 4, ...s })
    expect(record[0]).toBe(0)
    for (const kernel of ['gather', 'takeAlong'] as const) {
      const index = o.put(new Int32Array(6))
      o.machine.run(kernel, { x: 0, index, y, n: 0, ...s }, 2)
      expect([...o.f32(y, 6)]).toEqual([0, 0, 0, 0, 0, 0])
      expect(record[0]).toBe(ERROR_INDEX)
    }
    o.check()
  })

  it('keeps the first report only', () => {
    const o = new Operands(build)
    const record = clearError(o)
    const s = { outer: 1, n: 2, count: 4, inner: 1 }
    o.machine.run('gather', { x: o.put(numbers(2, 1)), index: o.put(Int32Array.of(0, 9, 1, 8)), y: o.blank(4), ...s })
    expect([record[0], record[2], record[3]]).toEqual([ERROR_INDEX, 1, 9])
    clearError(o)
  })
})
