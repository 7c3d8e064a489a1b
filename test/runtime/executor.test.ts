import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ERROR_INDEX } from '../../src/abi/constants.ts'
import { ArgumentError, EngineError } from '../../src/errors.ts'
import { Runtime } from '../../src/runtime/runtime.ts'
import { Assembler, counter, put, word } from '../helpers/program.ts'

const WIDEST = 8
let runtime: Runtime
beforeAll(async () => {
  runtime = await Runtime.create({ threads: WIDEST })
})
afterAll(() => runtime.close())

/** Runs on the caller and workers, then on workers alone. */
const ways = [
  ['run', (program: number, repeat: number, threads: number) => runtime.run(program, repeat, threads)],
  ['runAsync', (program: number, repeat: number, threads: number) => runtime.runAsync(program, repeat, threads)],
] as const

describe.each(ways)('%s', (_, run) => {
  test.each([1, 2, 3, 4, 8])('repeats the step, each instruction once, on %i threads', async (threads) => {
    const program = new Assembler()
    const cells = Array.from({ length: threads }, () => counter(runtime))
    for (const [thread, cell] of cells.entries()) program.op('advance', { counter: cell, by: thread + 1 }, thread)
    expect(await run(program.load(runtime), 500, threads)).toEqual({ steps: 500 })
    expect(cells.map((cell) => word(runtime, cell))).toEqual(cells.map((_, thread) => 500 * (thread + 1)))
  })

  // Each stage shifts the words, so that a thread reads what its neighbours wrote in the stage before.
  test.each([1, 2, 3, 4, 8])('keeps stages apart with barriers on %i threads', async (threads) => {
    const n = 1000
    const stages = 12
    const shift = 61
    const data = Uint32Array.from({ length: n + stages * shift }, (_, i) => i * 2654435761)
    const first = put(runtime, data)
    const program = new Assembler()
    let x = first
    for (let stage = 1; stage <= stages; stage++) {
      const y = runtime.alloc(data.byteLength)
      program.op('copy', { x: x + 4 * shift, y, n: data.length - stage * shift }, 0, threads)
      program.barrier()
      x = y
    }
    program.op('copy', { x, y: first, n }, 0, threads)
    const address = program.load(runtime)
    for (let round = 0; round < 20; round++) {
      runtime.memory.u32.set(data, first / 4)
      await run(address, 1, threads)
      expect(runtime.memory.u32.slice(first / 4, first / 4 + n)).toEqual(data.slice(-n))
    }
  })

  test.each([2, 3, 8])('hands one value from thread to thread, step after step, on %i threads', async (threads) => {
    const program = new Assembler()
    const cells = Array.from({ length: threads }, () => counter(runtime))
    for (let thread = 0; thread < threads; thread++) {
      const [x, y] = [cells[thread] as number, cells[(thread + 1) % threads] as number]
      program.op('advance', { counter: x, by: 1 }, thread)
      program.op('copy', { x, y, n: 1 }, thread)
      program.barrier()
    }
    await run(program.load(runtime), 300, threads)
    expect(word(runtime, cells[0] as number)).toBe(300 * threads)
  })

  test('shares instructions out to all threads', async () => {
    const n = 64 * 16 * WIDEST
    const [x, y] = [put(runtime, new Uint32Array(n).fill(7)), put(runtime, new Uint32Array(n))]
    const program = new Assembler()
    program.op('copy', { x, y, n }, 0, WIDEST)
    const before = runtime.executed()
    await run(program.load(runtime), 100, WIDEST)
    const shares = runtime.executed().map((count, thread) => count - (before[thread] as number))
    const expected = new Array(WIDEST + 1).fill(100)
    // Thread 0 is worker 0 or, at the end of the list, the caller.
    expected[shares[0] === 0 ? 0 : WIDEST] = 0
    expect(shares).toEqual(expected)
    expect(runtime.memory.u32.subarray(y / 4, y / 4 + n).every((value) => value === 7)).toBe(true)
  })

  test('runs a program for many threads on one', async () => {
    const n = 1000
    const [x, y] = [
      put(
        runtime,
        Uint32Array.from({ length: n }, (_, i) => i),
      ),
      put(runtime, new Uint32Array(n)),
    ]
    const program = new Assembler()
    program.op('copy', { x, y, n }, 0, 5)
    program.barrier()
    program.op('advance', { counter: y, by: 41 }, 3)
    await run(program.load(runtime), 1, 1)
    expect(word(runtime, y)).toBe(41)
    expect(runtime.memory.u32.slice(y / 4 + 1, y / 4 + n)).toEqual(Uint32Array.from({ length: n - 1 }, (_, i) => i + 1))
  })

  test.each([1, 2, 4])('ends at the first error and leaves out its updates, on %i threads', async (threads) => {
    // The index is a counter, so that it leaves the table in step 6 (the first is step 0).
    const index = counter(runtime)
    const table = put(
      runtime,
      Float32Array.from({ length: 6 }, (_, i) => i),
    )
    const read = put(runtime, new Float32Array(1))
    const [before, after] = [counter(runtime), counter(runtime)]
    const program = new Assembler()
    program.op('advance', { counter: before, by: 1 }, threads - 1)
    const at = program.op('gather', { x: table, index, y: read, outer: 1, n: 6, count: 1, inner: 1 }, 0, threads)
    program.barrier()
    program.commit('advance', { counter: index, by: 1 }, threads - 1)
    program.commit('advance', { counter: after, by: 1 })
    const address = program.load(runtime)
    const error = { code: ERROR_INDEX, instruction: at, position: 0, value: 6 }
    expect(await run(address, 100, threads)).toEqual({ steps: 6, error })
    expect([before, after, index].map((cell) => word(runtime, cell))).toEqual([7, 6, 6])
    // The next run starts clean.
    runtime.memory.u32[index >> 2] = 2
    expect(await run(address, 3, threads)).toEqual({ steps: 3 })
    expect(word(runtime, after)).toBe(9)
  })

  test('does nothing when asked for no step', async () => {
    const cell = counter(runtime)
    const program = new Assembler()
    program.op('advance', { counter: cell, by: 1 })
    expect(await run(program.load(runtime), 0, 1)).toEqual({ steps: 0 })
    expect(word(runtime, cell)).toBe(0)
  })

  test.each([
    [-1, 1],
    [1.5, 0],
    [2 ** 31, 1],
    [NaN, 1],
    [1, 0],
    [1, WIDEST + 1],
    [1, NaN],
  ])('refuses repeat %d on %d threads', async (repeat, threads) => {
    await expect((async () => run(0, repeat, threads))()).rejects.toThrow(ArgumentError)
  })
})

