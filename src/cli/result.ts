import type { Confusion, Json, StepEvent } from '../train/index.ts'
import type { ModelSpec } from './models.ts'
import type { ReportCard } from './report/run-report.ts'
import type { TrainOptions } from './train-options.ts'

/** What a run learns from. */
export interface DataFacts {
  readonly name: string
  readonly trainSamples: number
  /** Looked at after each epoch and at the end, or at the end alone where there are `validationSamples`. */
  readonly testSamples: number
  readonly validationSamples: number | undefined
  /** Of one sample. */
  readonly sampleShape: readonly number[]
  /** What samples are called. */
  readonly unit: string
  /** Names of the classes, where there are any. */
  readonly classes: readonly string[] | undefined
  /** Such as '10 classes'. */
  readonly about: string
}

/** What is known before the first step. */
export interface RunPlan {
  readonly version: string
  readonly options: TrainOptions
  readonly data: DataFacts
  /** In a few words, such as '64-128-10, relu'. */
  readonly network: string
  /** What the model file keeps to build the network again. */
  readonly spec: ModelSpec
  readonly preprocessing: Json
  readonly parameters: number
  readonly threads: number
  readonly build: string
  /** Whether hot kernels ran on vectors of 256 bits. */
  readonly wide: boolean
  readonly machine: string
}

/** A few steps of a run whose length is known. */
export type StepRecord = Pick<StepEvent, 'epoch' | 'step' | 'loss' | 'losses' | 'learningRate' | 'samplesPerSecond'> & {
  readonly steps: number
  readonly secondsLeft: number
}

export interface EpochRecord {
  readonly epoch: number
  readonly epochs: number
  readonly step: number
  readonly loss: number
  readonly testLoss: number | undefined
  /** Of classes. */
  readonly accuracy: number | undefined
  /** Of numbers: the part of the variance that is explained. */
  readonly r2: number | undefined
  readonly trainSeconds: number
}

/** What a network is worth on data that it did not learn from. */
export type TestReport =
  | {
      readonly kind: 'classes'
      readonly rows: number
      readonly loss: number
      readonly accuracy: number
      readonly confusion: Confusion
      /** By class. */
      readonly names: readonly string[]
    }
  | {
      readonly kind: 'number'
      readonly rows: number
      readonly loss: number
      /** In the unit of the column. */
      readonly rmse: number
      readonly mae: number
      readonly r2: number
      readonly column: string
    }
  | {
      readonly kind: 'text'
      /** Tokens. */
      readonly rows: number
      /** Nats a token. */
      readonly loss: number
      readonly perplexity: number
      /** Nats a character. */
      readonly perCharacter: number
      readonly sample: string
    }

/** A test sample that was taken for another class. */
export interface Mistake {
  /** Gray levels 0..1, row-major. */
  readonly pixels: ArrayLike<number>
  readonly actual: number
  readonly predicted: number
  /** The network's own belief in its answer, 0..1. */
  readonly confidence: number
}

/** All that a run has to show once it is over. */
export interface RunResult extends RunPlan {
  /** Loss of each step. */
  readonly losses: ArrayLike<number>
  readonly stepsPerEpoch: number
  readonly epochs: readonly EpochRecord[]
  readonly test: TestReport
  readonly mistakes: readonly Mistake[]
  /** What the report shows of samples of the test. */
  readonly shown: readonly ReportCard[]
  /** What the report shows of the way there: learning rate, norms of layers, timeline of a step. */
  readonly course: readonly ReportCard[]
  readonly trainSeconds: number
  readonly samplesPerSecond: number
  readonly weightsHash: string
  /** Why it is over: all epochs, no more progress, or stopped by the user. */
  readonly reason: 'finished' | 'early' | 'stopped'
  /** The epoch whose weights it ends with, where that is not the last. */
  readonly best: number | undefined
  /** Of a run that was stopped: what `chainrule resume` goes on from. */
  readonly checkpoint: string | undefined
  /** The most that the engine had in use. */
  readonly memoryBytes: number
}
