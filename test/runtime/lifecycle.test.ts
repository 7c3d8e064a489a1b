import { spawn } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import workerThreads, { Worker } from 'node:worker_threads'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { EngineError, WorkerError } from '../../src/errors.ts'
import { Runtime, type RuntimeOptions } from '../../src/runtime/runtime.ts'
import { type Bundle, bundleRuntime, writeScript } from '../helpers/bundle.ts'
import { Assembler, counter, word } from '../helpers/program.ts'

const open: Runtime[] = []
async function create(options: RuntimeOptions): Promise<Runtime> {
  const runtime = await Runtime.create(options)
  open.push(runtime)
  return runtime
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

/** Replaces a property until the test ends. */
function replace<T extends object, K extends keyof T>(object: T, key: K, value: T[K]): void {
  const before = object[key]
  object[key] = value
  onTestFinished(() => {
    object[key] = before
  })
}

/** Workers that the runtime starts from now on. */
function record(): Worker[] {
  const started: Worker[] = []
  class Recorded extends Worker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args)
      started.push(this)
    }
  }
  replace(workerThreads as { Worker: typeof Worker }, 'Worker', Recorded)
  return started
}

/** A program whose steps never end by themselves, one instruction a thread. */
function endless(runtime: Runtime): { program: number; cells: number[] } {
  const program = new Assembler()
  const cells = Array.from({ length: runtime.threads }, () => counter(runtime))
  for (const [thread, cell] of cells.entries()) program.op('advance', { counter: cell, by: 1 }, thread)
  return { program: program.load(runtime), cells }
}

const FOREVER = 2 ** 31 - 1

describe('a lost thread', () => {
  test.each([0, 1, 2])('worker %i ends during runAsync', async (victim) => {
    const workers = record()
    const runtime = await create({ threads: 3 })
    const { program } = endless(runtime)
    const job = runtime.runAsync(program, FOREVER, 3)
    const queued = runtime.runAsync(program, 1, 3)
    setTimeout(() => void workers[victim]?.terminate(), 5)
    await expect(job).rejects.toThrow(WorkerError)
    await expect(queued).rejects.toThrow(EngineError)
    expect(() => runtime.run(program, 1, 1)).toThrow(EngineError)
    expect(() => runtime.alloc(64)).toThrow(EngineError)
    await expect(runtime.runAsync(program, 1, 3)).rejects.toThrow(/close it and start another/)
  })

  test('a worker has ended before run and its event is still to come', async () => {
    const workers = record()
    const runtime = await create({ threads: 2 })
    const { program } = endless(runtime)
    expect(runtime.run(program, 3, 2)).toEqual({ steps: 3 })
    const gone = workers[1]?.terminate()
    // Deno raises the event at once.
    expect(() => runtime.run(program, FOREVER, 2)).toThrow(/^thread 1.*(has ended|exited)/)
    expect(() => runtime.run(program, 1, 1)).toThrow(EngineError)
    await gone
  })

  test('a worker ends while idle', async () => {
    const workers = record()
    const runtime = await create({ threads: 2 })
    const { program } = endless(runtime)
    await workers[0]?.terminate()
    await vi.waitFor(() => expect(() => runtime.run(program, 1, 1)).toThrow(EngineError))
  })

  test('a kernel traps on a worker, during run and during runAsync', async () => {
    for (const way of ['run', 'runAsync'] as const) {
      const runtime = await create({ threads: 2 })
      const program = new Assembler()
      program.trap(1)
      const address = program.load(runtime)
      await expect((async () => runtime[way](address, 1, 2))()).rejects.toThrow(WorkerError)
      expect(() => runtime.run(address, 1, 1)).toThrow(EngineError)
    }
  })

  test("a kernel traps on the caller's thread", async () => {
    const runtime = await create({ threads: 2 })
    const program = new Assembler()
    program.trap(0)
    const address = program.load(runtime)
    expect(() => runtime.run(address, 1, 2)).toThrow(EngineError)
    await expect(runtime.runAsync(address, 1, 2)).rejects.toThrow(EngineError)
  })
})

describe('close', () => {
  test('rejects the run under way, ends the workers, and may be called again', async () => {
    const workers = record()
    const runtime = await Runtime.create({ threads: 2 })
    let ended = 0
    for (const worker of workers) worker.on('exit', () => ended++)
    const { program } = endless(runtime)
    const job = runtime.runAsync(program, FOREVER, 2)
    const rejected = expect(job).rejects.toThrow(EngineError)
    await new Promise((resolve) => setTimeout(resolve, 5))
    await runtime.close()
    await rejected
    expect(ended).toBe(2)
    await runtime.close()
    expect(() => runtime.run(program, 1, 1)).toThrow('closed')
    expect(() => runtime.alloc(1)).toThrow('closed')
  })
})

