import type { Dataset } from '../data/dataset.ts'
import { type Loader, loader } from '../data/loader.ts'
import { ArgumentError, DataError } from '../errors.ts'
import type { Layer } from '../nn/module.ts'
import { crossEntropy } from '../ops/functions.ts'
import type { Tensor } from '../ops/tensor.ts'
import { clipByGlobalNorm, type Optimizer } from '../optim/index.ts'
import { capturedRunner } from './captured.ts'
import { eagerRunner } from './eager.ts'
import { Evaluator } from './evaluate.ts'
import type { Confusion, TrainEvent } from './events.ts'
import { hashState } from './hash.ts'
import { classesOf } from './labels.ts'

export interface TrainOptions {
  readonly model: Layer
  /** Rows x and their classes y. */
  readonly train: Dataset<'x' | 'y'>
  /** Looked at after each epoch, in evaluation mode. */
  readonly test?: Dataset<'x' | 'y'> | undefined
  readonly optimizer: Optimizer
  /** Of the model's output and the labels. Default: mean cross-entropy of logits. */
  readonly loss?: ((output: Tensor, labels: Tensor) => Tensor) | undefined
  /** Added to the loss: `() => optim.l2(model, 1e-4)`. */
  readonly penalty?: (() => Tensor) | undefined
  /** Clips the gradients to this global norm. */
  readonly clipNorm?: number | undefined
  readonly epochs: number
  readonly batch: number
  /** Of the order of the rows; false keeps the order of the data set. */
  readonly shuffle?: number | boolean | undefined
  /**
   * Takes the gradients in another way than the chain rule in a captured step: `numericGradients` of chainrule/check,
   * say, gives the same curve from differences of the loss. Steps then run one by one.
   */
  readonly gradients?: GradientFunction | undefined
  /** The iteration throws its reason; the weights are those of the last whole step. */
  readonly signal?: AbortSignal | undefined
  /** About the time between two step events. Default 80. */
  readonly chunkMilliseconds?: number | undefined
}

/** As `gradients` and `numericGradients`. */
export type GradientFunction = (loss: () => Tensor, model: Layer) => Readonly<Record<string, Tensor>>

/** What one way of training has to do: some steps from the place the loader is at. */
export interface Runner extends Disposable {
  /** `steps` batches from number `first` of the epoch on; never beyond the epoch. Returns each step's loss. */
  run(first: number, steps: number, signal: AbortSignal | undefined): Promise<Float32Array>
}

/** A training step's pieces, the same for every way of taking gradients. */
export interface Recipe {
  readonly model: Layer
  readonly optimizer: Optimizer
  readonly batches: Loader<'x' | 'y'>
  loss(x: Tensor, y: Tensor): Tensor
  apply(gradients: Readonly<Record<string, Tensor>>): void
}

