import { type BceOptions, bceWithLogits, binaryCrossEntropy, focal, hinge } from '../../ops/loss-binary.ts'
import { cosineEmbedding, cosineSimilarity, huber, mae, mse, smoothL1, triplet } from '../../ops/loss-distance.ts'
import type { Reduction } from '../../ops/reduction.ts'
import type { Tensor } from '../../ops/tensor.ts'
import type { RefTensor } from '../../reference/index.ts'
import { BIG, type Fill, type Operand, x } from '../cases/types.ts'
import { SPECIALS, specials } from './cases.ts'
import {
  binary,
  columnsOf,
  cosine,
  distance,
  focalOf,
  huberOf,
  reducedTo,
  rowsOf,
  stretched,
} from './loss-references.ts'
import { ofClasses, reductions } from './losses-classes.ts'
import type { FunctionCase, FunctionRow, Functions, LossName } from './types.ts'

type Two = (a: Tensor, b: Tensor, options: { readonly reduction?: Reduction }) => Tensor

const SHAPES: readonly (readonly number[])[] = [[5, 7], [], [1], [17], [2, 1, 33]]

/** A loss of each pair of elements, in all shapes and reductions. */
function pairs(
  f: Two,
  own: (a: number, b: number) => number,
  target: (shape: readonly number[]) => Operand = (shape) => x(shape),
  shapes = SHAPES,
  extremes: Fill = 'special',
): FunctionCase[] {
  const of = (shape: readonly number[], fill: Fill = 'any'): FunctionCase[] =>
    reductions((reduction) => ({
      inputs: [x(shape, fill), target(shape)],
      call: (a, b) => f(a as Tensor, b as Tensor, reduction),
      reference: (a, b) => {
        const [{ data }, other] = [a as RefTensor, (b as RefTensor).data]
        return reducedTo(
          Array.from(data, (v, i) => own(v, other[i] as number)),
          shape,
          reduction.reduction,
        )
      },
    }))
  const settings = shapes.flatMap((shape) => of(shape))
  const special = of(SPECIALS, extremes).slice(0, 1)
  // the mean of nothing is none
  return shapes === SHAPES
    ? [...settings, ...special, ...of([2, 0, 3]).slice(0, 2), ...of(BIG).slice(0, 2)]
    : [...settings, ...special]
}

/** Without a logit of infinity: softplus(x) - x t is the difference of two infinities, NaN. */
const BELOW: Fill = specials(SPECIALS).map((v) => (v === Infinity ? 3 : v))
const unit = (shape: readonly number[]): Operand => x(shape, 'unit')
/** -1 and 1. */
const signs = (shape: readonly number[]): Operand => ({
  shape,
  fill: Array.from({ length: shape.reduce((p, n) => p * n, 1) }, (_, i) => ((i * 7) % 3 === 0 ? 1 : -1)),
})

/** Weights of elements and of positive targets, as they stretch. */
const weights = (
  f: typeof bceWithLogits,
  shape: readonly number[],
  positive: Operand,
  weight: Operand,
): FunctionCase[] =>
  reductions((reduction) => ({
    inputs: [x(shape), x(shape, 'unit'), positive, weight],
    call: (a, b, posWeight, w) => f(a as Tensor, b as Tensor, { ...reduction, posWeight, weight: w } as BceOptions),
    reference: (a, b, p, w) => {
      const losses = Array.from(
        (a as RefTensor).data,
        (v, i) => stretched(w, i) * binary(v, (b as RefTensor).data[i] as number, stretched(p, i)),
      )
      return reducedTo(losses, shape, reduction.reduction)
    },
  }))

const binaryRow = (f: typeof bceWithLogits, doc: string): FunctionRow => ({
  doc,
  formula: '(1 - t) ln(1 + e^x) + posWeight t ln(1 + e^-x)',
  gradient: 'composed',
  cases: [
    ...pairs(f, (v, t) => binary(v, t), unit, SHAPES, BELOW),
    ...pairs(
      (a, b, o) => f(a, b, { ...o, posWeight: 3 }),
      (v, t) => binary(v, t, 3),
      unit,
      [[3, 4]],
      BELOW,
    ),
    ...weights(f, [5, 7], x([7], 'positive'), x([5, 7], 'positive')),
    ...weights(f, [2, 17], x([1], 'positive'), x([17], 'positive')),
  ],
})

/** A loss of each pair of vectors. */
const vectors = (
  count: number,
  shapes: readonly (readonly number[])[],
  f: (t: readonly Tensor[], options: { readonly reduction?: Reduction }) => Tensor,
  own: (rows: readonly number[][], i: number) => number,
  labels?: (shape: readonly number[]) => Operand,
  fill: Fill = 'any',
): FunctionCase[] =>
  shapes.flatMap((shape) =>
    reductions((reduction) => ({
      inputs: [
        ...Array.from({ length: count }, (_, i) => x(shape, i === 0 ? fill : 'any')),
        ...(labels === undefined ? [] : [labels(shape.slice(0, -1))]),
      ],
      call: (...t) => f(t, reduction),
      reference: (...t) => {
        const rows = t.slice(0, count).map(rowsOf)
        const losses = (rows[0] as number[][]).map((_, i) =>
          own(
            [...rows.map((each) => each[i] as number[]), ...t.slice(count).map(({ data }) => [data[i] as number])],
            i,
          ),
        )
        return reducedTo(losses, shape.slice(0, -1), reduction.reduction)
      },
    })),
  )

const LONE: readonly (readonly number[])[] = [[14, 1]]
const ROWS: readonly (readonly number[])[] = [[5, 7], [4, 1], [1, 17], [2, 3, 4], [9]]

