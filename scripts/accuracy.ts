// Largest error of each vector function against f64, over a sample of all f32 bit patterns (--all: every one, which
// takes about two minutes a function and core). Arguments name functions; without any, all run. Exits 1 where a bound
// of docs/numerics.md is not met. --threads=N: on so many cores (default all).
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { bounds } from '../test/helpers/bounds.ts'
import { type Build, builds } from '../test/helpers/machine.ts'
import type { Found, Job } from './accuracy-worker.ts'

const { values: options, positionals } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
  allowPositionals: true,
})
const unknown = positionals.filter((name) => !Object.hasOwn(bounds, name))
if (unknown.length > 0) throw new Error(`no such function: ${unknown}; there are ${Object.keys(bounds)}`)
const names = positionals.length > 0 ? positionals : Object.keys(bounds)
const threads = Number(options.threads)
const next = new SharedArrayBuffer(4 * names.length)
const job: Job = { stride: options.all ? 1 : 1021, names, next }

const found = new Map(names.map((name) => [name, [] as Found[]]))
const started = performance.now()
function print(name: string, list: readonly Found[]): void {
  const worst = new Map<Build, Found>()
  for (const entry of list) if (!(entry.error <= (worst.get(entry.build)?.error ?? -1))) worst.set(entry.build, entry)
  const bound = bounds[name] as number
  const met = [...worst.values()].every(({ error }) => error <= bound)
  if (!met) process.exitCode = 1
  const figures = [...worst].map(([build, { error, at }]) => `${build} ${error.toFixed(4)} at ${at}`).join(', ')
  const minutes = ((performance.now() - started) / 60_000).toFixed(1)
  console.log(`${name}: ${figures} (bound ${bound})${met ? '' : '  NOT MET'}, after ${minutes} min`)
}

for (let thread = 0; thread < threads; thread++) {
  // `import.meta.resolve`: a thread does not inherit the loader of TypeScript
  const source = `import(${JSON.stringify(import.meta.resolve('tsx/esm/api'))})
    .then(({ register }) => { register(); return import(${JSON.stringify(import.meta.resolve('./accuracy-worker.ts'))}) })`
  const worker = new Worker(source, { eval: true, workerData: job })
  worker.on('message', (entry: Found) => {
    const list = found.get(entry.name) as Found[]
    list.push(entry)
    if (list.length === builds.length * threads) print(entry.name, list)
  })
  worker.on('error', (error) => {
    throw error
  })
}
