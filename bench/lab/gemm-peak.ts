// GFLOP/s of gemm on one thread, as a share of the multiply-add peak of the same core, measured in turns.
//   npx tsx bench/lab/gemm-peak.ts [simd|relaxed] [tile ...] [--quick]
import {
  GEMM_PACK_A,
  GEMM_PACK_B,
  GEMM_PACK_SET,
  GEMM_TRANS_A,
  GEMM_TRANS_B,
  GEMM_VARIANT,
} from '../../src/abi/constants.ts'
import { encodeInstruction, opcodeOf } from '../../src/abi/encode.ts'
import { CHAINS, peakLoop } from '../../src/cli/peak.ts'
import { type Build, Machine } from '../../test/helpers/machine.ts'

const words = process.argv.slice(2)
const build: Build = words.includes('simd') ? 'simd' : 'relaxed'
const tiles = words.filter((w) => /^\d$/.test(w)).map(Number)
if (tiles.length === 0) tiles.push(0, 1)
const quick = words.includes('--quick')

const shapes: [kind: string, m: number, n: number, k: number][] = [
  ['NN', 64, 128, 784],
  ['TN', 784, 128, 64],
  ['NN', 64, 10, 128],
  ['TN', 128, 10, 64],
  ['NT', 64, 128, 10],
  ['NN', 128, 512, 784],
  ['TN', 784, 512, 128],
  ['NN', 128, 512, 512],
  ['NT', 128, 512, 512],
  ['TN', 512, 512, 128],
  ['NN', 32, 16, 2],
  ['NN', 32, 16, 16],
  ['NT', 32, 16, 16],
  ['TN', 16, 16, 32],
  ['NN', 512, 512, 512],
  ['NT', 512, 512, 512],
  ['TN', 512, 512, 512],
  ['NN', 1024, 1024, 1024],
  ['NN', 1, 1024, 1024],
]
const machine = new Machine(build)
const dispatch = machine.exports['dispatch'] as (...args: number[]) => number
const scratch = machine.alloc(4 << 20)
const data = (n: number): number =>
  machine.put(Float32Array.from({ length: n }, (_, i) => ((i * 7919) % 2001) / 1000 - 1))

interface Run {
  readonly name: string
  readonly flops: number
  readonly call: (reps: number) => void
  best: number[]
}
const runs: Run[] = []
for (const peak of ['peakFma', 'peakMulAdd'])
  for (const chains of CHAINS) {
    const loop = peakLoop(chains, peak === 'peakFma')
    runs.push({
      name: peak,
      flops: 4000 * chains * 8,
      call: (reps) => {
        loop(4000 * reps)
      },
      best: [],
    })
  }
for (const [kind, m, n, k] of shapes) {
  const transA = kind[0] === 'T'
  const transB = kind[1] === 'T'
  const a = data(m * k)
  const b = data(n * k)
  const c = data(m * n)
  for (const tile of tiles)
    for (const pack of [0, GEMM_PACK_SET, GEMM_PACK_SET | GEMM_PACK_B, GEMM_PACK_SET | GEMM_PACK_A | GEMM_PACK_B]) {
      if (quick && pack !== 0) continue
      const flags = pack | (transA ? GEMM_TRANS_A : 0) | (transB ? GEMM_TRANS_B : 0)
      const operands = { a, b, c, m, n, k, lda: transA ? m : k, ldb: transB ? k : n, ldc: n, flags, batch: 1 }
      const pc = machine.put(Uint32Array.from(encodeInstruction('gemm', operands)))
      const opcode = opcodeOf('gemm')
      runs.push({
        name: `${kind} ${m}x${n}x${k} tile ${tile} ${pack === 0 ? 'own' : (pack & GEMM_PACK_A ? 'A' : '-') + (pack & GEMM_PACK_B ? 'B' : '-')}`,
        flops: 2 * m * n * k,
        call: (reps) => {
          machine.i32(GEMM_VARIANT, 1)[0] = tile
          for (let i = 0; i < reps; i++) dispatch(opcode, pc, scratch, 0, 1)
        },
        best: [],
      })
    }
}
const pause = (): Promise<void> => new Promise((done) => setTimeout(done, 2))
for (let round = 0; round < 9; round++)
  for (const run of runs) {
    const reps = Math.max(1, Math.round(3e7 / run.flops))
    run.call(1) // the caches hold what the shape before left
    const begin = process.hrtime.bigint()
    run.call(reps)
    const ns = Number(process.hrtime.bigint() - begin) / reps
    if (round > 2) run.best.push(ns)
    else await pause()
  }
const peaks = new Map<string, number>()
for (const run of runs) {
  run.best.sort((x, y) => x - y)
  const gflops = run.flops / (run.best[0] as number)
  if (run.name.startsWith('peak')) peaks.set(run.name, Math.max(peaks.get(run.name) ?? 0, gflops))
}
console.log(
  `${process.version} ${build}: peak fma ${peaks.get('peakFma')?.toFixed(1)}, mul+add ${peaks.get('peakMulAdd')?.toFixed(1)}`,
)
const peak = peaks.get(build === 'relaxed' ? 'peakFma' : 'peakMulAdd') as number
for (const run of runs) {
  if (run.name.startsWith('peak')) continue
  const best = run.best[0] as number
  const median = run.best[run.best.length >> 1] as number
  console.log(
    `${run.name.padEnd(34)} ${(run.flops / best).toFixed(1).padStart(6)} best ${(run.flops / median).toFixed(1).padStart(6)} median ${(best / 1000).toFixed(2).padStart(9)} us ${((100 * run.flops) / best / peak).toFixed(0).padStart(4)} %`,
  )
}
