import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as codes from '../../src/abi/constants.ts'
import { bounds } from '../helpers/bounds.ts'
import { type Build, builds } from '../helpers/machine.ts'
import { numbers, type Operands, runCase, sizesToTry } from '../helpers/operands.ts'
import { slopes, truths, ulps } from '../helpers/truth.ts'

const code = (prefix: string, name: string): number =>
  (codes as unknown as Record<string, number>)[
    `${prefix}_${name.replace(/[A-Z]/g, (c) => `_${c}`).toUpperCase()}`
  ] as number
const clip = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high)

/** f(x, p0, p1) and the error allowed in ULP of the result. */
const unary: Record<string, readonly [(x: number, p0: number, p1: number) => number, number]> = {
  ...Object.fromEntries(Object.entries(bounds).map(([name, bound]) => [name, [truths[name], bound] as const])),
  neg: [(x) => -x, 0],
  abs: [Math.abs, 0],
  square: [(x) => x * x, 0.5],
  relu: [(x) => Math.max(x, 0), 0],
  leakyRelu: [(x, p0) => (x > 0 ? x : p0 * x), 0.5],
  elu: [(x, p0) => (x > 0 ? x : p0 * Math.expm1(x)), 2.5],
  clip: [clip, 0],
  sign: [Math.sign, 0],
  floor: [Math.floor, 0],
  ceil: [Math.ceil, 0],
  round: [(x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)), 0],
} as Record<string, readonly [(x: number, p0: number, p1: number) => number, number]>

const P0 = -0.375
const P1 = 0.8125
/** Ordinary numbers, and among them special ones. */
function values(n: number, seed: number): Float32Array {
  const x = numbers(n, seed, 4)
  const special = [
    0,
    -0,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    Number.NaN,
    1e-40,
    -1e-40,
    90,
    -110,
    P0,
    P1,
  ]
  for (let i = seed % 5; i < n; i += 5) x[i] = special[((i / 5) | 0) % special.length] as number
  return x
}
function expectNear(
  got: Float32Array,
  want: (i: number) => number,
  allowed: (i: number) => number,
  what: string,
): void {
  for (let i = 0; i < got.length; i++) {
    const error = ulps(got[i] as number, want(i))
    if (!(error <= allowed(i))) throw new Error(`${what}[${i}] is ${got[i]}, should be ${want(i)}: ${error} ULP off`)
  }
}

describe.each(builds)('unary, %s build', (build) => {
  const check = (name: string, n: number, seed: number, inPlace: boolean, offset = 4): void => {
    const [truth, bound] = unary[name] as (typeof unary)[string]
    const x = values(n, seed)
    const got = runCase(build, {
      kernel: 'unary',
      anyNaN: true,
      place: (o) => {
        const at = o.put(x, offset)
        const y = inPlace ? at : o.blank(n, 12)
        return { results: { y: n }, operands: { fn: code('UNARY', name), x: at, y, n, p0: P0, p1: P1 } }
      },
    })
    expectNear(
      got['y'] as Float32Array,
      (i) => truth(x[i] as number, P0, P1),
      () => bound,
      `${name} of ${n}`,
    )
  }
  it.each(Object.keys(unary))('%s of all sizes', (name) => {
    for (const n of [...sizesToTry, 31]) check(name, n, n + 1, n % 2 === 0)
  })
  it('takes any size, offset and seed', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(unary)),
        fc.integer({ min: 0, max: 700 }),
        fc.nat(1000),
        fc.boolean(),
        fc.constantFrom(0, 4, 8, 12),
        check,
      ),
      { numRuns: 60 },
    )
  })
  it('affine is p0 x + p1, fused or in two roundings, the same at every place', () => {
    const x = Float32Array.from({ length: 1003 }, (_, i) => numbers(17, 3)[i % 17] as number)
    const y = runCase(build, {
      kernel: 'unary',
      place: (o) => ({
        results: { y: x.length },
        operands: { fn: codes.UNARY_AFFINE, x: o.put(x, 4), y: o.blank(x.length), n: x.length, p0: P0, p1: P1 },
      }),
    })['y'] as Float32Array
    y.forEach((got, i) => {
      const product = (x[i] as number) * P0
      expect([Math.fround(product + P1), Math.fround(Math.fround(product) + P1)]).toContain(got)
      expect(got).toBe(y[i % 17])
    })
  })
  it('converts integers', () => {
    const x = Int32Array.from({ length: 33 }, (_, i) => (i % 2 ? -1 : 1) * Math.floor(3 ** (i / 1.7)))
    const y = runCase(build, {
      kernel: 'unary',
      place: (o) => ({
        results: { y: 33 },
        operands: { fn: codes.UNARY_I32_TO_F32, x: o.put(x), y: o.blank(33), n: 33, p0: 0, p1: 0 },
      }),
    })['y']
    expect(y).toEqual(Float32Array.from(x))
  })
})

