import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

// Snippets of the documentation. A block marked `ts run` is run, all of a page in order and in one module; what it
// prints is compared with its comments `// => text` and then with a `text` block that follows it, if it has any. A block
// marked `ts src/some/file.ts` is quoted from that file.

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

export interface Block {
  /** The words behind the fence: language first. */
  readonly info: string
  /** Line of the opening fence, from 1. */
  readonly line: number
  readonly lines: readonly string[]
  /** Only blank lines between this block and the one before. */
  readonly follows: boolean
}

/** The fenced blocks of a page. */
export function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = []
  let open: { info: string; line: number; lines: string[]; follows: boolean; fence: string } | undefined
  let follows = false
  for (const [i, line] of markdown.split('\n').entries()) {
    if (open === undefined) {
      const [, fence, info] = /^(`{3,}|~{3,})\s*(.*?)\s*$/.exec(line) ?? []
      if (fence !== undefined) open = { info: info ?? '', line: i + 1, lines: [], follows, fence }
      else if (line.trim() !== '') follows = false
    } else if (line.trimEnd() === open.fence) {
      blocks.push(open)
      open = undefined
      follows = true
    } else open.lines.push(line)
  }
  if (open !== undefined) throw new Error(`line ${open.line}: the block is not closed`)
  return blocks
}

export const isRun = (block: Block): boolean => /^(ts|typescript) run$/.test(block.info)
export const quotedFile = (block: Block): string | undefined => /^ts ((?:src|assembly)\/\S+)$/.exec(block.info)?.[1]

const MARK = '\u0001'

/** A module of the blocks that run, every line where it is on the page, so that errors name the page's lines. */
export function moduleOf(blocks: readonly Block[]): string {
  const lines: string[] = []
  for (const block of blocks.filter(isRun)) {
    while (lines.length < block.line - 1) lines.push('')
    lines.push(`console.log('${MARK}${block.line}')`, ...block.lines.map(withSources))
  }
  return `${lines.join('\n')}\nexport {}\n`
}

const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { exports: Record<string, unknown> }

/** Entry points of the package become the source files they are built from. */
function withSources(line: string): string {
  return line.replace(
    /(\bfrom |\bimport\(|^import )'chainrule(\/[\w/]+)?'/,
    (all, before: string, path: string = '') => {
      const entry = exports[`.${path}`] as { default?: string } | undefined
      const built = /^\.\/dist\/(.*)\.js$/.exec(entry?.default ?? '')?.[1]
      return built === undefined ? all : `${before}'../../src/${built}.ts'`
    },
  )
}

/** What each block printed, by its line; `undefined` where the module ended before it. */
export function printedBy(stdout: string): Map<number, string[]> {
  const printed = new Map<number, string[]>()
  let lines: string[] = []
  for (const line of stdout.replace(/\n$/, '').split('\n')) {
    if (line.startsWith(MARK)) printed.set(Number(line.slice(1)), (lines = []))
    else lines.push(line)
  }
  return printed
}

/** What a block says that it prints: the lines of its comments, then those of the text block behind it. */
export function promised(block: Block, next: Block | undefined): string[] | undefined {
  const comments = block.lines.flatMap((line) => /\/\/ => (.*)$/.exec(line)?.[1] ?? [])
  const shows = next?.info === 'text' && next.follows
  return shows || comments.length > 0 ? [...comments, ...(shows ? next.lines : [])] : undefined
}

/** The page with the `text` block of every block that runs replaced by what it printed. */
export function updated(markdown: string, blocks: readonly Block[], printed: ReadonlyMap<number, string[]>): string {
  const lines = markdown.split('\n')
  for (const [i, block] of [...blocks.entries()].reverse()) {
    const next = blocks[i + 1]
    if (!isRun(block) || next?.info !== 'text' || !next.follows) continue
    const comments = block.lines.filter((line) => line.includes('// => ')).length
    lines.splice(next.line, next.lines.length, ...(printed.get(block.line) ?? []).slice(comments))
  }
  return lines.join('\n')
}

const NUMBER = /-?(?:\d+\.\d+|\d+)(?:e[+-]?\d+)?/g

/** Whether a line prints the same words and, within what its digits can show, the same numbers. */
export function agrees(expected: string, printed: string): boolean {
  const words = (line: string): string => line.replace(NUMBER, '#').replace(/\s+/g, ' ').trim()
  const [want, got] = [expected.match(NUMBER) ?? [], printed.match(NUMBER) ?? []]
  return words(expected) === words(printed) && want.every((text, i) => close(text, got[i] as string))
}

/** Whole numbers exactly, decimals to about the last digit, numbers with an exponent (errors) by their magnitude. */
function close(expected: string, printed: string): boolean {
  const [a, b] = [Number(expected), Number(printed)]
  if (a === b) return true
  if (expected.includes('e')) return a / b < 10 && b / a < 10 && a / b > 0
  const decimals = expected.split('.')[1]?.length
  return decimals !== undefined && Math.abs(a - b) < 1.5 * 10 ** -decimals
}
