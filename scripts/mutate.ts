// Tests the tests: flips constants and operators of the kernels, one at a time, and sees whether the suite notices.
// `npm run mutate -- --count 220 --seed 1 [--only gemm] [--from 100] [--again log]`: the kernels are compiled without optimization,
// only tests that reach the mutated file run, and those that caught a mutant of this file before run first. `--again`
// takes the survivors that a log of an earlier run lists.
import { type ChildProcess, fork } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import asc from 'assemblyscript/asc'
import { allOf, chosen, kernelFiles, label, type Mutant, mutated, root } from './mutants.ts'
import { type Suite, suitesOf } from './mutate-suites.ts'

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '220' },
    from: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    again: { type: 'string' },
  },
})
/** Share of mutants that has to be caught. */
const WANTED = 0.95
/**
 * A run that takes so many times as long as without a mutation, and some seconds, hangs; or that takes the most, which is
 * more where the machine is busy with other things and runs take long without a mutation, too.
 */
const PATIENCE = 4
const BUSY = 1.5
const GRACE = 10_000
const MOST = 75_000

const sandbox = join(root, '.build/mutant')
/** Survivors that no test can tell from the original, by label: the reason. */
const accepted: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(new URL('mutants-accepted.json', import.meta.url), 'utf8'),
)

interface Config {
  readonly entries: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
  readonly targets: Readonly<Record<string, { readonly enable?: readonly string[] }>>
}
const config: Config = JSON.parse(readFileSync(join(root, 'asconfig.json'), 'utf8'))
const targets = Object.keys(config.targets).filter((target) => target !== 'debug')

/** Writes the binaries that tests load; what is wrong if they do not compile. */
async function compile(source?: { readonly file: string; readonly text: string }): Promise<string | undefined> {
  for (const target of targets) {
    const flags = Object.entries(config.options)
      .filter(([name]) => name !== 'enable')
      .flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, String(value)]))
    const features = [...(config.options['enable'] as string[]), ...(config.targets[target]?.enable ?? [])]
    const { error, stderr } = await asc.main(
      [...config.entries, '--config', 'none', '--baseDir', root, '--noAssert', '--disableWarning'].concat(
        flags,
        features.flatMap((feature) => ['--enable', feature]),
        ['--outFile', `${target}.wasm`],
      ),
      {
        readFile: (name) => {
          if (source !== undefined && name === source.file) return source.text
          const path = join(root, name)
          return existsSync(path) ? readFileSync(path, 'utf8') : null
        },
        writeFile: (name, contents) => writeFileSync(join(sandbox, 'wasm', name), contents),
      },
    )
    if (error) return stderr.toString()
  }
  return undefined
}

let worker: ChildProcess | undefined
const stop = (): void => {
  // with its own children, which may be the ones that hang
  if (worker?.pid !== undefined)
    try {
      process.kill(-worker.pid, 'SIGKILL')
    } catch {}
  worker = undefined
}
process.on('exit', stop)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))

interface Answer {
  readonly failed?: string | null
  readonly error?: string
}
const answer = (child: ChildProcess, limit: number): Promise<Answer | 'late'> =>
  new Promise((resolve) => {
    const late = setTimeout(() => resolve('late'), limit)
    const done = (result: Answer): void => {
      clearTimeout(late)
      child.removeAllListeners()
      resolve(result)
    }
    child.once('message', (message) => done(message as Answer))
    child.once('exit', (code) => done({ failed: `the process ended with ${code}` }))
  })

