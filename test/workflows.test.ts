// The workflows run stages and scripts that there are.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string): string => readFileSync(root + path, 'utf8')

test('every stage of the night has its job', () => {
  const listed = execFileSync(process.execPath, ['--import', 'tsx', 'scripts/nightly.ts', '--list'], { cwd: root })
  const [, matrix = ''] = /stage: \[(.*)\]/.exec(read('.github/workflows/nightly.yml')) ?? []
  expect(matrix.split(', ')).toEqual(String(listed).trim().split('\n'))
})

test('commands of the workflows are scripts of the package', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Readonly<Record<string, string>> }
  for (const file of ['ci', 'nightly'])
    for (const [, name] of read(`.github/workflows/${file}.yml`).matchAll(/npm run ([\w:]+)/g))
      expect(Object.keys(scripts)).toContain(name)
})
