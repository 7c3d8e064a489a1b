import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ln, Random, sinCos } from '../../src/data/random.ts'

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

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
