import { describe, expect, it } from 'vitest'
import { RANDOM_BERNOULLI, RANDOM_NORMAL, RANDOM_UNIFORM } from '../../src/abi/constants.ts'
import {
  type GeneratorWords,
  philox,
  philoxBernoulli,
  philoxDropout,
  philoxNormal,
  philoxPermutation,
  philoxUniform,
  philoxWords,
} from '../../src/reference/philox.ts'
import { type Build, builds } from '../helpers/machine.ts'
import { firstDifference, numbers, Operands, runCase, sizesToTry } from '../helpers/operands.ts'

const generators: GeneratorWords[] = [
  [0, 0, 0, 0],
  [0x12345678, 0x9abcdef0, 0xfffffffe, 7],
  [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
]
const draws = [0, 1, 3, -1, -2147483648, 2147483647]
const sizes = [...sizesToTry, 255, 256, 257, 513]

interface Draw {
  fn: number
  p0: number
  p1: number
  generator: GeneratorWords
  draw: number
}
const random = (build: Build, n: number, { generator, ...settings }: Draw): Float32Array =>
  runCase(build, {
    kernel: 'random',
    place: (o) => ({
      results: { y: n },
      operands: { y: o.blank(n, 4), n, generator: o.put(Uint32Array.from(generator)), ...settings },
    }),
  })['y'] as Float32Array

const expectSame = (got: Float32Array | Int32Array, want: Float32Array | Int32Array): void => {
  const i = firstDifference(got, want)
  if (i >= 0) throw new Error(`[${i}] is ${got[i]}, should be ${want[i]}`)
}

describe('Philox4x32-10', () => {
  it('gives the known answers of Random123', () => {
    const ones = 0xffffffff
    expect(philox([0, 0, 0, 0], [0, 0])).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8])
    expect(philox([ones, ones, ones, ones], [ones, ones])).toEqual([0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd])
    expect(philox([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])).toEqual([
      0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1,
    ])
  })

  it('adds a signed draw to the 64-bit counter', () => {
    const words = (generator: GeneratorWords, draw: number): number[] => [...philoxWords(generator, draw, 5)]
    expect(words([1, 2, 0xffffffff, 4], 1)).toEqual(words([1, 2, 0, 5], 0))
    expect(words([1, 2, 0, 5], -1)).toEqual(words([1, 2, 0xffffffff, 4], 0))
    expect(words([1, 2, 0xffffffff, 0xffffffff], 3)).toEqual(words([1, 2, 2, 0], 0))
    expect(words([1, 2, 3, 4], 0)).not.toEqual(words([2, 2, 3, 4], 0))
    expect(words([1, 2, 3, 4], 0)).not.toEqual(words([1, 3, 3, 4], 0))
  })
})