const embedded = (margin: number, shapes = ROWS, fill: Fill = 'any'): FunctionCase[] =>
  vectors(
    2,
    shapes,
    ([a, b, l], o) => cosineEmbedding(a as Tensor, b as Tensor, (l as Tensor).stopGradient(), { margin, ...o }),
    ([a = [], b = [], [label = 0] = []]) => (label > 0 ? 1 - cosine(a, b) : Math.max(0, cosine(a, b) - margin)),
    signs,
    fill,
  )

const triplets = (margin: number, swap: boolean, shapes = ROWS, fill: Fill = 'any'): FunctionCase[] =>
  vectors(
    3,
    shapes,
    ([a, p, n], o) => triplet(a as Tensor, p as Tensor, n as Tensor, { margin, swap, ...o }),
    ([a = [], p = [], n = []]) => {
      const away = swap ? Math.min(distance(a, n), distance(p, n)) : distance(a, n)
      return Math.max(0, distance(a, p) - away + margin)
    },
    undefined,
    fill,
  )

const similar = (
  shape: readonly number[],
  axis: number | undefined,
  eps: number,
  fill: Fill = 'any',
): FunctionCase => ({
  inputs: [x(shape, fill), x(shape)],
  call: (a, b) => cosineSimilarity(a as Tensor, b as Tensor, { eps, ...(axis === undefined ? {} : { axis }) }),
  reference: (a, b) => {
    const of = axis === 1 ? columnsOf : rowsOf
    const [one, other] = [of(a as RefTensor), of(b as RefTensor)]
    const at = axis === 1 ? 1 : shape.length - 1
    return reducedTo(
      one.map((row, i) => cosine(row, other[i] as number[], eps)),
      shape.filter((_, i) => i !== at),
      'none',
    )
  },
})

const row = (doc: string, formula: string, cases: readonly FunctionCase[]): FunctionRow => ({
  doc,
  formula,
  gradient: 'composed',
  cases,
})

/** Losses with all of their options and reductions. */
export const losses: Functions<LossName> = {
  ...ofClasses,
  bceWithLogits: binaryRow(bceWithLogits, 'Binary cross-entropy of logits.'),
  binaryCrossEntropy: binaryRow(binaryCrossEntropy, 'The same as bceWithLogits.'),
  cosineEmbedding: row(
    'Cosines of pairs of vectors: towards 1 where the label is 1, below a margin where it is -1.',
    'label > 0 ? 1 - cos : max(0, cos - margin)',
    [...embedded(0), ...embedded(-0.5), ...embedded(0, LONE, specials([14])).slice(0, 1)],
  ),
  cosineSimilarity: row('The cosine of the angle between vectors.', 'a . b / (max(|a|, eps) max(|b|, eps))', [
    similar([5, 7], undefined, 1e-8),
    similar([1, 1], undefined, 1e-8),
    similar([2, 17, 3], 1, 1e-8),
    similar([33], undefined, 0.5),
    similar([14, 1], undefined, 1e-8, specials([14])),
    // shorter than eps
    similar([3, 2], -1, 64),
  ]),
  focal: row(
    'Binary cross-entropy with little weight on easy examples (Lin et al. 2017).',
    'alpha_t (1 - p_t)^gamma bce(x, t)',
    (
      [
        [2, 0.25],
        [0, null],
        [1, 0.75],
        [1.5, null],
      ] as const
    ).flatMap(([gamma, alpha]) =>
      pairs(
        (a, b, o) => focal(a, b, { ...o, gamma, alpha }),
        (v, t) => focalOf(v, t, gamma, alpha),
        unit,
        gamma === 2 ? SHAPES : [[5, 7]],
        BELOW,
      ),
    ),
  ),
  hinge: row('How far scores are from the right side of a margin.', 'max(0, margin - t x), or its square', [
    ...pairs(hinge, (v, t) => Math.max(0, 1 - t * v), signs),
    ...pairs(
      (a, b, o) => hinge(a, b, { ...o, margin: 0.5, squared: true }),
      (v, t) => Math.max(0, 0.5 - t * v) ** 2,
      signs,
      [[3, 5]],
    ),
  ]),
  huber: row(
    'Squares near 0, a line from delta on (Huber 1964).',
    '|d| <= delta ? d^2 / 2 : delta (|d| - delta / 2), d = a - b',
    [
      ...pairs(huber, (a, b) => huberOf(a - b, 1)),
      ...pairs(
        (a, b, o) => huber(a, b, { ...o, delta: 0.75 }),
        (a, b) => huberOf(a - b, 0.75),
        undefined,
        [[3, 5]],
      ),
    ],
  ),
  mae: row(
    'Absolute error.',
    '|a - b|',
    pairs(mae, (a, b) => Math.abs(a - b)),
  ),
  mse: row(
    'Squared error.',
    '(a - b)^2',
    pairs(mse, (a, b) => (a - b) ** 2),
  ),
  smoothL1: row('huber over beta; mae for beta 0.', '|d| < beta ? d^2 / (2 beta) : |d| - beta / 2, d = a - b', [
    ...pairs(smoothL1, (a, b) => huberOf(a - b, 1)),
    ...pairs(
      (a, b, o) => smoothL1(a, b, { ...o, beta: 0.75 }),
      (a, b) => huberOf(a - b, 0.75) / 0.75,
      undefined,
      [[3, 5]],
    ),
    ...pairs(
      (a, b, o) => smoothL1(a, b, { ...o, beta: 0 }),
      (a, b) => Math.abs(a - b),
      undefined,
      [[4, 3]],
    ),
  ]),
  triplet: row(
    'The positive has to be nearer to the anchor than the negative, by a margin.',
    'max(0, |anchor - positive| - |anchor - negative| + margin)',
    [...triplets(1, false), ...triplets(2, true), ...triplets(1, false, LONE, specials([14])).slice(0, 1)],
  ),
}
