import {
  BLOCK_SCRATCH,
  BLOCKS,
  CALLER,
  GEMM_VARIANT,
  HEAP,
  MAX_THREADS,
  MAY_SLEEP,
  POOL,
  SPIN_IDLE,
  SPIN_STEP,
  THREAD_BLOCK,
  TILE_4X8,
  TILE_6X8,
} from '../abi/constants.ts'
import { kernelNames, rowOf } from '../abi/encode.ts'
import { pool as constants } from '../abi/pool.ts'
import { ArgumentError, OutOfMemoryError } from '../errors.ts'
import { Allocator } from './allocator.ts'
import { gemmTrials, TileCalibration } from './calibrate.ts'
import { Executor, type RunResult } from './executor.ts'
import { canShareMemory, hardwareThreads, mayBlock } from './host.ts'
import { CEILING, createMemory, PAGE, SharedMemory } from './memory.ts'
import { Pool } from './pool.ts'
import { type Build, chooseBuild, compile, instantiate, type Machine, readBinary, withoutSharing } from './wasm.ts'

export type { KernelError, RunResult } from './executor.ts'
export type { SharedMemory } from './memory.ts'

export interface RuntimeOptions {
  /** Threads that compute; 'auto' (the default) is one for each hardware thread. */
  readonly threads?: number | 'auto' | undefined
  /** 'reproducible' takes the strict build: the same bits on every machine. */
  readonly numerics?: 'fast' | 'reproducible' | undefined
  /** Most bytes that the engine's memory may grow to: 4 GiB without a page if not given. */
  readonly memoryLimit?: number | undefined
  /** The binary's file, or the folder of both when it ends in a slash. */
  readonly wasmUrl?: string | URL | undefined
  readonly workerUrl?: string | URL | undefined
  /** Binaries and worker in place of files, for builds of one file. */
  readonly assets?: Assets | undefined
  /** false: no workers; everything runs on the caller's thread. */
  readonly workers?: boolean | undefined
}
export interface Assets {
  readonly wasm: Readonly<Record<Build, Uint8Array<ArrayBuffer>>>
  readonly workerSource: string
}

/**
 * Turns that a thread spins before it sleeps, some 0.15 ms in V8. To wake takes up to 0.2 ms: were the spins much
 * shorter, two threads could take turns at sleeping and never be hot again.
 */
const SPIN = 300_000
/** Slow engines spin less: at most so many milliseconds as measured at the start. */
const SPIN_TIME = 0.6
/** Where threads outnumber the processors, a spinning one keeps the one it waits for from running. */
const SPIN_CROWDED = 500
const SMALLEST = 16 * PAGE
const NOT_ISOLATED =
  'This page is not cross-origin isolated (it needs the headers Cross-Origin-Opener-Policy: same-origin and ' +
  'Cross-Origin-Embedder-Policy: require-corp), so chainrule runs on one thread.'

/** One memory, the machine on it, and the threads that run its programs. Shares nothing with other runtimes. */
export class Runtime {
  /** Threads that compute. */
  readonly threads: number
  readonly build: Build
  readonly memory: SharedMemory
  readonly allocator: Allocator
  /** What a user should know about how this runtime came up, if anything. */
  readonly notice: string | undefined
  /** Whether the caller's thread may wait; if not (the main thread of a page), `runAsync` is the way. */
  readonly canBlock: boolean = mayBlock()
  readonly #executor: Executor

  private constructor(executor: Executor, build: Build, memory: SharedMemory, allocator: Allocator, notice?: string) {
    this.threads = executor.threads
    this.build = build
    this.memory = memory
    this.allocator = allocator
    this.notice = notice
    this.#executor = executor
  }

