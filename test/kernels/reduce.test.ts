import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as codes from '../../src/abi/constants.ts'
import { type Build, builds } from '../helpers/machine.ts'
import { numbers, runCase, sizesToTry } from '../helpers/operands.ts'
import { ulps } from '../helpers/truth.ts'

const EPS = 2 ** -24
const SCALE = -0.75
type Kind = 'SUM' | 'MAX' | 'MIN' | 'PROD' | 'SUM_SQUARES'
const kindCodes: Record<Kind, number> = {
  SUM: codes.REDUCE_SUM,
  MAX: codes.REDUCE_MAX,
  MIN: codes.REDUCE_MIN,
  PROD: codes.REDUCE_PROD,
  SUM_SQUARES: codes.REDUCE_SUM_SQUARES,
}
const kinds = Object.keys(kindCodes) as Kind[]
const nan = (a: number, b: number): boolean => Number.isNaN(a) || Number.isNaN(b)
const join: Record<Kind, (y: number, x: number) => number> = {
  SUM: (y, x) => y + x,
  MAX: (y, x) => (nan(y, x) ? Number.NaN : Math.max(y, x)),
  MIN: (y, x) => (nan(y, x) ? Number.NaN : Math.min(y, x)),
  PROD: (y, x) => y * x,
  SUM_SQUARES: (y, x) => y + x * x,
}
const start: Record<Kind, number> = {
  SUM: 0,
  MAX: Number.NEGATIVE_INFINITY,
  MIN: Number.POSITIVE_INFINITY,
  PROD: 1,
  SUM_SQUARES: 0,
}

interface Shape {
  readonly outer: number
  readonly n: number
  readonly inner: number
}
function column(x: Float32Array, { n, inner }: Shape, o: number, i: number): number[] {
  return Array.from({ length: n }, (_, j) => x[(o * n + j) * inner + i] as number)
}

function reduce(build: Build, kind: Kind, x: Float32Array, shape: Shape, scale: number): Float32Array {
  const size = shape.outer * shape.inner
  return runCase(build, {
    kernel: 'reduce',
    anyNaN: true,
    place: (o) => ({
      results: { y: size },
      operands: { fn: kindCodes[kind], x: o.put(x, 4), y: o.blank(size, 8), ...shape, scale },
    }),
  })['y'] as Float32Array
}

/** Within 20 roundings of the sum of the sizes (sums), or within one rounding. */
function check(build: Build, kind: Kind, x: Float32Array, shape: Shape, scale = SCALE): void {
  const got = reduce(build, kind, x, shape, scale)
  for (let o = 0; o < shape.outer; o++)
    for (let i = 0; i < shape.inner; i++) {
      const terms = column(x, shape, o, i)
      const want = scale * terms.reduce(join[kind], start[kind])
      const y = got[o * shape.inner + i] as number
      const size = terms.reduce((sum, v) => sum + Math.abs(kind === 'SUM' ? v : v * v), 0)
      const sum = kind === 'SUM' || kind === 'SUM_SQUARES'
      const ok =
        Object.is(y, want) ||
        (sum && Number.isFinite(want) ? Math.abs(y - want) <= 20 * EPS * size * Math.abs(scale) : ulps(y, want) <= 0.51)
      if (!ok) throw new Error(`${kind} [${o}, ${i}] of ${JSON.stringify(shape)} is ${y}, should be ${want}`)
    }
}

const shapes: readonly Shape[] = [
  ...[...sizesToTry, 31].map((n) => ({ outer: n > 200 ? 3 : 20, n, inner: 1 })),
  ...[0, 1, 2, 5, 15, 16, 17, 33, 100].flatMap((n) =>
    [2, 3, 4, 5, 7, 16, 19, 37].map((inner) => ({ outer: 3, n, inner })),
  ),
  { outer: 1, n: 1000, inner: 64 },
  { outer: 300, n: 3, inner: 1 },
  { outer: 0, n: 4, inner: 1 },
  { outer: 2, n: 3, inner: 0 },
]
const shapeArbitrary = fc
  .record({
    outer: fc.integer({ min: 1, max: 40 }),
    n: fc.integer({ min: 0, max: 400 }),
    inner: fc.constantFrom(1, 1, 1, 2, 3, 4, 6, 17, 40),
  })
  .filter(({ outer, n, inner }) => outer * n * inner < 60_000)
