import { describe, expect, it } from 'vitest'
import * as codes from '../../src/abi/constants.ts'
import { bounds } from '../helpers/bounds.ts'
import { builds, Machine } from '../helpers/machine.ts'
import { truths, ulps } from '../helpers/truth.ts'

const code = (name: string): number =>
  (codes as unknown as Record<string, number>)[
    `UNARY_${name.replace(/[A-Z]/g, (c) => `_${c}`).toUpperCase()}`
  ] as number

const SAMPLES = 150_000
const FIRST_NAN = 0x7f800001
/** Bit patterns spread over all of them, and the neighbours of numbers where something changes. */
const samples = ((): Float32Array => {
  const bits = new Uint32Array(SAMPLES)
  const step = 28631 // 2^32 / SAMPLES, nearly
  for (let i = 0; i < SAMPLES; i++) bits[i] = i * step + (i % 7)
  const corners = [0, 1, 0.625, 0.9, 2, 13.2, 14.5, 15, 17.3, 20, 40, 87.3, 88.72, 89, 103.9, 120, 2 ** -126, 3.4e38]
  const around: number[] = []
  const view = new DataView(new ArrayBuffer(4))
  for (const corner of corners) {
    view.setFloat32(0, corner)
    const middle = view.getUint32(0)
    for (let d = -50; d <= 50; d++) around.push(middle + d, (middle + d + 0x80000000) >>> 0)
  }
  around.push(0x7f800000, 0xff800000, FIRST_NAN, 0xffffffff, 0x7fc00000)
  return new Float32Array(Uint32Array.from([...bits, ...around]).buffer)
})()

function run(machine: Machine, fn: number, values: Float32Array, p0 = 1): Float32Array {
  const x = machine.put(values)
  const y = machine.alloc(values.byteLength)
  machine.run('unary', { fn, x, y, n: values.length, p0, p1: 0 })
  return machine.f32(y, values.length).slice()
}

describe.each(builds)('vector functions, %s build', (build) => {
  const machine = new Machine(build)
  it.each(Object.entries(bounds))('%s within %f ULP over a sample of all bit patterns', (name, bound) => {
    const got = run(machine, code(name), samples)
    const truth = truths[name] as (x: number) => number
    let worst = 0
    let where = 0
    for (let i = 0; i < samples.length; i++) {
      const error = ulps(got[i] as number, truth(samples[i] as number))
      if (error > worst) [worst, where] = [error, samples[i] as number]
    }
    expect(worst, `at ${where}`).toBeLessThanOrEqual(bound)
    expect(worst).toBeGreaterThan(0)
  })

  const inf = Number.POSITIVE_INFINITY
  const nan = Number.NaN
  it.each<[string, readonly [number, number][]]>([
    [
      'exp',
      [
        [0, 1],
        [-0, 1],
        [inf, inf],
        [-inf, 0],
        [nan, nan],
        [88.8, inf],
        [-104, 0],
        [2 ** -149, 1],
      ],
    ],
    [
      'log',
      [
        [1, 0],
        [0, -inf],
        [-0, -inf],
        [inf, inf],
        [-1, nan],
        [-inf, nan],
        [-(2 ** -149), nan],
        [nan, nan],
      ],
    ],
    [
      'sqrt',
      [
        [-0, -0],
        [-1, nan],
        [inf, inf],
        [nan, nan],
      ],
    ],
    [
      'rsqrt',
      [
        [0, inf],
        [-0, -inf],
        [inf, 0],
        [-1, nan],
        [4, 0.5],
        [nan, nan],
      ],
    ],
    [
      'reciprocal',
      [
        [0, inf],
        [-0, -inf],
        [inf, 0],
        [-inf, -0],
        [nan, nan],
      ],
    ],
    [
      'tanh',
      [
        [0, 0],
        [-0, -0],
        [inf, 1],
        [-inf, -1],
        [nan, nan],
        [2 ** -149, 2 ** -149],
      ],
    ],
    [
      'sigmoid',
      [
        [0, 0.5],
        [inf, 1],
        [-inf, 0],
        [nan, nan],
      ],
    ],
    [
      'erf',
      [
        [0, 0],
        [-0, -0],
        [inf, 1],
        [-inf, -1],
        [nan, nan],
      ],
    ],
    [
      'gelu',
      [
        [0, 0],
        [-0, -0],
        [inf, inf],
        [-inf, nan],
        [nan, nan],
        [-20, 0],
      ],
    ],
    [
      'geluTanh',
      [
        [0, 0],
        [-0, -0],
        [inf, inf],
        [-inf, nan],
        [nan, nan],
        [-20, 0],
      ],
    ],
    [
      'silu',
      [
        [0, 0],
        [-0, -0],
        [inf, inf],
        [-inf, nan],
        [nan, nan],
        [-200, 0],
      ],
    ],
    [
      'softplus',
      [
        [inf, inf],
        [-inf, 0],
        [nan, nan],
        [100, 100],
      ],
    ],
    [
      'logSigmoid',
      [
        [inf, -0],
        [-inf, -inf],
        [nan, nan],
        [-100, -100],
      ],
    ],
    [
      'relu',
      [
        [-1, 0],
        [inf, inf],
        [-inf, 0],
        [nan, nan],
      ],
    ],
    [
      'sign',
      [
        [0, 0],
        [-0, -0],
        [inf, 1],
        [-inf, -1],
        [nan, nan],
        [-(2 ** -149), -1],
      ],
    ],
    [
      'elu',
      [
        [inf, inf],
        [-inf, -1],
        [nan, nan],
        [-200, -1],
      ],
    ],
    [
      'abs',
      [
        [-0, 0],
        [-inf, inf],
        [nan, nan],
      ],
    ],
  ])('%s of special values', (name, pairs) => {
    const got = run(
      machine,
      code(name),
      Float32Array.from(pairs, ([x]) => x),
    )
    for (const [i, [x, want]] of pairs.entries()) {
      const value = got[i] as number
      expect(value === want || (Number.isNaN(value) && Number.isNaN(want)), `${name}(${x}) is ${value}`).toBe(true)
    }
  })
})

