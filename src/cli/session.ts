import type { Dataset } from '../data/dataset.ts'
import { loadDigits } from '../data/digits.ts'
import { readIdxFolder } from '../data/folder.ts'
import { datasetOf, type LabelledData } from '../data/labelled.ts'
import { split } from '../data/split.ts'
import { DataError } from '../errors.ts'
import type { Tensor } from '../index.ts'
import type { Layer } from '../nn/index.ts'
import { adam, adamw, l1, l2, type Optimizer, schedule, sgd } from '../optim/index.ts'
import type { TrainOptions } from './args.ts'
import { imageOf, type ModelSpec } from './models.ts'

/** Of a data set without a test part: this share is held out, but never more than so many samples. */
const HELD_OUT = 0.2
const MOST_HELD_OUT = 1000

type Rows = Dataset<'x' | 'y'>

export interface Split {
  readonly name: string
  readonly sampleShape: readonly number[]
  readonly features: number
  readonly classes: number
  readonly train: Rows
  readonly test: Rows
}

export interface Source {
  readonly name: string
  readonly train: LabelledData
  readonly test: LabelledData | undefined
}

export async function loadSource({ data }: TrainOptions): Promise<Source> {
  if (data === undefined) return { name: 'digits', train: await loadDigits(), test: undefined }
  const { train, test } = await readIdxFolder(data)
  const name = data.replace(/[\\/]+$/, '')
  return { name: name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1) || data, train, test }
}

/** Training and test rows; where the source has no test part, some of its rows in an order that follows from the seed. */
export async function splitSource({ name, train, test }: Source, { seed }: TrainOptions): Promise<Split> {
  const { sampleShape, features } = train
  const classes = Math.max(train.classes, test?.classes ?? 0)
  const facts = { name, sampleShape, features, classes }
  if (test !== undefined) return { ...facts, train: datasetOf(train), test: datasetOf(test) }
  if (train.count < 2) throw new DataError('too few samples to hold any out', { where: name, expected: 'at least 2' })
  const heldOut = Math.max(1, Math.min(MOST_HELD_OUT, Math.floor(train.count * HELD_OUT)))
  return { ...facts, ...(await split(datasetOf(train), heldOut / train.count, seed)) }
}

/** The network that the options ask for. */
export function specOf({ name, features, classes, sampleShape }: Split, options: TrainOptions): ModelSpec {
  const { model, hidden, channels, activation, dropout } = options
  if (model === 'mlp') return { kind: model, sizes: [features, ...hidden, classes], activation, dropout }
  return { kind: model, ...imageOf(sampleShape, name), channels, hidden, outputs: classes, activation, dropout }
}

/** L1 and L2 on the weights, not on the biases. */
export function penaltyOf(model: Layer, options: TrainOptions): (() => Tensor) | undefined {
  if (options.l1 === 0 && options.l2 === 0) return undefined
  const weights = model.parameters().filter(({ rank }) => rank > 1)
  return () => {
    if (options.l1 === 0) return l2(weights, options.l2)
    const first = l1(weights, options.l1)
    return options.l2 === 0 ? first : first.add(l2(weights, options.l2))
  }
}

export function buildOptimizer(model: Layer, options: TrainOptions, steps: number): Optimizer {
  const { weightDecay, momentum, warmup } = options
  const rise = Math.min(warmup, steps - 1)
  const lr =
    options.schedule === 'cosine'
      ? schedule.cosine(options.lr, { steps: steps - rise, warmup: rise })
      : rise === 0
        ? schedule.constant(options.lr)
        : schedule.warmup(schedule.constant(options.lr), { steps: rise })
  if (options.optimizer === 'sgd') return sgd(model, { lr, momentum, weightDecay })
  return (options.optimizer === 'adam' ? adam : adamw)(model, { lr, weightDecay })
}
