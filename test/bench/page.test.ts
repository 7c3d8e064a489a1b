import { expect, test } from 'vitest'
import type { Comparison, Results } from '../../bench/compare.ts'
import { comparisonPage } from '../../bench/compare-page.ts'

const pair = (ours: number, theirs: number): Comparison['plain'] => ({
  ratios: [ours / theirs, (1.1 * ours) / theirs, (0.9 * ours) / theirs],
  ours,
  theirs,
  version: '1',
  losses: [],
})
const results: Results = {
  machine: { cpu: 'a <core>', cores: 2, memoryGiB: 4, node: '24.0.0', v8: '13', platform: 'linux-x64' },
  date: '2026-01-02T03:04:05.000Z',
  runs: 3,
  wide: true,
  comparisons: [
    { workload: 'W1', library: 'fast one', plain: pair(100, 50) as never, wide: pair(200, 50) as never },
    { workload: 'W1', library: 'broken <one>', failure: 'no kernel' },
    { workload: 'W4', library: 'slow one', plain: pair(30, 3) as never },
  ],
  peak: 58,
  bandwidths: { cache: 80, memory: 20 },
  kernels: [{ name: 'gemm NN 64x64x64', rate: 50, unit: 'GFLOP/s', spread: 0.1, seconds: 1e-5, intensity: 10.7 }],
}

test('the page of a comparison shows each workload, each library and what failed', () => {
  const page = comparisonPage(results)
  for (const text of [
    'a &#60;core&#62;',
    'broken &#60;one&#62;',
    'no kernel',
    '4 x and 2 x',
    '10 x',
    '200/s',
    '2026-01-02',
  ])
    expect(page).toContain(text)
  expect(page).not.toMatch(/undefined|NaN|\[object/)
  // The fastest fills its row, the others their share.
  expect(page.match(/width:[\d.]+%/g)).toEqual(
    ['100.0', '50.0', '25.0', '100.0', '10.0'].map((share) => `width:${share}%`),
  )
  expect(page.match(/<circle/g)).toHaveLength(1)
})

test('without kernels there is no roof', () => {
  expect(comparisonPage({ ...results, kernels: [] })).not.toContain('<svg')
})