/** Math.pow differs from IEEE 754 where the base is 1 or -1. */
function truePow(x: number, y: number): number {
  return x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY) ? 1 : x ** y
}

describe.each(builds)('pow, %s build', (build) => {
  const machine = new Machine(build)
  function pow(a: Float32Array, b: Float32Array): Float32Array {
    const y = machine.alloc(a.byteLength)
    const operands = { fn: codes.BINARY_POW, a: machine.put(a), b: machine.put(b), y, n: a.length, aStep: 1, bStep: 1 }
    machine.run('binary', operands)
    return machine.f32(y, a.length).slice()
  }
  it('has the special cases of IEEE 754', () => {
    const tiny = 2 ** -149
    const values = [0, 1, 2, 3, 0.5, 1.5, 2.5, 7, 8, 2 ** 23 + 1, 2 ** 24, 3e38, tiny, 1e-40, Number.POSITIVE_INFINITY]
    const signed = [...values, ...values.map((v) => -v), Number.NaN]
    const a = Float32Array.from(signed.flatMap((x) => signed.map(() => x)))
    const b = Float32Array.from(signed.flatMap(() => signed))
    pow(a, b).forEach((got, i) => {
      const [x, y] = [a[i] as number, b[i] as number]
      const want = truePow(x, y)
      expect(ulps(got, want), `${x} ** ${y} is ${got}, not ${want}`).toBeLessThanOrEqual(0.51)
      if (want === 0) expect(Object.is(got, want), `sign of ${x} ** ${y}`).toBe(true)
    })
  })
  it('is within 0.51 ULP of f64', () => {
    const n = 60_000
    const bits = new Uint32Array(n)
    let state = 7
    for (let i = 0; i < n; i++) bits[i] = state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const wild = new Float32Array(bits.buffer)
    // exponents that keep the result in range, and bases next to 1
    const a = wild.map((x, i) =>
      i % 3 === 0 ? 1 + ((bits[i] as number) / 2 ** 32 - 0.5) / 2 ** (i % 20) : Math.abs(x),
    )
    const b = a.map((x, i) => ((((bits[n - 1 - i] as number) / 2 ** 31 - 1) * 104) / Math.log(x)) * (i % 2 ? 1 : 0.1))
    let worst = 0
    pow(a, b).forEach((got, i) => {
      worst = Math.max(worst, ulps(got, truePow(a[i] as number, b[i] as number)))
    })
    expect(worst).toBeLessThanOrEqual(0.51)
    expect(worst).toBeGreaterThan(0.49)
  })
})