/** How the suite fails; undefined if it passes. */
async function run(suite: Suite, limit = 600_000): Promise<string | undefined> {
  if (worker?.connected !== true) {
    stop()
    worker = fork(join(root, 'scripts/mutate-worker.ts'), {
      cwd: sandbox,
      detached: true,
      execArgv: ['--import', import.meta.resolve('tsx')],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    await answer(worker, 60_000)
  }
  worker.send(suite)
  const result = await answer(worker, limit)
  if (result === 'late') {
    stop()
    return 'a hang'
  }
  if (result.error !== undefined) throw new Error(result.error)
  return result.failed ?? undefined
}

rmSync(sandbox, { recursive: true, force: true })
mkdirSync(sandbox, { recursive: true })
const needed = ['src', 'test', 'wasm', 'data', 'bench', 'package.json', 'tsconfig.json', 'tsconfig.check.json']
for (const name of [...needed, 'asconfig.json', 'vitest.config.ts'])
  if (existsSync(join(root, name))) cpSync(join(root, name), join(sandbox, name), { recursive: true })
symlinkSync(join(root, 'node_modules'), join(sandbox, 'node_modules'))

const suites = await suitesOf()
const broken = await compile()
if (broken !== undefined) throw new Error(`the kernels do not compile:\n${broken}`)
const unmutated = new Map<string, number>()
const wanted = kernelFiles.filter((file) => file.includes(values.only))
/** Those that a log of an earlier run lists as survivors, or those that the seed gives. */
function asked(): Mutant[] {
  if (values.again === undefined)
    return chosen(wanted, Number(values.count), Number(values.seed)).slice(Number(values.from))
  const lines = readFileSync(values.again, 'utf8').split('\n')
  const survivors = new Set(lines.filter((line) => line.startsWith('SURVIVED ')).map((line) => line.slice(9)))
  return allOf(wanted).filter((mutant) => survivors.has(label(mutant)))
}
const mutants = asked()
const everything = new Set(allOf(kernelFiles).map(label))
const all = new Map(mutants.flatMap(({ file }) => suites(file)).map((suite) => [suite.file, suite]))
for (const [file, suite] of all) {
  const started = performance.now()
  const failure = await run(file.startsWith('test/ops/') ? { file } : suite)
  if (failure !== undefined) throw new Error(`${file} fails without any mutation: ${failure}`)
  unmutated.set(file, performance.now() - started)
  console.log(`${file} passes in ${((performance.now() - started) / 1000).toFixed(1)} s`)
}

/** Test files by how many mutants of a kernel file they caught. */
const catches = new Map<string, Map<string, number>>()
async function caught(mutant: Mutant): Promise<string | undefined> {
  const wrong = await compile({ file: mutant.file, text: mutated(mutant) })
  if (wrong !== undefined) return 'does not compile'
  const before = catches.get(mutant.file) ?? new Map<string, number>()
  catches.set(mutant.file, before)
  const order = [...suites(mutant.file)].sort((a, b) => (before.get(b.file) ?? 0) - (before.get(a.file) ?? 0))
  for (const suite of order) {
    const usual = unmutated.get(suite.file) as number
    const failure = await run(suite, GRACE + Math.min(PATIENCE * usual, Math.max(BUSY * usual, MOST)))
    if (failure === undefined) continue
    before.set(suite.file, (before.get(suite.file) ?? 0) + 1)
    return `${suite.file}: ${failure}`
  }
  return undefined
}

let [tried, found, equal] = [0, 0, 0]
for (const name of Object.keys(accepted))
  if (values.only === '' && values.again === undefined && !everything.has(name))
    console.log(`no mutant any more (scripts/mutants-accepted.json): ${name}`)
const survivors: string[] = []
for (const mutant of mutants) {
  const name = label(mutant)
  if (accepted[name] !== undefined) {
    equal++
    tried++
    console.log(`EQUAL    ${name}\n         ${accepted[name]}`)
    continue
  }
  const started = performance.now()
  const how = await caught(mutant)
  if (how === 'does not compile') continue
  tried++
  if (how !== undefined) found++
  else survivors.push(`${name} (line ${mutant.line + 1})`)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(how === undefined ? `SURVIVED ${name}` : `caught   ${name}\n         in ${seconds} s by ${how}`)
}
stop()
const share = ((100 * found) / tried).toFixed(1)
console.log(
  `\n${found} of ${tried} mutants caught (${share} %); ${equal} of the others change no result, as listed above.`,
)
for (const survivor of survivors) console.log(`survived: ${survivor}`)
if (tried === 0 || found < WANTED * tried) process.exitCode = 1
process.exit()