describe('without workers', () => {
  test('runs in slices with the same result and lets the event loop turn', async () => {
    const runtime = await create({ workers: false, threads: 4 })
    expect([runtime.threads, runtime.hasWorkers, runtime.notice]).toEqual([1, false, undefined])
    const cell = counter(runtime)
    const program = new Assembler()
    program.op('advance', { counter: cell, by: 1 }, 3)
    const address = program.load(runtime)
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    const job = runtime.runAsync(address, 3_000_000, 1)
    expect(() => runtime.run(address, 1, 1)).toThrow(EngineError)
    expect(await job).toEqual({ steps: 3_000_000 })
    clearInterval(timer)
    expect(turns).toBeGreaterThan(0)
    expect(word(runtime, cell)).toBe(3_000_000)
  })

  test('stops at an abort, at an error and at close', async () => {
    const runtime = await create({ workers: false })
    const { program, cells } = endless(runtime)
    const abort = new AbortController()
    setTimeout(() => abort.abort(), 10)
    const { steps } = await runtime.runAsync(program, FOREVER, 1, abort.signal)
    expect(word(runtime, cells[0] as number)).toBe(steps)
    const job = runtime.runAsync(program, FOREVER, 1)
    setTimeout(() => void runtime.close(), 10)
    await expect(job).rejects.toThrow('closed')
  })

  test('where a page is not isolated: one thread and a notice', async () => {
    const getBuiltinModule = process.getBuiltinModule
    const without = (id: string): unknown => (id === 'node:worker_threads' ? undefined : getBuiltinModule(id))
    replace(process, 'getBuiltinModule', without as typeof getBuiltinModule)
    const runtime = await create({ threads: 4 })
    expect(runtime.threads).toBe(1)
    expect(runtime.notice).toMatch(/cross-origin isolated/)
    const { program } = endless(runtime)
    expect(await runtime.runAsync(program, 10, 1)).toEqual({ steps: 10 })
  })

  test('where there is no shared memory: the same binary on a memory of its own', async () => {
    const Memory = WebAssembly.Memory
    class Unshared extends Memory {
      constructor(descriptor: WebAssembly.MemoryDescriptor) {
        if (descriptor.shared) throw new TypeError('no shared memory')
        super(descriptor)
      }
    }
    replace(WebAssembly, 'Memory', Unshared)
    const runtime = await create({ threads: 2 })
    expect(runtime.threads).toBe(1)
    expect(runtime.notice).toMatch(/no shared memory/)
    expect(runtime.memory.memory.buffer).toBeInstanceOf(ArrayBuffer)
    const { program, cells } = endless(runtime)
    expect(runtime.run(program, 5, 1)).toEqual({ steps: 5 })
    runtime.alloc(1 << 24)
    expect(runtime.run(program, 5, 1)).toEqual({ steps: 5 })
    expect(word(runtime, cells[0] as number)).toBe(10)
  })

  test('where workers do not start: one thread and a notice', async () => {
    const runtime = await create({ threads: 2, workerUrl: new URL('./no-such-worker.mjs', import.meta.url) })
    expect(runtime.threads).toBe(1)
    expect(runtime.notice).toMatch(/Workers cannot be started/)
    const { program } = endless(runtime)
    expect(runtime.run(program, 5, 1)).toEqual({ steps: 5 })
  })
})

test('two runtimes share nothing', async () => {
  const [a, b] = [await create({ threads: 2 }), await create({ threads: 3 })]
  const [x, y] = [endless(a), endless(b)]
  const jobs: Promise<unknown>[] = []
  for (let round = 1; round <= 20; round++) {
    jobs.push(a.runAsync(x.program, round, 2), b.runAsync(y.program, 2 * round, 3))
  }
  await Promise.all(jobs)
  await a.close()
  expect(b.run(y.program, 1, 3)).toEqual({ steps: 1 })
  expect(x.cells.map((cell) => word(a, cell))).toEqual([210, 210])
  expect(y.cells.map((cell) => word(b, cell))).toEqual([421, 421, 421])
})

test('the worker is plain JavaScript without imports', () => {
  const text = readFileSync(new URL('../../src/runtime/worker.ts', import.meta.url), 'utf8')
  expect(text).not.toMatch(/^\s*(import|export)\b/m)
  expect(() => new Function(text)).not.toThrow()
})

describe('in a process of its own', () => {
  let bundle: Bundle
  beforeAll(async () => {
    bundle = await bundleRuntime()
  })
  afterAll(() => rmSync(bundle.folder, { recursive: true }))

  const work = `
    const runtime = await Runtime.create({ ...options, threads: 2 })
    const program = new Assembler()
    const cell = counter(runtime)
    program.op('advance', { counter: cell, by: 1 }, 1)
    const address = program.load(runtime)
    runtime.run(address, 10, 2)
    await runtime.runAsync(address, 1000, 2)
    const seen = { threads: runtime.threads, count: word(runtime, cell) }`

  async function node(script: string): Promise<{ code: number | null; output: string }> {
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'], timeout: 30_000 })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
    return { code, output }
  }

  test('the process ends by itself, with the runtime open or closed', async () => {
    for (const [name, end] of [
      ['open', ''],
      ['closed', 'await runtime.close()'],
    ] as const) {
      const script = writeScript(bundle, name, `${work}\nconsole.log(JSON.stringify(seen))\n${end}`)
      const { code, output } = await node(script)
      expect({ code, seen: JSON.parse(output) }).toEqual({ code: 0, seen: { threads: 2, count: 1010 } })
    }
  })

  test('works inside a worker', async () => {
    const script = writeScript(
      bundle,
      'inside',
      `import { parentPort } from 'node:worker_threads'${work}\nparentPort.postMessage(seen)`,
    )
    const worker = new Worker(script)
    const ended = new Promise((resolve) => worker.on('exit', resolve))
    const seen = await new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject))
    expect(seen).toEqual({ threads: 2, count: 1010 })
    expect(await ended).toBe(0)
  })
})
