import { ShapeError } from '../errors.ts'
import { tensor } from '../ops/create.ts'
import { argsort, equal, floor, greater, softmax, toFloat } from '../ops/functions.ts'
import type { Tensor } from '../ops/tensor.ts'
import { known } from '../options.ts'
import type { Metric } from './metric.ts'
import { count } from './metric-rows.ts'
import { numbersTo } from './metrics-classes.ts'

export interface AucOptions {
  /**
   * Tell scores apart in 16384 steps of s / (1 + |s|) only, so that memory does not grow with the rows: for streams without
   * end. Pairs of scores in one step count half, so the error is at most half their part of all pairs.
   */
  readonly approximate?: boolean
}

/**
 * The area under the ROC curve: how likely a row of class 1 has a higher score than a row of class 0, equal ones counting
 * half. Scores are logits of one column, or of two (their difference counts). Of more columns each class is told from all
 * others by its probability, and the mean over the classes counts (one against the rest); not with `approximate`. Exact:
 * scores and labels of all rows are kept, four bytes each, and sorted by the engine. NaN where a class is missing or a score
 * is NaN.
 */
export function auc(options: AucOptions = {}): Metric {
  const { approximate = false } = known('train.auc', options, 'approximate')
  return approximate ? binned : exact
}

const exact: Metric = {
  sums: () => ({}),
  rows: (output, target) =>
    isMany(output, target)
      ? { scores: softmax(output.reshape([target.size, -1])), labels: toFloat(target) }
      : { scores: scoresOf(output, target), labels: greater(toFloat(target), 0.5) },
  async value({ scores = new Float64Array(0), labels = new Float64Array(0) }) {
    if (scores.length === 0 || scores.some(Number.isNaN)) return Number.NaN
    const classes = scores.length / labels.length
    if (classes === 1) return ranked(scores, labels)
    let sum = 0
    for (let k = 0; k < classes; k++) {
      const own = labels.map((_, row) => scores[row * classes + k] as number)
      const label = labels.map((name) => (name === k ? 1 : 0))
      sum += await ranked(own, label)
    }
    return sum / classes
  },
}

const isMany = (output: Tensor, { size }: Tensor): boolean =>
  output.rank > 1 && (output.shape.at(-1) as number) > 2 && output.size === size * (output.shape.at(-1) as number)

async function ranked(scores: Float64Array, labels: Float64Array): Promise<number> {
  const values = tensor(Float32Array.from(scores))
  const order = argsort(values)
  try {
    return area(scores, labels, (await order.data()) as Int32Array)
  } finally {
    order.dispose()
    values.dispose()
  }
}

/** The part of the pairs of a 1 and a 0 in which the 1 comes later in the order. */
function area(scores: Float64Array, labels: Float64Array, order: Int32Array): number {
  const rows = order.length
  let [below, above, right] = [0, 0, 0]
  for (let first = 0, end = 0; first < rows; first = end) {
    const score = scores[order[first] as number]
    let yes = 0
    for (; end < rows && scores[order[end] as number] === score; end++) yes += labels[order[end] as number] as number
    const no = end - first - yes
    right += yes * (below + no / 2)
    below += no
    above += yes
  }
  return right / (below * above)
}

function scoresOf(output: Tensor, target: Tensor): Tensor {
  const rows = target.size
  const two = output.size === 2 * rows && output.shape.at(-1) === 2
  if (!two && output.size !== rows)
    throw new ShapeError('no scores of two classes', {
      where: 'auc',
      expected: `[${rows}, 2] or ${rows} scores`,
      received: `[${output.shape}]`,
    })
  const columns = output.reshape([rows, -1])
  return two ? columns.slice([0, 1]).sub(columns.slice([0, 0], [rows, 1])) : columns
}

/** The approximation tells SIDE * SIDE ranks of scores apart. */
const SIDE = 128

const binned: Metric = {
  sums(output, target) {
    const s = scoresOf(output, target).clip(-1e30, 1e30)
    const place = floor(
      s
        .div(s.abs().add(1))
        .add(1)
        .mul((SIDE * SIDE) / 2),
    ).minimum(SIDE * SIDE - 1)
    const high = floor(place.div(SIDE))
    const names = numbersTo(SIDE, output)
    const column = equal(place.sub(high.mul(SIDE)), names)
    const row = equal(high, names)
    const label = greater(toFloat(target).reshape([target.size, 1]), 0.5)
    return {
      yes: row.mul(label).matmul(column, { transposeA: true }),
      all: row.matmul(column, { transposeA: true }),
      count: count(label),
    }
  },
  value({ yes = new Float64Array(0), all = new Float64Array(0), count: rows }) {
    let [below, positives, right] = [0, 0, 0]
    for (let i = 0; i < SIDE * SIDE; i++) {
      const here = yes[i] as number
      const others = (all[i] as number) - here
      right += here * (below + others / 2)
      below += others
      positives += here
    }
    return below + positives === rows?.[0] ? right / (below * positives) : Number.NaN
  },
}
