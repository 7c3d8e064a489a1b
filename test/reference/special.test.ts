import { describe, expect, test } from 'vitest'
import { erf, erfc, pow, softplus } from '../../src/reference/special.ts'

describe('erf and erfc', () => {
  // values of the C library
  test.each([
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2, 0.9953222650189527],
    [3, 0.9999779095030014],
    [-1.5, -0.9661051464753108],
  ])('erf(%d)', (x, want) => {
    expect(Math.abs(erf(x) - want)).toBeLessThanOrEqual(4e-16 * Math.abs(want))
  })

  test.each([
    [1, 0.15729920705028513],
    [3, 2.209049699858544e-5],
    [5, 1.5374597944280349e-12],
    [10, 2.088487583762545e-45],
    [26, 5.663192408856143e-296],
  ])('erfc(%d) keeps its relative accuracy', (x, want) => {
    expect(Math.abs(erfc(x) - want)).toBeLessThanOrEqual(1e-13 * want)
  })

  test('series and fraction meet', () => {
    for (const x of [2.4999, 2.5, 2.5001]) expect(erf(x) + erfc(x)).toBeCloseTo(1, 15)
    expect(erfc(2.5000001)).toBeCloseTo(erfc(2.4999999), 9)
  })

  test('limits', () => {
    expect([erf(Infinity), erf(-Infinity), erf(Number.NaN), erf(-0)]).toEqual([1, -1, Number.NaN, -0])
    expect([erfc(Infinity), erfc(-Infinity)]).toEqual([0, 2])
  })
})

test('softplus does not overflow and keeps its tail', () => {
  expect(softplus(1000)).toBe(1000)
  expect(softplus(-50)).toBeCloseTo(Math.exp(-50), 30)
})

test('pow follows IEEE 754 where JavaScript does not', () => {
  expect([pow(1, Number.NaN), pow(-1, Infinity), pow(Number.NaN, 0), pow(0, -1)]).toEqual([1, 1, 1, Infinity])
})