const count = ({ outer, n, inner }: Shape): number => outer * n * inner

describe.each(builds)('reduce, %s build', (build) => {
  it.each(kinds)('%s of all shapes', (kind) => {
    for (const shape of shapes) {
      const x = numbers(count(shape), 3, 2)
      check(build, kind, kind === 'PROD' ? x.map((v) => 1 + v / 8) : x, shape)
    }
  })
  it('takes random shapes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), shapeArbitrary, fc.nat(1000), (kind, shape, seed) => {
        const x = numbers(count(shape), seed, 2)
        check(build, kind, kind === 'PROD' ? x.map((v) => 1 + v / 8) : x, shape)
      }),
      { numRuns: 60 },
    )
  })
  it.each(kinds)('%s of NaN and infinities, wherever they are', (kind) => {
    const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    for (const shape of [
      { outer: 25, n: 25, inner: 1 },
      { outer: 1, n: 6, inner: 25 },
    ])
      for (const value of special)
        for (const other of [0, ...special]) {
          const x = numbers(count(shape), 9)
          // one special value in each result, at a place of its own, and in some a second
          for (let k = 0; k < 25; k++) {
            x[shape.inner === 1 ? k * 25 + k : (k % 6) * 25 + k] = value
            if (k % 3 === 0) x[shape.inner === 1 ? k * 25 + ((k * 7 + 1) % 25) : ((k + 1) % 6) * 25 + k] = other
          }
          check(build, kind, x, shape, 1)
        }
  })
  it('a long sum is off by no more roundings than a short one', () => {
    for (const shape of [
      { outer: 1, n: 1_000_000, inner: 1 },
      { outer: 1, n: 100_000, inner: 20 },
    ]) {
      const x = numbers(count(shape), 5).map((v) => 1000 + v)
      const got = reduce(build, 'SUM', x, shape, 1)
      for (let i = 0; i < shape.inner; i++) {
        const want = column(x, shape, 0, i).reduce((a, b) => a + b, 0)
        expect(Math.abs((got[i] as number) - want) / want).toBeLessThan(4e-7)
      }
    }
  })
  it('an empty sum is 0, an empty product 1', () => {
    for (const inner of [1, 5, 20]) {
      const shape = { outer: 3, n: 0, inner }
      expect(reduce(build, 'SUM', new Float32Array(0), shape, 2)).toEqual(new Float32Array(3 * inner))
      expect(reduce(build, 'PROD', new Float32Array(0), shape, 1)).toEqual(new Float32Array(3 * inner).fill(1))
    }
  })
})

describe.each(builds)('argReduce, %s build', (build) => {
  const argReduce = (fn: number, x: Float32Array, shape: Shape): void => {
    const size = shape.outer * shape.inner
    const got = runCase(build, {
      kernel: 'argReduce',
      place: (o) => ({ results: { y: size }, operands: { fn, x: o.put(x, 4), y: o.blank(size, 8), ...shape } }),
    })['y'] as Float32Array
    const indices = new Int32Array(got.buffer)
    for (let at = 0; at < size; at++) {
      const terms = column(x, shape, Math.floor(at / shape.inner), at % shape.inner)
      let want = terms.findIndex(Number.isNaN)
      if (want < 0) want = terms.indexOf((fn === codes.REDUCE_ARGMAX ? Math.max : Math.min)(...terms))
      if (indices[at] !== Math.max(0, want))
        throw new Error(`${fn} at ${at} of ${JSON.stringify(shape)} is ${indices[at]}, should be ${want}`)
    }
  }
  it.each([codes.REDUCE_ARGMAX, codes.REDUCE_ARGMIN])('the first extremum, %i', (fn) => {
    for (const shape of shapes) {
      // few values, so that many are equal
      const x = numbers(count(shape), 3, 3).map((v) => Math.round(v))
      argReduce(fn, x, shape)
    }
  })
  it('a NaN wins, the first one', () => {
    fc.assert(
      fc.property(shapeArbitrary, fc.nat(1000), fc.constantFrom(0, 1), (shape, seed, fn) => {
        const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0]
        const x = numbers(count(shape), seed, 3).map((v, i) => (i % 11 === seed % 11 ? (special[i % 5] as number) : v))
        argReduce(fn, x, shape)
      }),
      { numRuns: 60 },
    )
  })
})