describe('runAsync', () => {
  const endless = (threads: number): { program: number; cell: number } => {
    const program = new Assembler()
    const cell = counter(runtime)
    program.op('advance', { counter: cell, by: 1 }, threads - 1)
    return { program: program.load(runtime), cell }
  }

  test.each([1, 2, 8])('stops with the step under way when aborted, on %i threads', async (threads) => {
    const { program, cell } = endless(threads)
    let total = 0
    for (let round = 0; round < 5; round++) {
      const abort = new AbortController()
      const job = runtime.runAsync(program, 2 ** 31 - 1, threads, abort.signal)
      setTimeout(() => abort.abort(), round)
      const { steps, error } = await job
      expect(error).toBeUndefined()
      total += steps
      expect(word(runtime, cell)).toBe(total)
    }
    expect(total).toBeGreaterThan(0)
  })

  test('does not begin when aborted before', async () => {
    const { program, cell } = endless(2)
    expect(await runtime.runAsync(program, 5, 2, AbortSignal.abort())).toEqual({ steps: 0 })
    expect(word(runtime, cell)).toBe(0)
  })

  test('queues, and keeps run out meanwhile', async () => {
    const { program, cell } = endless(2)
    const order: number[] = []
    const jobs = [100, 20, 3].map(async (repeat) => order.push((await runtime.runAsync(program, repeat, 2)).steps))
    expect(() => runtime.run(program, 1, 1)).toThrow(EngineError)
    await Promise.all(jobs)
    expect(order).toEqual([100, 20, 3])
    expect(word(runtime, cell)).toBe(123)
    expect(runtime.run(program, 1, 2)).toEqual({ steps: 1 })
  })

  test('leaves the caller free', async () => {
    const { program } = endless(2)
    const abort = new AbortController()
    const job = runtime.runAsync(program, 2 ** 31 - 1, 2, abort.signal)
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve, 1))
    abort.abort()
    expect((await job).steps).toBeGreaterThan(0)
  })
})
