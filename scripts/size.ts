// What a page that trains downloads: the core with its worker, minified, and both wasm builds, gzipped. The core is
// every export of the package but the readers and writers of files, which bundlers leave out where they are not used.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build, type StdinOptions } from 'esbuild'

const LIMIT = 100_000

const root = fileURLToPath(new URL('..', import.meta.url))
const gzipped = (bytes: Uint8Array) => gzipSync(bytes, { level: 9 }).length

/** Exports of dist/index.js that are namespaces with file formats in them. */
const FILES = ['data', 'io']
const names = Object.keys(await import('../dist/index.js' as string)).filter((name) => !FILES.includes(name))
const core = `export { ${names.join(', ')} } from './dist/index.js'
export { arrays, loader, split, take } from './dist/data/index.js'`

async function bundle(input: { stdin: StdinOptions } | { entryPoints: string[] }): Promise<Uint8Array> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    ...input,
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
  })
  return (outputFiles[0] as { contents: Uint8Array }).contents
}

let total = 0
const rows: [string, Uint8Array][] = [['core', await bundle({ stdin: { contents: core, resolveDir: root } })]]
const worker = 'dist/runtime/worker.js'
if (existsSync(root + worker)) rows.push([worker, await bundle({ entryPoints: [worker] })])
for (const target of ['simd', 'relaxed']) rows.push([`wasm/${target}.wasm`, readFileSync(`${root}wasm/${target}.wasm`)])
const line = (name: string, raw: number | string, packed: number | string) =>
  console.log(`${name.padEnd(24)}${String(raw).padStart(10)}${String(packed).padStart(10)}`)
line('bytes', 'raw', 'gzipped')
for (const [name, bytes] of rows) {
  const packed = gzipped(bytes)
  total += packed
  line(name, bytes.length, packed)
}
line('together', '', total)
if (total > LIMIT) {
  console.error(`The core takes ${total} bytes gzipped; at most ${LIMIT} are allowed.`)
  process.exitCode = 1
}
