import { HEADER_WORDS } from '../src/abi/constants.ts'
import { kernelOf, OP_BARRIER, OP_END } from '../src/abi/encode.ts'
import { init, withEngine } from '../src/index.ts'
import { table, text } from './lib/stats.ts'
import { build, type Workload } from './lib/workloads.ts'

const SECONDS = 0.02

/** Where the time of a workload's step goes, by kernel: each instruction of its program alone, on one thread. */
export async function profile(workload: Workload, wide: boolean): Promise<void> {
  const engine = await init({ threads: 1, seed: 1, wide })
  const { step } = withEngine(engine, () => build(workload))
  await step.runMany(20)
  const { runtime } = engine
  const alone = runtime.alloc(4096)
  const times = new Map<string, { count: number; time: number }>()
  const words = (): Uint32Array => runtime.memory.u32
  for (let at = step.compiled.address >>> 2; ; ) {
    const [header = 0] = words().subarray(at, at + 1)
    const [opcode, length] = [header & 0xffff, header >>> 16]
    if (opcode === OP_END) break
    if (opcode !== OP_BARRIER) {
      words().copyWithin(alone >>> 2, at, at + length)
      words()[(alone >>> 2) + length] = OP_END | (1 << 16)
      let [runs, spent] = [0, 0]
      for (let turns = 1; spent < SECONDS * 1000; turns *= 2) {
        const begin = performance.now()
        runtime.run(alone, turns, 1)
        spent += performance.now() - begin
        runs += turns
      }
      const name = kernelOf(opcode) as string
      const detail = ['gemm', 'unary', 'binary'].includes(name)
        ? ` ${describe(name, words().subarray(at, at + length))}`
        : ''
      const entry = times.get(name + detail) ?? { count: 0, time: 0 }
      times.set(name + detail, { count: entry.count + 1, time: entry.time + spent / runs })
    }
    at += length
  }
  const total = [...times.values()].reduce((sum, { time }) => sum + time, 0)
  const rows = [...times].sort(([, a], [, b]) => b.time - a.time).slice(0, 40)
  console.log(
    `${workload.name}, ${wide ? 'wide' : '128 bits'}: ${text(total * 1000, 'us')} in ${step.instructions} instructions`,
  )
  console.log(
    table(
      rows.map(([name, { count, time }]) => [
        name,
        String(count),
        text(time * 1000, 'us'),
        `${text((100 * time) / total)} %`,
      ]),
    ),
  )
  runtime.free(alone, 4096)
  await engine.close()
}

/** m x n x k of a product, the code and size of an element-wise function. */
function describe(name: string, words: Uint32Array): string {
  const operand = (i: number): number => words[HEADER_WORDS + i] as number
  if (name === 'gemm') return `${operand(4)}x${operand(5)}x${operand(6)} flags ${operand(10)} batch ${operand(11)}`
  return `fn ${operand(0)} n ${operand(name === 'unary' ? 3 : 4)}`
}
