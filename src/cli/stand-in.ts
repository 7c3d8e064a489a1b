// A run by what is stored of it: zeros in place of the data, as many and of the same shape.
import { arrays, type Dataset } from '../data/dataset.ts'
import { TablePreprocessor } from '../data/preprocess.ts'
import { split } from '../data/split.ts'
import type { BatchStream } from '../data/stream.ts'
import { crossEntropy, mse } from '../index.ts'
import { classMetrics } from './jobs/image.ts'
import type { Rows } from './jobs/job.ts'
import { numberMetrics } from './jobs/table.ts'
import { tokenLoss } from './jobs/text.ts'
import type { ModelFile } from './model-file.ts'
import type { PlannedJob } from './plan.ts'
import type { TrainOptions } from './train-options.ts'

/** The job that a model or checkpoint came of, as far as a plan needs it. */
export async function standIn({ preprocessing, rows }: ModelFile, options: TrainOptions): Promise<PlannedJob> {
  const { batch, context } = options
  const train = rows.train ?? batch
  const watched = rows.watched ?? Math.min(train, batch)
  const data = { trainSamples: train, testSamples: watched, validationSamples: undefined }
  const stepsPerEpoch = Math.ceil(train / batch)
  if ('encode' in preprocessing) {
    const windows = (size: number): Rows => zeros(size, { x: [context], y: [context] }, 'int32', 'int32')
    const stream = (size: number): BatchStream<'x' | 'y'> => once(windows(Math.min(batch, size)))
    return {
      data,
      stepsPerEpoch,
      train: stream(train),
      watched: stream(watched),
      batch: undefined,
      loss: tokenLoss,
      metrics: {},
      patience: options.patience,
    }
  }
  const isNumber = preprocessing instanceof TablePreprocessor && preprocessing.target.kind === 'number'
  const features =
    preprocessing instanceof TablePreprocessor ? preprocessing.width : preprocessing.shape.reduce((a, b) => a * b, 1)
  const made = (size: number): Rows =>
    zeros(size, { x: [features], y: isNumber ? [1] : [] }, 'float32', isNumber ? 'float32' : 'int32')
  const streamed = options.augment.length > 0
  // Images may have been split by an order that the engine drew: what it keeps of that counts.
  if ('maximum' in preprocessing)
    await split(arrays({ x: new Float32Array(train + watched) }), watched / (train + watched), options.seed)
  return {
    data,
    stepsPerEpoch,
    train: streamed ? once(made(Math.min(batch, train))) : made(train),
    watched: made(watched),
    batch: streamed ? undefined : batch,
    loss: isNumber ? mse : crossEntropy,
    metrics: isNumber ? numberMetrics : classMetrics,
    patience: preprocessing instanceof TablePreprocessor ? options.patience : undefined,
  }
}

type Kind = 'float32' | 'int32'

function zeros(
  size: number,
  shapes: { readonly x: readonly number[]; readonly y: readonly number[] },
  x: Kind,
  y: Kind,
): Rows {
  const column = (kind: Kind, shape: readonly number[]): Float32Array | Int32Array => {
    const length = shape.reduce((product, n) => product * n, size)
    return kind === 'int32' ? new Int32Array(length) : new Float32Array(length)
  }
  return arrays({ x: column(x, shapes.x), y: column(y, shapes.y) }, { shapes })
}

/** A stream that has begun. */
const once = (batch: Dataset<'x' | 'y'>): BatchStream<'x' | 'y'> => ({
  async *epoch() {
    yield batch
  },
})
