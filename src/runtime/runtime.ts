import {
  BLOCK_EXECUTED,
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
  TILE_6X16,
} from '../abi/constants.ts'
import { kernelNames, rowOf } from '../abi/encode.ts'
import { poolWords } from '../abi/pool.generated.ts'
import { ArgumentError, OutOfMemoryError } from '../errors.ts'
import { Allocator } from './allocator.ts'
import { gemmTrials, TileCalibration } from './calibrate.ts'
import { Executor, type RunResult } from './executor.ts'
import { canShareMemory, hardwareThreads, mayBlock, wideSwitch } from './host.ts'
import { CEILING, createMemory, PAGE, SharedMemory } from './memory.ts'
import { Pool } from './pool.ts'
import { strictOf } from './strict.ts'
import {
  type Build,
  chooseBuild,
  compile,
  instantiate,
  type Machine,
  readBinary,
  withName,
  withoutSharing,
} from './wasm.ts'

export type { KernelError, RunResult } from './executor.ts'
export type { SharedMemory } from './memory.ts'

export interface RuntimeOptions {
  /** Threads that compute; 'auto' (the default) is one for each hardware thread. */
  readonly threads?: number | 'auto' | undefined
  /** 'reproducible' takes the strict build: the same bits on every machine. */
  readonly numerics?: 'fast' | 'reproducible' | undefined
  /**
   * Lets V8 (Node 24 and later, with AVX2) compile the hot kernels for vectors of 256 bits: up to twice as fast, the
   * same bits. Adds a self-test of about 0.2 s to the start, during which an engine flag of the whole process is set.
   * Where it does not help, where results differ, and in the strict build, everything runs as without it.
   */
  readonly wide?: boolean | undefined
  /** Most bytes that the engine's memory may grow to: 4 GiB without a page if not given. */
  readonly memoryLimit?: number | undefined
  /** The binary's file, or its folder when it ends in a slash. */
  readonly wasmUrl?: string | URL | undefined
  readonly workerUrl?: string | URL | undefined
  /** Binary and worker in place of files, for builds of one file. */
  readonly assets?: Assets | undefined
  /** false: no workers; everything runs on the caller's thread. */
  readonly workers?: boolean | undefined
}
export interface Assets {
  readonly wasm: Uint8Array<ArrayBuffer>
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

const WRONG_WIDE = 'Wide SIMD failed its self-test on this machine; kernels run on vectors of 128 bits.'
/** Address of the caller's count of instructions. */
const EXECUTED = BLOCKS + CALLER * THREAD_BLOCK + BLOCK_EXECUTED

/** One memory, the machine on it, and the threads that run its programs. Shares nothing with other runtimes. */
export class Runtime {
  /** Threads that compute. */
  readonly threads: number
  readonly build: Build
  /** Whether the hot kernels run on vectors of 256 bits. */
  readonly wide: boolean
  readonly memory: SharedMemory
  readonly allocator: Allocator
  /** What a user should know about how this runtime came up, if anything. */
  readonly notice: string | undefined
  /** Whether the caller's thread may wait; if not (the main thread of a page), `runAsync` is the way. */
  readonly canBlock: boolean = mayBlock()
  readonly #executor: Executor

  private constructor(
    executor: Executor,
    { build, wide }: Engaged,
    memory: SharedMemory,
    allocator: Allocator,
    notice: string | undefined,
  ) {
    this.threads = executor.threads
    this.build = build
    this.wide = wide
    this.memory = memory
    this.allocator = allocator
    this.notice = notice
    this.#executor = executor
  }

  static async create(options: RuntimeOptions = {}): Promise<Runtime> {
    const threads = threadsOf(options.threads)
    const limit = limitOf(options.memoryLimit)
    const wanted = chooseBuild(options.numerics)
    let bytes = options.assets?.wasm ?? (await readBinary(options.wasmUrl))
    if (wanted === 'simd') bytes = strictOf(bytes)
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
    const words = poolWords.match(/.{8}/g) as readonly string[]
    memory.u32.set(
      words.map((word) => Number.parseInt(word, 16)),
      POOL >> 2,
    )
    const scratch = giveScratch(memory, allocator, CALLER)
    const engaged =
      options.wide === true && wanted === 'relaxed'
        ? await engageWide(bytes, raw, memory, allocator)
        : await engage(bytes, raw, wanted)
    const { machine, module, wide } = engaged
    notice ??= engaged.notice
    const tiles = wide ? [TILE_6X16, TILE_6X8, TILE_4X8] : [TILE_4X8, TILE_6X8]
    const trials = gemmTrials(machine, () => memory.u32, scratch, tiles)
    const calibration = new TileCalibration(trials)
    memory.u32[GEMM_VARIANT >> 2] = calibration.tile
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
        return new Runtime(executor, engaged, memory, allocator, notice)
      } catch (error) {
        notice = `Workers cannot be started (${(error as Error).message}), so chainrule runs on one thread.`
      }
    }
    return new Runtime(new Executor(machine, memory, 1, idle), engaged, memory, allocator, notice)
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

  /** For profiles: how to execute a program share by share on the caller's thread. */
  shares(): Pick<Executor, 'share' | 'forgive'> {
    this.#executor.check()
    return this.#executor
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

/** The machine on a memory, and how its code came to be. */
interface Engaged {
  readonly machine: Machine
  readonly module: WebAssembly.Module
  readonly build: Build
  readonly wide: boolean
  readonly notice?: string
}

async function engage(bytes: Uint8Array<ArrayBuffer>, memory: WebAssembly.Memory, build: Build): Promise<Engaged> {
  const module = await compile(bytes)
  return { machine: await instantiate(module, memory), module, build, wide: false }
}

/** The same with wide code that has passed its self-test. Its module is another, in case that the code is wrong. */
async function engageWide(
  bytes: Uint8Array<ArrayBuffer>,
  raw: WebAssembly.Memory,
  memory: SharedMemory,
  allocator: Allocator,
): Promise<Engaged> {
  const plain = await engage(bytes, raw, 'relaxed')
  const flag = wideSwitch()
  if (flag === undefined) return plain
  const { WIDE_BYTES, widen, wideTrials } = await import('./wide.ts')
  const wide = await engage(withName(bytes, 'wide'), raw, 'relaxed')
  const at = allocator.alloc(WIDE_BYTES)
  const verdict = await widen({
    machine: wide.machine,
    reference: plain.machine,
    words: () => memory.u32,
    at,
    setFlag: flag.set,
    now: () => performance.now(),
    trials: wideTrials(flag.v8),
  })
  allocator.free(at, WIDE_BYTES)
  memory.u32.fill(0, EXECUTED >> 2, (EXECUTED >> 2) + 2)
  if (verdict === 'wide') return { ...wide, wide: true }
  return verdict === 'wrong' ? { ...plain, notice: WRONG_WIDE } : plain
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
