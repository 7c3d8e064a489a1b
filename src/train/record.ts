import type { Attempt } from '../program/step.ts'
import type { Best, Checkpoint, Json, Progress } from './checkpoint.ts'
import type { EpochEvent } from './events.ts'

/** What a run has done so far, as far as JavaScript knows of it. */
export class RunRecord {
  /** Steps done. */
  step = 0
  /** Whole epochs done, and steps in the one under way. */
  epoch = 0
  at = 0
  /** Epochs since the best one. */
  waited = 0
  best: Best | undefined
  history: EpochEvent[] = []
  #lossSum = 0
  #lossRows = 0
  #losses = new Float32Array(256)

  /** Loss of every step. */
  get losses(): Float32Array {
    return this.#losses.slice(0, this.step)
  }
  /** Mean loss of the rows of the epoch under way. */
  get loss(): number {
    return this.#lossSum / this.#lossRows
  }

  /** Steps of so many rows each; returns their losses. */
  add(rows: number, { steps, curves }: Attempt): Float32Array {
    const losses = curves['loss'] ?? new Float32Array(steps).fill(Number.NaN)
    if (this.step + steps > this.#losses.length) {
      const more = new Float32Array(Math.max(2 * this.#losses.length, this.step + steps))
      more.set(this.#losses)
      this.#losses = more
    }
    this.#losses.set(losses, this.step)
    for (const loss of losses) this.#lossSum += rows * loss
    this.#lossRows += rows * steps
    this.step += steps
    this.at += steps
    return losses
  }

  /** On to the next epoch. */
  turn(): void {
    this.epoch++
    this.at = 0
    this.#lossSum = 0
    this.#lossRows = 0
  }

  save(): Pick<Checkpoint, 'best' | 'losses' | 'history'> & {
    readonly progress: Omit<Progress, 'seed' | 'data' | 'trainSeconds'>
  } {
    return {
      progress: {
        step: this.step,
        epoch: this.epoch,
        stepInEpoch: this.at,
        lossSum: this.#lossSum,
        lossRows: this.#lossRows,
        waited: this.waited,
      },
      best: this.best,
      losses: this.losses,
      history: [...this.history] as unknown as readonly Json[],
    }
  }

  load({ progress, best, losses, history }: Checkpoint): void {
    this.step = progress.step
    this.epoch = progress.epoch
    this.at = progress.stepInEpoch
    this.#lossSum = progress.lossSum
    this.#lossRows = progress.lossRows
    this.waited = progress.waited
    this.best = best
    this.#losses = new Float32Array(Math.max(256, losses.length))
    this.#losses.set(losses)
    this.history = history.map((event) => event as unknown as EpochEvent)
  }
}
