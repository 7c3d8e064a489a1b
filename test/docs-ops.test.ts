import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { functionNames } from '../src/check/index.ts'
import { ops } from '../src/index.ts'

const root = new URL('..', import.meta.url)

test('docs/ops.md is what the tables say (npm run docs)', () => {
  execFileSync('node_modules/.bin/tsx', ['scripts/docs-ops.ts', '--check'], { cwd: root, stdio: 'inherit' })
  const page = readFileSync(new URL('docs/ops.md', root), 'utf8')
  for (const name of [...Object.keys(ops), ...functionNames]) expect(page).toContain(`\n| ${name} | `)
})

test('every row says what it does', () => {
  expect(Object.values(ops).flatMap(({ name, doc, formula }) => (doc && formula ? [] : [name]))).toEqual([])
})
