import { describe, expect, test } from 'vitest'
import { centralDifference, type Probe, slopeAlong } from '../../src/check/slope.ts'

const smooth =
  (f: (t: number) => number): Probe =>
  (t) => ({ loss: f(t), smooth: true })

describe('extrapolated central differences', () => {
  test.each([
    ['sin at 1', (t: number) => Math.sin(1 + t), Math.cos(1)],
    ['exp at 3', (t: number) => Math.exp(3 + t), Math.exp(3)],
    ['log close to its end', (t: number) => Math.log(0.004 + t), 250],
    ['a small slope on a large value', (t: number) => 1e6 + Math.tanh(t), 1],
    ['a steep sigmoid', (t: number) => 1 / (1 + Math.exp(-300 * t)), 75],
    ['nothing', () => 5, 0],
  ])('%s', (_name, f, want) => {
    const { value, error, kind } = slopeAlong(smooth(f), 1)
    expect(kind).toBe('smooth')
    expect(Math.abs(value - want)).toBeLessThanOrEqual(error)
    expect(error).toBeLessThanOrEqual(Math.max(1e-7 * Math.abs(want), 1e-6))
  })

  test('steps over a kink at some distance', () => {
    const kink = 1e-4
    const probe: Probe = (t) => ({ loss: Math.abs(t - kink) + t * t, smooth: t < kink })
    const { value, kind } = slopeAlong(probe, 1)
    expect(kind).toBe('smooth')
    expect(value).toBeCloseTo(-1, 9)
  })

  test('says when it starts on a kink, or on the end of the domain', () => {
    expect(slopeAlong((t) => ({ loss: Math.abs(t), smooth: t === 0 }), 1).kind).toBe('kink')
    expect(slopeAlong(smooth(Math.sqrt), 1).kind).toBe('kink')
    expect(slopeAlong(smooth(Math.sqrt), Infinity).kind).toBe('kink')
  })
})

test('a plain central difference', () => {
  expect(
    centralDifference(
      smooth((t) => (3 + t) ** 2),
      0.5,
    ),
  ).toBe(6)
})
