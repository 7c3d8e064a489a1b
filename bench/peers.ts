import { mkdirSync, writeFileSync } from 'node:fs'
import { capture, type Engine, init, matmul, randomNormal, withEngine } from '../src/index.ts'
import { machine } from './lib/machine.ts'
import { median, spread, table, text } from './lib/stats.ts'
import { findTorch, Peer, type Task } from './lib/torch.ts'
import { build, rateOf, workloads } from './lib/workloads.ts'

// Training and inference beside PyTorch on the CPU, and products beside NumPy with OpenBLAS: both processes in short
// turns, the ratio of each pair of turns, and the median of RUNS pairs. Nothing counts before the losses agree.

const RUNS = 5
const TURN = 0.5

/** Wanted ratios by mode and threads, in the order of CONFIGURATIONS. */
const FLOORS: Readonly<Record<string, readonly [number, number, number, number]>> = {
  W1: [1.05, 1.8, 1.8, 3],
  W2: [0.75, 0.95, 1.35, 1.7],
  W3: [40, 40, 40, 40],
  W4: [1.3, 1.3, 2.2, 2.2],
  W5: [0.9, 0.95, 1.6, 1.7],
  'W6 b1': [1.3, 1.3, 1.4, 1.4],
  'W6 b64': [0.65, 0.8, 1.25, 1.4],
  'W7 n=1024': [0.48, 0.48, 0.92, 0.95],
  W8: [0.58, 0.58, 1.08, 1.1],
}
const CONFIGURATIONS = [
  { wide: false, threads: 1 },
  { wide: false, threads: 2 },
  { wide: true, threads: 1 },
  { wide: true, threads: 2 },
] as const

/** What is run here, what the peer is to run, and how both say that they compute the same. */
interface Match {
  readonly run: (times: number) => unknown
  readonly task: Task
  readonly losses?: (steps: number) => Promise<number>
  dispose(): void
}

function matches(): Readonly<Record<string, () => Match>> {
  const all: Record<string, () => Match> = {}
  for (const workload of workloads)
    all[workload.name] = () => {
      const built = build(workload)
      return {
        run: (times) => built.step.runMany(times),
        task: { task: 'train', workload, built },
        losses: async (steps) => (await built.step.runMany(steps)).curves.loss[0] as number,
        dispose: () => built.dispose(),
      }
    }
  for (const batch of [1, 64])
    all[`W6 b${batch}`] = () => {
      const workload = { ...(workloads.find(({ name }) => name === 'W2') as (typeof workloads)[number]), batch }
      const built = build(workload)
      const run = (times: number): void => {
        for (let i = 0; i < times; i++) built.infer.run()
      }
      return { run, task: { task: 'infer', workload, built }, dispose: () => built.dispose() }
    }
  all['W7 n=1024'] = () => {
    const n = 1024
    const [a, b] = [randomNormal([n, n]), randomNormal([n, n])]
    a.dataSync()
    const step = capture(() => ({ c: matmul(a, b) }))
    return { run: (times) => step.runMany(times), task: { task: 'matmul', n }, dispose: () => step.dispose() }
  }
  return all
}

interface Row {
  readonly name: string
  readonly wide: boolean
  readonly threads: number
  readonly floor: number
  readonly ratios: readonly number[]
  readonly ours: number
  readonly theirs: number
  readonly version: string
}

/** Prints every floor with what was reached; false if one was missed. */
export async function peers({ only }: { only?: string | undefined } = {}): Promise<boolean> {
  const python = findTorch()
  if (python === undefined) {
    console.log(
      'PyTorch not found (Debian: python3-torch, libopenblas0-openmp); CHAINRULE_PYTHON names a Python that has it.',
    )
    return false
  }
  const facts = machine()
  console.log(`${facts.cpu}, ${facts.cores} cores, Node ${facts.node} (V8 ${facts.v8}), ${RUNS} pairs of turns\n`)
  const rows: Row[] = []
  for (const [at, { wide, threads }] of CONFIGURATIONS.entries()) {
    const engine = await init({ threads, wide, seed: 1 })
    if (wide && !engine.runtime.wide) console.log('Wide SIMD does not run here: its rows are of 128 bits.')
    for (const [name, make] of Object.entries(matches())) {
      if (only !== undefined && !name.toLowerCase().startsWith(only.toLowerCase())) continue
      const row = await pair(engine, make, python, threads)
      const floor = (FLOORS[name] as readonly number[])[at] as number
      rows.push({ name, wide, threads, floor, ...row })
      console.log(describe(rows.at(-1) as Row).join('  '))
    }
    await engine.close()
  }
  const shown = rows.map(describe)
  console.log(
    `\n${table([['workload', 'vectors', 'threads', 'wanted', 'reached', 'spread', '', 'here', 'peer'], ...shown])}`,
  )
  const folder = new URL('results/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL('peers.json', folder), `${JSON.stringify({ machine: facts, runs: RUNS, rows }, null, 2)}\n`)
  console.log('\nSamples: bench/results/peers.json')
  return rows.every(({ ratios, floor }) => median(ratios) >= floor)
}

function describe({ name, wide, threads, floor, ratios, ours, theirs }: Row): string[] {
  const reached = median(ratios)
  return [
    name,
    wide ? 'wide' : '128 bits',
    String(threads),
    text(floor),
    text(reached),
    `${Math.round(100 * spread(ratios))} %`,
    reached >= floor ? 'met' : 'MISSED',
    `${text(ours)}/s`,
    `${text(theirs)}/s`,
  ]
}

async function pair(
  engine: Engine,
  make: () => Match,
  python: string,
  threads: number,
): Promise<Pick<Row, 'ratios' | 'ours' | 'theirs' | 'version'>> {
  const match = withEngine(engine, make)
  const peer = await Peer.start(python, match.task, threads)
  try {
    if (match.losses !== undefined)
      for (const steps of [1, 9, 1]) {
        const [mine, other] = [await match.losses(steps), (await peer.run(steps)).loss]
        if (!(Math.abs(mine - other) <= 1e-3 * Math.abs(other) + 1e-6))
          throw new Error(`the losses differ: ${mine} here, ${other} in PyTorch`)
      }
    await rateOf(match.run, TURN)
    await peer.rate(TURN / 2)
    const [ours, theirs]: [number[], number[]] = [[], []]
    for (let run = 0; run < RUNS; run++) {
      ours.push(await rateOf(match.run, TURN))
      theirs.push(await peer.rate(TURN))
    }
    const ratios = ours.map((rate, i) => rate / (theirs[i] as number))
    return { ratios, ours: median(ours), theirs: median(theirs), version: peer.version }
  } finally {
    peer.stop()
    match.dispose()
  }
}
