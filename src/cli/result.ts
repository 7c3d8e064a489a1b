import type { Confusion, StepEvent } from '../train/index.ts'
import type { TrainOptions } from './args.ts'
import type { ModelSpec } from './models.ts'

/** What is known before the first step. */
export interface RunPlan {
  readonly version: string
  readonly options: TrainOptions
  readonly data: {
    readonly name: string
    readonly trainSamples: number
    readonly testSamples: number
    readonly sampleShape: readonly number[]
    readonly classes: number
  }
  /** In a few words, such as '64-128-10, relu'. */
  readonly network: string
  /** What the model file keeps to build the network again. */
  readonly spec: ModelSpec
  /** What the largest value of the data stands for. */
  readonly maximum: number
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
  readonly accuracy: number | undefined
  readonly trainSeconds: number
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
  readonly confusion: Confusion | undefined
  readonly mistakes: readonly Mistake[]
  readonly testAccuracy: number | undefined
  readonly trainSeconds: number
  readonly samplesPerSecond: number
  readonly weightsHash: string
  /** Stopped by the user before the last epoch. */
  readonly interrupted: boolean
}
