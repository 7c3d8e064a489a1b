import type { StateData } from '../nn/state.ts'
import { findAnomaly } from './anomaly.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { Kit } from './kit.ts'
import type { Metrics } from './metric.ts'
import type { Opened } from './open.ts'
import type { Run } from './run.ts'
import type { Steps } from './steps.ts'
import { restoreRun, takeCheckpoint } from './take.ts'

/** Looks after some steps whether every loss and variable is finite, and remembers the last place where they were. */
export class Soundness<K extends string, M extends Metrics> {
  readonly #kit: Kit
  readonly #run: Run<K, M>
  #sound: Checkpoint

  private constructor(kit: Kit, run: Run<K, M>, sound: Checkpoint) {
    this.#kit = kit
    this.#run = run
    this.#sound = sound
  }

  static async of<K extends string, M extends Metrics>(kit: Kit, run: Run<K, M>): Promise<Soundness<K, M>> {
    return new Soundness(kit, run, await takeCheckpoint(run))
  }

  /** Ends the run where one is not. */
  async look(): Promise<void> {
    const run = this.#run
    const before = this.#sound
    const now = await takeCheckpoint(run)
    const finite = (data: StateData): boolean => data instanceof Int32Array || data.every(Number.isFinite)
    const { step, epoch, stepInEpoch } = before.progress
    if (finite(now.losses.subarray(step)) && [...now.model.values()].every(({ data }) => finite(data))) {
      this.#sound = now
      return
    }
    const { feed } = run.opened as Opened<K, M>
    await findAnomaly({
      kit: this.#kit,
      engine: run.engine,
      model: run.model,
      feed,
      steps: run.steps as Steps<K, M>,
      first: step,
      count: run.record.step - step,
      rewind: async () => {
        await restoreRun(this.#kit, run, before)
        await feed.begin(epoch, stepInEpoch)
      },
    })
  }
}
