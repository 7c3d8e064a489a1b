import { RESULT_DONE, STATUS_LOST } from '../abi/constants.ts'
import { WorkerError } from '../errors.ts'
import { startThread, type Thread, type WorkerCode } from './threads.ts'

export interface PoolEvents {
  /** Thread 0 has finished a job of `start`. */
  done(): void
  /** A thread has ended or trapped. */
  lost(thread: number, reason: string): void
}

const START_LIMIT = 15_000

const failure = (reason: string, thread?: number): WorkerError =>
  new WorkerError(reason, { where: thread === undefined ? 'worker' : `worker ${thread}` })

/** The workers of one runtime. They hold the process only while a job is under way. */
export class Pool {
  readonly #threads: Thread[] = []
  readonly #events: PoolEvents
  #serving = false

  private constructor(events: PoolEvents) {
    this.#events = events
  }

  get size(): number {
    return this.#threads.length
  }

  /** Starts `count` workers and waits until they serve; rejects with WorkerError when one does not. */
  static async start(
    count: number,
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    code: WorkerCode,
    events: PoolEvents,
  ): Promise<Pool> {
    const pool = new Pool(events)
    let timer: ReturnType<typeof setTimeout> | undefined
    const limit = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(failure('it did not start in time')), START_LIMIT)
    })
    try {
      const ready: Promise<void>[] = []
      for (let thread = 0; thread < count; thread++) ready.push(pool.#begin(thread, count, module, memory, code))
      await Promise.race([Promise.all(ready), limit])
      for (const thread of pool.#threads) {
        thread.isAlive()
        thread.hold(false)
      }
    } catch (cause) {
      await pool.terminate()
      throw cause instanceof WorkerError ? cause : failure(String(cause))
    } finally {
      clearTimeout(timer)
    }
    pool.#serving = true
    return pool
  }

  #begin(
    thread: number,
    threads: number,
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    code: WorkerCode,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const lost = (reason: string): void => {
        if (this.#serving) this.#events.lost(thread, reason)
        else reject(failure(reason, thread))
      }
      const started = startThread(`chainrule ${thread}`, code, {
        reply({ type, detail }) {
          if (type === 'ready') resolve()
          else if (type === 'done') done()
          else lost(detail)
        },
        lost,
      })
      const done = (): void => this.#events.done()
      this.#threads.push(started)
      started.post({ module, memory, thread, threads, done: RESULT_DONE, lost: STATUS_LOST })
    })
  }

  /** Whether the process stays alive for the answer of thread 0. */
  hold(on: boolean): void {
    this.#threads[0]?.hold(on)
  }

  /** The first of the threads `from` .. `to` - 1 that is known to have ended. */
  firstDead(from: number, to: number): number | undefined {
    const at = this.#threads.slice(from, to).findIndex((thread) => !thread.isAlive())
    return at < 0 ? undefined : from + at
  }

  async terminate(): Promise<void> {
    this.#serving = false
    await Promise.allSettled(this.#threads.map((thread) => thread.terminate()))
  }
}
