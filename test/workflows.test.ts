// The workflows run stages that there are, and the variables that they set are those that tests read.
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

test('the counts of the night are those that tests take', () => {
  const script = read('scripts/nightly.ts')
  const files = [...script.matchAll(/'(test\/[\w/-]+\.test\.ts)'/g)].map(([, path]) => read(path as string)).join('\n')
  const names = [...(/env: \{(.*?)\}/.exec(script)?.[1] ?? '').matchAll(/(\w+): '\d+'/g)].map(([, name]) => name)
  expect(names.length).toBeGreaterThan(2)
  for (const name of names) expect(files).toContain(`process.env['${name}']`)
})

test('commands of the workflows are scripts of the package', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Readonly<Record<string, string>> }
  for (const file of ['ci', 'nightly'])
    for (const [, name] of read(`.github/workflows/${file}.yml`).matchAll(/npm run ([\w:]+)/g))
      expect(Object.keys(scripts)).toContain(name)
})
