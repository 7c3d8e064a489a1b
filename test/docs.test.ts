import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  agrees,
  type Block,
  blocksOf,
  isRun,
  moduleOf,
  printedBy,
  promised,
  quotedFile,
  root,
  updated,
} from './helpers/snippets.ts'

// The conventions are in helpers/snippets.ts. UPDATE_DOCS=1 writes what the snippets print into the pages.
const update = process.env['UPDATE_DOCS'] === '1'
const execute = promisify(execFile)
const out = `${root}.build/docs`

interface Page {
  readonly path: string
  readonly blocks: readonly Block[]
  readonly module: string
}

const paths = [
  ...(existsSync(`${root}README.md`) ? ['README.md'] : []),
  ...readdirSync(`${root}docs`)
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => `docs/${name}`),
]
const pages: Page[] = paths.map((path) => ({
  path,
  blocks: blocksOf(readFileSync(root + path, 'utf8')),
  module: `${path.replaceAll('/', '-').replace(/\.md$/, '')}.ts`,
}))
const running = pages.filter(({ blocks }) => blocks.some(isRun))

beforeAll(() => {
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  for (const { module, blocks } of running) writeFileSync(`${out}/${module}`, moduleOf(blocks))
  // A reader's settings: strict, but not as strict as ours.
  const compilerOptions = { rootDir: '../..', noUncheckedIndexedAccess: false, exactOptionalPropertyTypes: false }
  const config = { extends: '../../tsconfig.check.json', compilerOptions, include: ['*.ts'] }
  writeFileSync(`${out}/tsconfig.json`, JSON.stringify(config))
})

describe('snippets', () => {
  it('are there', () => {
    const page = pages.find(({ path }) => path === 'docs/backpropagation.md')
    expect(page?.blocks.filter(isRun).length).toBeGreaterThanOrEqual(10)
    expect(page?.blocks.filter((block) => block.info.startsWith('ts') && !isRun(block) && !quotedFile(block))).toEqual(
      [],
    )
  })

  it('have the types they claim', async () => {
    const { stdout } = await execute(process.execPath, ['node_modules/typescript/bin/tsc', '-p', out], {
      cwd: root,
    }).catch((error: { stdout: string }) => error)
    expect(stdout.replaceAll('.build/docs/', '')).toBe('')
  })

  it.each(running)('of $path print what the page says', async ({ path, blocks, module }) => {
    const args = ['--import', 'tsx', `${out}/${module}`]
    const run = await execute(process.execPath, args, { cwd: root, timeout: 50_000 }).catch(
      (error: { stdout: string; stderr: string }) => error,
    )
    expect(run.stderr).toBe('')
    const printed = printedBy(run.stdout)
    if (update) return writeFileSync(root + path, updated(readFileSync(root + path, 'utf8'), blocks, printed))
    for (const [i, block] of blocks.entries()) {
      if (!isRun(block)) continue
      expect([...printed.keys()], `block at line ${block.line} was reached`).toContain(block.line)
      const expected = promised(block, blocks[i + 1])
      if (expected === undefined) continue
      const lines = printed.get(block.line) ?? []
      // Compared as text, so that a failure shows both: lines that agree count as equal.
      const seen = lines.map((line, k) => (agrees(expected[k] ?? '', line) ? (expected[k] ?? '') : line))
      expect(seen, `block at line ${block.line}`).toEqual(expected)
    }
  })
})

const quotes = pages.flatMap(({ path, blocks }) =>
  blocks.flatMap((block) => {
    const file = quotedFile(block)
    return file === undefined ? [] : [{ at: `${path}:${block.line}`, file, lines: block.lines }]
  }),
)

it.each(quotes)('$at is in $file', ({ file, lines }) => {
  const trimmed = (text: readonly string[]): string => text.map((line) => line.trim()).join('\n')
  expect(trimmed(readFileSync(root + file, 'utf8').split('\n'))).toContain(trimmed(lines))
})

describe('the comparison', () => {
  it.each([
    ['loss 0.1234', 'loss 0.1235', true],
    ['loss 0.1234', 'loss 0.1236', false],
    ['loss 0.1234', 'loss  0.1234', true],
    ['loss 0.1234', 'lost 0.1234', false],
    ['[2,3]', '[2,4]', false],
    ['error 2e-9', 'error 4e-9', true],
    ['error 2e-9', 'error 4e-7', false],
    ['error 2e-9', 'error -2e-9', false],
    ['true', 'false', false],
    ['0.5', 'NaN', false],
  ])('%s | %s', (expected, printed, same) => expect(agrees(expected, printed)).toBe(same))

  it('reads fences, comments and outputs', () => {
    const page = 'a\n```ts run\nf() // => 1\ng()\n```\n\n```text\n2\n```\nb\n\n```text\n3\n```\n'
    const blocks = blocksOf(page)
    expect(blocks.map(({ info, line, follows }) => [info, line, follows])).toEqual([
      ['ts run', 2, false],
      ['text', 7, true],
      ['text', 12, false],
    ])
    expect(promised(blocks[0] as Block, blocks[1])).toEqual(['1', '2'])
    expect(promised(blocks[0] as Block, blocks[2])).toEqual(['1'])
    expect(promised(blocks[1] as Block, blocks[2])).toBeUndefined()
    expect(updated(page, blocks, new Map([[2, ['1', '7', '8']]]))).toBe(page.replace('\n2\n', '\n7\n8\n'))
    expect(moduleOf(blocks).split('\n')[2]).toBe('f() // => 1')
    expect(() => blocksOf('```ts\n')).toThrow(/line 1/)
  })
})
