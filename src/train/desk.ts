import type { Checkpoint } from './checkpoint.ts'

/** Where checkpoints are asked for at any time: they are taken between events, or at the end of the steps under way. */
export class CheckpointDesk {
  /** The engine is at work. */
  busy = false
  readonly #take: () => Promise<Checkpoint>
  #waiting: (() => void)[] = []
  readonly #taking = new Set<Promise<unknown>>()

  constructor(take: () => Promise<Checkpoint>) {
    this.#take = take
  }

  async ask(): Promise<Checkpoint> {
    if (this.busy) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    const taking = this.#take()
    const settled = taking.then(
      () => {},
      () => {},
    )
    this.#taking.add(settled)
    void settled.then(() => this.#taking.delete(settled))
    return taking
  }

  /** Lets those take theirs who wait. */
  async serve(): Promise<void> {
    if (this.#waiting.length === 0) return
    this.open()
    // They go on in a microtask and leave their promise behind.
    await Promise.resolve()
    await this.settled()
  }

  /** Until no checkpoint is being read any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#taking)
  }

  /** Lets all go on who wait. */
  open(): void {
    for (const take of this.#waiting.splice(0)) take()
  }
}
