// The places of the kernels where scripts/mutate.ts may flip a constant or an operator.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('..', import.meta.url))

export interface Mutant {
  /** Path from the root. */
  readonly file: string
  /** Line and column, from 0. */
  readonly line: number
  readonly at: number
  readonly from: string
  readonly to: string
}

/** Executor and generated files have suites of their own. */
const SKIPPED = /^assembly\/(vm|abi|index|simd\/pool)/

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

/**
 * Lines that only decide how work is split among threads, cut into blocks or packed: their results are the same words
 * whatever stands there (every element is one chain of additions, whichever path, block or thread computes it, which
 * test/kernels/gemm-edges and the runs on 1 to 4 threads hold), so that a mutation of them says nothing about the tests.
 */
const SPEED: readonly (readonly [file: string, line: RegExp, token?: RegExp])[] = [
  ['assembly/gemm/gemm.ts', /^const (byRows|grain)\b/],
  ['assembly/gemm/macrokernel.ts', /^const (packA = transA|crowded =|packB = m)/],
  ['assembly/conv/filter-grad.ts', /^const (byRows|grain)\b/],
  ['assembly/conv/direct.ts', /^const grain\b/],
  ['assembly/conv/input-grad.ts', /^const (most|pixels)\b/, /\d/],
  ['assembly/norm/layer.ts', /^const grain\b/],
  // Where things lie in scratch memory: further up is as good.
  ['assembly/gemm/macrokernel.ts', /^export const PANELS_B\b/, /\d/],
  ['assembly/attention/blocks.ts', /^export const SCORES\b/, /\d/],
  ['assembly/conv/input-grad.ts', /^const PRODUCTS\b/, /\d/],
  // What only the debug build has: the shipped one takes the relaxed instruction.
  ['assembly/simd/f32x4.ts', /^return f32x4\.(add|sub)\(.*f32x4\.mul\(a, b\)/],
  ['assembly/softmax/softmax.ts', /^return n < 16 \? 16 : 1$/],
]

/** A loop over blocks: with `<=` it would have one more turn, over nothing. */
const BLOCKED = /^for \(.*; \w+ < \w+; \w+ \+= (?!1\b)/

/** The number one up. Numbers of lanes go down, as 5 is what 4 is; large ones doubled, as float32 may not tell one up. */
function changed(number: string, line: string): string {
  const n = Number(number)
  if (number.includes('.')) return `${n * 1.25}`
  if (n >= 2 ** 24) return `${2 * n}`
  return `${n === 4 && /^const (lanes|count) = min<u32>\(4, /.test(line) ? 3 : n + 1}`
}

const textOf = (file: string): string => readFileSync(join(root, file), 'utf8')

function sitesOf(file: string): Mutant[] {
  const all: Mutant[] = []
  let comment = false
  for (const [line, text] of textOf(file).split('\n').entries()) {
    const trimmed = text.trim()
    if (trimmed.startsWith('/*')) comment = true
    const code = !comment && !/^(\/\/|import|export \{|@|\})/.test(trimmed) && !text.includes('ASC_FEATURE')
    if (comment && trimmed.includes('*/')) comment = false
    if (!code) continue
    const speed = SPEED.find(([where, pattern]) => where === file && pattern.test(trimmed))
    for (const { 0: from, index: at } of text.replace(/\/\/.*/, '').matchAll(TOKEN)) {
      if (speed !== undefined && (speed[2] ?? /./).test(from)) continue
      all.push({
        file,
        line,
        at,
        from,
        to: BLOCKED.test(trimmed) && from === ' < ' ? ' > ' : (SWAPS[from] ?? changed(from, trimmed)),
      })
    }
  }
  return all
}

/** The files of assembly/ that hold kernels, in order. */
export const kernelFiles: readonly string[] = readdirSync(join(root, 'assembly'), {
  recursive: true,
  encoding: 'utf8',
})
  .map((name) => `assembly/${name.replaceAll('\\', '/')}`)
  .filter((file) => file.endsWith('.ts') && !SKIPPED.test(file))
  .sort()

/** Every mutant of the files. */
export const allOf = (files: readonly string[]): Mutant[] => files.flatMap(sitesOf)

/** At least so many mutants of every file, where it has them. */
const EACH = 2

/** `count` mutants of the files, in an order that follows from the seed: some of each file, then of all. */
export function chosen(files: readonly string[], count: number, seed: number): Mutant[] {
  let state = seed >>> 0
  const next = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const shuffled = (list: Mutant[]): Mutant[] => {
    for (let i = list.length - 1; i > 0; i--) {
      const j = next(i + 1)
      ;[list[i], list[j]] = [list[j] as Mutant, list[i] as Mutant]
    }
    return list
  }
  const lists = files.map((file) => shuffled(sitesOf(file)))
  const first = shuffled(lists.flatMap((list) => list.slice(0, EACH)))
  const rest = shuffled(lists.flatMap((list) => list.slice(EACH)))
  return [...first, ...rest].slice(0, count)
}

/** What a mutant is called in scripts/mutants-accepted.json: no line number, so that it outlives changes elsewhere. */
export function label({ file, from, to, line, at }: Mutant): string {
  const source = textOf(file).split('\n')[line] as string
  const before = source.slice(0, at).split(from).length
  const which = source.split(from).length > 2 ? ` (${before})` : ''
  return `${file}: ${from.trim()} -> ${to.trim()}${which}: ${source.trim()}`
}

/** The source of the file with the mutation. */
export function mutated({ file, line, at, from, to }: Mutant): string {
  const lines = textOf(file).split('\n')
  const text = lines[line] as string
  lines[line] = text.slice(0, at) + to + text.slice(at + from.length)
  return lines.join('\n')
}
