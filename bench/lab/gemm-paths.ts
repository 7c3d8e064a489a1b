// Where packing A or B pays: GFLOP/s of gemm with its own choice, --, -B, A-, AB over a grid of shapes (best of many short runs).
//   npx tsx bench/lab/gemm-paths.ts [simd|relaxed] [tile] [NN|NT|TN|TT] [--all]
import {
  GEMM_PACK_A,
  GEMM_PACK_B,
  GEMM_PACK_SET,
  GEMM_TRANS_A,
  GEMM_TRANS_B,
  GEMM_VARIANT,
} from '../../src/abi/constants.ts'
import { encodeInstruction, opcodeOf } from '../../src/abi/encode.ts'
import { Machine } from '../../test/helpers/machine.ts'

const words = process.argv.slice(2)
const build = words.includes('simd') ? 'simd' : 'relaxed'
const tile = Number(words.find((w) => /^\d$/.test(w)) ?? 1)
const kind = words.find((w) => /^[NT][NT]$/.test(w)) ?? 'NN'
const [transposeA, transposeB] = [kind[0] === 'T', kind[1] === 'T']
const machine = new Machine(build)
const dispatch = machine.exports['dispatch'] as (...args: number[]) => number
const scratch = machine.alloc(4 << 20)
const area = machine.alloc(32 << 20)
machine.f32(area, 8 << 20).fill(0.25)
machine.i32(GEMM_VARIANT, 1)[0] = tile

const ways: [string, number][] = [
  ['own', 0],
  ['--', GEMM_PACK_SET],
  ['-B', GEMM_PACK_SET | GEMM_PACK_B],
  ['A-', GEMM_PACK_SET | GEMM_PACK_A],
  ['AB', GEMM_PACK_SET | GEMM_PACK_A | GEMM_PACK_B],
]

function best(pc: number, flops: number): number {
  const reps = Math.max(1, Math.round(1e6 / flops))
  let ns = Infinity
  for (let i = 0; i < 25; i++) {
    const begin = process.hrtime.bigint()
    for (let j = 0; j < reps; j++) dispatch(opcodeOf('gemm'), pc, scratch, 0, 1)
    ns = Math.min(ns, Number(process.hrtime.bigint() - begin) / reps)
  }
  return ns
}

const rows: string[] = []
for (const warm of [true, false])
  for (const k of [8, 16, 64, 128, 512])
    for (const m of [4, 8, 16, 24, 32, 64, 128, 256])
      for (const n of [10, 16, 32, 64, 128, 256, 512]) {
        if (warm && m * n * k > 1e6) continue
        const flops = 2 * m * n * k
        const flags = (transposeA ? GEMM_TRANS_A : 0) | (transposeB ? GEMM_TRANS_B : 0)
        const operands = { a: area, b: area + (8 << 20), c: area + (16 << 20), m, n, k, batch: 1, ldc: n }
        const got = ways.map(([, pack]): number => {
          const ld = { lda: transposeA ? m : k, ldb: transposeB ? k : n, flags: flags | pack }
          const pc = machine.put(Uint32Array.from(encodeInstruction('gemm', { ...operands, ...ld })))
          return flops / best(pc, flops)
        })
        const top = Math.max(...got)
        const taken = got[0] as number
        const text = ways.map(([name], i) => `${name} ${(got[i] as number).toFixed(1).padStart(5)}`).join('  ')
        const lost = taken < 0.94 * top ? `lost ${(100 - (100 * taken) / top).toFixed(0)} %` : ''
        if (!warm && (lost !== '' || words.includes('--all')))
          rows.push(
            `k ${String(k).padStart(4)} m ${String(m).padStart(4)} n ${String(n).padStart(4)}  ${text}  ${lost}`,
          )
      }
console.log(`${process.version} ${build} tile ${tile} ${kind}: shapes where the kernel's own choice loses`)
console.log(rows.join('\n'))
