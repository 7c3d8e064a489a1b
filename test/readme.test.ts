import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { planOf } from '../src/cli/cli.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(`${root}README.md`, 'utf8')

test('the commands of the README parse', () => {
  const commands = [...readme.matchAll(/^npx chainrule ?([^#>\n]*)/gm)].map(([, flags = '']) => flags.trim())
  expect(commands.length).toBeGreaterThan(5)
  for (const flags of commands) {
    // A configuration file need not be there.
    planOf(
      flags
        .replace(/--config \S+/, '')
        .split(' ')
        .filter((part) => part !== ''),
    )
  }
})

test('the scripts and pages that the README names exist', () => {
  const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as { scripts: Record<string, string> }
  for (const [, name = ''] of readme.matchAll(/^npm (?:run )?(\w+)/gm)) {
    if (name !== 'ci' && name !== 'install') expect(scripts).toHaveProperty(name)
  }
  for (const [, path = ''] of readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g))
    expect(existsSync(root + path), path).toBe(true)
})
