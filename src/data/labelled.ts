import { DataError } from '../errors.ts'
import { arrays, type Dataset } from './dataset.ts'
import type { IdxArray, IdxData } from './idx.ts'

/** Samples and the class of each. */
export interface LabelledData {
  readonly name: string
  readonly count: number
  /** Shape of one sample, such as [28, 28]. */
  readonly sampleShape: readonly number[]
  /** Values a sample. */
  readonly features: number
  /** Row-major, `count` times `features` values as the file holds them. */
  readonly values: IdxData
  /** What the largest value stands for: `values / maximum` lies in 0..1 (1 where the file holds floats). */
  readonly maximum: number
  /** 0 to classes - 1. */
  readonly labels: Int32Array
  readonly classes: number
}

const MAX_CLASSES = 65536

/** Checks that `images` and `labels` belong together and puts them into one data set. */
export function pairLabels(name: string, images: IdxArray, labels: IdxArray, maximum: number): LabelledData {
  const [count = 0, ...sampleShape] = images.shape
  if (labels.shape.length !== 1) {
    throw new DataError('labels are not a list', {
      where: name,
      expected: 'one dimension',
      received: `[${labels.shape.join(', ')}]`,
    })
  }
  if (labels.data.length !== count) {
    throw new DataError('images and labels differ in number', {
      where: name,
      expected: `${count} labels for images of [${images.shape.join(', ')}]`,
      received: String(labels.data.length),
    })
  }
  const features = sampleShape.reduce((product, size) => product * size, 1)
  if (count === 0 || features === 0) {
    throw new DataError('no samples', { where: name, received: `images of [${images.shape.join(', ')}]` })
  }
  const classes = countClasses(labels.data, name)
  const values = images.data
  return { name, count, sampleShape, features, values, maximum, labels: Int32Array.from(labels.data), classes }
}

function countClasses(labels: IdxData, name: string): number {
  let largest = 0
  for (const [index, label] of labels.entries()) {
    if (!Number.isInteger(label) || label < 0 || label >= MAX_CLASSES) {
      throw new DataError(`bad label of sample ${index}`, {
        where: name,
        expected: `an integer from 0 to ${MAX_CLASSES - 1}`,
        received: String(label),
      })
    }
    largest = Math.max(largest, label)
  }
  return largest + 1
}

function inputsOf({ values, maximum }: LabelledData): Float32Array<ArrayBuffer> {
  return Float32Array.from(values, (value) => value / maximum)
}

/** Rows x, scaled to 0..1, and their classes y, as the loader takes them. */
export function datasetOf(data: LabelledData): Dataset<'x' | 'y'> {
  return arrays({ x: inputsOf(data), y: data.labels }, { shapes: { x: [data.features] } })
}
