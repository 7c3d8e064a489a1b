import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { currentEngine } from '../src/index.ts'

// Pages of docs/ whose snippets show what they print: a block marked `ts` and, right after it, one marked `text`. The
// snippets of a page are one module and run in order. UPDATE_DOCS=1 writes what they print into the page instead.

const root = fileURLToPath(new URL('..', import.meta.url))
const update = process.env['UPDATE_DOCS'] === '1'
const SNIPPET = /^```ts\n([\s\S]*?)^```$(?:\n\n^```text\n([\s\S]*?)^```$)?/gm
const MARK = '--- snippet'

/** The snippets as one module of the sources: what a user imports from the package comes from src/. */
function moduleOf(snippets: readonly string[]): string {
  const code = snippets.map((snippet, i) => `${snippet}\nconsole.log('${MARK} ${i}')\n`).join('')
  const imports: string[] = []
  const body = code.replace(/^import .* from '(chainrule[^']*)'$/gm, (line, name: string) => {
    const entry = name === 'chainrule' ? 'src/index.ts' : `src/${name.slice('chainrule/'.length)}/index.ts`
    imports.push(line.replace(name, join(root, entry)))
    return ''
  })
  return `${imports.join('\n')}\n${body}`
}

/** What each snippet prints. */
async function run(snippets: readonly string[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'chainrule-docs-'))
  const printed: string[] = []
  const log = vi.spyOn(console, 'log').mockImplementation((...parts: unknown[]) => {
    printed.push(parts.join(' '))
  })
  try {
    const file = join(folder, 'page.ts')
    await writeFile(file, moduleOf(snippets))
    await import(/* @vite-ignore */ file)
  } finally {
    log.mockRestore()
    await rm(folder, { recursive: true })
  }
  return printed
    .join('\n')
    .split(new RegExp(`${MARK} \\d+\\n?`))
    .slice(0, snippets.length)
    .map((text) => text.trimEnd())
}

const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
const running = pages
  .map((name) => ({ name, text: readFileSync(join(root, 'docs', name), 'utf8') }))
  .filter(({ text }) => /^```text$/m.test(text) && /^```ts$/m.test(text))

afterAll(() => currentEngine().close())

describe('the snippets of the documentation print what the page shows', () => {
  test.each(running)('docs/$name', async ({ name, text }) => {
    const found = [...text.matchAll(SNIPPET)]
    const outputs = await run(found.map((match) => match[1] as string))
    let at = 0
    const updated = text.replace(SNIPPET, (whole: string, code: string, shown: string | undefined) => {
      const output = outputs[at++] as string
      if (shown === undefined) return whole
      return `\`\`\`ts\n${code}\`\`\`\n\n\`\`\`text\n${output}\n\`\`\``
    })
    if (update) writeFileSync(join(root, 'docs', name), updated)
    else expect(text).toBe(updated)
    expect(found.length).toBeGreaterThan(0)
  })

  test('at least one page runs', () => {
    expect(running.map(({ name }) => name)).toContain('backpropagation.md')
  })
})
