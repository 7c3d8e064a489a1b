import { capture, type Engine, matmul, randomNormal, withEngine } from '../../src/index.ts'
import { type Library, Peer, type Task } from './peer.ts'
import { median } from './stats.ts'
import { build, rateOf, workloads } from './workloads.ts'

/** Length of one turn, in seconds. */
const TURN = 0.5

/** What is run here, what the peer is to run, and how both say that they compute the same. */
export interface Match {
  readonly run: (times: number) => unknown
  readonly task: Task
  readonly losses?: (steps: number) => Promise<number>
  dispose(): void
}

export function matches(): Readonly<Record<string, () => Match>> {
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

export interface Pair {
  /** Rate here over rate there, turn by turn. */
  readonly ratios: readonly number[]
  readonly ours: number
  readonly theirs: number
  /** Of the other library. */
  readonly version: string
  /** What both computed before any time counted: losses of the first and later steps, here and there. */
  readonly losses: readonly (readonly [ours: number, theirs: number])[]
}

/**
 * Runs the engines and the library in turns; nothing counts before their losses agree. A result for each engine; undefined where
 * the library does not do such things.
 */
export async function contest(
  engines: readonly Engine[],
  make: () => Match,
  library: Library,
  threads: number,
  runs: number,
): Promise<Pair[] | undefined> {
  const matches = engines.map((engine) => withEngine(engine, make))
  const { task } = matches[0] as Match
  let peer: Peer | undefined
  try {
    if (!library.fits(task)) return undefined
    peer = await withEngine(engines[0] as Engine, () => Peer.start(library, task, threads))
    const losses = matches.map((): [number, number][] => [])
    for (const steps of [1, 9, 1]) {
      const other = (await peer.run(steps)).loss
      for (const [i, match] of matches.entries()) {
        if (match.losses === undefined) continue
        const mine = await match.losses(steps)
        if (!(Math.abs(mine - other) <= 1e-3 * Math.abs(other) + 1e-6))
          throw new Error(`the losses differ: ${mine} here, ${other} in ${library.name}`)
        losses[i]?.push([mine, other])
      }
    }
    for (const match of matches) await rateOf(match.run, TURN)
    await peer.rate(TURN / 2)
    const ours = matches.map((): number[] => [])
    const theirs: number[] = []
    for (let run = 0; run < runs; run++) {
      for (const [i, match] of matches.entries()) ours[i]?.push(await rateOf(match.run, TURN))
      theirs.push(await peer.rate(TURN))
    }
    const { version } = peer
    return ours.map((rates, i) => ({
      ratios: rates.map((rate, run) => rate / (theirs[run] as number)),
      ours: median(rates),
      theirs: median(theirs),
      version,
      losses: losses[i] ?? [],
    }))
  } finally {
    peer?.stop()
    for (const match of matches) match.dispose()
  }
}
