import { describe, expect, test } from 'vitest'
import * as C from '../../src/abi/constants.ts'
import { encodeInstruction, type OperandValues, opcodeOf } from '../../src/abi/encode.ts'
import type { KernelName } from '../../src/abi/kernels.ts'
import { type GemmSpec, lowerGemm } from '../../src/ops/lower-gemm.ts'
import { dataOf, expected, firstUnlike, GemmMachine, type Problem, plain, tiles } from '../helpers/gemm.ts'
import { builds, Machine } from '../helpers/machine.ts'

const products: readonly Partial<Problem>[] = [
  { m: 9, n: 11, k: 13 },
  { m: 1, n: 37, k: 18 },
  { m: 1, n: 9, k: 21, transposeB: true },
  { m: 23, n: 1, k: 10 },
  { m: 23, n: 1, k: 10, transposeA: true },
  { m: 13, n: 18, k: 5, transposeA: true, transposeB: true },
  { m: 40, n: 34, k: 33, transposeA: true },
  { m: 40, n: 34, k: 33, transposeB: true },
  { m: 2, n: 3, k: 1 },
]
/** ACT_* with the UNARY_* function it stands for. */
const activations: readonly (readonly [act: number, fn: number])[] = [[C.ACT_RELU, C.UNARY_RELU]]
const layouts: readonly Partial<Problem>[] = [{}, { accumulate: true }, { bias: true, activation: 1 }]

describe.each(builds)('edges of gemm, %s build', (build) => {
  test('NaN and infinities go through the sums as IEEE says', () => {
    const machine = new GemmMachine(build)
    let checked = 0
    for (const sizes of products)
      for (const layout of layouts)
        for (let seed = 0; seed < 6; seed++) {
          const p: Problem = { ...plain, ...sizes, ...layout, padA: 1, padB: 2, padC: 3 }
          let i = seed
          // small integers, so that the truth is exact, with something special now and then
          const specials = [Number.NaN, Infinity, -Infinity, -0, 0]
          const value = (): number => (++i % 23 === 0 ? (specials[(i * 7 + seed) % 5] as number) : ((i * 5) % 7) - 3)
          const data = dataOf(p, value)
          const want = expected(p, data).value
          for (const tile of tiles) {
            const got = machine.run(p, data, { tile, parts: 1 + tile })
            for (let j = 0; j < want.length; j++, checked++)
              if (!(got[j] === want[j] || (Number.isNaN(got[j]) && Number.isNaN(want[j]))))
                throw new Error(`C[${j}] = ${got[j]}, not ${want[j]}: ${JSON.stringify({ p, seed, tile })}`)
          }
        }
    expect(checked).toBeGreaterThan(10_000)
  })

  test('0 * NaN is NaN, relu passes it on, and C is not read without accumulate', () => {
    const machine = new GemmMachine(build)
    const p: Problem = { ...plain, m: 7, n: 10, k: 3, activation: 1, bias: true }
    let i = 0
    const data = dataOf(p, () => (i++ === 0 ? Number.NaN : 0))
    // C held NaNs before: only row 0 (whose A is NaN) may be NaN now
    const got = machine.run(p, data)
    expect(Array.from(got, (v, at) => Number.isNaN(v) === at < 10 && (at < 10 || v === 0)).every(Boolean)).toBe(true)
  })

  test('a fused bias and activation give the bits of the element-wise kernels', () => {
    const machine = new GemmMachine(build)
    const y = machine.machine.alloc(4 * 2000)
    let checked = 0
    for (const sizes of products)
      for (const [activation, fn] of activations)
        for (const bias of [false, true]) {
          const p: Problem = { ...plain, ...sizes, bias }
          let i = 0
          // biases and sums from -6 to 6, so that the functions are seen away from 0 too
          const data = dataOf(p, () => ((i++ * 37) % 101) / 50 - 1)
          const before = machine.run(p, data)
          machine.machine.f32(y, before.length).set(before)
          machine.machine.run('unary', { fn, x: y, y, n: before.length, p0: 0, p1: 0 })
          const want = machine.machine.f32(y, before.length).slice()
          for (const tile of tiles) {
            const got = machine.run({ ...p, activation }, data, { tile, parts: 1 + tile })
            const at = firstUnlike(got, want)
            if (at >= 0) throw new Error(`C[${at}] = ${got[at]}, not ${want[at]}: ${JSON.stringify({ p, activation })}`)
            checked += got.length
          }
        }
    expect(checked).toBeGreaterThan(15_000)
  })

  test('an operand may end where the memory ends', () => {
    let runs = 0
    for (const sizes of products)
      for (const layout of layouts)
        for (const last of ['a', 'b', 'c', 'bias'] as const) {
          const machine = new Machine(build)
          const p = { ...plain, ...sizes, ...layout }
          const words = { a: p.m * p.k, b: p.k * p.n, c: p.m * p.n, bias: p.n }
          const pc = machine.alloc(256)
          const scratch = machine.alloc(4 << 20)
          const at = { a: 0, b: 0, c: 0, bias: 0 }
          for (const name of ['a', 'b', 'c', 'bias'] as const) at[name] = machine.alloc(4 * words[name])
          at[last] = machine.memory.buffer.byteLength - 4 * words[last]
          const { bias: withBias, ...shape } = p
          const { bias, ...rest } = at
          const spec: GemmSpec = { ...shape, ...rest, ...(withBias ? { bias } : {}) }
          for (const tile of tiles) {
            machine.i32(C.GEMM_VARIANT, 1)[0] = tile
            machine.f32(at.c, words.c).fill(5)
            lowerGemm((name: KernelName, operands) => {
              machine.i32(pc, 64).set(encodeInstruction(name, operands as OperandValues))
              for (let part = 0; part < 2; part++) machine.exports['dispatch']?.(opcodeOf(name), pc, scratch, part, 2)
            }, spec)
            expect(machine.f32(at.c, words.c).every((v) => v === (p.accumulate ? 5 : 0))).toBe(true)
            runs++
          }
        }
    expect(runs).toBe(products.length * 3 * 4 * 3)
  })

  test('an empty sum is 0, or C, with bias and activation', () => {
    const machine = new GemmMachine(build)
    for (const { k: _, ...sizes } of products)
      for (const layout of [
        {},
        { accumulate: true },
        { bias: true },
        { accumulate: true, bias: true, activation: 1 },
      ]) {
        const p: Problem = { ...plain, ...sizes, ...layout, k: 0, padC: 1 }
        let i = 0
        const data = dataOf(p, () => (i++ % 5) - 2)
        for (const parts of [1, 3]) expect(machine.run(p, data, { parts })).toEqual(expected(p, data).chain)
      }
  })
})

test('empty results need no instruction', () => {
  const operands = { a: 0, b: 0, c: 0 }
  for (const size of [
    { m: 0, n: 3, k: 2 },
    { m: 3, n: 0, k: 2 },
    { m: 3, n: 3, k: 2, batch: 0 },
  ])
    lowerGemm(() => expect.unreachable(), { ...operands, ...size })
})
