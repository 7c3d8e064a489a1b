// Biome over the whole tree; --write mends what it can. AssemblyScript's `@inline` on functions is no TypeScript, so
// assembly/ is checked as a copy in which such a decorator is a comment.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const write = process.argv.includes('--write') ? ['--write'] : []
const generated = ['assembly/abi.ts', 'assembly/simd/pool.ts', 'assembly/vm/dispatch.ts']

function biome(cwd: string, path: string): boolean {
  const args = ['check', '--error-on-warnings', `--config-path=${cwd}`, ...write, path]
  return spawnSync(join(root, 'node_modules/.bin/biome'), args, { cwd, stdio: 'inherit' }).status === 0
}

let clean = biome(root, '.')
const copy = mkdtempSync(join(tmpdir(), 'chainrule-lint-'))
try {
  const config = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8')) as {
    files: { includes: string[] }
    linter: { rules: Record<string, Record<string, string>> }
  }
  config.files.includes = ['**/*.ts']
  Object.assign((config.linter.rules.suspicious ??= {}), { noTsIgnore: 'off', noDoubleEquals: 'off' })
  Object.assign((config.linter.rules.style ??= {}), { useImportType: 'off' })
  writeFileSync(join(copy, 'biome.json'), JSON.stringify(config))
  const sources = readdirSync(join(root, 'assembly'), { recursive: true, encoding: 'utf8' })
    .map((name) => join('assembly', name))
    .filter((name) => name.endsWith('.ts') && !generated.includes(name))
  for (const name of sources) {
    mkdirSync(dirname(join(copy, name)), { recursive: true })
    const text = readFileSync(join(root, name), 'utf8')
    writeFileSync(join(copy, name), text.replace(/^( *)@(inline|unsafe|lazy|global)$/gm, '$1//@$2'))
  }
  if (!biome(copy, 'assembly')) clean = false
  for (const name of write.length > 0 ? sources : []) {
    const text = readFileSync(join(copy, name), 'utf8').replace(/^( *)\/\/@(\w+)$/gm, '$1@$2')
    if (text !== readFileSync(join(root, name), 'utf8')) writeFileSync(join(root, name), text)
  }
} finally {
  rmSync(copy, { recursive: true })
}
if (!clean) process.exitCode = 1
