import { describe, expect, test } from 'vitest'
import { GEMM_PACK_A, GEMM_PACK_B, GEMM_PACK_SET } from '../../src/abi/constants.ts'
import {
  checkBound,
  dataOf,
  draws,
  expected,
  firstUnlike,
  GemmMachine,
  type How,
  type Problem,
  plain,
  tiles,
} from '../helpers/gemm.ts'
import { type Build, builds } from '../helpers/machine.ts'

const machines = new Map<Build, GemmMachine>()
function machineOf(build: Build): GemmMachine {
  let machine = machines.get(build)
  if (machine === undefined) machines.set(build, (machine = new GemmMachine(build)))
  return machine
}

/** Left to the kernel, and every combination by order. */
const ways: readonly How[] = [
  {},
  { set: GEMM_PACK_SET },
  { set: GEMM_PACK_SET | GEMM_PACK_B },
  { set: GEMM_PACK_SET | GEMM_PACK_A },
  { set: GEMM_PACK_SET | GEMM_PACK_A | GEMM_PACK_B },
]

/** A problem whose options follow from `bits`, so that a loop over sizes goes through all of them. */
const problem = (m: number, n: number, k: number, bits: number): Problem => ({
  ...plain,
  m,
  n,
  k,
  transposeA: (bits & 1) !== 0,
  transposeB: (bits & 2) !== 0,
  accumulate: (bits & 4) !== 0,
  bias: (bits & 8) !== 0,
  activation: (bits & 16) !== 0 ? 1 : 0,
  padA: (bits >> 5) & 3,
  padB: (bits >> 7) & 3,
  padC: (bits >> 9) & 3,
  offset: 4 * ((bits >> 11) & 15),
})

/** Checks against f64, and in the strict build against the chain of roundings, to the bit. */
function verify(machine: GemmMachine, p: Problem, seed: number, hows: readonly How[]): number {
  const data = dataOf(p, draws(seed))
  const want = expected(p, data)
  let first: Float32Array | undefined
  for (const how of hows) {
    const got = machine.run(p, data, how)
    if (first === undefined) {
      first = got
      checkBound(p, got, want)
      if (machine.build === 'simd' && machine.kernel === 'gemm' && firstUnlike(got, want.chain) >= 0)
        throw new Error(`not one sum over rising k: ${JSON.stringify({ p, how })}`)
    } else {
      const i = firstUnlike(got, first)
      if (i >= 0) throw new Error(`C[${i}] depends on the way: ${JSON.stringify({ p, how })}`)
    }
  }
  return hows.length
}

describe.each(builds)('gemm, %s build', (build) => {
  test(`${build === 'simd' ? 'all' : 'a third of all'} m, n, k in 1..40, options and ways in turn`, {
    timeout: 120_000,
  }, () => {
    const machine = machineOf(build)
    const step = build === 'simd' ? 1 : 3
    let runs = 0
    let turn = build === 'simd' ? 0 : 40_503
    for (let m = 1; m <= 40; m++)
      for (let n = 1; n <= 40; n++)
        for (let k = 1 + ((m + n) % step); k <= 40; k += step) {
          turn = (Math.imul(turn, 1664525) + 1013904223) >>> 0
          const bits = turn >>> 8
          const how = { ...ways[(bits >>> 20) % 5], tile: tiles[(bits >>> 15) % 3] as number }
          const parts = [1, 1, 1, 2, 3, 4, 8][(bits >>> 17) % 7] as number
          runs += verify(machine, problem(m, n, k, bits & 0x7fff), turn, [{ ...how, parts }])
        }
    expect(runs).toBeGreaterThan(64_000 / step - 1000)
  })

  test('every way gives the same bits: tiles, packing, parts and their order', { timeout: 60_000 }, () => {
    const machine = machineOf(build)
    const sizes: [m: number, n: number, k: number][] = [
      [1, 70, 33],
      [2, 35, 40],
      [3, 17, 65],
      [5, 5, 5],
      [12, 16, 4],
      [13, 31, 17],
      [24, 48, 96],
      [50, 10, 30],
      [97, 33, 20],
      [33, 130, 21],
    ]
    let runs = 0
    for (const [m, n, k] of sizes)
      for (let options = 0; options < 32; options++) {
        const all = tiles.flatMap((tile) => ways.map((how) => ({ ...how, tile })))
        const parts = [2, 3, 4, 8].map((count) => ({ tile: tiles[count % 3] as number, parts: count }))
        const p = problem(m, n, k, options | 0x2a0)
        runs += verify(machine, p, options, [...all, ...parts, { parts: 3, reverse: true, tile: 1 }])
      }
    expect(runs).toBe(sizes.length * 32 * 20)
  })

  test('sizes beyond one block of rows, columns and k', { timeout: 60_000 }, () => {
    const machine = machineOf(build)
    const sizes: [m: number, n: number, k: number][] = [
      [397, 21, 30],
      [7, 1050, 19],
      [9, 12, 1000],
      [193, 40, 390],
      [1, 2100, 40],
      [3, 40, 900],
    ]
    for (const [m, n, k] of sizes)
      for (const options of [0, 1, 2, 3, 4 + 8 + 16, 1 + 2 + 4 + 8 + 16]) {
        const some = tiles.map((tile) => ({ ...ways[2 + tile], tile, parts: 1 + tile }))
        verify(machine, problem(m, n, k, options), options, [...some, { parts: 8 }])
      }
  })

  test('batches, of one shared matrix too', () => {
    const machine = machineOf(build)
    for (const [m, n, k] of [
      [4, 9, 7],
      [17, 8, 12],
      [1, 20, 11],
      [20, 1, 11],
      [40, 24, 16],
    ] as const)
      for (let options = 0; options < 32; options++) {
        const p = { ...problem(m, n, k, options | 0x2a0), batch: 5 }
        const all = [1, 2, 3, 4, 8].map((parts) => ({ parts, tile: tiles[parts % 3] as number }))
        verify(machine, p, options, all)
      }
  })
})
