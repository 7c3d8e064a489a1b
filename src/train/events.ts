/** After a few steps (about as many as take `chunkMilliseconds`). */
export interface StepEvent {
  readonly type: 'step'
  /** From 1. */
  readonly epoch: number
  /** Steps done, and steps of the whole run. */
  readonly step: number
  readonly steps: number
  /** Mean loss of the steps since the last event. */
  readonly loss: number
  /** The loss of each of them. */
  readonly losses: Float32Array
  readonly learningRate: number
  readonly samplesPerSecond: number
  readonly secondsLeft: number
}

/** After each pass over the training data. */
export interface EpochEvent {
  readonly type: 'epoch'
  readonly epoch: number
  readonly epochs: number
  readonly step: number
  /** Mean loss of the examples of this epoch, each before its step. */
  readonly loss: number
  /** On the test data, if there are any. */
  readonly accuracy: number | undefined
  readonly testLoss: number | undefined
  /** Seconds of training so far, without evaluation. */
  readonly trainSeconds: number
}

export interface DoneEvent {
  readonly type: 'done'
  readonly epochs: number
  readonly steps: number
  /** Loss of every step, before its update. */
  readonly losses: Float32Array
  readonly testAccuracy: number | undefined
  readonly testLoss: number | undefined
  /** Rows are the true classes, columns the predicted ones. */
  readonly confusion: Confusion | undefined
  readonly trainSeconds: number
  readonly samplesPerSecond: number
  readonly weightsHash: string
}

export interface Confusion {
  readonly classes: number
  /** counts[truth * classes + predicted] */
  readonly counts: Int32Array
}

export type TrainEvent = StepEvent | EpochEvent | DoneEvent
