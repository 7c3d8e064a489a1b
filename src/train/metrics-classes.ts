import { ArgumentError } from '../errors.ts'
import { tensor } from '../ops/create.ts'
import { equal, greater, toFloat } from '../ops/functions.ts'
import type { Tensor } from '../ops/tensor.ts'
import { known } from '../options.ts'
import type { Metric } from './metric.ts'
import { isClasses, rowsOf } from './metric-rows.ts'

export interface Confusion {
  readonly classes: number
  /** counts[truth * classes + predicted] */
  readonly counts: Int32Array
}

/** How often which class was taken for which. Of two classes the output may be one logit a row, with float32 targets. */
export function confusion(): Metric<Confusion> {
  return {
    sums(output, target) {
      if (!isClasses('confusion', output, target)) {
        const truth = greater(target, 0.5).reshape([target.size, 1])
        const guess = greater(output, 0).reshape([output.size, 1])
        return { counts: pairs(truth, guess, 2) }
      }
      const { scores, labels, classes } = rowsOf('confusion', output, target)
      const column = (x: Tensor): Tensor => toFloat(x).reshape([x.size, 1])
      return { counts: pairs(column(labels), column(scores.argmax(-1)), classes) }
    },
    value({ counts = new Float64Array(0) }) {
      return { classes: Math.round(Math.sqrt(counts.length)), counts: Int32Array.from(counts) }
    },
  }
}

function pairs(truth: Tensor, guess: Tensor, classes: number): Tensor {
  const names = numbersTo(classes, truth)
  return equal(truth, names).matmul(equal(guess, names), { transposeA: true })
}

/** 'macro': the mean over the classes. 'weighted': by their rows. 'micro': of all decisions. A number: that class alone. */
export type Average = 'macro' | 'weighted' | 'micro' | number

export interface ScoreOptions {
  /** Default: class 1 of two classes, 'macro' of more. */
  readonly average?: Average
}

/** Of a class: rows that have it and were taken for it, rows that were taken for it, rows that have it. */
interface Decisions {
  readonly hits: number
  readonly taken: number
  readonly truly: number
}

function score(where: string, of: (d: Decisions) => number, options: ScoreOptions): Metric {
  const { average } = known(`train.${where}`, options, 'average')
  if (
    average !== undefined &&
    !['macro', 'weighted', 'micro'].includes(average as string) &&
    !(Number.isInteger(average) && (average as number) >= 0)
  )
    throw new ArgumentError('average is none', {
      where: `train.${where}`,
      expected: "'macro', 'weighted', 'micro' or the number of a class",
      received: String(average),
    })
  const { sums } = confusion()
  return {
    sums(output, target) {
      if (typeof average === 'number' && isClasses(where, output, target) && average >= (output.shape.at(-1) ?? 0))
        throw new ArgumentError('there is no such class', {
          where: `train.${where}`,
          expected: `0 to ${(output.shape.at(-1) ?? 0) - 1}`,
          received: String(average),
        })
      return sums(output, target)
    },
    value({ counts = new Float64Array(0) }) {
      const n = Math.round(Math.sqrt(counts.length))
      const at = (i: number, j: number): number => counts[i * n + j] as number
      const classes = Array.from({ length: n }, (_, c): Decisions => {
        let [taken, truly] = [0, 0]
        for (let i = 0; i < n; i++) {
          taken += at(i, c)
          truly += at(c, i)
        }
        return { hits: at(c, c), taken, truly }
      })
      const kind = average ?? (n === 2 ? 1 : 'macro')
      if (typeof kind === 'number') return of(classes[kind] as Decisions)
      const total = (pick: (d: Decisions) => number): number => classes.reduce((y, d) => y + pick(d), 0)
      if (kind === 'micro')
        return of({ hits: total((d) => d.hits), taken: total((d) => d.taken), truly: total((d) => d.truly) })
      if (kind === 'weighted') return total((d) => of(d) * d.truly) / total((d) => d.truly)
      return total(of) / n
    },
  }
}

const part = (a: number, b: number): number => (b === 0 ? 0 : a / b)

/** Of the rows that were taken for a class, the part that has it (0 where there are none). */
export const precision = (options: ScoreOptions = {}): Metric =>
  score('precision', ({ hits, taken }) => part(hits, taken), options)
/** Of the rows that have a class, the part that was taken for it (0 where there are none). */
export const recall = (options: ScoreOptions = {}): Metric =>
  score('recall', ({ hits, truly }) => part(hits, truly), options)
/** The harmonic mean of precision and recall. */
export const f1 = (options: ScoreOptions = {}): Metric =>
  score('f1', ({ hits, taken, truly }) => part(2 * hits, taken + truly), options)

/** 0 to n - 1 as a row. */
export const numbersTo = (n: number, { engine }: Tensor): Tensor =>
  tensor(
    Float32Array.from({ length: n }, (_, i) => i),
    [1, n],
    { engine },
  )
