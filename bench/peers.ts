import { mkdirSync, writeFileSync } from 'node:fs'
import { init } from '../src/index.ts'
import { machine } from './lib/machine.ts'
import { matches } from './lib/matches.ts'
import { contest, type Pair } from './lib/pairs.ts'
import { findTorch } from './lib/peer.ts'
import { median, spread, table, text } from './lib/stats.ts'

// Training and inference beside PyTorch on the CPU, and products beside NumPy with OpenBLAS: both processes in short
// turns, the ratio of each pair of turns, and the median of RUNS pairs. Nothing counts before the losses agree.

const RUNS = 5

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

interface Row extends Pair {
  readonly name: string
  readonly wide: boolean
  readonly threads: number
  readonly floor: number
}

/** Prints every floor with what was reached; false if one was missed. */
export async function peers({ only }: { only?: string | undefined } = {}): Promise<boolean> {
  const torch = findTorch()
  if (torch === undefined) {
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
      const [row] = (await contest([engine], make, torch, threads, RUNS)) ?? []
      if (row === undefined) continue
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
