import { expect, test } from 'vitest'
import { measure } from '../../bench/lib/anywhere.ts'

test('a runtime says what it ran, on which threads and with which kernels', async () => {
  const found = await measure({ threads: [1, 2], wide: false, only: 'w3', seconds: 0.01 })
  expect(found.rates.map(({ name, threads }) => [name, threads])).toEqual([
    ['W3', 1],
    ['W3', 2],
  ])
  for (const { rate } of found.rates) expect(rate).toBeGreaterThan(0)
  expect(found.build).toMatch(/^(relaxed|simd)$/)
  expect(found.tile).toMatch(/^(4x8|6x8|6x16)$/)
  expect(found.wide).toBe(false)
})
