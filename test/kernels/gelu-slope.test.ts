import { describe, expect, test } from 'vitest'
import * as C from '../../src/abi/constants.ts'
import { builds, Machine } from '../helpers/machine.ts'
import { geluTanhSlope } from '../helpers/truth.ts'

describe.each(builds)('gelu with its slope, %s build', (build) => {
  test('has the bits of gelu and a slope within 4 units of 1, for any length and number of parts, in place or not', () => {
    const machine = new Machine(build)
    let worst = 0
    for (const n of [1, 7, 8, 31, 100, 1003, 40_000]) {
      const data = Float32Array.from({ length: n }, (_, i) => ((i * 37) % 2900) / 100 - 14 + i / n)
      data.set([Number.NaN, Infinity, -Infinity, -0, 0, 1e-40, -1e-40].slice(0, n))
      const x = machine.put(data)
      const [y, slope] = [machine.alloc(4 * n), machine.alloc(4 * n)]
      const words = (at: number): Float32Array => machine.f32(at, n).slice()
      machine.run('unary', { fn: C.UNARY_GELU_TANH, x, y, n, p0: 0, p1: 0 })
      const want = words(y)
      machine.run('geluSlope', { x, y, slope, n })
      const slopes = words(slope)
      for (const [i, v] of data.entries()) {
        if (!Number.isFinite(v)) continue
        worst = Math.max(worst, Math.abs((slopes[i] as number) - geluTanhSlope(v)) * 2 ** 23)
      }
      for (const parts of [1, 2, 3])
        for (const target of [y, x]) {
          machine.f32(x, n).set(data)
          machine.run('geluSlope', { x, y: target, slope, n }, parts)
          expect(words(target)).toEqual(want)
          expect(words(slope)).toEqual(slopes)
        }
    }
    expect(worst).toBeLessThan(4)
    expect(worst).toBeGreaterThan(0.1)
  })
})
