import { ArgumentError } from '../errors.ts'
import { type Dataset, take } from './dataset.ts'
import { checkSeed, shuffled } from './loader.ts'

/** Apart from the streams of epochs. */
const STREAM = -1

export interface Split<K extends string> {
  readonly train: Dataset<K>
  readonly test: Dataset<K>
}

/** Shuffles the rows with the seed and holds out `part` of them (0.2: a fifth) as the test set. */
export async function split<K extends string>(dataset: Dataset<K>, part: number, seed: number): Promise<Split<K>> {
  checkSeed('data.split', seed)
  const held = Math.round(dataset.size * part)
  if (!(part > 0 && part < 1 && held > 0 && held < dataset.size))
    throw new ArgumentError('the part leaves nothing on one side', {
      where: 'data.split',
      expected: `a number between 0 and 1 that takes 1 to ${dataset.size - 1} of the ${dataset.size} rows`,
      received: String(part),
    })
  const order = await shuffled(dataset.size, seed, STREAM)
  return { train: take(dataset, order.subarray(held)), test: take(dataset, order.subarray(0, held)) }
}
