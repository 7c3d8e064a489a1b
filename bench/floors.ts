import { mkdirSync, writeFileSync } from 'node:fs'
import { capture, type Engine, init, matmul, randomNormal, withEngine } from '../src/index.ts'
import { machine } from './lib/machine.ts'
import { Peak } from './lib/peak.ts'
import { findTorch, type Library, Peer } from './lib/peer.ts'
import { median, spread, table, text } from './lib/stats.ts'
import { build, rate, type Workload, workloads } from './lib/workloads.ts'
import { emptyProgram, instruction } from './overhead.ts'

// The floors of this project: each is measured RUNS times, all of them in turns, and met if the median meets it.

const RUNS = 5
const named = (name: string): Workload => workloads.find((workload) => workload.name === name) as Workload

interface Floor {
  readonly name: string
  readonly unit: string
  readonly floor: number
  /** A larger value is better. */
  readonly up: boolean
  readonly measure: () => Promise<number>
  readonly note?: () => string
}

/** GFLOP/s of C = A B for n x n matrices on one thread. */
function product(engine: Engine, n: number): () => Promise<number> {
  const step = withEngine(engine, () => {
    const a = randomNormal([n, n])
    const b = randomNormal([n, n])
    a.dataSync()
    return capture(() => ({ c: matmul(a, b) }))
  })
  return async () => {
    let best = 0
    for (let i = 0; i < 4; i++) {
      const begin = performance.now()
      await step.runMany(20)
      best = Math.max(best, (20 * 2 * n ** 3) / ((performance.now() - begin) * 1e6))
    }
    return best
  }
}

export async function floors({ only }: { only?: string | undefined } = {}): Promise<boolean> {
  const facts = machine()
  console.log(`${facts.cpu}, ${facts.cores} cores, Node ${facts.node} (V8 ${facts.v8}), ${RUNS} runs in turns\n`)
  const one = await init({ threads: 1, seed: 1 })
  const two = await init({ threads: 2, seed: 1 })
  const wide = await init({ threads: 1, seed: 1, wide: true })
  const strict = await init({ threads: 1, seed: 1, numerics: 'reproducible' })
  const torch = findTorch()

  const share = (engine: Engine, peak: Peak): { measure: () => Promise<number>; note: () => string } => {
    const gflops = product(engine, 512)
    let last = ''
    return {
      measure: async () => {
        const [reached, top] = [await gflops(), peak.measure()]
        last = `${text(reached)} of ${text(top)} GFLOP/s, ${engine.runtime.build} build`
        return reached / top
      },
      note: () => last,
    }
  }
  const all: Floor[] = [
    { name: 'gemm 512 / FMA peak', unit: '', floor: 0.85, up: true, ...share(one, new Peak('fma')) },
    {
      name: 'gemm 512 strict / mul + add peak',
      unit: '',
      floor: 0.75,
      up: true,
      ...share(strict, new Peak('mulAdd')),
    },
    {
      name: 'empty program, 2 threads',
      unit: 'us',
      floor: 2,
      up: false,
      measure: async () => emptyProgram(two, 2) / 1000,
    },
    { name: 'element-wise instruction', unit: 'ns', floor: 150, up: false, measure: instruction(one) },
    { name: 'W3 tiny MLP', unit: 'steps/s', floor: 50_000, up: true, measure: steps(one, 'W3', 0.3) },
    await overTorch(wide, torch),
    await scaling(one, two),
  ]
  const chosen = all.filter(({ name }) => only === undefined || name.toLowerCase().includes(only.toLowerCase()))
  const samples = new Map<Floor, number[]>(chosen.map((floor) => [floor, []]))
  for (const floor of chosen) await floor.measure()
  for (let run = 0; run < RUNS; run++) for (const [floor, list] of samples) list.push(await floor.measure())

  let met = true
  const rows = [['floor', 'wanted', 'reached', 'spread', '', '']]
  for (const [{ name, unit, floor, up, note }, list] of samples) {
    const reached = median(list)
    const ok = up ? reached >= floor : reached <= floor
    met &&= ok
    rows.push([
      name,
      `${up ? '>=' : '<='} ${text(floor, unit)}`,
      text(reached, unit),
      `${Math.round(100 * spread(list))} %`,
      ok ? 'met' : 'MISSED',
      note?.() ?? '',
    ])
  }
  console.log(table(rows))
  const folder = new URL('results/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  const results = chosen.map(({ name, unit, floor, up }, i) => ({
    name,
    unit,
    floor,
    up,
    samples: samples.get(chosen[i] as Floor),
  }))
  writeFileSync(new URL('floors.json', folder), `${JSON.stringify({ machine: facts, runs: RUNS, results }, null, 2)}\n`)
  console.log(`\nSamples: bench/results/floors.json`)
  await Promise.all([one, two, wide, strict].map((engine) => engine.close()))
  stopTorch?.()
  return met
}

function steps(engine: Engine, name: string, seconds: number): () => Promise<number> {
  const { step } = withEngine(engine, () => build(named(name)))
  return () => rate(step, seconds)
}

let stopTorch: (() => void) | undefined

/** W1 on one thread over PyTorch's, in turns with it, from the same weights. */
async function overTorch(engine: Engine, torch: Library | undefined): Promise<Floor> {
  const workload = named('W1')
  const base = { name: 'W1 / PyTorch, 1 thread', unit: '', floor: 1, up: true }
  if (torch === undefined)
    return {
      ...base,
      measure: async () => Number.NaN,
      note: () => 'PyTorch not found (Debian: python3-torch); CHAINRULE_PYTHON names a Python that has it',
    }
  const built = withEngine(engine, () => build(workload))
  const { step } = built
  const peer = await Peer.start(torch, { task: 'train', workload, built }, 1)
  stopTorch = () => peer.stop()
  const ours = await step.runMany(30)
  const theirs = await peer.run(1)
  const after = await peer.run(29)
  const [a, b] = [ours.curves.loss[0] as number, ours.curves.loss[1] as number]
  if (!(Math.abs(a / theirs.loss - 1) < 1e-4 && Math.abs(b / after.loss - 1) < 1e-4))
    throw new Error(`the losses differ: ${a}, ${b} here, ${theirs.loss}, ${after.loss} in PyTorch`)
  let note = ''
  return {
    ...base,
    measure: async () => {
      // In short turns: what else the machine does then meets both alike.
      let [mine, other] = [0, 0]
      const turns = 4
      for (let turn = 0; turn < turns; turn++) {
        mine += (await rate(step, 0.3)) / turns
        other += (await peer.rate(0.3)) / turns
      }
      note = `${text(mine)} and ${text(other)} steps/s, PyTorch ${peer.version}`
      return mine / other
    },
    note: () => note,
  }
}

async function scaling(one: Engine, two: Engine): Promise<Floor> {
  const [single, pair] = [steps(one, 'W2', 0.6), steps(two, 'W2', 0.6)]
  let note = ''
  return {
    name: 'W2, 2 threads / 1 thread',
    unit: '',
    floor: 1.6,
    up: true,
    measure: async () => {
      const [b, a] = [await pair(), await single()]
      note = `${text(b)} and ${text(a)} steps/s`
      return b / a
    },
    note: () => note,
  }
}
