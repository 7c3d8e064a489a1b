// The package as users get it: packed by npm, looked at by publint and attw, installed in an empty folder, run and
// compiled against there.
import { type ExecFileException, execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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

/** Flags that make a command of the README short: it is tried, not judged. */
function shorter(command: string): string {
  if (/^chainrule check/.test(command)) return '--only tanh'
  if (/numeric/.test(command)) return '--epochs 1 --batch 512'
  if (/^chainrule bench/.test(command)) return '--seconds 0.01'
  if (/^chainrule train book/.test(command)) return '--epochs 1 --layers 1 --width 32 --heads 2'
  return /^chainrule (train|--)/.test(command) ? '--epochs 2' : ''
}

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

  it('does what the README says, command by command, from an empty folder', { timeout: 180_000 }, async () => {
    const project = join(temp, 'project')
    mkdirSync(project)
    await output(project, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', tarball)
    expect(readdirSync(project).sort()).toEqual(['node_modules', 'package-lock.json', 'package.json'])
    const readme = readFileSync(join(project, 'node_modules/chainrule/README.md'), 'utf8')
    const [, part = ''] = /\n## From the command line\n([\s\S]*?)\n## /.exec(readme) ?? []
    const commands = [...part.matchAll(/```sh\n([\s\S]*?)```/g)]
      .flatMap(([, block = '']) => block.trim().split('\n'))
      .map((line) => line.replace(/ +#.*$/, ''))
    const PATH = `${join(project, 'node_modules/.bin')}:${process.env['PATH']}`
    const shown = new Map<string, string>()
    for (const command of commands) {
      // Installed above, of the tarball.
      if (command === 'npm install chainrule') continue
      // As they stand, but for what makes them short, and for the second that npx takes.
      const line = command
        .replace(/^npx chainrule/, 'chainrule')
        .replace(/^([^>]*)/, (text) => `${text} ${shorter(text)} `)
      const { stdout } = await run('sh', ['-c', line], { cwd: project, env: { ...process.env, PATH } }).catch(
        ({ stdout, stderr }: ExecFileException) => {
          throw new Error(`${line}\n${stdout}${stderr}`)
        },
      )
      shown.set(command, stdout)
    }
    const printed = (start: string): string => {
      const found = [...shown].find(([command]) => command.startsWith(start))
      if (found === undefined) throw new Error(`the README has no '${start}'`)
      return found[1]
    }
    expect(printed('npx chainrule train flowers.csv --target species')).toMatch(/ % test accuracy/)
    const rows = printed('npx chainrule predict model.safetensors flowers.csv').trimEnd().split('\n')
    expect([rows.length, rows[0]]).toEqual([151, 'species,confidence'])
    expect(printed('npx chainrule evaluate model.safetensors flowers.csv')).toMatch(/ % accuracy {3}150 rows/)
    expect(printed('npx chainrule train ./mnist --model cnn')).toMatch(/mnist: 1,438 samples, 359 for testing, 8 x 8/)
    expect(printed('npx chainrule evaluate model.safetensors ./mnist')).toMatch(/ % accuracy {3}1,797 rows/)
    expect(printed('npx chainrule predict model.safetensors ./mnist').trimEnd().split('\n')).toHaveLength(1798)
    expect(printed('npx chainrule train book.txt')).toMatch(/nats a character on text that was held out/)
    expect(printed('npx chainrule generate').length).toBe('Congress'.length + 400 + 1)
    expect(printed('npx chainrule resume run')).toMatch(/Going on after step \d+/)
    expect(printed('npx chainrule inspect model.safetensors --program --memory')).toMatch(/One training step: \d+/)
    expect(printed('npx chainrule info')).toMatch(/^chainrule /)
    expect(readdirSync(project)).toEqual(expect.arrayContaining(['model.safetensors', 'report.html', 'run', 'runs']))
    // And by npx, from the folder.
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    expect(await output(project, 'npx', 'chainrule', '--version')).toBe(`${version}\n`)
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
