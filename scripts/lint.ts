// Biome over the whole tree; --write mends what it can. AssemblyScript's `@inline` on functions is no TypeScript, so
// assembly/ is checked as a copy in which such a decorator is a comment.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (name: string) => readFileSync(join(root, name), 'utf8')
const write = process.argv.includes('--write') ? ['--write'] : []
/** Rules for JavaScript that do not hold in AssemblyScript, or not in kernels, which all take `part` and `parts`. */
const foreign = {
  correctness: ['noPrecisionLoss', 'noUnusedFunctionParameters'],
  style: ['useImportType'],
  suspicious: ['noApproximativeNumericConstant', 'noDoubleEquals', 'noGlobalIsNan', 'noSelfCompare', 'noTsIgnore'],
}

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
  for (const [group, rules] of Object.entries(foreign)) {
    config.linter.rules[group] ??= {}
    for (const rule of rules) config.linter.rules[group][rule] = 'off'
  }
  writeFileSync(join(copy, 'biome.json'), JSON.stringify(config))
  const sources = readdirSync(join(root, 'assembly'), { recursive: true, encoding: 'utf8' })
    .map((name) => join('assembly', name))
    .filter((name) => name.endsWith('.ts') && !read(name).startsWith('// Generated'))
  for (const name of sources) {
    mkdirSync(dirname(join(copy, name)), { recursive: true })
    const text = read(name)
    writeFileSync(join(copy, name), text.replace(/^( *)@(inline|unsafe|lazy|global)$/gm, '$1//@$2'))
  }
  if (!biome(copy, 'assembly')) clean = false
  for (const name of write.length > 0 ? sources : []) {
    const text = readFileSync(join(copy, name), 'utf8').replace(/^( *)\/\/@(\w+)$/gm, '$1@$2')
    if (text !== read(name)) writeFileSync(join(root, name), text)
  }
} finally {
  rmSync(copy, { recursive: true })
}
if (!clean) process.exitCode = 1
