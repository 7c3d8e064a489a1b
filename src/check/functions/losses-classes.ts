import { ctc } from '../../ops/ctc.ts'
import { type CrossEntropyOptions, crossEntropy } from '../../ops/loss.ts'
import { klDiv, multiMargin, type NllOptions, nll } from '../../ops/loss-classes.ts'
import type { Reduction } from '../../ops/reduction.ts'
import type { Tensor } from '../../ops/tensor.ts'
import type { RefTensor } from '../../reference/index.ts'
import { type Fill, indices, type Operand, whole, x } from '../cases/types.ts'
import { SPECIALS, specials } from './cases.ts'
import { columnsOf, ctcOf, logSoftmaxOf, reducedTo, total } from './loss-references.ts'
import type { FunctionCase, Functions } from './types.ts'

export const REDUCTIONS: readonly (Reduction | undefined)[] = ['none', 'sum', 'mean', undefined]

/** In all reductions; `undefined` is what holds without one. */
export const reductions = (of: (reduction: { readonly reduction?: Reduction }) => FunctionCase): FunctionCase[] =>
  REDUCTIONS.map((reduction) => of(reduction === undefined ? {} : { reduction }))

type Labelled = (scores: Tensor, labels: Tensor, options: NllOptions & CrossEntropyOptions) => Tensor

interface Setting {
  readonly smoothing?: number
  readonly ignore?: number
  readonly weighted?: true
}

/** A loss of scores and labels: of each row what `own` says of its class, times the weight of its label. */
function labelled(
  f: Labelled,
  own: (row: readonly number[], label: number, weights: readonly number[], smoothing: number) => number,
  scores: Operand,
  labels: Operand,
  { smoothing = 0, ignore, weighted }: Setting = {},
): FunctionCase[] {
  const classes = scores.shape[1] as number
  const options = {
    ...(smoothing === 0 ? {} : { labelSmoothing: smoothing }),
    ...(ignore === undefined ? {} : { ignoreIndex: ignore }),
  }
  return reductions((reduction) => ({
    inputs: [scores, labels, ...(weighted === undefined ? [] : [x([classes], 'positive')])],
    call: (t, l, weights) =>
      f(t as Tensor, l as Tensor, { ...options, ...reduction, ...(weights === undefined ? {} : { weights }) }),
    reference: (t, l, w) => {
      const weights = w === undefined ? Array.from({ length: classes }, () => 1) : Array.from(w.data)
      const rows = columnsOf(t as RefTensor)
      const { data, shape } = l as RefTensor
      const kept = Array.from(data, (label) => label !== ignore)
      const losses = rows.map((row, i) => (kept[i] ? own(row, data[i] as number, weights, smoothing) : 0))
      const over = total(Array.from(data, (label, i) => (kept[i] ? (weights[label] as number) : 0)))
      return reducedTo(losses, shape, reduction.reduction, over)
    },
  }))
}

const sharp = (row: readonly number[], label: number, weights: readonly number[], s: number): number => {
  const logs = logSoftmaxOf(row)
  const own = -(1 - s) * (weights[label] as number) * (logs[label] as number)
  // no share of an infinity where nothing is spread
  return s === 0 ? own : own - (s * total(logs.map((log, j) => (weights[j] as number) * log))) / row.length
}
const likely = (row: readonly number[], label: number, weights: readonly number[]): number =>
  -(weights[label] as number) * (row[label] as number)

/** Sizes 1 and prime, both sides of 4, 8, 16 and 32, with more axes, without rows, and enough for several threads. */
const labellings = (f: Labelled, own: Parameters<typeof labelled>[1], smooth: boolean): FunctionCase[] => {
  const some = (shape: readonly number[], classes: number, ignored: number): Operand =>
    whole(
      shape,
      Array.from({ length: shape.reduce((p, n) => p * n, 1) }, (_, i) => (i % 3 === 1 ? ignored : (i * 5) % classes)),
    )
  return [
    ...labelled(f, own, x([5, 7]), indices([5], 7)),
    ...labelled(f, own, x([1, 1]), indices([1], 1)),
    ...labelled(f, own, x([3, 17]), indices([3], 17), { weighted: true }),
    ...labelled(f, own, x([7, 4]), some([7], 4, -100), { ignore: -100 }),
    ...labelled(f, own, x([4, 9]), some([4], 9, 2), { ignore: 2, weighted: true }),
    ...labelled(f, own, x([2, 3, 5]), indices([2, 5], 3)),
    ...labelled(f, own, x([1, 5, 2, 3]), some([1, 2, 3], 5, -1), { ignore: -1, weighted: true }),
    ...labelled(f, own, x([61, 33]), indices([61], 33)),
    ...(smooth
      ? [
          ...labelled(f, own, x([3, 8]), indices([3], 8), { smoothing: 0.25 }),
          ...labelled(f, own, x([5, 3]), some([5], 3, -100), { smoothing: 1, ignore: -100, weighted: true }),
          ...labelled(f, own, x([2, 4, 3]), indices([2, 3], 4), { smoothing: 0.5, weighted: true }),
        ]
      : []),
    ...labelled(f, own, x([0, 3]), indices([0], 3)).slice(0, 2),
    ...labelled(f, own, x([211, 37], 'wide'), indices([211], 37)),
    ...labelled(f, own, x([14, 2], specials([28])), indices([14], 2)).slice(0, 1),
  ]
}

