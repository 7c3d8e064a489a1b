import { describe, expect, test } from 'vitest'
import {
  GEMM_ACCUMULATE,
  GEMM_ACTIVATION_SHIFT,
  GEMM_BIAS,
  GEMM_TRANS_A,
  GEMM_TRANS_B,
  GEMM_VARIANT,
} from '../../src/abi/constants.ts'
import { rowOf } from '../../src/abi/encode.ts'
import { type GemmSpec, gemmCost, lowerGemm } from '../../src/ops/lower-gemm.ts'
import { gemmTrials, TileCalibration } from '../../src/runtime/calibrate.ts'
import { Machine } from '../helpers/machine.ts'

interface Emitted extends Record<string, unknown> {
  readonly name: string
}
function lowered(spec: Partial<GemmSpec>): Emitted {
  const out: Emitted[] = []
  lowerGemm((name, operands) => out.push({ name, ...operands }), { a: 'A', b: 'B', c: 'C', m: 1, n: 1, k: 1, ...spec })
  expect(out).toHaveLength(1)
  return out[0] as Emitted
}

describe('lowering of products', () => {
  test('leading dimensions are those of the stored matrices', () => {
    const shape = { m: 5, n: 6, k: 7, aStride: 0, bStride: 0, cStride: 0, batch: 1 }
    expect(lowered({ m: 5, n: 6, k: 7 })).toMatchObject({ name: 'gemm', lda: 7, ldb: 6, ldc: 6, flags: 0, ...shape })
    const turned = lowered({ m: 5, n: 6, k: 7, transposeA: true, transposeB: true, accumulate: true, activation: 3 })
    const flags = GEMM_TRANS_A | GEMM_TRANS_B | GEMM_ACCUMULATE | (3 << GEMM_ACTIVATION_SHIFT)
    expect(turned).toMatchObject({ name: 'gemm', lda: 5, ldb: 7, ldc: 6, flags, ...shape })
  })

  test('vectors against rows are dot products', () => {
    expect(lowered({ n: 30, k: 40, transposeB: true, bias: 'v' })).toMatchObject({
      name: 'gemv',
      a: 'B',
      x: 'A',
      y: 'C',
      bias: 'v',
      m: 30,
      k: 40,
      biasStep: 1,
      flags: GEMM_BIAS,
    })
    expect(lowered({ m: 30, k: 40, ldc: 7, bias: 'v' })).toMatchObject({
      name: 'gemv',
      a: 'A',
      x: 'B',
      biasStep: 0,
      yStep: 7,
    })
  })

  test('a column from a transposed factor is a row of the transpose', () => {
    const column = lowered({ m: 30, k: 40, transposeA: true, ldc: 1 })
    expect(column).toMatchObject({ name: 'gemm', a: 'B', b: 'A', m: 1, n: 30, k: 40, flags: GEMM_TRANS_A })
  })

  test('a batch that shares B is one tall matrix', () => {
    expect(lowered({ m: 16, n: 8, k: 4, batch: 6, bStride: 0 })).toMatchObject({ m: 96, batch: 1 })
    const apart = lowered({ m: 16, n: 8, k: 4, batch: 6, bStride: 0, cStride: 200 })
    expect(apart).toMatchObject({ m: 16, batch: 6, aStride: 64, bStride: 0, cStride: 200 })
  })

  test('cost grows with the work and is nothing for an empty product', () => {
    const cost = (m: number, k: number): number => gemmCost({ a: 0, b: 0, c: 0, m, n: 64, k })
    expect(cost(0, 8)).toBe(0)
    expect(cost(64, 64)).toBeGreaterThan(cost(64, 8))
    expect(cost(128, 64)).toBeGreaterThan(cost(64, 64))
  })
})

describe('choice of the micro-kernel', () => {
  /** A clock and kernels that get faster at a moment of their own. */
  function simulated(slow: readonly number[], fast: readonly number[], hotAt: readonly number[]) {
    let clock = 0
    let trials = 0
    return {
      tiles: fast.map((_, i) => i),
      now: () => clock,
      time: (tile: number, times: number): number => {
        trials++
        const ns = (clock < (hotAt[tile] as number) ? slow[tile] : fast[tile]) as number
        clock += (ns * times) / 1e6
        return ns
      },
      wait: (ms: number): void => {
        clock += ms
      },
      trials: () => trials,
    }
  }

  test('waits until the code is hot: the winner of the cold trials may lose', () => {
    const world = simulated([200e3, 300e3], [60e3, 40e3], [150, 220])
    const choice = new TileCalibration(world)
    expect(choice.tile).toBe(0)
    for (let i = 0; i < 400 && !choice.step(); i++) world.wait(10)
    expect(choice.settled).toBe(true)
    expect(choice.tile).toBe(1)
    const before = world.trials()
    expect(choice.step()).toBe(true)
    expect(world.trials()).toBe(before)
  })

  test('equals keep the first, and one candidate needs no trial', () => {
    const world = simulated([50e3, 50e3], [50e3, 49.5e3], [0, 0])
    const choice = new TileCalibration(world)
    for (let i = 0; i < 400 && !choice.step(); i++) world.wait(10)
    expect(choice.tile).toBe(0)
    expect(new TileCalibration({ ...world, tiles: [2] })).toMatchObject({ settled: true, tile: 2 })
  })

  test('does nothing between the trials', () => {
    const world = simulated([1, 1], [1, 1], [0, 0])
    const choice = new TileCalibration(world)
    choice.step()
    const before = world.trials()
    choice.step()
    expect(world.trials()).toBe(before)
  })

  test('trials run the real kernel and leave the choice as it was', () => {
    const machine = new Machine('simd')
    const at = machine.alloc(rowOf('gemm').scratch as number)
    const guard = machine.alloc(64)
    machine.i32(guard, 16).fill(77)
    machine.i32(GEMM_VARIANT, 1)[0] = 2
    const words = (): Uint32Array => new Uint32Array(machine.memory.buffer)
    const trials = gemmTrials(machine.exports as never, words, at, [0, 1])
    for (const tile of trials.tiles) expect(trials.time(tile, 2)).toBeGreaterThan(0)
    expect(machine.i32(GEMM_VARIANT, 1)[0]).toBe(2)
    expect(machine.i32(guard, 16).every((word) => word === 77)).toBe(true)
  })
})
