import { mkdirSync, writeFileSync } from 'node:fs'
import { init } from '../src/index.ts'
import { comparisonPage } from './compare-page.ts'
import { type KernelRate, kernels } from './kernels.ts'
import { bandwidth } from './lib/bandwidth.ts'
import { type MachineFacts, machine } from './lib/machine.ts'
import { matches } from './lib/matches.ts'
import { contest, type Pair } from './lib/pairs.ts'
import { Peak } from './lib/peak.ts'
import { findTorch, javascriptLibraries, type Library } from './lib/peer.ts'
import { median, spread, table, text } from './lib/stats.ts'

// Every workload beside every library that installs here, on one thread each (their best: PyTorch and onnxruntime gain
// from more, the others do not), in turns. A library that fails is listed with what it said.

const RUNS = 3

export interface Comparison {
  readonly workload: string
  readonly library: string
  /** chainrule at 128 bits, and wide where the runtime has it. */
  readonly plain?: Pair
  readonly wide?: Pair
  readonly failure?: string
}

export interface Results {
  readonly machine: MachineFacts
  readonly date: string
  readonly runs: number
  readonly wide: boolean
  readonly comparisons: readonly Comparison[]
  /** GFLOP/s of one core from wasm, 128 bits, and GB/s of copies in the first caches and in memory. */
  readonly peak: number
  readonly bandwidths: Readonly<Record<'cache' | 'memory', number>>
  readonly kernels: readonly KernelRate[]
}

/** Prints the table and writes bench/results/compare.json and .html. */
export async function compare(options: { only?: string | undefined; library?: string | undefined }): Promise<void> {
  const libraries = chosen(options.library)
  const facts = machine()
  console.log(`${facts.cpu}, ${facts.cores} cores, Node ${facts.node} (V8 ${facts.v8}), ${RUNS} turns each\n`)
  const engines = [await init({ threads: 1, seed: 1 }), await init({ threads: 1, seed: 1, wide: true })]
  const comparisons: Comparison[] = []
  for (const [workload, make] of Object.entries(matches())) {
    if (options.only !== undefined && !workload.toLowerCase().startsWith(options.only.toLowerCase())) continue
    for (const library of libraries) {
      let comparison: Comparison
      try {
        const pairs = await contest(engines, make, library, 1, RUNS)
        if (pairs === undefined) continue
        const [plain, wide] = pairs
        comparison = { workload, library: library.name, ...(plain && { plain }), ...(wide && { wide }) }
      } catch (error) {
        comparison = { workload, library: library.name, failure: (error as Error).message }
      }
      comparisons.push(comparison)
      console.log(row(comparison).join('  '))
    }
  }
  const wide = engines[1]?.runtime.wide === true
  for (const engine of engines) await engine.close()
  console.log(
    `\n${table([['workload', 'library', 'its rate', '128 bits', '', 'wide', ''], ...comparisons.map(row)])}\n`,
  )
  const results: Results = {
    machine: facts,
    date: new Date().toISOString(),
    runs: RUNS,
    wide,
    comparisons,
    peak: new Peak('fma').measure(),
    bandwidths: bandwidth(),
    kernels: options.only === undefined && options.library === undefined ? [...kernels('relaxed')] : [],
  }
  const folder = new URL('results/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL('compare.json', folder), `${JSON.stringify(results, null, 2)}\n`)
  writeFileSync(new URL('compare.html', folder), comparisonPage(results))
  console.log('bench/results/compare.html, compare.json')
}

function chosen(name: string | undefined): Library[] {
  const torch = findTorch()
  const all = [...javascriptLibraries(), ...(torch === undefined ? [] : [torch])]
  if (torch === undefined) console.log('PyTorch not found (Debian: python3-torch).')
  return all.filter((library) => name === undefined || library.name.toLowerCase().includes(name.toLowerCase()))
}

function row({ workload, library, plain, wide, failure }: Comparison): string[] {
  if (failure !== undefined) return [workload, library, failure]
  const of = (pair: Pair | undefined): string[] =>
    pair === undefined ? ['', ''] : [`${text(median(pair.ratios))} x`, `(${Math.round(100 * spread(pair.ratios))} %)`]
  return [workload, library, `${text(plain?.theirs ?? Number.NaN)}/s`, ...of(plain), ...of(wide)]
}
