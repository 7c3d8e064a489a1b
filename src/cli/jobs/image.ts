import { arrays, type Dataset } from '../../data/dataset.ts'
import { loadDigits } from '../../data/digits.ts'
import type { JsonReader } from '../../data/fitted.ts'
import { readIdxFolder, readNpyFolder } from '../../data/folder.ts'
import { readIdx } from '../../data/idx.ts'
import { datasetOf, type LabelledData } from '../../data/labelled.ts'
import { split } from '../../data/split.ts'
import { DataError } from '../../errors.ts'
import { crossEntropy } from '../../index.ts'
import { listFolder, readFile } from '../../io/node-files.ts'
import { parseNpy } from '../../io/npy.ts'
import { accuracy, type Confusion, confusion, evaluate, type Json, type Metric } from '../../train/index.ts'
import type { Network } from '../models.ts'
import type { TestReport } from '../result.ts'
import { isFolder } from '../resume.ts'
import type { TrainOptions } from '../train-options.ts'
import { augmented } from './augmented.ts'
import type { Job, Rows, Source } from './job.ts'
import { specOf } from './spec.ts'

/** Of a data set without a test part: this share is held out, but never more than so many samples. */
const HELD_OUT = 0.2
const MOST_HELD_OUT = 1000

/** How the values of a sample become inputs: `value / maximum`. */
export interface ImagePreprocessing {
  readonly kind: 'image'
  readonly version: 1
  readonly shape: readonly number[]
  readonly maximum: number
  readonly classes: number
}

export function readImage(json: JsonReader): ImagePreprocessing {
  json.header('image', 1)
  const maximum = json.get('maximum')
  if (!(maximum.number() > 0)) maximum.fail('a number above 0')
  return {
    kind: 'image',
    version: 1,
    shape: json
      .get('shape')
      .list()
      .map((size) => size.whole(1, 10_000_000)),
    maximum: maximum.number(),
    classes: json.get('classes').whole(1, 65_536),
  }
}

/** Images of a folder, scaled to 0..1, and their classes. */
export interface Images {
  readonly name: string
  readonly sampleShape: readonly number[]
  readonly classes: number
  readonly maximum: number
  readonly train: Rows
  readonly test: Rows | undefined
}

/** `scale` is what stands for 1 where the network was trained; else the data tell. */
export async function loadImages(data: string | undefined, scale?: number): Promise<Images> {
  if (data === undefined) return ofLabelled('digits', await loadDigits(), undefined)
  if (!(await isFolder(data)))
    throw new DataError('not a folder of images', {
      where: data,
      expected: 'a folder of IDX or npy files',
      hint: 'Names of tables end in .csv, .tsv, .jsonl, .parquet or .arrow, of texts in .txt or .md.',
    })
  const path = data.replace(/[\\/]+$/, '')
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1) || data
  if ((await listFolder(data)).some((file) => file.endsWith('.npy'))) return ofNpy(name, data, scale)
  const { train, test } = await readIdxFolder(data)
  const scaled = (part: LabelledData): LabelledData => ({ ...part, maximum: scale ?? part.maximum })
  return ofLabelled(name, scaled(train), test && scaled(test))
}

function ofLabelled(name: string, train: LabelledData, test: LabelledData | undefined): Images {
  return {
    name,
    sampleShape: train.sampleShape,
    classes: Math.max(train.classes, test?.classes ?? 0),
    maximum: train.maximum,
    train: datasetOf(train),
    test: test && datasetOf(test),
  }
}

async function ofNpy(name: string, path: string, scale: number | undefined): Promise<Images> {
  const { train, test } = await readNpyFolder(path)
  let classes = 0
  for (const { columns } of test === undefined ? [train] : [train, test]) {
    const { x, y } = columns
    if (!(x.data instanceof Float32Array && y.data instanceof Int32Array) || y.shape.length > 0 || x.shape.length === 0)
      throw new DataError('arrays that are no images and classes', {
        where: path,
        expected: 'x of [N, ..] and y of [N] with whole numbers',
        received: `x of [N, ${x.shape.join(', ')}] and y of [N${y.shape.map((n) => `, ${n}`).join('')}]`,
      })
    for (const [row, label] of y.data.entries()) {
      if (label < 0 || label >= 65_536)
        throw new DataError(`bad label of sample ${row}`, {
          where: path,
          expected: '0 to 65535',
          received: String(label),
        })
      classes = Math.max(classes, label + 1)
    }
  }
  // Whole numbers of a byte stand for 0 to 1.
  const largest = (train.columns.x.data as Float32Array).reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  const maximum = scale ?? (largest <= 1 ? 1 : largest <= 255 ? 255 : largest)
  const scaled = (rows: Rows): Rows => flat(rows, maximum)
  return {
    name,
    sampleShape: train.columns.x.shape,
    classes,
    maximum,
    train: scaled(train),
    test: test && scaled(test),
  }
}

