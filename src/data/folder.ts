import { DataError } from '../errors.ts'
import { listFolder, readFile } from '../io/node-files.ts'
import { type NpyArray, parseNpy } from '../io/npy.ts'
import { type IdxType, readIdx } from './idx.ts'
import { type LabelledData, pairLabels } from './labelled.ts'
import { type NpyParts, npyParts } from './npy.ts'

/** What a folder of IDX files holds; without `test`, a part of `train` has to be held out. */
export interface IdxFolder {
  readonly train: LabelledData
  readonly test?: LabelledData
  /** Names of the files read. */
  readonly files: readonly string[]
}

type Part = 'train' | 't10k'
// MNIST's names, and what its relatives (EMNIST, Kuzushiji, Fashion) and unpackers make of them. Without a part it is one
// pair for all.
const NAME = /^(?:(?:.+-)?(train|t10k|test)-|(?:.+-)?)(images|labels)[-.]idx\d-ubyte(?:\.gz)?$/
const MAXIMUM: Record<IdxType, number> = { uint8: 255, int8: 127, int16: 32767, int32: 1, float32: 1, float64: 1 }

/** Reads MNIST-like files, gzipped or not: a training and a test pair, or one pair alone. */
export async function readIdxFolder(path: string): Promise<IdxFolder> {
  const names = await listFolder(path)
  const train = pick(path, names, 'train')
  const test = pick(path, names, 't10k')
  const first = train ?? test
  if (first === undefined) {
    throw new DataError('no IDX files', {
      where: path,
      expected:
        'train-images-idx3-ubyte and train-labels-idx1-ubyte (and t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte), each with or without .gz',
      received: summary(names),
    })
  }
  if (train === undefined || test === undefined) return { train: await load(path, first), files: first }
  const [trainData, testData] = [await load(path, train), await load(path, test)]
  if (trainData.sampleShape.join() !== testData.sampleShape.join()) {
    throw new DataError('training and test images differ in size', {
      where: path,
      expected: `[${trainData.sampleShape.join(', ')}] as in ${train[0]}`,
      received: `[${testData.sampleShape.join(', ')}] in ${test[0]}`,
    })
  }
  return { train: trainData, test: testData, files: [...train, ...test] }
}

/** Reads x.npy and y.npy, or x_train.npy, y_train.npy, x_test.npy and y_test.npy. */
export async function readNpyFolder(path: string): Promise<NpyParts & { readonly files: readonly string[] }> {
  const files = (await listFolder(path)).filter((name) => name.endsWith('.npy'))
  const arrays = new Map<string, NpyArray>()
  for (const file of files)
    arrays.set(file.slice(0, -4), parseNpy(await readFile(`${path}/${file}`), `${path}/${file}`))
  return { ...npyParts(arrays, path), files }
}

type Pair = readonly [images: string, labels: string]

function pick(path: string, names: readonly string[], part: Part): Pair | undefined {
  const find = (kind: 'images' | 'labels'): string | undefined => {
    const found = names.filter((name) => {
      const [, of = 'train', what] = NAME.exec(name) ?? []
      return what === kind && (of === 'test' ? 't10k' : of) === part
    })
    // The same file packed and unpacked counts once.
    const distinct = [...new Set(found.map((name) => name.replace(/\.gz$/, '')))]
    if (distinct.length > 1) {
      throw new DataError(`several files of ${part} ${kind}`, {
        where: path,
        expected: 'one',
        received: summary(found),
      })
    }
    return found.includes(distinct[0] ?? '') ? distinct[0] : found[0]
  }
  const [images, labels] = [find('images'), find('labels')]
  if (images === undefined && labels === undefined) return undefined
  if (images === undefined || labels === undefined) {
    throw new DataError(`${part} ${images === undefined ? 'images' : 'labels'} are missing`, {
      where: path,
      expected: `a partner for ${images ?? labels}`,
      received: summary(names),
    })
  }
  return [images, labels]
}

async function load(path: string, [imagesName, labelsName]: Pair): Promise<LabelledData> {
  const read = async (name: string) => readIdx(await readFile(`${path}/${name}`), `${path}/${name}`)
  const images = await read(imagesName)
  return pairLabels(`${path}/${imagesName}`, images, await read(labelsName), MAXIMUM[images.dtype])
}

function summary(names: readonly string[]): string {
  if (names.length === 0) return 'an empty folder'
  const shown = names.slice(0, 8).join(', ')
  return names.length > 8 ? `${shown} and ${names.length - 8} more` : shown
}