const nan = (a: number, b: number): boolean => Number.isNaN(a) || Number.isNaN(b)
type Binary = (a: number, b: number, p0: number, p1: number) => number
/** Truth, and the error allowed in ULP of `scale` (by default the result). */
const binary: Record<string, { f: Binary; bound: number; scale?: Binary }> = {
  add: { f: (a, b) => a + b, bound: 0.5 },
  sub: { f: (a, b) => a - b, bound: 0.5 },
  mul: { f: (a, b) => a * b, bound: 0.5 },
  div: { f: (a, b) => a / b, bound: 0.5 },
  maximum: { f: (a, b) => (nan(a, b) ? Number.NaN : Math.max(a, b)), bound: 0 },
  minimum: { f: (a, b) => (nan(a, b) ? Number.NaN : Math.min(a, b)), bound: 0 },
  pow: { f: (a, b) => a ** b, bound: 0.51 },
  squaredDifference: { f: (a, b) => (a - b) ** 2, bound: 2 },
  greater: { f: (a, b) => (a > b ? 1 : 0), bound: 0 },
  equal: { f: (a, b) => (a === b ? 1 : 0), bound: 0 },
  greaterEqual: { f: (a, b) => (a >= b ? 1 : 0), bound: 0 },
  notEqual: { f: (a, b) => (a !== b ? 1 : 0), bound: 0 },
}
/** Gradients are compared where b is finite; slopes cancel where they cross 0, so their errors are those of size 1. */
const finiteOnly = new Set(Object.keys(slopes))
for (const [name, slope] of Object.entries(slopes))
  binary[name] = {
    f: (a, b, p0, p1) => (slope(b, p0, p1) === 0 && /relu|clip|hardtanh/i.test(name) ? 0 : a * slope(b, p0, p1)),
    bound: 4,
    scale: (a, b, p0, p1) => Math.abs(a) * Math.max(1, Math.abs(slope(b, p0, p1))),
  }

function checkBinary(build: Build, name: string, a: Float32Array, b: Float32Array, shape: Shape): void {
  const { f, bound, scale } = binary[name] as (typeof binary)[string]
  const got = runCase(build, {
    kernel: shape.kernel,
    anyNaN: true,
    place: (o) => {
      const operands = { fn: code('BINARY', name), n: shape.n, p0: P0, p1: P1, ...shape.operands(o, a, b) }
      return { results: { y: shape.n }, operands }
    },
  })['y'] as Float32Array
  for (let i = 0; i < shape.n; i++) {
    const [x, y] = [a[shape.a(i)] as number, b[shape.b(i)] as number]
    if (finiteOnly.has(name) && !(Number.isFinite(y) && Number.isFinite(x))) continue
    const want = f(x, y, P0, P1)
    const unit =
      scale === undefined ? 1 : Math.max(2 ** -126, scale(x, y, P0, P1)) / Math.max(2 ** -126, Math.abs(want))
    const error = ulps(got[i] as number, want) / unit
    if (!(error <= bound)) throw new Error(`${name}(${x}, ${y}) at ${i} is ${got[i]}, should be ${want}: ${error} ULP`)
  }
}
interface Shape {
  kernel: 'binary' | 'binaryStrided'
  n: number
  a: (i: number) => number
  b: (i: number) => number
  operands: (o: Operands, a: Float32Array, b: Float32Array) => Record<string, number | readonly number[]>
}

