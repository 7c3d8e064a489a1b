// Compiles, optimizes and arranges one target of asconfig.json (the argument) and moves it to wasm/ if it keeps the
// rules. A program of its own: the targets compile side by side, and tsx, which transforms all it imports, would need
// 8 s for binaryen.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import asc from 'assemblyscript/asc'
import { strictOf } from '../src/runtime/strict.ts'
import { arranged } from './order.ts'
import { brokenRules, optimize, type Target } from './rules.ts'

const target = process.argv[2] as 'debug' | 'relaxed'
const draft = `.build/${target}.wasm`
const { error, stderr } = await asc.main(['--target', target, '--outFile', draft])
if (error) fail(`asc --target ${target} failed: ${error.message}\n${stderr.toString()}`)
const compiled = readFileSync(draft)
const bytes = target === 'debug' ? compiled : arranged(optimize(compiled, target), target)
writeFileSync(draft, bytes)
check(bytes, target)
mkdirSync('wasm', { recursive: true })
renameSync(draft, `wasm/${target}.wasm`)
report(`wasm/${target}.wasm`, bytes)
if (target === 'relaxed') {
  const strict = strictOf(new Uint8Array(bytes))
  check(strict, 'simd')
  report('the strict build, made from it when it is loaded:', strict)
}

function check(bytes: Uint8Array, target: Target): void {
  const broken = brokenRules(bytes, target)
  if (broken.length > 0) fail(broken.map((rule) => `the ${target} build may not ship: ${rule}`).join('\n'))
}

function report(name: string, bytes: Uint8Array): void {
  const kilobytes = (n: number): string => `${(n / 1000).toFixed(1)} kB`
  console.log(`${name} ${kilobytes(bytes.length)}, ${kilobytes(gzipSync(bytes).length)} gzipped`)
}

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}
