import type { Module } from '../nn/module.ts'
import type { Engine } from '../program/engine.ts'
import type { Checkpoint, Generators, Owners } from './checkpoint.ts'
import type { Metrics, Tally } from './metric.ts'
import type { Opened } from './open.ts'
import type { FitOptions } from './options.ts'
import type { Pace } from './pace.ts'
import type { RunRecord } from './record.ts'
import type { Steps } from './steps.ts'
import type { Watch } from './stopping.ts'

/** What the pieces of a training run share. */
export interface Run<K extends string, M extends Metrics> {
  readonly model: Module
  readonly options: FitOptions<K, M>
  readonly engine: Engine
  readonly owners: Owners
  readonly generators: Generators
  readonly tally: Tally<M>
  readonly record: RunRecord
  readonly pace: Pace
  /** Once the data are in memory, and a resumed run is where it was. */
  opened: Opened<K, M> | undefined
  steps: Steps<K, M> | undefined
  watch: Watch | undefined
  /** What a checkpoint says once the best weights are back. */
  last: Checkpoint | undefined
}