describe.each(builds)('binary, %s build', (build) => {
  /** inPlace: y is a (1) or b (2), where that one has n elements. */
  const check = (name: string, n: number, aStep: number, bStep: number, inPlace: number, seed: number): void => {
    checkBinary(build, name, values(aStep ? n : 1, seed), values(bStep ? n : 1, seed + 3), {
      kernel: 'binary',
      n,
      a: (i) => i * aStep,
      b: (i) => i * bStep,
      operands: (o, a, b) => {
        const at = { a: o.put(a, 4), b: o.put(b, 8) }
        const y = inPlace === 1 && aStep ? at.a : inPlace === 2 && bStep ? at.b : o.blank(n, 12)
        return { ...at, y, aStep, bStep }
      },
    })
  }
  it.each(Object.keys(binary))('%s of all sizes and steps', (name) => {
    for (const n of [...sizesToTry, 31])
      for (const [aStep, bStep] of n < 70
        ? [
            [1, 1],
            [0, 1],
            [1, 0],
            [0, 0],
          ]
        : [
            [1, 1],
            [1, 0],
          ])
        check(name, n, aStep as number, bStep as number, n % 3, n + 1)
  })

  /** All ways in which each operand has each axis or is broadcast along it, as C-ordered arrays. */
  const strides = (sizes: readonly number[], present: number): number[] => {
    const out = sizes.map(() => 0)
    let words = 1
    for (let axis = sizes.length - 1; axis >= 0; axis--)
      if ((present >> axis) & 1) {
        out[axis] = words
        words *= sizes[axis] as number
      }
    return out
  }
  const strided = (
    name: string,
    sizes: readonly number[],
    aAxes: readonly number[],
    bAxes: readonly number[],
  ): void => {
    const n = sizes.reduce((p, s) => p * s, 1)
    const at = (axes: readonly number[]) => (i: number) => {
      let offset = 0
      for (let axis = sizes.length - 1; axis >= 0; axis--) {
        offset += (i % (sizes[axis] as number)) * (axes[axis] as number)
        i = Math.floor(i / (sizes[axis] as number))
      }
      return offset
    }
    const words = (axes: readonly number[]) => 1 + sizes.reduce((sum, s, i) => sum + (s - 1) * (axes[i] as number), 0)
    checkBinary(build, name, values(n === 0 ? 0 : words(aAxes), 5), values(n === 0 ? 0 : words(bAxes), 6), {
      kernel: 'binaryStrided',
      n,
      a: at(aAxes),
      b: at(bAxes),
      operands: (o, a, b) => ({
        a: o.put(a, 4),
        b: o.put(b, 8),
        y: o.blank(n, 12),
        dims: [sizes.length, ...sizes.flatMap((s, i) => [s, aAxes[i] as number, bAxes[i] as number])],
      }),
    })
  }
  it.each([0, 1, 2, 3, 4])('broadcasts in every pattern of rank %i', (rank) => {
    for (const sizes of [
      [3, 5, 2, 7],
      [2, 1, 3, 41],
    ].map((s) => s.slice(4 - rank)))
      for (let aAxes = 0; aAxes < 1 << rank; aAxes++)
        for (let bAxes = 0; bAxes < 1 << rank; bAxes++)
          strided('sub', sizes, strides(sizes, aAxes), strides(sizes, bAxes))
  })
  it('broadcasts in any pattern up to rank 6, with any function', () => {
    const size = fc.integer({ min: 1, max: 6 })
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(binary)),
        fc.array(size, { maxLength: 6 }),
        fc.constantFrom(1, 2, 8, 33, 70),
        fc.nat(63),
        fc.nat(63),
        (name, outer, inner, aAxes, bAxes) => {
          const sizes = [...outer.slice(0, 5), inner]
          fc.pre(sizes.reduce((p, s) => p * s, 1) < 20_000)
          strided(name, sizes, strides(sizes, aAxes), strides(sizes, bAxes))
        },
      ),
      { numRuns: 120 },
    )
  })
  it('reads transposed operands', () => {
    strided('sub', [37, 50], [1, 37], [50, 1])
    strided('sub', [5, 37, 50], [37 * 50, 1, 37], [1, 5, 5 * 37])
  })
  it('does nothing for an empty array', () => {
    strided('add', [3, 0, 4], [0, 0, 1], [0, 0, 1])
  })
})
