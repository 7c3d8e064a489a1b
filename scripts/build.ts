// Builds wasm/ (debug, relaxed) and dist/. A part whose inputs and outputs are still those of its last build is
// left alone; --force builds all.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build as bundle, type Plugin, transform } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const inline = 'dist/inline.js'
/** The files that Node loads in place of some hundred; every other part leaves them alone. */
const bundled = 'dist/bundle'
const force = process.argv.includes('--force')

function filesBelow(path: string): string[] {
  const full = root + path
  if (!existsSync(full)) return []
  if (!statSync(full).isDirectory()) return [path]
  return readdirSync(full, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .filter((file) => path === bundled || (file !== inline && !file.startsWith(`${bundled}/`)))
    .sort()
}

function fingerprint(paths: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of paths.flatMap(filesBelow)) hash.update(`${file}\0`).update(readFileSync(root + file))
  return hash.digest('hex')
}

interface Part {
  readonly name: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly build: () => Promise<void>
}

async function upToDate({ name, inputs, outputs, build }: Part): Promise<void> {
  const stamp = `${root}.build/${name}`
  const before = fingerprint(inputs)
  const fresh =
    !force &&
    outputs.every((path) => existsSync(root + path)) &&
    existsSync(stamp) &&
    readFileSync(stamp, 'utf8') === `${before} ${fingerprint(outputs)}`
  if (fresh) return
  rmSync(stamp, { force: true })
  await build()
  mkdirSync(`${root}.build`, { recursive: true })
  writeFileSync(stamp, `${before} ${fingerprint(outputs)}`)
}

/** Runs a command with its output shown. */
function run(command: string, ...args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit' })
    child.on('error', reject)
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`failed: ${command} ${args.join(' ')}`))))
  })
}

const tools = ['scripts/build.ts', 'package-lock.json']
let compiler: Promise<unknown> | undefined
const wasm = ['debug', 'relaxed'].map((target) => ({
  name: target,
  inputs: [
    ...['assembly', 'src/abi/constants.ts', 'asconfig.json', 'scripts/wasm.ts', 'scripts/rules.ts', 'scripts/order.ts'],
    ...['src/runtime/strict.ts', 'src/runtime/binary.ts', ...tools],
  ],
  outputs: [`wasm/${target}.wasm`],
  build: async () => {
    compiler ??= bundle({
      absWorkingDir: root,
      entryPoints: ['scripts/wasm.ts'],
      outfile: '.build/wasm.mjs',
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
    })
    await compiler
    await run(process.execPath, '.build/wasm.mjs', target)
  },
}))
const dist = {
  name: 'dist',
  inputs: ['src', 'tsconfig.json', 'package.json', ...tools],
  outputs: ['dist'],
  build: async () => {
    rmSync(`${root}dist`, { recursive: true, force: true })
    await run('node_modules/.bin/tsc', '-p', 'tsconfig.json')
    for (const file of filesBelow('dist/ops').concat(filesBelow('dist/abi')))
      if (file.endsWith('.js')) writeFileSync(root + file, withoutDocs(readFileSync(root + file, 'utf8')))
  },
}
/** Rows of the two tables without the sentences, formulas and paths that only generators read. */
function withoutDocs(code: string): string {
  return code.replace(/^( *)(?:doc|formula|file): (?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"),\n/gm, '\n')
}
/** The data sets are found from dist/data/, and from dist/ in a file that has no folder. */
const dataBeside: Plugin = {
  name: 'data-beside',
  setup({ onLoad }) {
    onLoad({ filter: /[/\\]dist[/\\]data[/\\]\w+\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll("new URL('../../data/", "new URL('../data/"),
    }))
  },
}
/**
 * What package.json exports to Node (and Deno and Bun, which take the same condition): the same modules in a few files,
 * which halves the time of an import. They lie as deep as the originals, so that they find the same assets.
 */
const chunks = {
  name: 'bundle',
  inputs: ['dist', 'package.json', ...tools],
  outputs: [bundled],
  build: async () => {
    rmSync(root + bundled, { recursive: true, force: true })
    const { exports, bin } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
      exports: Record<string, { node?: string; default: string }>
      bin: Record<string, string>
    }
    const entries = [
      ...Object.values(exports).flatMap(({ node, default: from }) => (node === undefined ? [] : [[node, from]])),
      ...Object.values(bin).map((path) => [path, './dist/cli/main.js']),
      [`./${bundled}/worker.js`, './dist/runtime/worker.js'],
    ] as [string, string][]
    await bundle({
      absWorkingDir: root,
      entryPoints: entries.map(([to, from]) => ({ in: from, out: basename(to, '.js') })),
      outdir: bundled,
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'es2022',
      logLevel: 'error',
    })
  },
}

/** The whole library in one file, for where a bundler or a content policy is in the way of three. */
const single = {
  name: 'inline',
  inputs: ['dist', 'wasm/relaxed.wasm', ...tools],
  outputs: [inline],
  build: async () => {
    const worker = await transform(readFileSync(`${root}dist/runtime/worker.js`, 'utf8'), {
      minify: true,
      format: 'iife',
    })
    const contents = `
      import { init as initFromFiles } from './index.js'
      import wasm from '../wasm/relaxed.wasm'
      const assets = { wasm, workerSource: ${JSON.stringify(worker.code)} }
      export * from './index.js'
      export const init = (options = {}) => initFromFiles({ assets, ...options })`
    await bundle({
      absWorkingDir: root,
      stdin: { contents, resolveDir: `${root}dist` },
      outfile: inline,
      bundle: true,
      loader: { '.wasm': 'binary' },
      format: 'esm',
      platform: 'neutral',
      target: 'es2022',
      mainFields: ['module', 'main'],
      plugins: [dataBeside],
      // Names stay: errors carry those of their classes.
      minifySyntax: true,
      minifyWhitespace: true,
    })
  },
}

try {
  await import('./gen.ts')
  const results = await Promise.allSettled([...wasm, dist].map(upToDate))
  for (const result of results) if (result.status === 'rejected') throw result.reason
  await Promise.all([upToDate(single), upToDate(chunks)])
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