/** Rows of numbers, divided by what stands for 1. */
function flat({ size, columns: { x, y } }: Rows, maximum: number): Rows {
  const data = maximum === 1 ? x.data : Float32Array.from(x.data, (value) => value / maximum)
  return { size, columns: { x: { data, shape: [data.length / size] }, y } }
}

/** Training and test rows; where there is no test part, some rows in an order that follows from the seed. */
async function parts({ name, train, test }: Images, seed: number): Promise<{ train: Rows; test: Rows }> {
  if (test !== undefined) return { train, test }
  if (train.size < 2) throw new DataError('too few samples to hold any out', { where: name, expected: 'at least 2' })
  const heldOut = Math.max(1, Math.min(MOST_HELD_OUT, Math.floor(train.size * HELD_OUT)))
  return split(train, heldOut / train.size, seed)
}

/** Images without their classes: of a folder's test part or of all of it, or of one IDX or npy file. */
export async function readImages(path: string, { shape, maximum }: ImagePreprocessing): Promise<Dataset<'x'>> {
  const rows = await imagesAt(path, maximum)
  const features = shape.reduce((product, size) => product * size, 1)
  if (rows.shape.join() !== shape.join() && rows.shape.join() !== String(features))
    throw new DataError('images of another size than the network was trained on', {
      where: path,
      expected: `[${shape.join(', ')}]`,
      received: `[${rows.shape.join(', ')}]`,
    })
  return arrays({ x: rows.data }, { shapes: { x: [features] } })
}

async function imagesAt(path: string, maximum: number): Promise<{ data: Float32Array; shape: readonly number[] }> {
  const scaled = (values: Iterable<number | bigint>): Float32Array =>
    Float32Array.from(values as Iterable<number>, (value) => Number(value) / maximum)
  if (path.endsWith('.npy')) {
    const { data, shape } = parseNpy(await readFile(path), path)
    return { data: scaled(data), shape: shape.slice(1) }
  }
  if (/[-.]idx\d-ubyte(\.gz)?$/.test(path)) {
    const { data, shape } = await readIdx(await readFile(path), path)
    return { data: scaled(data), shape: shape.slice(1) }
  }
  const { train, test, sampleShape } = await loadImages(path, maximum)
  return { data: (test ?? train).columns.x.data as Float32Array, shape: sampleShape }
}

export const classMetrics: { readonly accuracy: Metric; readonly confusion: Metric<Confusion> } = {
  accuracy: accuracy(),
  confusion: confusion(),
}

export const classNames = (classes: number): string[] => Array.from({ length: classes }, (_, k) => String(k))

/** What a classifier is worth on such rows. */
export async function classReport(
  model: Network,
  rows: Dataset<'x' | 'y'>,
  names: readonly string[],
): Promise<TestReport> {
  const { loss, metrics: measured } = await evaluate(model, rows, { loss: crossEntropy, metrics: classMetrics })
  return { kind: 'classes', rows: rows.size, loss, ...measured, names }
}

export async function imageJob(options: TrainOptions): Promise<Job> {
  const images = await loadImages(options.data)
  const { name, sampleShape, classes, maximum } = images
  const { train, test } = await parts(images, options.seed)
  const source: Source = options.augment.length === 0 ? train : augmented(train, sampleShape, name, options)
  const preprocessing: ImagePreprocessing & Json = { kind: 'image', version: 1, shape: sampleShape, maximum, classes }
  const names = classNames(classes)
  return {
    data: {
      name,
      trainSamples: train.size,
      testSamples: test.size,
      validationSamples: undefined,
      sampleShape,
      unit: 'samples',
      classes: names,
      about: `${sampleShape.join(' x ')}, ${classes} classes`,
    },
    spec: specOf(options, preprocessing, name),
    preprocessing,
    train: source,
    watched: test,
    stepsPerEpoch: Math.ceil(train.size / options.batch),
    batch: source === train ? options.batch : undefined,
    loss: crossEntropy,
    metrics: classMetrics,
    patience: undefined,
    notices: [],
    test: (network) => classReport(network, test, names),
  }
}