describe.each(builds)('random kernels, %s build', (build) => {
  it('the first block of key 0 and counter 0 is the known answer', () => {
    const got = random(build, 4, { fn: RANDOM_UNIFORM, p0: 0, p1: 1, generator: [0, 0, 0, 0], draw: 0 })
    const answer = [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]
    expect([...got]).toEqual(answer.map((word) => (word >>> 8) / 2 ** 24))
  })

  it.each(generators)('uniform, Bernoulli and dropout are those of the reference, generator %#', (...generator) => {
    for (const draw of draws) {
      for (const n of draw === 1 ? sizes : [37]) {
        expectSame(
          random(build, n, { fn: RANDOM_UNIFORM, p0: 0, p1: 1, generator, draw }),
          philoxUniform(generator, draw, n),
        )
        expectSame(
          random(build, n, { fn: RANDOM_UNIFORM, p0: -0.3, p1: 1.7, generator, draw }),
          philoxUniform(generator, draw, n, -0.3, 1.7),
        )
        for (const p of [0, 0.1, 0.5, 1]) {
          expectSame(
            random(build, n, { fn: RANDOM_BERNOULLI, p0: p, p1: 0, generator, draw }),
            philoxBernoulli(generator, draw, n, p),
          )
          const x = numbers(n, 3)
          const factors = philoxDropout(generator, draw, n, p)
          const got = runCase(build, {
            kernel: 'dropout',
            place: (o) => ({
              results: { y: n },
              operands: { x: o.put(x, 4), y: o.blank(n), n, p, generator: o.put(Uint32Array.from(generator)), draw },
            }),
          })
          const want = x.map((value, i) => (factors[i] === 0 ? 0 : value * (factors[i] as number)))
          expectSame(got['y'] as Float32Array, want)
        }
      }
    }
  })

  it('an element does not depend on how many are drawn', () => {
    const settings = { fn: RANDOM_NORMAL, p0: 0, p1: 1, generator: [5, 6, 7, 8] as const, draw: 9 }
    const all = random(build, 1000, settings)
    for (const n of [1, 2, 3, 5, 18, 255, 999]) expectSame(random(build, n, settings), all.subarray(0, n))
  })

  it('dropout in place, and a dropped NaN is 0', () => {
    const generator: GeneratorWords = [1, 2, 3, 4]
    const o = new Operands(build)
    const x = o.put(new Float32Array(50).fill(Number.NaN))
    o.machine.run('dropout', { x, y: x, n: 50, p: 0.5, generator: o.put(Uint32Array.from(generator)), draw: 0 }, 2)
    const want = philoxDropout(generator, 0, 50, 0.5).map((factor) => (factor === 0 ? 0 : Number.NaN))
    expect([...o.f32(x, 50)]).toEqual([...want])
    o.check()
  })

  it('a uniform number stays below its upper end, where rounding would reach it', () => {
    const n = 1 << 18
    for (const [p0, p1] of [
      [1, 1 + 2 ** -23],
      [1, 2],
      [-2, -1],
      [-1, 0],
      [-1 - 2 ** -23, -1],
      [3, 3],
      [1000, 1000.0001],
    ] as const) {
      const o = new Operands(build)
      const y = o.blank(n)
      const generator = o.put(Uint32Array.of(1, 2, 3, 4))
      o.machine.run('random', { fn: RANDOM_UNIFORM, y, n, p0, p1, generator, draw: 0 })
      let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
      for (const value of o.f32(y, n)) {
        if (value < low) low = value
        if (value > high) high = value
      }
      expect(low, `${p0} .. ${p1}`).toBeGreaterThanOrEqual(Math.fround(p0))
      if (p0 < p1) expect(high, `${p0} .. ${p1}`).toBeLessThan(Math.fround(p1))
      else expect(high).toBe(p0)
    }
  })

  it('a long permutation is that of the reference, carries of 64-bit products included', () => {
    const n = 400_000
    const generator = [1, 2, 3, 4] as const
    const o = new Operands(build)
    const y = o.blank(n)
    o.machine.run('permutation', { y, n, generator: o.put(Uint32Array.from(generator)), draw: 0 })
    const got = Int32Array.from(new Int32Array(o.f32(y, n).slice().buffer))
    expect(got).toEqual(philoxPermutation(generator, 0, n))
  })

  it('permutations are those of the reference', () => {
    for (const n of sizes)
      for (const generator of generators) {
        const got = runCase(build, {
          kernel: 'permutation',
          place: (o) => ({
            results: { y: n },
            operands: { y: o.blank(n, 8), n, generator: o.put(Uint32Array.from(generator)), draw: -1 },
          }),
        })
        const y = new Int32Array((got['y'] as Float32Array).buffer)
        expectSame(y, philoxPermutation(generator, -1, n))
        expect([...y].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i))
      }
  })

  it('normal numbers are those of the reference up to rounding', () => {
    for (const n of sizes) {
      const settings = { fn: RANDOM_NORMAL, p0: 0.5, p1: 2, generator: generators[1] as GeneratorWords, draw: -3 }
      const got = random(build, n, settings)
      const want = philoxNormal(settings.generator, -3, n, 0.5, 2)
      got.forEach((value, i) => {
        expect(Math.abs(value - (want[i] as number)), `[${i}]`).toBeLessThanOrEqual(3e-6)
      })
    }
  })
})

// ---- is it random? fixed seeds, bounds of 5 standard deviations -----------------------------------------

