import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkGradients } from '../../src/check/index.ts'
import * as cr from '../../src/index.ts'

let engine: cr.Engine
beforeAll(async () => {
  engine = await cr.init({ threads: 2, seed: 1 })
})
afterAll(() => engine.close())

const image = (): cr.Tensor => cr.tensor(Float32Array.of(1, 2, 3, 4, 5, 6), [1, 1, 2, 3])

// What PyTorch's interpolate gives for 1 .. 6 as [1, 1, 2, 3].
const CASES: readonly (readonly [Parameters<typeof cr.upsample2d>[1], readonly number[], readonly number[]])[] = [
  [{ scale: 2 }, [4, 6], [1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 4, 4, 5, 5, 6, 6]],
  [{ size: [3, 5] }, [3, 5], [1, 1, 2, 2, 3, 1, 1, 2, 2, 3, 4, 4, 5, 5, 6]],
  [
    { size: [4, 5], mode: 'bilinear' },
    [4, 5],
    [1, 1.4, 2, 2.6, 3, 1.75, 2.15, 2.75, 3.35, 3.75, 3.25, 3.65, 4.25, 4.85, 5.25, 4, 4.4, 5, 5.6, 6],
  ],
  [
    { size: [3, 5], mode: 'bilinear', alignCorners: true },
    [3, 5],
    [1, 1.5, 2, 2.5, 3, 2.5, 3, 3.5, 4, 4.5, 4, 4.5, 5, 5.5, 6],
  ],
  [{ size: [1, 2], mode: 'bilinear' }, [1, 2], [2.75, 4.25]],
]

test.each(CASES)('upsample2d %j', (options, shape, expected) => {
  const y = cr.upsample2d(image(), options)
  expect(y.shape).toEqual([1, 1, ...shape])
  for (const [i, value] of [...y.dataSync()].entries()) expect(value).toBeCloseTo(expected[i] as number, 5)
})

test.each(CASES)('upsample2d %j: gradient', async (options) => {
  const x = cr.randomNormal([2, 3, 2, 3])
  const report = await checkGradients(() => cr.upsample2d(x, options).square().sum(), { x })
  expect(report.ok, String(report)).toBe(true)
})

test.each([
  [{}, /either a size or a scale/],
  [{ size: 2, scale: 2 }, /either a size or a scale/],
  [{ scale: 0 }, /upsample2d\.scale/],
  [{ scale: 1.5 }, /upsample2d\.scale/],
  [{ size: [2, -1] }, /upsample2d\.size/],
  [{ size: [2] as unknown as [number, number] }, /neither a number nor a pair/],
  [{ scale: 2, mode: 'cubic' as 'nearest' }, /no such mode/],
] as const)('refuses %j', (options, message) => {
  expect(() => cr.upsample2d(image(), options)).toThrow(message)
})

test('refuses what is no batch of images', () => {
  expect(() => cr.upsample2d(cr.ones([2, 3]), { scale: 2 })).toThrow(cr.ShapeError)
  expect(() => cr.upsample2d(cr.ones([1, 1, 0, 3]), { scale: 2 })).toThrow(/no pixels/)
})