/** Distributions for labels. */
const soft = (shape: readonly number[], smoothing: number, weighted: boolean, fill: Fill = 'any'): FunctionCase[] =>
  reductions((reduction) => {
    const classes = shape[1] as number
    return {
      inputs: [x(shape, fill), x(shape, 'unit'), ...(weighted ? [x([classes], 'positive')] : [])],
      call: (t, targets, weights) =>
        crossEntropy(t as Tensor, targets as Tensor, {
          labelSmoothing: smoothing,
          ...reduction,
          ...(weights === undefined ? {} : { weights }),
        }),
      reference: (t, targets, w) => {
        const given = columnsOf(targets as RefTensor)
        const losses = columnsOf(t as RefTensor).map((row, i) => {
          const share = (given[i] as number[]).map(
            (p, j) => ((1 - smoothing) * p + smoothing / classes) * (w === undefined ? 1 : (w.data[j] as number)),
          )
          return -total(logSoftmaxOf(row).map((log, j) => log * (share[j] as number)))
        })
        return reducedTo(losses, [shape[0] as number, ...shape.slice(2)], reduction.reduction)
      },
    }
  })

const margins = (
  margin: number,
  squared: boolean,
  shape: readonly [number, number],
  fill: Fill = 'any',
): FunctionCase[] =>
  reductions((reduction) => ({
    inputs: [x(shape, fill), indices([shape[0]], shape[1])],
    call: (t, l) => multiMargin(t as Tensor, l as Tensor, { margin, squared, ...reduction }),
    reference: (t, l) => {
      const labels = (l as RefTensor).data
      const losses = columnsOf(t as RefTensor).map((row, i) => {
        const own = row[labels[i] as number] as number
        const each = row.map((v, j) => (j === labels[i] ? 0 : Math.max(0, margin - own + v)))
        return total(squared ? each.map((v) => v * v) : each) / row.length
      })
      return reducedTo(losses, [shape[0]], reduction.reduction)
    },
  }))

const divergence = (targets: Operand, logTarget: boolean, fill: Fill = 'any'): FunctionCase[] =>
  ([undefined, 'batchMean', 'mean', 'sum', 'none'] as const).map((reduction) => ({
    inputs: [x(targets.shape, fill), targets],
    call: (t, target) =>
      klDiv(t as Tensor, target as Tensor, { logTarget, ...(reduction === undefined ? {} : { reduction }) }),
    reference: (t, target) => {
      const { shape, data } = target as RefTensor
      const losses = Array.from(data, (p, i) => {
        const log = logTarget ? p : Math.log(p)
        return !logTarget && p === 0 ? 0 : (logTarget ? Math.exp(p) : p) * (log - ((t as RefTensor).data[i] as number))
      })
      if (reduction !== undefined && reduction !== 'batchMean') return reducedTo(losses, shape, reduction)
      return reducedTo(losses, shape, 'mean', shape[0] ?? 1)
    },
  }))

interface Reading {
  readonly time: number
  readonly classes: number
  readonly texts: readonly (readonly number[])[]
  readonly times: readonly number[]
  readonly counts: readonly number[]
  readonly blank?: number
  readonly fill?: Fill
}

const readings = ({ time, classes, texts, times, counts, blank, fill = 'any' }: Reading): FunctionCase[] =>
  reductions((reduction) => ({
    inputs: [
      x([time, times.length, classes], fill),
      whole([texts.length, (texts[0] as number[]).length], texts.flat()),
      whole([times.length], times),
      whole([counts.length], counts),
    ],
    call: (t, text, a, b) =>
      ctc(t as Tensor, text as Tensor, a as Tensor, b as Tensor, {
        ...reduction,
        ...(blank === undefined ? {} : { blank }),
      }),
    reference: (t) => {
      const { data } = t as RefTensor
      const losses = texts.map((text, b) => {
        const rows = Array.from({ length: times[b] as number }, (_, i) => {
          const from = (i * texts.length + b) * classes
          return Array.from(data.subarray(from, from + classes))
        })
        return ctcOf(rows, text.slice(0, counts[b]), blank ?? 0)
      })
      const mean = reduction.reduction === undefined || reduction.reduction === 'mean'
      const each = mean ? losses.map((loss, b) => loss / Math.max(1, counts[b] as number)) : losses
      return reducedTo(each, [losses.length], reduction.reduction)
    },
  }))

