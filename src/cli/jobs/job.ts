import type { Dataset } from '../../data/dataset.ts'
import type { BatchStream } from '../../data/stream.ts'
import type { Json, LossFunction, Metrics } from '../../train/index.ts'
import type { ModelSpec, Network } from '../models.ts'
import type { ReportCard } from '../report/run-report.ts'
import type { DataFacts, TestReport } from '../result.ts'
import type { TrainOptions } from '../train-options.ts'

export type Rows = Dataset<'x' | 'y'>
export type Source = Rows | BatchStream<'x' | 'y'>

/** All that a run needs beside its options: what one job makes of its data. */
export interface Job {
  readonly data: DataFacts
  readonly spec: ModelSpec
  /** Makes inputs of raw data: goes into the model file. */
  readonly preprocessing: Json
  readonly train: Source
  /** Looked at after each epoch. */
  readonly watched: Source
  readonly stepsPerEpoch: number
  /** Samples of a step; a stream makes its own batches. */
  readonly batch: number | undefined
  readonly loss: LossFunction
  readonly metrics: Metrics
  /** Epochs without progress after which the run ends with the best weights; undefined for none. */
  readonly patience: number | undefined
  /** What the user should know about the data. */
  readonly notices: readonly string[]
  /** Cards of the report about samples that the network did not learn from. */
  shown?(model: Network): Promise<readonly ReportCard[]>
  /** What the network is worth, on data that it did not learn from. */
  test(model: Network): Promise<TestReport>
}

export type JobMaker = (options: TrainOptions) => Promise<Job>
