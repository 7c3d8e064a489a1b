import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { ArgumentError, OutOfMemoryError } from '../../src/errors.ts'
import { CEILING, createMemory, PAGE, SharedMemory } from '../../src/runtime/memory.ts'
import { Runtime, type RuntimeOptions } from '../../src/runtime/runtime.ts'
import { Assembler, counter, put, word } from '../helpers/program.ts'

afterEach(() => {
  SharedMemory.growAlways = false
})
async function create(options: RuntimeOptions): Promise<Runtime> {
  const runtime = await Runtime.create(options)
  onTestFinished(() => runtime.close())
  return runtime
}
const memory = (): SharedMemory => new SharedMemory(createMemory(true) as WebAssembly.Memory)

describe('views', () => {
  test('cover the memory after it grew and see the same bytes', () => {
    const grown = memory()
    const { f32, u8 } = grown
    expect(grown.reserve(5 * PAGE * 16)).toBe(true)
    expect(grown.f32).not.toBe(f32)
    expect(grown.byteLength).toBeGreaterThanOrEqual(80 * PAGE)
    for (const view of [grown.f32, grown.i32, grown.u32, grown.f64, grown.u8]) {
      expect(view.byteLength).toBe(grown.byteLength)
      expect(view.buffer).toBe(grown.memory.buffer)
    }
    grown.f64[1000] = 1.5
    expect(new Float64Array(u8.buffer)[1000]).toBe(1.5)
  })

  test('stay while nothing grows, and change with every reservation in the mode for tests', () => {
    const grown = memory()
    const { f32 } = grown
    expect(grown.reserve(100)).toBe(true)
    expect(grown.f32).toBe(f32)
    SharedMemory.growAlways = true
    expect(grown.reserve(100)).toBe(true)
    expect(grown.f32).not.toBe(f32)
    expect(grown.byteLength).toBe(17 * PAGE)
  })

  test('programs run on while the memory grows below them', async () => {
    SharedMemory.growAlways = true
    const runtime = await create({ threads: 2 })
    const cell = counter(runtime)
    const program = new Assembler()
    program.op('advance', { counter: cell, by: 1 }, 1)
    const address = program.load(runtime)
    const job = runtime.runAsync(address, 2000, 2)
    for (let i = 0; i < 50; i++) runtime.alloc(64 + i)
    expect(await job).toEqual({ steps: 2000 })
    expect(word(runtime, cell)).toBe(2000)
  })
})

describe('limits', () => {
  test('memoryLimit holds, and what fails leaves the runtime usable', async () => {
    const limit = 48 << 20
    const runtime = await create({ threads: 1, memoryLimit: limit })
    const before = runtime.bytesInUse
    const blocks: number[] = []
    expect(() => {
      for (;;) blocks.push(runtime.alloc(1 << 20))
    }).toThrow(OutOfMemoryError)
    expect(blocks.length).toBeGreaterThan(0)
    expect(runtime.memory.byteLength).toBeLessThanOrEqual(limit)
    for (const block of blocks) runtime.free(block, 1 << 20)
    expect(runtime.bytesInUse).toBe(before)
    expect(put(runtime, Float32Array.of(1))).toBeGreaterThan(0)
  })

  test('sizes beyond 32 bits are refused as what they are', async () => {
    const runtime = await create({ workers: false })
    const pages = runtime.memory.byteLength
    for (const bytes of [2 ** 32, 2 ** 32 + 64, 2 ** 48]) expect(() => runtime.alloc(bytes)).toThrow(OutOfMemoryError)
    expect(runtime.memory.byteLength).toBe(pages)
  })

  test('addresses above 2 GiB are numbers like others', async () => {
    const runtime = await create({ workers: false })
    const bytes = 2 ** 31 + 4096
    const big = runtime.alloc(bytes)
    const cell = counter(runtime)
    expect(cell).toBeGreaterThan(2 ** 31)
    const program = new Assembler()
    program.op('advance', { counter: cell, by: 9 })
    const address = program.load(runtime)
    expect(address).toBeGreaterThan(2 ** 31)
    expect(runtime.run(address, 2, 1)).toEqual({ steps: 2 })
    expect(word(runtime, cell)).toBe(18)
    expect(() => runtime.alloc(bytes)).toThrow(OutOfMemoryError)
    runtime.free(big, bytes)
    expect(runtime.alloc(CEILING - runtime.bytesInUse - 2 * PAGE - bytes)).toBeGreaterThan(0)
  })

  test.each([0, -1, NaN, 1000])('refuses memoryLimit %d', async (memoryLimit) => {
    await expect(Runtime.create({ memoryLimit })).rejects.toThrow(ArgumentError)
  })
  test.each([0, -1, 1.5, NaN, 65, '2' as unknown as number])('refuses %s threads', async (threads) => {
    await expect(Runtime.create({ threads })).rejects.toThrow(ArgumentError)
  })
})
