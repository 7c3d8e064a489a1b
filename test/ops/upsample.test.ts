import { afterAll, beforeAll, expect, test } from 'vitest'
import * as cr from '../../src/index.ts'

let engine: cr.Engine
beforeAll(async () => {
  engine = await cr.init({ threads: 2 })
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
