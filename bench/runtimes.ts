import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build as bundle, type Plugin } from 'esbuild'
import { serve } from '../examples/browser/serve.mjs'
import { Chromium, installChromium } from '../scripts/chromium.ts'
import { commands, installRuntimes } from '../scripts/runtime-list.ts'
import type { Asked, Found } from './lib/anywhere.ts'
import { machine } from './lib/machine.ts'
import { median, spread, table, text } from './lib/stats.ts'

// The workloads in every runtime, a process of each in turns. Where the runtime has wide vectors they are a column of their own.

const ROUNDS = 3
const SECONDS = 0.3
const WIDE = ['Node 24', 'Node 26']
const root = fileURLToPath(new URL('..', import.meta.url))
const folder = '.build/anywhere'

/** The published file in place of the sources: what users run. */
const published: Plugin = {
  name: 'published',
  setup({ onResolve }) {
    onResolve({ filter: /\/src\/index\.ts$/ }, () => ({ path: `${root}dist/inline.js` }))
  },
}

interface Column {
  readonly name: string
  readonly measure: (asked: Asked) => Promise<Found>
  readonly wide: boolean
  readonly found: Found[]
}

export async function runtimes({ only }: { only?: string | undefined } = {}): Promise<void> {
  await installRuntimes()
  installChromium()
  await writePrograms()
  const server = await serve({ folder: root, isolated: true })
  const chromium = new Chromium()
  const page = `http://localhost:${(server.address() as AddressInfo).port}/${folder}/page.html`
  const columns: Column[] = Object.entries(commands).flatMap(([name, command]) => {
    const measure = inProcess(command)
    const plain = { name, measure, wide: false, found: [] }
    return WIDE.includes(name) ? [plain, { ...plain, name: `${name}, wide`, wide: true, found: [] }] : [plain]
  })
  columns.push({
    name: 'Chromium',
    measure: (asked) =>
      chromium
        .evaluate<Found & { error?: string }>(`${page}?${encodeURIComponent(JSON.stringify(asked))}`, RESULT, 600_000)
        .then((found) => {
          if (found.error !== undefined) throw new Error(found.error)
          return found
        }),
    wide: false,
    found: [],
  })
  const facts = machine()
  console.log(`${facts.cpu}, ${facts.cores} cores, ${ROUNDS} turns of each runtime`)
  const failed = new Map<string, string>()
  try {
    for (let round = 0; round < ROUNDS; round++)
      for (const column of columns) {
        if (failed.has(column.name)) continue
        try {
          column.found.push(await column.measure({ threads: [1, 2], wide: column.wide, only, seconds: SECONDS }))
        } catch (error) {
          failed.set(column.name, error instanceof Error ? error.message : String(error))
        }
      }
  } finally {
    await chromium.close()
    server.close()
    server.closeAllConnections()
  }
  print(columns.filter(({ found }) => found.length > 0))
  for (const [name, why] of failed) console.log(`${name}: ${why.split('\n')[0]}`)
  mkdirSync(`${root}bench/results`, { recursive: true })
  const rows = columns.map(({ name, found }) => ({ name, found }))
  const kept = { machine: facts, rounds: ROUNDS, rows, failed: Object.fromEntries(failed) }
  writeFileSync(`${root}bench/results/runtimes.json`, `${JSON.stringify(kept, null, 2)}\n`)
  console.log('\nSamples: bench/results/runtimes.json')
}

const RESULT = 'globalThis.found'

function inProcess([command, ...args]: readonly [string, ...string[]]): (asked: Asked) => Promise<Found> {
  return async (asked) => {
    const program = [...args, `${folder}/main.mjs`, JSON.stringify(asked)]
    const { stdout } = await promisify(execFile)(command, program, { cwd: root, timeout: 600_000 })
    return JSON.parse(stdout) as Found
  }
}

async function writePrograms(): Promise<void> {
  await bundle({
    absWorkingDir: root,
    entryPoints: ['bench/lib/anywhere.ts'],
    outfile: `${folder}/anywhere.mjs`,
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    plugins: [published],
  })
  const main = `import { measure } from './anywhere.mjs'
console.log(JSON.stringify(await measure(JSON.parse(globalThis.process.argv.at(-1)))))
`
  const page = `<!doctype html>
<meta charset="utf-8" />
<title>chainrule benchmark</title>
<script type="module">
  import { measure } from './anywhere.mjs'
  const asked = JSON.parse(decodeURIComponent(location.search.slice(1)))
  globalThis.found = await measure(asked).catch((error) => ({ error: String(error) }))
</script>
`
  writeFileSync(`${root}${folder}/main.mjs`, main)
  writeFileSync(`${root}${folder}/page.html`, page)
}

/** Workloads down, runtimes across; one table for each number of threads, and two threads over one. */
function print(columns: readonly Column[]): void {
  const sample = (column: Column, name: string, threads: number): number[] =>
    column.found.flatMap(({ rates }) =>
      rates.filter((rate) => rate.name === name && rate.threads === threads).map(({ rate }) => rate),
    )
  const names = [...new Set(columns.flatMap(({ found }) => found.flatMap(({ rates }) => rates.map((r) => r.name))))]
  const head = (title: string): string[] => [title, ...columns.map(({ name }) => name)]
  const kernels = columns.map(({ found }) => `${found[0]?.build} ${found[0]?.tile}`)
  for (const threads of [1, 2]) {
    const rows = names.map((name) => [
      name,
      ...columns.map((column) => {
        const rates = sample(column, name, threads)
        return rates.length === 0 ? '-' : `${text(median(rates))} (${Math.round(100 * spread(rates))} %)`
      }),
    ])
    const title = `times a second, ${threads} thread${threads === 1 ? '' : 's'}`
    console.log(`\n${table([head(title), ['build, tile', ...kernels], ...rows])}`)
  }
  const scaling = names.map((name) => [
    name,
    ...columns.map((column) => {
      const [one, two] = [sample(column, name, 1), sample(column, name, 2)]
      return one.length === 0 || two.length === 0 ? '-' : text(median(two) / median(one))
    }),
  ])
  console.log(`\n${table([head('two threads over one'), ...scaling])}`)
}
