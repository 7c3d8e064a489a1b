import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { parseCommand } from '../src/cli/args.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(`${root}README.md`, 'utf8')

test('the training loop of the README runs as it stands, and learns', { timeout: 60_000 }, async () => {
  const [, loop = ''] = /^```ts\n([\s\S]*?)^```$/m.exec(readme) ?? []
  expect(loop).toContain("from 'chainrule'")
  const folder = `${root}.build/readme-${process.pid}`
  await mkdir(folder, { recursive: true })
  try {
    await writeFile(`${folder}/loop.ts`, loop)
    const env = { ...process.env, TSX_TSCONFIG_PATH: `${root}tsconfig.check.json` }
    const args = ['--import', 'tsx', `${folder}/loop.ts`]
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: root, env })
    expect(stderr).toBe('')
    expect(stdout.match(/^epoch \d+ {2}loss \d/gm)).toHaveLength(20)
    const [, right, all] = /^(\d+) of (\d+) right$/m.exec(stdout) ?? []
    expect(Number(all)).toBe(359)
    expect(Number(right)).toBeGreaterThan(340)
  } finally {
    await rm(folder, { recursive: true })
  }
})

test('the commands of the README parse', () => {
  const commands = [...readme.matchAll(/^npx chainrule ?([^#\n]*)/gm)].map(([, flags = '']) => flags.trim())
  expect(commands.length).toBeGreaterThan(5)
  for (const flags of commands) parseCommand(flags.split(' ').filter((part) => part !== ''))
})

test('the scripts and pages that the README names exist', () => {
  const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { scripts: Record<string, string> }
  for (const [, name = ''] of readme.matchAll(/^npm (?:run )?(\w+)/gm)) {
    if (name !== 'ci') expect(scripts).toHaveProperty(name)
  }
  for (const [, path = ''] of readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g))
    expect(existsSync(root + path), path).toBe(true)
})
