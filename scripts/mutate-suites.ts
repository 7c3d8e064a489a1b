// Which tests can notice a mutant: those of kernels that import its file, and the ops that lower to these kernels.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { kernelNames, rowOf } from '../src/abi/encode.ts'
import type { KernelName } from '../src/abi/kernels.ts'
import { cases } from '../src/check/cases/index.ts'
import { compute } from '../src/check/operands.ts'
import { type Engine, init, type OpName, ops } from '../src/index.ts'
import type { OpRow } from '../src/ops/define.ts'
import { root } from './mutants.ts'

/** A test file, and the names of its tests that matter, as a regular expression. */
export interface Suite {
  readonly file: string
  readonly names?: string
}

const textOf = (file: string): string => readFileSync(join(root, file), 'utf8')
function importsOf(file: string): string[] {
  const found = [...textOf(file).matchAll(/from '(\.[^']+)'/g)].map(([, path]) => path as string)
  return found.map((path) => {
    const whole = join(dirname(file), path)
    return whole.endsWith('.ts') ? whole : `${whole}.ts`
  })
}
/** The file and all that it imports of the folders. */
function closure(file: string, folders: RegExp, seen: Set<string> = new Set()): Set<string> {
  if (!folders.test(file) || seen.has(file)) return seen
  seen.add(file)
  for (const path of importsOf(file)) closure(path, folders, seen)
  return seen
}

const unitTests = [
  ...readdirSync(join(root, 'test/kernels')).map((name) => `test/kernels/${name}`),
  'test/runtime/control.test.ts',
]
/** Kernels that a test names, in itself, in its helpers or in the lowering that it calls. */
function namedIn(file: string): Set<string> {
  const text = [...closure(file, /^(test|src\/ops\/lower-\w+)/)].map(textOf).join('\n')
  return new Set(kernelNames.filter((kernel) => new RegExp(`['"]${kernel}['"]`).test(text)))
}

/** Whether a test runs everything in both builds: one will do, the other is made from it. */
const ofBoth = (file: string): boolean => textOf(file).includes('describe.each(builds)')

/** The kernels that each op emits for its cases. */
async function kernelsOfOps(): Promise<Map<OpName, ReadonlySet<KernelName>>> {
  const engine: Engine = await init({ threads: 1 })
  const found = new Map<OpName, Set<KernelName>>()
  try {
    for (const name of Object.keys(ops) as OpName[]) {
      const emitted = new Set<KernelName>()
      found.set(name, emitted)
      const row = ops[name] as { lower: OpRow['lower'] }
      const { lower } = row
      row.lower = (lowering) =>
        lower.call(row, {
          ...lowering,
          emit: (kernel, operands) => {
            emitted.add(kernel)
            lowering.emit(kernel, operands)
          },
        })
      compute(engine, name, cases[name])
      row.lower = lower
    }
  } finally {
    await engine.close()
  }
  return found
}

/** The suites of a kernel file, the nearest first. */
export async function suitesOf(): Promise<(file: string) => readonly Suite[]> {
  const reach = new Map(
    kernelNames.map((kernel) => [kernel, closure(`assembly/${rowOf(kernel).file}.ts`, /^assembly/)]),
  )
  const units = unitTests.map((file) => ({ file, kernels: namedIn(file) }))
  const ofOps = await kernelsOfOps()
  return (file) => {
    const affected = kernelNames.filter((kernel) => reach.get(kernel)?.has(file))
    const touched = (kernels: ReadonlySet<string>): number => affected.filter((kernel) => kernels.has(kernel)).length
    const near = units
      .map((unit) => ({ file: unit.file, hits: touched(unit.kernels) / Math.max(1, unit.kernels.size) }))
      .filter(({ hits }) => hits > 0)
      .sort((a, b) => b.hits - a.hits)
    const names = [...ofOps].filter(([, kernels]) => touched(kernels) > 0).map(([name]) => name)
    const list: Suite[] = near.map(({ file: unit }) =>
      ofBoth(unit) ? { file: unit, names: 'relaxed build' } : { file: unit },
    )
    if (names.length > 0) {
      list.push({ file: 'test/ops/guarded.test.ts', names: `parts: (${names.join('|')})$` })
      list.push({ file: 'test/ops/forward.test.ts', names: `numerics: fast (${names.join('|')}) is within its bound` })
      list.push({ file: 'test/ops/gradient.test.ts', names: ` (${names.join('|')})( |$)` })
    }
    return list
  }
}
