import { type Engine, withEngine } from '../../src/index.ts'
import type { Match } from './matches.ts'
import { type Library, Peer } from './peer.ts'
import { median } from './stats.ts'
import { rateOf } from './workloads.ts'

/** Length of one turn, in seconds. */
const TURN = 0.5

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
