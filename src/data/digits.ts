import { readUrl } from '../io/read.ts'
import type { Dataset } from './dataset.ts'
import { readIdx } from './idx.ts'
import { datasetOf, type LabelledData, pairLabels } from './labelled.ts'

/** The embedded digits as rows x of 64 numbers from 0 to 1, and their classes y. */
export async function digits(): Promise<Dataset<'x' | 'y'>> {
  return datasetOf(await loadDigits())
}

/**
 * The embedded data set: 1,797 hand-written digits of 8 x 8 pixels, values 0 to 16.
 * Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak 1998, UCI, CC BY 4.0 (data/digits/README.md).
 */
export async function loadDigits(): Promise<LabelledData> {
  const [images, labels] = await Promise.all([
    readUrl(new URL('../../data/digits/digits-images-idx3-ubyte.gz', import.meta.url)),
    readUrl(new URL('../../data/digits/digits-labels-idx1-ubyte.gz', import.meta.url)),
  ])
  return pairLabels('digits', await readIdx(images, 'digits images'), await readIdx(labels, 'digits labels'), 16)
}
