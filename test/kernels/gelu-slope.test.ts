import { describe, expect, test } from 'vitest'
import * as C from '../../src/abi/constants.ts'
import { builds, Machine } from '../helpers/machine.ts'

describe.each(builds)('gelu with its slope, %s build', (build) => {
  test('has the bits of gelu and of its gradient, for any length and number of parts, in place or not', () => {
    const machine = new Machine(build)
    for (const n of [1, 7, 8, 31, 100, 1003]) {
      const data = Float32Array.from({ length: n }, (_, i) => (i % 29) - 14 + i / n)
      data.set([Number.NaN, Infinity, -Infinity, -0, 0, 1e-40, -1e-40].slice(0, n))
      const x = machine.put(data)
      const one = machine.put(Float32Array.of(1))
      const [y, slope, wanted] = [machine.alloc(4 * n), machine.alloc(4 * n), machine.alloc(4 * n)]
      const words = (at: number): number[] => [...machine.f32(at, n)]
      const want = { y: [] as number[], slope: [] as number[] }
      machine.run('unary', { fn: C.UNARY_GELU_TANH, x, y: wanted, n, p0: 0, p1: 0 })
      want.y = words(wanted)
      const pair = { a: one, b: x, y: wanted, n, aStep: 0, bStep: 1, p0: 0, p1: 0 }
      machine.run('binary', { fn: C.BINARY_GELU_TANH_GRAD, ...pair })
      want.slope = words(wanted)
      for (const parts of [1, 2, 3]) {
        for (const target of [y, x]) {
          machine.f32(x, n).set(data)
          machine.run('geluSlope', { x, y: target, slope, n }, parts)
          expect({ y: words(target), slope: words(slope) }).toEqual(want)
        }
        machine.f32(x, n).set(data)
      }
    }
  })
})
