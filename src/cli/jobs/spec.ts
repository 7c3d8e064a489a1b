import { TablePreprocessor } from '../../data/preprocess.ts'
import type { Tokenizer } from '../../data/tokenizer.ts'
import { DataError } from '../../errors.ts'
import { imageOf } from '../models/cnn.ts'
import type { ModelSpec } from '../models.ts'
import type { TrainOptions } from '../train-options.ts'
import type { ImagePreprocessing } from './image.ts'

/** What makes inputs of raw data: of a table, an image or a text. */
export type Preprocessing = TablePreprocessor | ImagePreprocessing | Tokenizer

/** The network that options ask for, for data of that kind: of a run, or of a checkpoint of it. */
export function specOf(options: TrainOptions, preprocessing: Preprocessing, where = ''): ModelSpec {
  const { hidden, activation, dropout } = options
  if (preprocessing instanceof TablePreprocessor && options.job === 'table')
    return { kind: 'mlp', sizes: [preprocessing.width, ...hidden, preprocessing.outputs], activation, dropout }
  if ('encode' in preprocessing && options.job === 'text') {
    const { context, width, layers, heads } = options
    return { kind: 'transformer', vocabulary: preprocessing.size, context, width, layers, heads, dropout }
  }
  if (!('maximum' in preprocessing && options.job === 'image'))
    throw new DataError(`preprocessing of other data than those of a run on ${options.job} data`, { where })
  const { shape, classes } = preprocessing
  if (options.model === 'cnn') {
    const { channels, batchNorm } = options
    return { kind: 'cnn', ...imageOf(shape, where), channels, batchNorm, hidden, outputs: classes, activation, dropout }
  }
  const features = shape.reduce((product, size) => product * size, 1)
  return { kind: 'mlp', sizes: [features, ...hidden, classes], activation, dropout }
}