describe('the numbers look random', () => {
  const n = 1 << 18
  const draw = (fn: number, p0: number, p1: number, seed: number): Float32Array => {
    const o = new Operands('simd')
    const y = o.blank(n)
    o.machine.run('random', { fn, y, n, p0, p1, generator: o.put(Uint32Array.of(seed, 0, 0, 0)), draw: 1 }, 3)
    return o.f32(y, n)
  }
  const mean = (x: Float32Array, power = 1): number => x.reduce((sum, value) => sum + value ** power, 0) / x.length
  /** Mean product of neighbours at a distance, for numbers of mean 0 and variance 1. */
  const correlation = (x: Float32Array, lag: number): number => {
    let sum = 0
    for (let i = lag; i < x.length; i++) sum += (x[i] as number) * (x[i - lag] as number)
    return sum / x.length
  }
  const near = (value: number, expected: number, deviation: number): void =>
    expect(Math.abs(value - expected)).toBeLessThan((5 * deviation) / Math.sqrt(n))

  it.each([1, 2, 3])('uniform, seed %i', (seed) => {
    const x = draw(RANDOM_UNIFORM, 0, 1, seed)
    near(mean(x), 1 / 2, Math.sqrt(1 / 12))
    near(mean(x, 2), 1 / 3, Math.sqrt(4 / 45))
    const bins = new Float64Array(256)
    for (const u of x) (bins[Math.floor(u * 256)] as number)++
    const chi = bins.reduce((sum, count) => sum + (count - n / 256) ** 2 / (n / 256), 0)
    expect(Math.abs(chi - 255)).toBeLessThan(5 * Math.sqrt(510))
    const centred = x.map((u) => (u - 0.5) * Math.sqrt(12))
    for (const lag of [1, 2, 3, 4, 16, 1024]) near(correlation(centred, lag), 0, 1)
    const other = draw(RANDOM_UNIFORM, 0, 1, seed + 10).map((u) => (u - 0.5) * Math.sqrt(12))
    near(centred.reduce((sum, u, i) => sum + u * (other[i] as number), 0) / n, 0, 1)
  })

  it.each([1, 2, 3])('normal, seed %i', (seed) => {
    const x = draw(RANDOM_NORMAL, 0, 1, seed)
    near(mean(x), 0, 1)
    near(mean(x, 2), 1, Math.sqrt(2))
    near(mean(x, 3), 0, Math.sqrt(15))
    near(mean(x, 4), 3, Math.sqrt(96))
    const beyond = (limit: number): number => x.reduce((sum, z) => sum + (Math.abs(z) > limit ? 1 : 0), 0) / n
    for (const [limit, p] of [
      [0.5, 0.617075],
      [1, 0.317311],
      [2, 0.0455003],
      [3, 0.0026998],
    ] as const)
      near(beyond(limit), p, Math.sqrt(p * (1 - p)))
    for (const lag of [1, 2, 3, 4, 16]) near(correlation(x, lag), 0, 1)
    const squares = x.map((z) => (z * z - 1) / Math.sqrt(2))
    for (const lag of [1, 2, 3]) near(correlation(squares, lag), 0, 1)
  })

  it('Bernoulli', () => {
    for (const p of [0.01, 0.3, 0.9]) near(mean(draw(RANDOM_BERNOULLI, p, 0, 4)), p, Math.sqrt(p * (1 - p)))
  })

  it('every order of 5 is as likely as the others, and far places mix', () => {
    const counts = new Map<string, number>()
    const trials = 24_000
    const o = new Operands('simd')
    const generator = o.put(Uint32Array.of(7, 7, 0, 0))
    const y = o.blank(5)
    for (let draw = 0; draw < trials; draw++) {
      o.machine.run('permutation', { y, n: 5, generator, draw })
      const key = o.i32(y, 5).join()
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    expect(counts.size).toBe(120)
    const chi = [...counts.values()].reduce((sum, count) => sum + (count - trials / 120) ** 2 / (trials / 120), 0)
    expect(Math.abs(chi - 119)).toBeLessThan(5 * Math.sqrt(238))
    const large = 4096
    const z = o.blank(large)
    o.machine.run('permutation', { y: z, n: large, generator, draw: -1 })
    let [fixed, covariance] = [0, 0]
    o.i32(z, large).forEach((value, i) => {
      if (value === i) fixed++
      covariance += ((value / large - 0.5) * (i / large - 0.5) * 12) / large
    })
    expect(fixed).toBeLessThan(8)
    expect(Math.abs(covariance)).toBeLessThan(5 / Math.sqrt(large))
  })
})