/** Trains a classifier and tells how it goes; the model and the optimizer keep what was learnt. */
export async function* trainClassifier(options: TrainOptions): AsyncGenerator<TrainEvent, void, undefined> {
  const { model, train, test, optimizer, epochs, signal } = options
  check(options)
  signal?.throwIfAborted()
  classesOf(model, train)
  using batches = loader(train, { batch: options.batch, shuffle: options.shuffle ?? true })
  const lossOf = options.loss ?? ((output: Tensor, labels: Tensor): Tensor => crossEntropy(output, labels))
  const recipe: Recipe = {
    model,
    optimizer,
    batches,
    loss(x, y) {
      const loss = lossOf(model.forward(x), y)
      return options.penalty === undefined ? loss : loss.add(options.penalty())
    },
    apply(gradients) {
      optimizer.step(options.clipNorm === undefined ? gradients : clipByGlobalNorm(gradients, options.clipNorm))
    },
  }
  using runner = options.gradients === undefined ? capturedRunner(recipe) : eagerRunner(recipe, options.gradients)
  using evaluator = test === undefined ? undefined : new Evaluator(model, test, lossOf)

  const steps = epochs * batches.stepsPerEpoch
  const losses = new Float32Array(steps)
  const pace = new Pace(options.chunkMilliseconds ?? 80)
  let step = 0
  let result: Evaluated | undefined
  for (let epoch = 1; epoch <= epochs; epoch++) {
    await batches.begin(epoch - 1)
    let weighted = 0
    for (let at = 0; at < batches.stepsPerEpoch; ) {
      const n = Math.min(pace.steps, batches.stepsPerEpoch - at)
      const begun = performance.now()
      const chunk = await runner.run(at, n, signal)
      const rows = Math.min((at + n) * batches.batch, batches.rows) - at * batches.batch
      pace.ran(n, rows, performance.now() - begun)
      losses.set(chunk, step)
      weighted += chunk.reduce((sum, loss, i) => sum + loss * batches.rowsIn(at + i), 0)
      at += n
      step += n
      yield {
        type: 'step',
        epoch,
        step,
        steps,
        loss: chunk.reduce((sum, loss) => sum + loss, 0) / n,
        losses: chunk,
        learningRate: await rateOf(optimizer),
        samplesPerSecond: pace.samplesPerSecond,
        secondsLeft: (steps - step) * pace.secondsPerStep,
      }
      signal?.throwIfAborted()
    }
    result = await evaluator?.run(signal)
    yield {
      type: 'epoch',
      epoch,
      epochs,
      step,
      loss: weighted / batches.rows,
      accuracy: result?.accuracy,
      testLoss: result?.loss,
      trainSeconds: pace.seconds,
    }
    signal?.throwIfAborted()
  }
  yield {
    type: 'done',
    epochs,
    steps,
    losses,
    testAccuracy: result?.accuracy,
    testLoss: result?.loss,
    confusion: result?.confusion,
    trainSeconds: pace.seconds,
    samplesPerSecond: pace.samplesPerSecond,
    weightsHash: hashState(await model.stateDict()),
  }
}

interface Evaluated {
  readonly accuracy: number
  readonly loss: number
  readonly confusion: Confusion
}

async function rateOf(optimizer: Optimizer): Promise<number> {
  const rate = optimizer.rate()
  try {
    return (await rate.data())[0] as number
  } finally {
    rate.dispose()
  }
}

/** How many steps fit the time between two events, learnt from the last ones. */
class Pace {
  steps = 1
  seconds = 0
  secondsPerStep = 0
  private samples = 0
  private readonly target: number

  constructor(milliseconds: number) {
    this.target = milliseconds / 1000
  }

  get samplesPerSecond(): number {
    return this.seconds > 0 ? this.samples / this.seconds : 0
  }

  ran(steps: number, samples: number, milliseconds: number): void {
    const seconds = milliseconds / 1000
    this.seconds += seconds
    this.samples += samples
    this.secondsPerStep = seconds / steps
    const fits = Math.round(this.target / Math.max(this.secondsPerStep, 1e-9))
    this.steps = Math.min(Math.max(fits, 1), this.steps * 4)
  }
}

function check({ train, test, epochs, gradients, chunkMilliseconds = 80 }: TrainOptions): void {
  const where = 'trainClassifier'
  if (!(Number.isSafeInteger(epochs) && epochs > 0))
    throw new ArgumentError('epochs is out of range', {
      where,
      expected: 'a whole number of at least 1',
      received: String(epochs),
    })
  if (!(chunkMilliseconds > 0))
    throw new ArgumentError('chunkMilliseconds is out of range', {
      where,
      expected: 'a number above 0',
      received: String(chunkMilliseconds),
    })
  if (gradients !== undefined && typeof gradients !== 'function')
    throw new ArgumentError('no way to take gradients', {
      where,
      expected: 'a function such as numericGradients, or nothing',
      received: String(gradients),
    })
  for (const [name, set] of [
    ['train', train],
    ['test', test],
  ] as const) {
    if (set === undefined) continue
    const { x, y } = set.columns
    if (set.size === 0) throw new DataError(`the ${name} set is empty`, { where })
    if (!(x?.data instanceof Float32Array) || !(y?.data instanceof Int32Array) || y.shape.length > 0)
      throw new DataError(`the ${name} set does not hold classified rows`, {
        where,
        expected: 'a float32 column x, and a column y of one int32 a row',
        received: Object.entries(set.columns)
          .map(([key, column]) => `${key} ${column.data.constructor.name} [${column.shape.join(', ')}]`)
          .join(', '),
      })
  }
}
