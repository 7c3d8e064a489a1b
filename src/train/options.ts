import type { Batch } from '../data/loader.ts'
import { ArgumentError } from '../errors.ts'
import type { Module } from '../nn/module.ts'
import type { Tensor } from '../ops/tensor.ts'
import { known } from '../options.ts'
import type { Engine } from '../program/engine.ts'
import type { Checkpoint, Json, StateOwner } from './checkpoint.ts'
import type { BeginEvent, DoneEvent, EpochEvent, StepEvent } from './events.ts'
import { checkSource, type Source } from './feed.ts'
import type { Metrics } from './metric.ts'
import { checkClassWeights, type Flow, type LossFunction, type StepOptions } from './step.ts'
import type { EarlyStopping } from './stopping.ts'

/** Called with each event, one after the other, and awaited; nothing else runs meanwhile. What one throws ends the run. */
export interface Callbacks<M extends Metrics> {
  readonly onBegin?: ((event: BeginEvent, run: Running) => unknown) | undefined
  readonly onStep?: ((event: StepEvent, run: Running) => unknown) | undefined
  readonly onEpoch?: ((event: EpochEvent<M>, run: Running) => unknown) | undefined
  readonly onDone?: ((event: DoneEvent<M>, run: Running) => unknown) | undefined
}

/** What callbacks see of the run. */
export interface Running {
  readonly model: Module
  readonly step: number
  readonly epoch: number
  stop(): void
  checkpoint(): Promise<Checkpoint>
}

/** Where checkpoints go: a folder (`CheckpointFolder` of chainrule/node), or whatever takes the bytes. */
export interface CheckpointTarget {
  /** Before the first step, with the checkpoint that the run goes on from: throws where the run shall not save here. */
  begin?(resume: Checkpoint | undefined): unknown
  save(checkpoint: Checkpoint): unknown
}

export interface CheckpointOptions {
  readonly to: CheckpointTarget
  /** Save whenever the number of steps is a multiple of this. */
  readonly everySteps?: number
  /** Save after every so many epochs. Default 1, or never where `everySteps` is given. The end is always saved. */
  readonly everyEpochs?: number
}

/** A step of your own: it takes gradients and updates by itself, with as many optimizers as it likes. */
export type OwnStep<K extends string> = Flow<K> & {
  /** Traced once for each shape of batch. Returns the loss, and other scalars to record. Optimizers go into `state`. */
  readonly step: (batch: Batch<K>) => Readonly<Record<string, Tensor>>
  /** Of evaluations. */
  readonly loss?: LossFunction | undefined
} & { readonly [name in Exclude<keyof StepOptions<K>, keyof Flow<K> | 'loss'>]?: undefined }

export type FitOptions<K extends string, M extends Metrics = Metrics> = RunOptions<K, M> &
  ((StepOptions<K> & { readonly step?: undefined }) | OwnStep<K>)

/** How long, on what, and who is told. */
export interface RunOptions<K extends string, M extends Metrics> extends Callbacks<M> {
  /** Passes over the data. */
  readonly epochs?: number | undefined
  /** Or a number of steps. */
  readonly steps?: number | undefined
  /** Rows of a batch of a data set (default 32); a stream makes its own. */
  readonly batch?: number | undefined
  /** Draw the order of the rows anew each epoch. Default true. */
  readonly shuffle?: boolean | undefined
  /** Of the order of the rows and of a split. Default: the engine's. */
  readonly seed?: number | undefined
  /** Data to look at after each epoch, in evaluation mode, or the part of the data set to hold out for it. */
  readonly validation?: Source<K> | number | undefined
  /** What to measure, by names of your choice: `{ accuracy: train.accuracy() }`. */
  readonly metrics?: M | undefined
  /** Measure the training data as they go by as well. Default: only where there is no validation. */
  readonly trainMetrics?: boolean | undefined
  readonly earlyStopping?: EarlyStopping | undefined
  /** More of them, beside those given as options. */
  readonly callbacks?: readonly Callbacks<M>[] | undefined
  /** Ends the run within a step: it throws the reason, and the weights are those of the last whole step. */
  readonly signal?: AbortSignal | undefined
  /** About the time between two step events. Default 80. */
  readonly chunkMilliseconds?: number | undefined
  /**
   * Looks for numbers that are not finite: the run ends with an AnomalyError that names operation, layer and step, and
   * model and optimizer are as they were before the chunk of steps it is in. Copies the weights at each step event.
   */
  readonly anomaly?: boolean | undefined
  readonly checkpoint?: CheckpointOptions | undefined
  /** Goes on from there, with the same bits as the run that was not interrupted. */
  readonly resume?: Checkpoint | undefined
  /** Resume although another build of the machine saved it: the last bits will differ. */
  readonly anyBuild?: boolean | undefined
  /** More variables that a checkpoint holds, by names of your choice. */
  readonly state?: Readonly<Record<string, StateOwner>> | undefined
  /** Goes into checkpoints: what makes inputs of raw data, made by `data`. */
  readonly preprocessing?: Json | undefined
  /** Goes into checkpoints: whatever you need to build the model again. */
  readonly config?: Json | undefined
}

