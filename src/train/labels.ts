import type { Dataset } from '../data/dataset.ts'
import { DataError, ShapeError } from '../errors.ts'
import { type Layer, locating } from '../nn/module.ts'
import { zeros } from '../ops/create.ts'
import { scope } from '../tensor/scope.ts'
import { inMode } from './mode.ts'

/** How many classes the model tells apart, after checking that it takes the rows and knows all labels. */
export function classesOf(model: Layer, { columns: { x, y } }: Dataset<'x' | 'y'>): number {
  using _ = scope()
  const rows = 2
  const { shape } = inMode(model, false, () => locating(model, () => model.forward(zeros([rows, ...x.shape]))))
  const [first, classes] = shape
  if (shape.length !== 2 || first !== rows || classes === undefined || classes < 1)
    throw new ShapeError('the output of the model is no classification', {
      where: 'trainClassifier',
      expected: `[rows, classes] for rows of shape [${x.shape.join(', ')}]`,
      received: `[${shape.join(', ')}] for ${rows} rows`,
    })
  const row = y.data.findIndex((label) => !(label >= 0 && label < classes))
  if (row >= 0)
    throw new DataError(`the label of row ${row} is out of range`, {
      where: 'trainClassifier',
      expected: `0 to ${classes - 1} for a model with ${classes} outputs`,
      received: String(y.data[row]),
    })
  return classes
}
