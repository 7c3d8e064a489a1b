// Tests the tests: flips constants and operators of the kernels, one at a time, and sees whether the suite notices.
// `npm run mutate -- --count 200 --seed 1 [--only gemm]`; a nightly job, some 15 s a mutant.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const sandbox = join(root, '.build/mutant')
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
})

/** Executor and generated files have suites of their own; the peak loops are for measuring. */
const SKIPPED = /^assembly\/(vm|abi|index|simd\/pool|gemm\/peak)/
/** Suites that a mutant must get through, the nearest first. */
const SUITES = ['test/kernels', 'test/ops', 'test/vm']
/** Share of mutants that has to be caught. */
const WANTED = 0.95

interface Mutant {
  readonly file: string
  readonly line: number
  readonly at: number
  readonly from: string
  readonly to: string
}

/** Survivors that no test can tell from the original, by `file: from -> to: source line`. */
const accepted: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(new URL('mutants-accepted.json', import.meta.url), 'utf8'),
)

const SWAPS: Readonly<Record<string, string>> = {
  ' + ': ' - ',
  ' - ': ' + ',
  ' * ': ' + ',
  ' < ': ' <= ',
  ' <= ': ' < ',
  ' > ': ' >= ',
  ' >= ': ' > ',
  ' == ': ' != ',
  ' != ': ' == ',
  ' << ': ' >> ',
  ' >> ': ' << ',
  ' & ': ' | ',
  ' | ': ' & ',
  ' && ': ' || ',
  ' || ': ' && ',
  '.add(': '.sub(',
  '.sub(': '.add(',
  '.mul(': '.add(',
  '.div(': '.mul(',
  '.lt(': '.le(',
  '.le(': '.lt(',
  '.gt(': '.ge(',
  '.ge(': '.gt(',
  '.eq(': '.ne(',
  '.ne(': '.eq(',
  '.pmax(': '.pmin(',
  '.pmin(': '.pmax(',
  '.and(': '.or(',
  '.or(': '.and(',
  ' fma(': ' fnma(',
  ' fnma(': ' fma(',
}
const TOKEN = new RegExp(
  [
    ...Object.keys(SWAPS).map((token) => token.replace(/[|.()*+]/g, '\\$&')),
    '(?<![\\w.])\\d+(?:\\.\\d+)?(?![\\w.])',
  ].join('|'),
  'g',
)

function sites(): Mutant[] {
  const all: Mutant[] = []
  for (const name of readdirSync(join(root, 'assembly'), { recursive: true, encoding: 'utf8' }).sort()) {
    const file = `assembly/${name}`
    if (!name.endsWith('.ts')) continue
    if (SKIPPED.test(file)) continue
    let comment = false
    for (const [line, text] of readFileSync(join(root, file), 'utf8').split('\n').entries()) {
      const trimmed = text.trim()
      if (trimmed.startsWith('/*')) comment = true
      const code = !comment && !/^(\/\/|import|export \{|@|\})/.test(trimmed) && !text.includes('ASC_FEATURE')
      if (comment && trimmed.includes('*/')) comment = false
      if (!code) continue
      for (const { 0: from, index: at } of text.replace(/\/\/.*/, '').matchAll(TOKEN))
        all.push({
          file,
          line,
          at,
          from,
          to: SWAPS[from] ?? (from.includes('.') ? `${Number(from) * 1.25}` : `${Number(from) + 1}`),
        })
    }
  }
  return all
}

/** `count` of the sites, in an order that follows from the seed. */
function chosen(all: Mutant[], count: number, seed: number): Mutant[] {
  let state = seed >>> 0
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  for (let i = all.length - 1; i > 0; i--) {
    const j = next(i + 1)
    ;[all[i], all[j]] = [all[j] as Mutant, all[i] as Mutant]
  }
  return all.slice(0, count)
}

const run = (command: string, ...args: string[]): { ok: boolean; text: string } => {
  const { status, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin', command), args, {
    cwd: sandbox,
    encoding: 'utf8',
    timeout: 300_000,
  })
  return { ok: status === 0, text: stdout + stderr }
}

/** How the suite noticed, or undefined. */
function caught({ file, line, at, from, to }: Mutant): string | undefined {
  const path = join(sandbox, file)
  const original = readFileSync(path, 'utf8')
  const lines = original.split('\n')
  const text = lines[line] as string
  lines[line] = text.slice(0, at) + to + text.slice(at + from.length)
  writeFileSync(path, lines.join('\n'))
  try {
    if (!run('asc', '--target', 'simd').ok) return 'does not compile'
    for (const suite of SUITES) if (!run('vitest', 'run', suite, '--bail', '1').ok) return suite
    return undefined
  } finally {
    writeFileSync(path, original)
  }
}

rmSync(sandbox, { recursive: true, force: true })
mkdirSync(sandbox, { recursive: true })
for (const name of [
  'assembly',
  'src',
  'test',
  'wasm',
  'data',
  'bench',
  'asconfig.json',
  'package.json',
  'tsconfig.json',
  'tsconfig.check.json',
  'vitest.config.ts',
])
  if (existsSync(join(root, name))) cpSync(join(root, name), join(sandbox, name), { recursive: true })
symlinkSync(join(root, 'node_modules'), join(sandbox, 'node_modules'))

const label = ({ file, from, to, line }: Mutant): string => {
  const source = readFileSync(join(root, file), 'utf8').split('\n')[line] as string
  return `${file}: ${from.trim()} -> ${to.trim()}: ${source.trim()}`
}
if (!run('asc', '--target', 'simd').ok) throw new Error('the kernels do not compile')
for (const suite of SUITES) {
  const { ok, text } = run('vitest', 'run', suite)
  if (!ok) throw new Error(`${suite} fails without any mutation:\n${text.slice(-2000)}`)
}
let [tried, found] = [0, 0]
const survivors: string[] = []
for (const mutant of chosen(
  sites().filter(({ file }) => file.includes(values.only)),
  Number(values.count),
  Number(values.seed),
)) {
  const name = label(mutant)
  if (accepted[name] !== undefined) continue
  const how = caught(mutant)
  if (how === 'does not compile') continue
  tried++
  if (how !== undefined) found++
  else survivors.push(`${name} (line ${mutant.line + 1})`)
  console.log(`${how === undefined ? 'SURVIVED' : 'caught  '} ${name}${how === undefined ? '' : ` by ${how}`}`)
}
console.log(`\n${found} of ${tried} mutants caught; ${Object.keys(accepted).length} known to be equal.`)
for (const survivor of survivors) console.log(`survived: ${survivor}`)
if (tried === 0 || found < WANTED * tried) process.exitCode = 1