/** The engine of a model. */
export function engineOf(model: Module): Engine {
  const [first] = model.variables()
  if (first === undefined) throw new ArgumentError('a model without variables', { where: 'train' })
  return first.engine
}

export function checkOptions<K extends string, M extends Metrics>(data: Source<K>, options: FitOptions<K, M>): void {
  const refuse = (name: string, expected: string, received: unknown): never => {
    throw new ArgumentError(`${name} does not fit`, { where: 'train.fit', expected, received: String(received) })
  }
  const whole = (name: string, value: number | undefined, least = 1): void => {
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= least))
      refuse(name, `a whole number of at least ${least}`, value)
  }
  const positive = (name: string, value: number | undefined): void => {
    if (value !== undefined && !(value > 0)) refuse(name, 'a number above 0', value)
  }
  known(
    'train.fit',
    options as FitOptions<string>,
    'forward target loss optimizer penalty clipNorm clipValue accumulate classWeights sampleWeight ema afterStep watch gradients step epochs steps batch shuffle seed validation metrics trainMetrics earlyStopping callbacks signal chunkMilliseconds anomaly checkpoint resume anyBuild state preprocessing config onBegin onStep onEpoch onDone',
  )
  const { epochs, steps, validation, checkpoint, accumulate, classWeights } = options
  if (checkpoint !== undefined) known('train.fit.checkpoint', checkpoint, 'to everySteps everyEpochs')
  const optimizer: unknown = options.optimizer
  checkSource('train.fit', data)
  if ((epochs === undefined) === (steps === undefined))
    refuse('the length', 'either epochs or steps', `${epochs} and ${steps}`)
  whole('epochs', epochs, 0)
  whole('steps', steps, 0)
  whole('batch', options.batch)
  whole('seed', options.seed, 0)
  whole('accumulate', accumulate)
  whole('checkpoint.everySteps', checkpoint?.everySteps)
  whole('checkpoint.everyEpochs', checkpoint?.everyEpochs)
  positive('clipNorm', options.clipNorm)
  positive('clipValue', options.clipValue)
  positive('chunkMilliseconds', options.chunkMilliseconds)
  if (typeof validation === 'number' && !(validation > 0 && validation < 1))
    refuse('validation', 'data, or a part between 0 and 1', validation)
  if (checkpoint !== undefined && typeof checkpoint.to?.save !== 'function')
    refuse('checkpoint.to', 'an object with save(checkpoint)', checkpoint.to)
  const own: unknown = options.step
  if (own !== undefined) {
    if (typeof own !== 'function') refuse('step', 'a function of a batch', own)
    return
  }
  if (typeof options.loss !== 'function') refuse('loss', 'a function such as crossEntropy or mse', options.loss)
  if (typeof (optimizer as { step?: unknown } | undefined)?.step !== 'function')
    refuse('optimizer', 'one such as optim.adamw(model)', optimizer)
  if (options.gradients !== undefined && typeof options.gradients !== 'function')
    refuse('gradients', 'a function such as numericGradients, or nothing', options.gradients)
  if (options.gradients !== undefined && (accumulate ?? 1) > 1)
    refuse('accumulate', 'nothing, beside gradients', accumulate)
  checkClassWeights(classWeights)
}