  static async create(options: RuntimeOptions = {}): Promise<Runtime> {
    const threads = threadsOf(options.threads)
    const limit = limitOf(options.memoryLimit)
    const wanted = chooseBuild(options.numerics)
    let bytes = options.assets?.wasm[wanted] ?? (await readBinary(wanted, options.wasmUrl))
    let workers = options.workers !== false
    let notice: string | undefined
    if (workers && !canShareMemory()) {
      workers = false
      notice = NOT_ISOLATED
    }
    let raw = createMemory(true)
    if (raw === undefined) {
      workers = false
      notice ??= 'This JavaScript runtime has no shared memory, so chainrule runs on one thread.'
      raw = createMemory(false)
      bytes = withoutSharing(bytes)
    }
    if (raw === undefined) throw new OutOfMemoryError(HEAP, 0, limit)

    const memory = new SharedMemory(raw, limit)
    const allocator = new Allocator(HEAP, limit - HEAP, (end) => memory.reserve(end))
    const module = await compile(bytes)
    const machine = await instantiate(module, raw)
    const build = machine.relaxed() === 1 ? 'relaxed' : 'simd'
    memory.u32.set(constants, POOL >> 2)
    const scratch = giveScratch(memory, allocator, CALLER)
    const trials = gemmTrials(machine, () => memory.u32, scratch, [TILE_4X8, TILE_6X8])
    const calibration = new TileCalibration(trials)
    const idle = (): void => {
      if (calibration.settled) return
      calibration.step()
      memory.u32[GEMM_VARIANT >> 2] = calibration.tile
    }
    if (workers) {
      const spin = threads > hardwareThreads() ? SPIN_CROWDED : spinTurns(machine)
      memory.u32[SPIN_STEP >> 2] = spin
      memory.u32[SPIN_IDLE >> 2] = 2 * spin
      memory.u32[MAY_SLEEP >> 2] = mayBlock() ? 1 : 0
      for (let thread = 0; thread < threads; thread++) giveScratch(memory, allocator, thread)
      const executor = new Executor(machine, memory, threads, idle)
      const code = { url: options.workerUrl, source: options.assets?.workerSource }
      try {
        executor.pool = await Pool.start(threads, module, raw, code, executor)
        return new Runtime(executor, build, memory, allocator)
      } catch (error) {
        notice = `Workers cannot be started (${(error as Error).message}), so chainrule runs on one thread.`
      }
    }
    return new Runtime(new Executor(machine, memory, 1, idle), build, memory, allocator, notice)
  }

  /** Address of `bytes` new bytes, a multiple of 64. Views of `memory` taken before may be short afterwards. */
  alloc(bytes: number): number {
    this.#executor.check()
    return this.allocator.alloc(bytes)
  }
  /** Takes back what `alloc(bytes)` gave. */
  free(address: number, bytes: number): void {
    this.allocator.free(address, bytes)
  }
  get bytesInUse(): number {
    return this.allocator.bytesInUse
  }

  /**
   * Runs the program at an address `repeat` times, on the caller as thread 0 and on workers, and blocks until it is
   * done. On one thread it takes programs encoded for any number.
   */
  run(program: number, repeat: number, threads: number): RunResult {
    return this.#executor.run(program, repeat, threads)
  }
  /**
   * The same on workers alone; the caller stays free. Calls queue. After `signal` the job ends with the step under
   * way, and the result says how many were done. Without workers: slices of at most 8 ms on the caller's thread.
   */
  runAsync(program: number, repeat: number, threads: number, signal?: AbortSignal): Promise<RunResult> {
    return this.#executor.runAsync(program, repeat, threads, signal)
  }

  /** Whether there are workers, so that `runAsync` leaves the caller's thread alone. */
  get hasWorkers(): boolean {
    return this.#executor.hasPool
  }
  /** Instructions that each worker, and last the caller, has executed. */
  executed(): number[] {
    return this.#executor.executed()
  }

  /** Ends the workers. A run under way is rejected; every later one throws. */
  close(): Promise<void> {
    return this.#executor.close()
  }
}

function spinTurns(machine: Machine): number {
  const sample = SPIN / 16
  const begin = performance.now()
  machine.turn(sample)
  const time = performance.now() - begin
  return Math.round(Math.min(SPIN, Math.max(SPIN / 16, (sample * SPIN_TIME) / time)))
}

/** Scratch memory that is enough for any kernel; its address goes into the thread's block. */
function giveScratch(memory: SharedMemory, allocator: Allocator, thread: number): number {
  const address = allocator.alloc(Math.max(...kernelNames.map((name) => rowOf(name).scratch ?? 0)))
  memory.u32[(BLOCKS + thread * THREAD_BLOCK + BLOCK_SCRATCH) >> 2] = address
  return address
}

function threadsOf(threads: number | 'auto' | undefined): number {
  if (threads === undefined || threads === 'auto') return hardwareThreads()
  if (Number.isInteger(threads) && threads >= 1 && threads <= MAX_THREADS) return threads
  throw new ArgumentError('bad number of threads', {
    where: 'threads',
    expected: `'auto' or a whole number in 1 .. ${MAX_THREADS}`,
    received: String(threads),
  })
}

function limitOf(limit: number | undefined): number {
  if (limit === undefined) return CEILING
  if (Number.isFinite(limit) && limit >= SMALLEST) return Math.min(CEILING, Math.floor(limit / PAGE) * PAGE)
  throw new ArgumentError('bad memory limit', {
    where: 'memoryLimit',
    expected: `at least ${SMALLEST} bytes`,
    received: String(limit),
  })
}