type Name = 'crossEntropy' | 'ctc' | 'klDiv' | 'multiMargin' | 'nll'

export const ofClasses: Functions<Name> = {
  crossEntropy: {
    doc: 'Softmax cross-entropy with labels or distributions, along axis 1; weights, smoothing, labels that do not count.',
    formula: '-sum_j w_j ((1 - s) t_j + s / n) ln softmax(x)_j',
    gradient: 'composed',
    cases: [
      ...labellings(crossEntropy, sharp, true),
      ...soft([5, 7], 0, false),
      ...soft([1, 1], 0, true),
      ...soft([3, 17], 0.25, true),
      ...soft([2, 4, 3], 0.5, false),
      ...soft([0, 3], 0, false).slice(0, 2),
      ...soft([14, 2], 0.25, false, 'special').slice(0, 1),
    ],
  },
  ctc: {
    doc: 'Connectionist temporal classification (Graves et al. 2006).',
    formula: '-ln of the sum over all ways to read the targets of e^(sum of x)',
    gradient: 'composed',
    cases: [
      ...readings({
        time: 5,
        classes: 3,
        texts: [
          [1, 2, 1],
          [2, 2, 0],
          [1, 0, 0],
          [0, 0, 0],
        ],
        times: [5, 4, 3, 5],
        counts: [3, 2, 1, 0],
      }),
      ...readings({ time: 1, classes: 2, texts: [[1]], times: [1], counts: [1] }).slice(0, 1),
      ...readings({ time: 7, classes: 4, texts: [[0, 1, 1, 2]], times: [7], counts: [4], blank: 3 }).slice(0, 1),
      ...readings({
        time: 9,
        classes: 17,
        texts: [
          [16, 3, 3],
          [8, 1, 2],
        ],
        times: [9, 6],
        counts: [3, 2],
      }).slice(1, 3),
      // a time of 1 and one symbol: the loss is the number itself
      ...readings({
        time: 1,
        classes: 2,
        texts: Array.from({ length: 9 }, () => [1]),
        times: Array.from({ length: 9 }, () => 1),
        counts: Array.from({ length: 9 }, () => 1),
        fill: 'special',
      }).slice(0, 1),
    ],
  },
  klDiv: {
    doc: 'Kullback-Leibler divergence of log-probabilities from targets.',
    formula: 't (ln t - x), 0 where t is 0',
    gradient: 'composed',
    cases: [
      ...divergence(x([5, 7], 'unit'), false),
      ...divergence(x([3, 4]), true),
      ...divergence(x([1], 'unit'), false),
      ...divergence(x([2, 17, 2], 'unit'), false),
      ...divergence(x([33]), true),
      ...divergence(x(SPECIALS, 'unit'), false, 'special').slice(-1),
      // a target of 0 has a slope of its own
      ...divergence({ shape: [2, 3], fill: [0, 0.5, 0.25, 1, 0, 2], dtype: 'float32' }, false).map((c) => ({
        ...c,
        inputs: [c.inputs[0] as Operand, { shape: [2, 3], fill: [0, 0.5, 0.25, 1, 0, 2], dtype: 'float32' as const }],
        call: (t: Tensor, target: Tensor) => c.call(t, target.stopGradient()),
      })),
    ],
  },
  multiMargin: {
    doc: 'Mean excess of the other classes over the score of the label less a margin.',
    formula: 'mean_j max(0, margin - x[label] + x_j), j not the label',
    gradient: 'composed',
    cases: [
      ...margins(1, false, [5, 7]),
      ...margins(0.5, true, [3, 4]),
      ...margins(2, false, [1, 1]),
      ...margins(-0.5, false, [17, 3]),
      ...margins(1, true, [2, 33]),
      ...margins(1, false, [14, 2], specials([28])).slice(0, 1),
    ],
  },
  nll: {
    doc: 'Negative log-likelihood of labels under log-probabilities, along axis 1.',
    formula: '-w[label] x[label]',
    gradient: 'composed',
    cases: labellings(nll, likely, false),
  },
}
