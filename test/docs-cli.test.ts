import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { planOf } from '../src/cli/cli.ts'
import { commands } from '../src/cli/commands/index.ts'

const root = new URL('..', import.meta.url)

test('docs/command-line.md is what the table of commands says (npm run docs)', () => {
  execFileSync('node_modules/.bin/tsx', ['scripts/docs-cli.ts', '--check'], { cwd: root, stdio: 'inherit' })
  const page = readFileSync(new URL('docs/command-line.md', root), 'utf8')
  for (const { name } of commands) expect(page).toContain(`\n### ${name}\n`)
  const lines = [...page.matchAll(/^npx chainrule ([^#\n>]*)/gm)].map(([, line = '']) => line.trim())
  expect(lines.length).toBeGreaterThan(6)
  for (const line of lines)
    planOf((line.replace(/--config \S+\.json/, '').match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', '')))
})
