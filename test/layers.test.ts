// The rules of docs/architecture.md that a reader of the sources can check: which way imports point, and who may touch
// what. Each rule is also run on a line that breaks it.
import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { describe, expect, it } from 'vitest'

/** Folders of src/ from the bottom up; a file may import from its own level and from those before it. */
const layers: readonly (readonly string[])[] = [
  ['errors.ts', 'options.ts'],
  ['abi'],
  ['runtime'],
  ['program'],
  ['tensor'],
  ['ops', 'autodiff', 'reference', 'check'],
  ['nn', 'optim', 'train', 'data', 'io', 'export', 'inspect'],
  ['cli', 'index.ts'],
]

/** Functions whose last bits differ between engines. */
const inexact =
  /\bMath\.(exp|expm1|log|log1p|log2|log10|pow|cbrt|hypot|a?sinh?|a?cosh?|a?tanh?|atan2|random)\b|[\w)\]] \*\* [\w(]/g

/** Powers of bigints, which are exact. */
const bigints = ['src/train/sha256.ts']

const levelOf = (path: string): number => layers.findIndex((names) => names.includes(path.split('/')[1] as string))

const tokens = /\/\*[\s\S]*?\*\/|\/\/.*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g

/** The text without comments, and its quoted strings emptied. */
const code = (text: string): string => text.replace(tokens, (token) => (token.startsWith('/') ? '' : "''"))

interface Import {
  readonly target: string
  /** Gone when compiled. */
  readonly type: boolean
}
function importsOf(text: string): Import[] {
  const bare = text.replace(tokens, (token) => (token.startsWith('/') ? '' : token))
  const fixed = bare.matchAll(/^(?:import|export) (type )?[\w\s{},*$]*?(?:from\s*)?['"]([^'"\n]+)['"]/gm)
  const called = bare.matchAll(/(typeof )?\bimport\s*\(\s*['"]([^'"\n]+)['"]/g)
  return [...fixed, ...called].map(([, type, target]) => ({ target: target as string, type: type !== undefined }))
}

/** What a file of src/ or assembly/ does that its place forbids. */
function violations(path: string, text: string): string[] {
  const found: string[] = []
  const bare = code(text)
  const [top, folder] = path.split('/') as [string, string]
  const forbid = (pattern: RegExp, why: string) => {
    for (const match of new Set(bare.match(pattern))) found.push(`${path}: ${match}: ${why}`)
  }
  if (top === 'assembly') {
    for (const { target } of importsOf(text)) {
      const resolved = posix.join(posix.dirname(path), target)
      const own = target.startsWith('.') && resolved.startsWith('assembly/')
      if (!own && resolved !== 'src/abi/constants')
        found.push(`${path}: imports ${target}: only assembly/ and src/abi/constants exist in the machine`)
    }
    if (folder !== 'vm') forbid(/\batomic\.\w+/g, 'only assembly/vm synchronizes')
    if (folder !== 'simd') forbid(/\brelaxed_\w+/g, 'only assembly/simd knows relaxed instructions')
    return found
  }
  const level = levelOf(path)
  if (level < 0) found.push(`${path}: a folder without a place in the layers`)
  const host = folder === 'cli' || path.startsWith('src/io/node')
  for (const { target, type } of importsOf(text)) {
    if (target.startsWith('.')) {
      const resolved = posix.join(posix.dirname(path), target)
      if (levelOf(resolved) > level) found.push(`${path}: imports ${resolved}: imports point down`)
      if (path === 'src/abi/constants.ts') found.push(`${path}: imports ${resolved}: asc reads this file too`)
    } else if (target.startsWith('node:')) {
      if (!host && !type) found.push(`${path}: imports ${target}: pages have no Node modules`)
    } else if (target !== '@assemblyscript/loader' || folder !== 'runtime')
      found.push(`${path}: imports ${target}: the only dependency is the loader, in src/runtime`)
  }
  if (folder !== 'runtime' && !host)
    forbid(/\b(WebAssembly|Worker|process|navigator)\b(?!:)/g, 'only src/runtime knows the platform')
  const drawing = folder === 'reference' || folder === 'check' || folder === 'cli'
  // Powers of two literals are exact everywhere.
  for (const match of new Set(bare.replace(/\b\d+ \*\* \d+\b/g, '0').match(inexact)))
    if (match === 'Math.random' || !(drawing || bigints.includes(path)))
      found.push(`${path}: ${match}: its bits differ between engines`)
  return found
}

const root = new URL('..', import.meta.url).pathname
const sources = ['src', 'assembly'].flatMap((top) =>
  readdirSync(join(root, top), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => posix.join(top, name.replaceAll('\\', '/'))),
)

describe('layers', () => {
  it('has sources of both languages to look at', () => {
    expect(sources).toContain('src/abi/kernels.ts')
    expect(sources).toContain('assembly/index.ts')
  })

  it('keeps every rule', () => {
    expect(sources.flatMap((path) => violations(path, readFileSync(join(root, path), 'utf8')))).toEqual([])
  })

  // Bundlers would cut the core in two where a part that is loaded on demand imports it: src/train/kit.ts.
  it('hands to the parts of a run that are loaded on demand what they take of the core', () => {
    const read = (path: string): string => readFileSync(join(root, path), 'utf8')
    const runs = sources.filter((path) => path.startsWith('src/train/'))
    const later = new Set(
      runs.flatMap((path) =>
        [...read(path).matchAll(/\bawait import\('\.\/([\w-]+\.ts)'\)/g)].map(([, name]) => `src/train/${name}`),
      ),
    )
    expect(later).toContain('src/train/stopping.ts')
    const shared = ['src/errors.ts', 'src/train/anomaly.ts']
    const cuts = [...later, 'src/train/anomaly.ts'].flatMap((path) =>
      importsOf(read(path))
        .filter(({ type }) => !type)
        .map(({ target }) => posix.join(posix.dirname(path), target))
        .filter((target) => !later.has(target) && !shared.includes(target))
        .map((target) => `${path} imports ${target}`),
    )
    expect(cuts).toEqual([])
  })

  it.each([
    ['src/tensor/tensor.ts', "import { matmul } from '../ops/matmul.ts'"],
    ['src/ops/matmul.ts', "import {\n  linear,\n} from '../nn/linear.ts'"],
    ['src/ops/matmul.ts', "export type { Linear } from '../nn/linear.ts'"],
    ['src/abi/constants.ts', "import { x } from './kernels.ts'"],
    ['src/program/plan.ts', "import { readFileSync } from 'node:fs'"],
    ['src/runtime/host.ts', "import { readFileSync } from 'node:fs'"],
    ['src/runtime/host.ts', "import 'node:fs'"],
    ['src/runtime/host.ts', "const fs = await import('node:fs')"],
    ['src/program/plan.ts', "import 'lodash'"],
    ['src/tensor/tensor.ts', "const loader = await import('@assemblyscript/loader')"],
    ['src/program/plan.ts', 'const memory = new WebAssembly.Memory({ initial: 1 })'],
    ['src/data/loader.ts', 'const worker = new Worker(url)'],
    ['src/data/loader.ts', 'const n = navigator.hardwareConcurrency'],
    ['src/ops/unary.ts', 'const y = Math.exp(x)'],
    ['src/nn/init.ts', 'const y = Math.random()'],
    ['src/cli/draw.ts', 'const y = Math.random()'],
    ['src/optim/schedule.ts', 'const y = gamma ** step'],
    ['src/other/x.ts', ''],
    ['assembly/gemm/gemm.ts', "import { x } from '../../src/abi/kernels'"],
    ['assembly/gemm/gemm.ts', "import { x } from 'lib'"],
    ['assembly/gemm/gemm.ts', 'atomic.fence()'],
    ['assembly/gemm/gemm.ts', 'f32x4.relaxed_madd(a, b, c)'],
  ])('%s may not hold: %s', (path, line) => {
    expect(violations(path, `// a comment\n${line}\n`)).toHaveLength(1)
  })

  it.each([
    ['src/ops/matmul.ts', "import { tensor } from '../tensor/tensor.ts'\nimport { E } from '../errors.ts'"],
    ['src/ops/matmul.ts', "// Math.exp(x) of a Worker\nthrow new WorkerError('process of the navigator')"],
    ['src/runtime/pool.ts', "import { instantiate } from '@assemblyscript/loader'\nnew Worker(url)"],
    ['src/ops/matmul.ts', "/** as in: import { matmul } from 'chainrule' */"],
    ['src/runtime/host.ts', "let fs: typeof import('node:fs') | undefined"],
    ['src/runtime/host.ts', "import type { Worker as NodeWorker } from 'node:worker_threads'"],
    ['src/io/node.ts', "import { readFileSync } from 'node:fs'"],
    ['src/reference/unary.ts', 'const y = Math.exp(x)'],
    ['src/abi/kernels.ts', 'const limit = 2 ** 32'],
    ['assembly/vm/barrier.ts', "import { CONTROL } from '../../src/abi/constants'\natomic.fence()"],
    ['assembly/simd/f32x4.ts', 'f32x4.relaxed_madd(a, b, c)'],
  ])('%s may hold: %s', (path, line) => {
    expect(violations(path, line)).toEqual([])
  })
})
