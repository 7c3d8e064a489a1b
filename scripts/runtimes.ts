// Runs the smoke program in every runtime and compares what it prints: npm run runtimes [-- part of a name ...].
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { serve } from '../examples/browser/serve.mjs'
import { Chromium, installChromium } from './chromium.ts'
import { commands, installRuntimes } from './runtime-list.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const run = promisify(execFile)

interface Result {
  error?: string
  runtime: string
  threads: number
  build: string
  executed: number[]
  firstLoss: number
  lastLoss: number
  lossesHash: string
  weightsHash: string
  weightsChanged: number
  isolated?: boolean
}

let passed = 0
let failed = 0
function check(name: string, problems: readonly string[], detail: string): void {
  if (problems.length === 0) passed++
  else failed++
  console.log(`${problems.length === 0 ? 'ok    ' : 'FAILED'} ${name}: ${[...problems, detail].join('; ')}`)
}

let reference: Result | undefined
/** One run of the smoke program: it learnt, on all its threads, and to the same bits as the first run. */
async function smoke(name: string, threads: number, produce: () => Promise<Result>): Promise<void> {
  try {
    const result = await produce()
    if (result.error !== undefined) throw new Error(result.error)
    const problems: string[] = []
    const expect = (fact: boolean, problem: string) => {
      if (!fact) problems.push(problem)
    }
    expect(result.threads === threads, `ran on ${result.threads} threads instead of ${threads}`)
    expect(result.build === 'simd', `took the ${result.build} build`)
    expect(result.executed.length === threads, `${result.executed.length} counters for ${threads} threads`)
    expect(
      result.executed.every((count) => count > 0),
      `executed ${result.executed.join(', ')} instructions on its threads`,
    )
    expect(result.lastLoss < result.firstLoss / 2, 'the loss did not fall')
    expect(result.weightsChanged > 0.9, `only ${result.weightsChanged} of the weights changed`)
    reference ??= result
    expect(result.lossesHash === reference.lossesHash, `other losses than ${reference.runtime}`)
    expect(result.weightsHash === reference.weightsHash, `other weights than ${reference.runtime}`)
    const loss = `loss ${result.firstLoss.toFixed(3)} to ${result.lastLoss.toFixed(3)}`
    check(name, problems, `${result.runtime}, ${loss}, shares ${result.executed.join('/')}, ${result.weightsHash}`)
  } catch (error) {
    check(name, [error instanceof Error ? error.message : String(error)], 'no result')
  }
}

async function example(name: string, produce: () => Promise<string>): Promise<void> {
  try {
    const text = (await produce()).trim()
    const accuracy = Number(text.match(/(?<=accuracy )\d\.\d+/g)?.at(-1))
    check(name, accuracy > 0.9 ? [] : ['no accuracy above 0.9'], text.split('\n').at(-1) ?? '')
  } catch (error) {
    check(name, [error instanceof Error ? error.message : String(error)], 'no result')
  }
}

let expectedHashes: Record<string, string> | undefined
/** One run of the data program: the same hashes as in the first runtime. */
async function dataRun(name: string, produce: () => Promise<Record<string, string>>): Promise<void> {
  try {
    const hashes = await produce()
    if (hashes['error'] !== undefined) throw new Error(hashes['error'])
    expectedHashes ??= hashes
    const expected = Object.entries(expectedHashes)
    const problems = expected.filter(([part, hash]) => hashes[part] !== hash).map(([part]) => `other bits of ${part}`)
    check(name, problems, expected.map(([part]) => `${part} ${hashes[part]}`).join(', '))
  } catch (error) {
    check(name, [error instanceof Error ? error.message : String(error)], 'no result')
  }
}

interface Free {
  error?: string
  threads: number
  steps: number
  most: number
  ticks: number
  evaluated: number
  seen: number
}
/** One run in a page: its timers have their turn while hundreds of steps run as one program, and during an evaluation. */
async function free(name: string, threads: number, produce: () => Promise<Free>): Promise<void> {
  try {
    const result = await produce()
    if (result.error !== undefined) throw new Error(result.error)
    const problems: string[] = []
    if (result.threads !== threads) problems.push(`ran on ${result.threads} threads instead of ${threads}`)
    if (result.steps !== 1536 || result.seen !== 32_768) problems.push('did not do its work')
    if (result.most < 300) problems.push(`at most ${result.most} steps as one program`)
    if (result.ticks < 10) problems.push(`the page's thread was held up: ${result.ticks} ticks of a timer`)
    if (result.evaluated < 2) problems.push(`it was held up by an evaluation: ${result.evaluated} ticks`)
    check(name, problems, `${result.ticks} ticks during ${result.most} steps, ${result.evaluated} during an evaluation`)
  } catch (error) {
    check(name, [error instanceof Error ? error.message : String(error)], 'no result')
  }
}

const wanted = process.argv.slice(2).map((name) => name.toLowerCase())
const selected = (name: string) => wanted.length === 0 || wanted.some((part) => name.toLowerCase().includes(part))

