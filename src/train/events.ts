import type { Evaluation } from './evaluate.ts'
import type { Metrics, Values } from './metric.ts'

/** Before the first step. */
export interface BeginEvent {
  readonly type: 'begin'
  /** Steps that a resumed run has behind it. */
  readonly step: number
  /** Of the whole run, where they are known beforehand: a stream shows its length at its end. */
  readonly steps: number | undefined
}

/** After a few steps (about as many as take `chunkMilliseconds`). */
export interface StepEvent {
  readonly type: 'step'
  /** From 1. */
  readonly epoch: number
  /** Steps done, and steps of the whole run where they are known. */
  readonly step: number
  readonly steps: number | undefined
  /** Mean loss of the steps since the last event. */
  readonly loss: number
  /** The loss of each of them, before its update. */
  readonly losses: Float32Array
  /** What `watch` (or a step of your own) gives, of each of them. */
  readonly curves: Readonly<Record<string, Float32Array>>
  /** Of the next step; undefined for a step of your own. */
  readonly learningRate: number | undefined
  readonly samplesPerSecond: number
  readonly secondsLeft: number | undefined
}

/** After each pass over the training data. */
export interface EpochEvent<M extends Metrics = Metrics> {
  readonly type: 'epoch'
  readonly epoch: number
  readonly epochs: number | undefined
  readonly step: number
  /** Mean loss of the examples of this epoch, each before its step. */
  readonly loss: number
  /** On the training data as they went by, dropout included; only where they are asked for. */
  readonly metrics: Values<M> | undefined
  /** On the validation data, if there are any. */
  readonly validation: Evaluation<M> | undefined
  /** Whether what early stopping watches was never better. */
  readonly best: boolean
  /** Seconds of training so far, without evaluation. */
  readonly trainSeconds: number
}

export interface FitResult<M extends Metrics = Metrics> {
  /** Why the run is over: all steps done, no more progress, or stop(). */
  readonly reason: 'finished' | 'early' | 'stopped'
  /** Whole epochs done. */
  readonly epochs: number
  readonly steps: number
  /** Loss of every step, before its update. */
  readonly losses: Float32Array
  readonly history: readonly EpochEvent<M>[]
  /** On the validation data with the weights that the run ends with. */
  readonly validation: Evaluation<M> | undefined
  /** The best epoch by what early stopping watches. */
  readonly best: { readonly epoch: number; readonly step: number; readonly value: number } | undefined
  readonly trainSeconds: number
  readonly samplesPerSecond: number
}

/** The last event of a run that was not ended by an error. */
export interface DoneEvent<M extends Metrics = Metrics> extends FitResult<M> {
  readonly type: 'done'
}

export type FitEvent<M extends Metrics = Metrics> = BeginEvent | StepEvent | EpochEvent<M> | DoneEvent<M>
