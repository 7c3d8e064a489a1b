// What a page downloads: every export of the core with its worker, minified, and both wasm builds, gzipped.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const LIMIT = 100_000

const root = fileURLToPath(new URL('..', import.meta.url))
const gzipped = (bytes: Uint8Array) => gzipSync(bytes, { level: 9 }).length

async function bundle(entry: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
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
const rows: [string, Uint8Array][] = [['dist/index.js', await bundle('dist/index.js')]]
const worker = 'dist/runtime/worker.js'
if (existsSync(root + worker)) rows.push([worker, await bundle(worker)])
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