await installRuntimes()
const limits = { cwd: root, timeout: 60_000, killSignal: 'SIGKILL' } as const
for (const [runtime, [command, ...args]] of Object.entries(commands)) {
  for (const [entry, threads] of [
    ['bundle/index', 1],
    ['bundle/index', 2],
    ['bundle/index', 3],
    ['index', 2],
    ['inline', 2],
  ] as const) {
    const name = `${runtime}, ${entry}, ${threads} thread${threads === 1 ? '' : 's'}`
    if (!selected(name)) continue
    await smoke(name, threads, async () => {
      const { stdout } = await run(command, [...args, 'test/runtimes/main.js', entry, String(threads)], limits)
      return JSON.parse(stdout) as Result
    })
  }
}
for (const [runtime, [command, ...args]] of Object.entries(commands))
  if (selected(`${runtime}, data`))
    await dataRun(`${runtime}, data`, async () => {
      const { stdout } = await run(command, [...args, 'test/runtimes/main.js', 'bundle/index', 'data'], limits)
      return JSON.parse(stdout) as Record<string, string>
    })
// The command, on vectors of 256 bits where this machine has them, and of 128: the same weights.
for (const runtime of ['Node 20', 'Node 24', 'Node 26']) {
  const name = `${runtime}, wide`
  if (!selected(name)) continue
  const [node] = commands[runtime] as [string]
  const out = join(root, '.build/wide.safetensors')
  const train = async (...flags: string[]): Promise<{ weightsHash: string; wide: boolean }> => {
    const args = ['dist/bundle/main.js', '--epochs', '3', '--json', '--no-report', '--out', out, ...flags]
    const { stdout } = await run(node, args, limits)
    return JSON.parse(stdout.trim().split('\n').at(-1) as string)
  }
  try {
    const [plain, wide] = [await train('--no-wide'), await train()]
    const problems = plain.wide ? ['--no-wide is wide'] : []
    if (plain.weightsHash !== wide.weightsHash) problems.push('other weights than with 128 bits')
    check(name, problems, `${wide.wide ? '256' : '128'} bits, ${wide.weightsHash.slice(0, 16)}`)
  } catch (error) {
    check(name, [error instanceof Error ? error.message : String(error)], 'no result')
  }
}
if (selected('Deno example'))
  await example('Deno example', async () => {
    const [deno, ...args] = commands['Deno'] as [string, ...string[]]
    return (await run(deno, [...args, 'examples/deno/train.ts'], limits)).stdout
  })

/** A run that begins in a page goes on in the others, to the weights it would have had there. */
async function travels(begin: () => Promise<{ error?: string; step: number; checkpoint: string; hash: string }>) {
  const file = join(root, '.build/travel.safetensors')
  const begun = await begin()
  if (begun.error !== undefined) throw new Error(begun.error)
  mkdirSync(join(root, '.build'), { recursive: true })
  writeFileSync(file, Buffer.from(begun.checkpoint, 'base64'))
  for (const [runtime, [command, ...args]] of Object.entries(commands)) {
    const name = `Chromium to ${runtime}, travel`
    if (!selected(name)) continue
    try {
      const program = [...args, 'test/runtimes/main.js', 'index', 'travel', file]
      const { hash } = JSON.parse((await run(command, program, limits)).stdout) as { hash: string }
      check(
        name,
        hash === begun.hash ? [] : ['other weights than in the page'],
        `from step ${begun.step}, ${hash.slice(0, 16)}`,
      )
    } catch (error) {
      check(name, [error instanceof Error ? error.message : String(error)], 'no result')
    }
  }
}

if (selected('Chromium')) {
  installChromium()
  const chromium = new Chromium()
  try {
    for (const isolated of [true, false]) {
      const server = await serve({ folder: root, isolated })
      const origin = `http://localhost:${(server.address() as AddressInfo).port}`
      const kind = isolated ? 'isolated' : 'not isolated'
      for (const entry of ['index', 'inline'])
        await smoke(`Chromium, ${kind}, ${entry}`, isolated ? 2 : 1, async () => {
          const url = `${origin}/test/runtimes/page.html?entry=${entry}&threads=2`
          const result = await chromium.evaluate<Result>(url, 'globalThis.result')
          if (result.error === undefined && result.isolated !== isolated)
            throw new Error(`crossOriginIsolated is ${result.isolated}`)
          return result
        })
      if (isolated)
        await travels(() =>
          chromium.evaluate(`${origin}/test/runtimes/page.html?entry=index&threads=travel`, 'globalThis.result'),
        )
      if (isolated)
        await dataRun('Chromium, data', () =>
          chromium.evaluate(`${origin}/test/runtimes/page.html?entry=index&threads=data`, 'globalThis.result'),
        )
      await free(`Chromium, ${kind}, the page stays free`, isolated ? 2 : 1, () =>
        chromium.evaluate<Free>(`${origin}/test/runtimes/page.html?entry=index&threads=free`, 'globalThis.result'),
      )
      await example(`Chromium example, ${kind}`, () =>
        chromium.evaluate<string>(`${origin}/examples/browser/`, 'document.querySelector("#done")?.textContent'),
      )
      server.close()
      server.closeAllConnections()
    }
  } finally {
    await chromium.close()
  }
}

mkdirSync(join(root, '.build'), { recursive: true })
writeFileSync(join(root, '.build/runtimes.json'), JSON.stringify({ passed, failed }))
if (failed > 0 || passed === 0) process.exitCode = 1
