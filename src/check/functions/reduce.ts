import { logsumexp, type NormOptions, norm, std, variance } from '../../ops/reduce.ts'
import type { Tensor } from '../../ops/tensor.ts'
import type { Operand } from '../cases/index.ts'
import { BIG, x } from '../cases/types.ts'
import { composed, of } from './cases.ts'
import { largest, mean, reduced, sum } from './references.ts'
import type { FunctionCase, Functions } from './types.ts'

type Axes = number | readonly number[]
type Where = readonly [operand: Operand, axes?: Axes, keepDims?: boolean]

/** Axes of all kinds; sums of one, two and many elements. */
const WHERE: readonly Where[] = [
  [x([])],
  [x([1])],
  [x([17])],
  [x([1, 5]), 0],
  [x([3, 7]), 1, true],
  [x([5, 2, 13]), [0, -1]],
  [x([5, 2, 13]), 1, true],
  [x([2, 3, 5, 7]), [1, 3]],
  [x([0, 3]), 1],
  [x(BIG), 1],
  [x(BIG), 0],
  // sums in which much cancels, numbers of many sizes
  [x([4, 33], 'nearOne'), 1],
  [x([3, 67], 'wide'), -1],
]

type Options = NormOptions & { readonly correction?: number }

const over = (
  where: readonly Where[],
  call: (x: Tensor, axes: Axes | undefined, options: Options) => Tensor,
  f: (values: readonly number[]) => number,
  options: Options = {},
): FunctionCase[] =>
  where.map(([operand, axes, keepDims = false]) =>
    of(
      operand,
      (t) => call(t, axes, { ...options, keepDims }),
      (t) => reduced(t, axes, keepDims, f),
    ),
  )

const logOfSum = (values: readonly number[]): number => {
  const top = largest(values)
  return Math.abs(top) === Infinity ? top : top + Math.log(sum(values.map((v) => Math.exp(v - top))))
}

/** Rows of what is not a number or not finite. */
const LIMITS = [Number.NaN, 0, Infinity, 1, -Infinity, 2, -Infinity, -Infinity, -0, 3, Infinity, -Infinity]

const squares = (values: readonly number[], correction: number): number => {
  const middle = mean(values)
  return sum(values.map((v) => (v - middle) ** 2)) / Math.max(0, values.length - correction)
}
const several: readonly Where[] = [
  ...WHERE.filter(([{ shape }]) => shape.length > 0 && shape[0] !== 1),
  [x([6, 2], LIMITS), 1],
]

const small = (where: readonly Where[]): Where[] => where.filter(([{ shape }]) => shape !== BIG)

const rows: readonly Where[] = [...WHERE, [x([6, 2], LIMITS), 1], [x([3, 2], [0, 0, 3, -4, 0, -0]), 1]]

export const reductions: Functions<'logsumexp' | 'norm' | 'std' | 'variance'> = {
  logsumexp: composed('Logarithm of the sum of exponentials over axes, without overflow.', 'ln sum e^x', [
    ...over([...WHERE, [x([6, 2], LIMITS), 1]], logsumexp, logOfSum),
    of(
      x([3], [1000, 999, -1000]),
      (t) => logsumexp(t),
      (t) => reduced(t, undefined, false, logOfSum),
    ),
  ]),
  norm: composed(
    'Norm over axes, Euclidean unless told otherwise (1, infinity); its derivative at 0 is 0.',
    'sqrt(sum x^2), sum |x| or max |x|',
    [
      ...over(rows, norm, (values) => Math.sqrt(sum(values.map((v) => v * v)))),
      ...over(small(rows), norm, (values) => sum(values.map(Math.abs)), { ord: 1 }),
      ...over(small(rows), norm, (values) => largest(values.map(Math.abs)), { ord: Infinity }),
      of(
        x([0, 3]),
        (t) => norm(t, 0),
        () => ({ shape: [3], data: new Float64Array(3) }),
      ),
    ],
  ),
  std: composed('Root of the variance; its derivative at 0 is 0.', 'sqrt(sum (x - mean)^2 / (n - correction))', [
    ...over(several, std, (values) => Math.sqrt(squares(values, 1))),
    ...over(small(several), std, (values) => Math.sqrt(squares(values, 0)), { correction: 0 }),
  ]),
  variance: composed(
    'Mean squared distance from the mean, over n - correction (1 by default, 0: biased).',
    'sum (x - mean)^2 / (n - correction)',
    [
      ...over(several, variance, (values) => squares(values, 1)),
      ...over(small(several), variance, (values) => squares(values, 0), { correction: 0 }),
      of(
        x([1], 'wide'),
        (t) => variance(t),
        () => ({ shape: [], data: Float64Array.of(Number.NaN) }),
      ),
    ],
  ),
}
