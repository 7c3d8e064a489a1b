import {
  ABORT,
  BLOCK_EXECUTED,
  BLOCK_JOB,
  BLOCK_PC,
  BLOCK_SCRATCH,
  BLOCK_TAKEN,
  BLOCKS,
  CALLER,
  ERROR_RECORD,
  RESULT_DONE,
  RESULT_WAITING,
  STATUS_CLOSED,
  STATUS_LOST,
  STEPS,
  THREAD_BLOCK,
} from '../abi/constants.ts'
import { OP_END } from '../abi/encode.ts'
import { ArgumentError, type ChainruleError, EngineError, WorkerError } from '../errors.ts'
import { nextTurn } from './host.ts'
import type { SharedMemory } from './memory.ts'
import type { Pool, PoolEvents } from './pool.ts'
import type { Machine } from './wasm.ts'

export interface RunResult {
  /** Steps completed; fewer than asked for after an abort or an error. */
  readonly steps: number
  readonly error?: KernelError
}
/** What a kernel found wrong in its data. The step it happened in was not applied. */
export interface KernelError {
  code: number
  /** Byte offset of the instruction in its program. */
  instruction: number
  position: number
  value: number
}

interface Job {
  readonly program: number
  readonly threads: number
  resolve(result: RunResult): void
  reject(error: Error): void
}

/** Compiled models run for microseconds: this result needs no garbage collector. */
const ONE: RunResult = { steps: 1 }
/** Time of one slice where the caller's thread does all the work, in milliseconds. */
const SLICE = 8
/** Longest that nothing at all may happen in a job before the pool counts as lost, in milliseconds. */
const STALL_LIMIT = 600_000
/** How often the caller looks after a job on the pool. */
const WATCH = 100
/** Longest that a worker may take to begin a job. */
const TAKE_LIMIT = 10_000

