// The benchmark suite. `npm run bench` for everything, `npm run bench -- --floors` for the floors of the project.
import { parseArgs } from 'node:util'
import { init, withEngine } from '../src/index.ts'
import { compare } from './compare.ts'
import { floors } from './floors.ts'
import { printKernels } from './kernels.ts'
import { machine } from './lib/machine.ts'
import { Peak } from './lib/peak.ts'
import { median, spread, table, text } from './lib/stats.ts'
import { build, rate, workloads } from './lib/workloads.ts'
import { barrier, captured, eager, eagerTogether, emptyProgram, instruction } from './overhead.ts'
import { peers } from './peers.ts'
import { profile } from './profile.ts'
import { runtimes } from './runtimes.ts'
import { start } from './start.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    floors: { type: 'boolean' },
    peers: { type: 'boolean' },
    compare: { type: 'boolean' },
    library: { type: 'string' },
    wide: { type: 'boolean' },
    only: { type: 'string' },
    build: { type: 'string' },
  },
})
const parts = positionals.length > 0 ? positionals : ['kernels', 'steps', 'overhead', 'start']

if (values.floors === true) {
  if (!(await floors({ only: values.only }))) process.exitCode = 1
} else if (values.peers === true) {
  if (!(await peers({ only: values.only }))) process.exitCode = 1
} else if (values.compare === true) {
  await compare({ only: values.only, library: values.library })
} else if (parts.includes('runtimes')) {
  await runtimes({ only: values.only })
} else if (parts.includes('profile')) {
  for (const workload of workloads)
    if (values.only === undefined || values.only === workload.name) await profile(workload, values.wide === true)
} else {
  const facts = machine()
  console.log(`${facts.cpu}, ${facts.cores} cores, Node ${facts.node} (V8 ${facts.v8})\n`)
  if (parts.includes('kernels'))
    for (const build of ['relaxed', 'simd'] as const) {
      if (values.build !== undefined && values.build !== build) continue
      const kind = build === 'relaxed' ? 'fma' : 'mulAdd'
      console.log(`peak of one core, 128-bit ${kind}: ${text(new Peak(kind).measure(), 'GFLOP/s')}`)
      printKernels(build, values.only)
    }
  if (parts.includes('steps')) await steps()
  if (parts.includes('overhead')) await overhead()
  if (parts.includes('start')) start()
}

/** Steps a second of every workload on one thread and on all, and what the same bits on every machine cost. */
async function steps(): Promise<void> {
  const rows = [['workload', 'numerics', 'threads', 'steps/s', 'spread', 'barriers', 'memory', '']]
  const engines = [
    await init({ threads: 1, seed: 1 }),
    await init({ seed: 1 }),
    await init({ threads: 1, seed: 1, numerics: 'reproducible' }),
  ]
  for (const workload of workloads) {
    if (values.only !== undefined && workload.name !== values.only) continue
    for (const engine of engines) {
      const { step, dispose } = withEngine(engine, () => build(workload))
      await rate(step, 0.3)
      const sample: number[] = []
      for (let i = 0; i < 5; i++) sample.push(await rate(step, 0.4))
      rows.push([
        workload.name,
        engine.runtime.build === 'simd' ? 'reproducible' : 'fast',
        String(engine.threads),
        text(median(sample)),
        `${Math.round(100 * spread(sample))} %`,
        String(step.barriers),
        text(step.peakBytes / 1024, 'KiB'),
        workload.doc,
      ])
      dispose()
    }
  }
  console.log(`${table(rows)}\n`)
  await Promise.all(engines.map((engine) => engine.close()))
}

/** What everything else costs. */
async function overhead(): Promise<void> {
  const one = await init({ threads: 1 })
  const all = await init()
  const measure = instruction(one)
  console.log(
    table([
      ['empty program, 1 thread', text(emptyProgram(one, 1), 'ns')],
      [`empty program, ${all.threads} threads`, text(emptyProgram(all, all.threads), 'ns')],
      [`barrier, ${all.threads} threads`, text(barrier(all, all.threads), 'ns')],
      ['element-wise instruction', text(await measure(), 'ns')],
      ['eager op, with its read', text(eager(one), 'us')],
      ['eager op, 100 before a read', text(eagerTogether(one), 'us')],
      ...workloads.map((workload) => [
        `model, training and inference step of ${workload.name}, made and captured`,
        text(captured(one, workload), 'ms'),
      ]),
    ]),
  )
  await Promise.all([one.close(), all.close()])
}
