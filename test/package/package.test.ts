// The package as users get it: packed by npm, looked at by publint and attw, installed in an empty folder, run and
// compiled against there.
import { type ExecFileException, execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const temp = mkdtempSync(join(tmpdir(), 'chainrule-package-'))
const user = join(temp, 'user')
const run = promisify(execFile)
/** Standard output of a command that has to succeed; both of its outputs if it does not. */
const output = (cwd: string, command: string, ...args: string[]) =>
  run(command, args, { cwd, maxBuffer: 1 << 26 }).then(
    ({ stdout }) => stdout,
    ({ stdout, stderr }: ExecFileException) => {
      throw new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`)
    },
  )
const tool = (name: string) => join(root, 'node_modules/.bin', name)

let tarball: string
let files: string[]
beforeAll(async () => {
  await output(root, tool('tsx'), 'scripts/build.ts')
  const packed = JSON.parse(
    await output(root, 'npm', 'pack', '--json', '--ignore-scripts', `--pack-destination=${temp}`),
  ) as { filename: string; files: { path: string }[] }[]
  tarball = join(temp, (packed[0] as { filename: string }).filename)
  files = packed.flatMap((pack) => pack.files.map(({ path }) => path))
  mkdirSync(user)
  writeFileSync(join(user, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  await output(user, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', tarball)
}, 120_000)
afterAll(() => rmSync(temp, { recursive: true, force: true }))

describe('the packed files', () => {
  it('are those that run and nothing else', () => {
    for (const path of [
      'LICENSE',
      'README.md',
      'dist/index.js',
      'dist/index.d.ts',
      'dist/inline.js',
      'dist/bundle/index.js',
    ])
      expect(files).toContain(path)
    expect(files.filter((path) => path.endsWith('.wasm'))).toEqual(['wasm/relaxed.wasm'])
    expect(files.filter((path) => /^(assembly|bench|scripts|src|test)\/|\.map$/.test(path))).toEqual([])
  })

  it('have no script that runs on install', () => {
    const { scripts } = JSON.parse(readFileSync(join(user, 'node_modules/chainrule/package.json'), 'utf8')) as {
      scripts: Record<string, string>
    }
    const names = ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish']
    expect(Object.keys(scripts).filter((name) => names.includes(name))).toEqual([])
  })

  it('please publint', async () => {
    const pkgDir = join(user, 'node_modules/chainrule')
    const { messages, pkg } = await publint({ pkgDir, pack: false, strict: true })
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([])
  })

  it('please attw', async () => {
    await output(root, tool('attw'), '--profile', 'esm-only', '--no-definitely-typed', '--no-color', tarball)
  })

  it('stay within the size that the core is allowed', async () => {
    expect(await output(root, tool('tsx'), 'scripts/size.ts')).toMatch(/together +\d+/)
  })
})

describe('an installation', () => {
  const result = (stdout: string) =>
    JSON.parse(stdout) as { firstLoss: number; lastLoss: number; weightsHash: string; threads: number }

  it('trains, and gives the same bits from either entry', async () => {
    cpSync(join(root, 'test/runtimes/smoke.js'), join(user, 'smoke.js'))
    const program = (entry: string) =>
      `import * as chainrule from '${entry}'
       import { smoke } from './smoke.js'
       console.log(JSON.stringify(await smoke(chainrule, { threads: 2, steps: 12 })))`
    writeFileSync(join(user, 'main.js'), program('chainrule'))
    const main = result(await output(user, process.execPath, 'main.js'))
    expect(main.threads).toBe(2)
    expect(main.lastLoss).toBeLessThan(main.firstLoss)

    // One file, away from everything else.
    const alone = join(temp, 'alone')
    mkdirSync(alone)
    cpSync(join(user, 'node_modules/chainrule/dist/inline.js'), join(alone, 'chainrule.mjs'))
    cpSync(join(root, 'test/runtimes/smoke.js'), join(alone, 'smoke.js'))
    writeFileSync(join(alone, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(alone, 'main.mjs'), program('./chainrule.mjs'))
    expect(result(await output(alone, process.execPath, 'main.mjs'))).toEqual(main)
  })

  it.each(['chainrule', 'chainrule/inline'])('finds the digits from %s', async (entry) => {
    const program = `import { data } from '${entry}'; console.log((await data.digits()).size)`
    expect(await output(user, process.execPath, '--input-type=module', '--eval', program)).toBe('1797\n')
  })

  it('has the command', async () => {
    expect(existsSync(join(user, 'node_modules/.bin/chainrule'))).toBe(true)
    const lines = (await output(user, join(user, 'node_modules/.bin/chainrule'), 'train', '--epochs', '1', '--json'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; testAccuracy?: number })
    expect(lines.at(-1)).toMatchObject({ event: 'done' })
    expect(lines.at(-1)?.testAccuracy).toBeGreaterThan(0.5)
  })

  it.each([
    ['a program for Node', ['node'], ['es2023', 'esnext.disposable']],
    ['a page', [], ['es2023', 'esnext.disposable', 'dom']],
  ])('has types for %s', async (_name, types, lib) => {
    cpSync(join(root, 'test/package/consumer.ts'), join(user, 'consumer.ts'))
    const compilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      // The types of WebAssembly are in the library of pages, and not in @types/node.
      skipLibCheck: !lib.includes('dom'),
      noEmit: true,
      target: 'es2022',
      module: 'nodenext',
      lib,
      types,
      typeRoots: [join(root, 'node_modules/@types')],
    }
    writeFileSync(join(user, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }))
    await output(user, tool('tsc'), '-p', 'tsconfig.json')
  })
})
