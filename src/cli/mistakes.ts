import type { Dataset } from '../data/dataset.ts'
import { scope, tensor } from '../index.ts'
import type { Network } from './models.ts'
import type { Mistake } from './result.ts'

const ROWS = 512

/** The wrongly classified samples the network is surest of, surest first. */
export async function confidentMistakes(model: Network, test: Dataset<'x' | 'y'>, most: number): Promise<Mistake[]> {
  const { x, y } = test.columns
  const features = x.data.length / test.size
  const found: Mistake[] = []
  model.eval()
  for (let start = 0; start < test.size; start += ROWS) {
    const rows = Math.min(ROWS, test.size - start)
    const values = x.data.subarray(start * features, (start + rows) * features) as Float32Array
    const run = (): Promise<unknown> =>
      model
        .forward(tensor(values, [rows, features]))
        .softmax()
        .data()
    const beliefs = (await scope(run)) as Float32Array
    const classes = beliefs.length / rows
    for (let row = 0; row < rows; row++) {
      const of = beliefs.subarray(row * classes, (row + 1) * classes)
      const confidence = of.reduce((a, b) => Math.max(a, b))
      const predicted = of.indexOf(confidence)
      const actual = y.data[start + row] as number
      const pixels = values.subarray(row * features, (row + 1) * features)
      if (predicted !== actual) found.push({ pixels, actual, predicted, confidence })
    }
  }
  return found.sort((a, b) => b.confidence - a.confidence).slice(0, most)
}
