import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { POOL } from '../../src/abi/constants.ts'
import { pool } from '../../src/abi/pool.ts'
import { EngineError } from '../../src/errors.ts'
import { Runtime, type RuntimeOptions } from '../../src/runtime/runtime.ts'
import { chooseBuild, withoutSharing } from '../../src/runtime/wasm.ts'
import { binaryOf } from '../helpers/machine.ts'
import { Assembler, counter, word } from '../helpers/program.ts'

const folder = new URL('../../wasm/', import.meta.url)
async function create(options: RuntimeOptions): Promise<Runtime> {
  const runtime = await Runtime.create(options)
  onTestFinished(() => runtime.close())
  return runtime
}

test('reproducible takes the strict build, fast the relaxed one where the engine has it', async () => {
  expect(chooseBuild('reproducible')).toBe('simd')
  expect((await create({ threads: 1, numerics: 'reproducible' })).build).toBe('simd')
  const fast = await create({ threads: 1 })
  expect(fast.build).toBe(chooseBuild(undefined))
  // Every Node from 20 on has it, if by a flag.
  expect(fast.build).toBe('relaxed')
})

test.each([
  ['a folder', folder],
  ['a file', new URL('relaxed.wasm', folder)],
  ['a path', fileURLToPath(new URL('relaxed.wasm', folder))],
  ['a data URL', `data:application/wasm;base64,${Buffer.from(binaryOf('relaxed')).toString('base64')}`],
])('reads the binary from %s', async (_, wasmUrl) => {
  expect((await create({ threads: 1, wasmUrl })).build).toBe('relaxed')
})

test('reads the binary by HTTP', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/wasm/relaxed.wasm') response.end(binaryOf('relaxed'))
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const wasmUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/wasm/`
  expect((await create({ threads: 1, numerics: 'reproducible', wasmUrl })).build).toBe('simd')
  await expect(Runtime.create({ wasmUrl: `${wasmUrl}other/` })).rejects.toThrow(EngineError)
})

test.each([
  ['no such file', new URL('./nothing/', folder), /cannot be read/],
  ['no WebAssembly', new URL(import.meta.url), /cannot compile/],
])('says so where there is %s', async (_, wasmUrl, message) => {
  await expect(Runtime.create({ wasmUrl })).rejects.toThrow(message)
})

test('takes binaries and worker as assets, without a file', async () => {
  const source = readFileSync(new URL('../../src/runtime/worker.ts', import.meta.url), 'utf8')
  const runtime = await create({
    threads: 2,
    wasmUrl: new URL('./nothing/', folder),
    workerUrl: new URL('./nothing.mjs', folder),
    assets: { wasm: binaryOf('relaxed'), workerSource: source },
  })
  expect([runtime.threads, runtime.notice]).toEqual([2, undefined])
  const cell = counter(runtime)
  const program = new Assembler()
  program.op('advance', { counter: cell, by: 1 }, 1)
  expect(await runtime.runAsync(program.load(runtime), 7, 2)).toEqual({ steps: 7 })
  expect(word(runtime, cell)).toBe(7)
})

test.each(['simd', 'relaxed'] as const)('the %s binary differs in one bit for a memory that is not shared', (build) => {
  const bytes = binaryOf(build)
  const other = withoutSharing(bytes)
  const changed = [...bytes.keys()].filter((i) => bytes[i] !== other[i])
  expect(changed.map((i) => [bytes[i], other[i]])).toEqual([[3, 1]])
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536 })
  expect(new WebAssembly.Instance(new WebAssembly.Module(other), { env: { memory } }).exports).toHaveProperty('run')
})

test('the constants of the kernels lie where they look for them', async () => {
  const { memory } = await create({ workers: false })
  expect([...memory.u32.slice(POOL / 4, POOL / 4 + pool.length)]).toEqual(pool.map((word) => word >>> 0))
})