/** Runs programs on the caller and the pool, one at a time, and notices when a thread is lost. */
export class Executor implements PoolEvents {
  readonly threads: number
  readonly #machine: Machine
  readonly #memory: SharedMemory
  /** Called now and then while the caller's thread has nothing to do. */
  readonly #idle: () => void
  #pool: Pool | undefined
  /** Why nothing runs any more. */
  #end: ChainruleError | undefined
  #job: Job | undefined
  #runs = 0
  /** runAsync calls that have not settled. */
  #pending = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(machine: Machine, memory: SharedMemory, threads: number, idle: () => void) {
    this.#machine = machine
    this.#memory = memory
    this.threads = threads
    this.#idle = idle
  }

  set pool(pool: Pool) {
    this.#pool = pool
  }
  get hasPool(): boolean {
    return this.#pool !== undefined
  }

  /** Throws when the engine is closed or broken. */
  check(): void {
    if (this.#end !== undefined) throw new EngineError(this.#end.message, { cause: this.#end })
  }

  run(program: number, repeat: number, threads: number): RunResult {
    this.#check(repeat, threads)
    if (this.#pending > 0) {
      throw new EngineError('the engine is busy with an asynchronous run', {
        hint: 'Await it before computing anything else on this engine.',
      })
    }
    if ((++this.#runs & 15) === 0) this.#idle()
    return this.#runHere(program, repeat, threads)
  }

  async runAsync(program: number, repeat: number, threads: number, signal?: AbortSignal): Promise<RunResult> {
    this.#check(repeat, threads)
    this.#pending++
    const before = this.#last
    let release: () => void = () => {}
    this.#last = new Promise<void>((resolve) => {
      release = resolve
    })
    try {
      if (this.#pending > 1) await before
      this.check()
      if (signal?.aborted || repeat === 0) return { steps: 0 }
      if (this.#pool === undefined) return await this.#runSliced(program, repeat, threads, signal)
      return await this.#runPooled(this.#pool, program, repeat, threads, signal)
    } finally {
      this.#pending--
      release()
    }
  }

  /**
   * Executes one share of the instruction at an address on the caller's thread, for tools that take its time; an update
   * of a step that has an error is left out, and the end of a program does nothing.
   */
  share(pc: number, part: number): void {
    const { u32 } = this.#memory
    const [head = 0, span = 0] = u32.subarray(pc >> 2, (pc >> 2) + 2)
    if ((head & 0xffff) === OP_END || (span >= 0x8000_0000 && u32[ERROR_RECORD >> 2] !== 0)) return
    const scratch = this.#word(CALLER, BLOCK_SCRATCH)
    this.#machine.dispatch(head & 0xffff, pc, scratch, part, (span >>> 16) & 0x7fff)
  }

  /** Forgets the error of the last run. */
  forgive(): void {
    this.check()
    this.#memory.u32[ERROR_RECORD >> 2] = 0
  }

  #check(repeat: number, threads: number): void {
    this.check()
    if (!(repeat >= 0 && repeat <= 0x7fffffff && threads >= 1 && threads <= this.threads)) {
      throw new ArgumentError('bad arguments of a run', {
        expected: `repeat in 0 .. 2^31 - 1 and threads in 1 .. ${this.threads}`,
        received: `repeat ${repeat} and threads ${threads}`,
      })
    }
  }

  #runHere(program: number, repeat: number, threads: number): RunResult {
    if (repeat === 0) return { steps: 0 }
    let result: number
    try {
      result = this.#machine.run(program, repeat, threads)
      if (result === RESULT_WAITING) result = this.#waitFor(program, threads)
    } catch (cause) {
      if (this.#end === undefined) this.#lose(new EngineError('a kernel trapped', { where: 'run', cause }))
      throw this.#end
    }
    if (result !== RESULT_DONE) {
      this.#lose(new WorkerError('a thread of the pool trapped', { where: 'run' }))
      throw this.#end
    }
    return this.#result(program)
  }

  /** The caller has waited long at a barrier: sees to it that the others are alive. */
  #waitFor(program: number, threads: number): number {
    const since = performance.now()
    let moved = since
    let progress = this.#progress()
    let result: number
    do {
      const now = performance.now()
      const latest = this.#progress()
      if (latest !== progress) {
        moved = now
        progress = latest
      }
      const dead = this.#pool?.firstDead(1, threads)
      if (dead !== undefined) throw this.#lose(this.#workerError('the thread has ended', program, dead))
      this.#checkProgress(program, 1, threads, now - since, now - moved)
      result = this.#machine.resume()
    } while (result === RESULT_WAITING)
    return result
  }

  #checkProgress(program: number, first: number, threads: number, running: number, still: number): void {
    for (let t = first; t < threads && running > TAKE_LIMIT; t++) {
      if (this.#word(t, BLOCK_TAKEN) !== this.#word(t, BLOCK_JOB)) {
        throw this.#lose(this.#workerError('the thread does not begin its job', program, t))
      }
    }
    if (still > STALL_LIMIT) throw this.#lose(this.#workerError('nothing has happened for ten minutes', program, first))
  }

  #runPooled(pool: Pool, program: number, repeat: number, threads: number, signal?: AbortSignal): Promise<RunResult> {
    const abort = (): void => void Atomics.store(this.#memory.i32, ABORT >> 2, 1)
    const since = performance.now()
    let moved = since
    let progress = -1
    const watch = setInterval(() => {
      this.#idle()
      const now = performance.now()
      const latest = this.#progress()
      if (latest !== progress) moved = now
      progress = latest
      try {
        this.#checkProgress(program, 0, threads, now - since, now - moved)
      } catch {
        // The job was rejected with it.
      }
    }, WATCH)
    return new Promise<RunResult>((resolve, reject) => {
      this.#job = { program, threads, resolve, reject }
      pool.hold(true)
      this.#machine.start(program, repeat, threads)
      signal?.addEventListener('abort', abort, { once: true })
    }).finally(() => {
      clearInterval(watch)
      signal?.removeEventListener('abort', abort)
      pool.hold(false)
    })
  }

  /** Thread 0 of the pool says that the job is over. */
  done(): void {
    const job = this.#job
    this.#job = undefined
    job?.resolve(this.#result(job.program))
  }

  /** Without workers: slices of whole steps, and the event loop in between. */
  async #runSliced(program: number, repeat: number, threads: number, signal?: AbortSignal): Promise<RunResult> {
    let steps = 0
    let size = 1
    while (steps < repeat) {
      const begin = performance.now()
      const result = this.#runHere(program, Math.min(size, repeat - steps), threads)
      steps += result.steps
      if (result.error !== undefined) return { ...result, steps }
      const time = performance.now() - begin
      size = Math.max(1, Math.floor(time > 0 ? Math.min(size * 4, (size * SLICE * 0.75) / time) : size * 4))
      if (steps < repeat) await nextTurn()
      this.#idle()
      if (signal?.aborted) break
      this.check()
    }
    return { steps }
  }

  #result(program: number): RunResult {
    const { u32, i32 } = this.#memory
    const steps = u32[STEPS >> 2] as number
    const at = ERROR_RECORD >> 2
    const code = u32[at] as number
    if (code === 0) return steps === 1 ? ONE : { steps }
    const instruction = (u32[at + 1] as number) - program
    return { steps, error: { code, instruction, position: u32[at + 2] as number, value: i32[at + 3] as number } }
  }

  /** A worker ended, trapped or answers no more: the pending call fails, and every later one. */
  lost(thread: number, reason: string): void {
    this.#lose(this.#workerError(reason, this.#job?.program ?? 0, thread))
  }

  #lose(error: ChainruleError): ChainruleError {
    if (this.#end !== undefined) return this.#end
    this.#end = error
    this.#machine.halt(STATUS_LOST, this.#pool?.size ?? 0)
    void this.#pool?.terminate()
    this.#settle(error)
    return error
  }

  #workerError(reason: string, program: number, thread: number): WorkerError {
    const taken = this.#word(thread, BLOCK_TAKEN) === this.#word(thread, BLOCK_JOB)
    const where = `thread ${thread}${taken && program > 0 ? `, instruction at ${this.#word(thread, BLOCK_PC) - program}` : ''}`
    return new WorkerError(reason, { where, hint: 'This engine cannot be used any more: close it and start another.' })
  }

  async close(): Promise<void> {
    this.#end ??= new EngineError('the engine is closed')
    this.#machine.halt(STATUS_CLOSED, this.#pool?.size ?? 0)
    this.#settle(this.#end)
    await this.#pool?.terminate()
  }

  #settle(error: Error): void {
    const job = this.#job
    this.#job = undefined
    job?.reject(error)
  }

  /** Instructions that each thread has executed, the caller's last. */
  executed(): number[] {
    const blocks = Array.from({ length: this.#pool?.size ?? 0 }, (_, t) => t)
    return [...blocks, CALLER].map((t) => this.#word(t, BLOCK_EXECUTED) + this.#word(t, BLOCK_EXECUTED + 4) * 2 ** 32)
  }

  /** A number that changes when anything happens. */
  #progress(): number {
    let sum = this.#memory.u32[STEPS >> 2] as number
    for (let t = 0; t < this.threads; t++) sum += this.#word(t, BLOCK_PC) + this.#word(t, BLOCK_EXECUTED)
    return sum
  }

  #word(thread: number, offset: number): number {
    return this.#memory.u32[(BLOCKS + thread * THREAD_BLOCK + offset) >> 2] as number
  }
}
