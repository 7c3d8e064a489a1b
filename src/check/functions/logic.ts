import { less, lessEqual, toFloat, toInt } from '../../ops/functions.ts'
import * as f from '../../ops/logic.ts'
import { all, any, type ReduceOptions } from '../../ops/reduce.ts'
import { maskedFill } from '../../ops/select.ts'
import type { Tensor } from '../../ops/tensor.ts'
import type { Shape } from '../../program/graph.ts'
import type { RefTensor } from '../../reference/index.ts'
import { BIG, type Fill, indices, SHAPES, whole, x } from '../cases/types.ts'
import { composed, constant, everyPair, everywhere, of, SPECIALS } from './cases.ts'
import { each, filled, pairs, reader, reduced } from './references.ts'
import type { FunctionCase, Functions } from './types.ts'

/** Elements of both truth values, -0, NaN and the smallest number among them. */
const MIXED: Fill = [0, 2, 0, 0, Number.NaN, -0, 1e-45, 0, 1, 0, -3, 0]

/** Two of int32, at the ends of the range too. */
const wholes = (call: (a: Tensor, b: Tensor) => Tensor, truth: (a: number, b: number) => boolean): FunctionCase[] => {
  const ends = [-(2 ** 31), 2 ** 31 - 1, -1, 2 ** 24 + 1, 2 ** 24, 0]
  return [
    [whole([6, 1], ends), whole([6], ends)],
    [indices([7, 1], 4), indices([1, 9], 4)],
  ].map((inputs) => ({
    inputs,
    call: (a, b) => call(a as Tensor, b as Tensor),
    reference: (a, b) => pairs(a as RefTensor, b as RefTensor, (p, q) => (truth(p, q) ? 1 : 0)),
  }))
}

/** Of pairs of any kind. */
const relation = (
  call: (a: Tensor | number, b: Tensor | number) => Tensor,
  truth: (a: number, b: number) => boolean,
  below: number,
): FunctionCase[] => [
  ...everyPair(call, (a, b) => (truth(a, b) ? 1 : 0)),
  ...everyPair(call, (a, b) => (truth(a, b) ? 1 : 0), [{ below }, { below }]),
  ...wholes(call, truth),
  of(
    x([6, 2], MIXED),
    (a) => call(a, 1),
    each((a) => (truth(a, 1) ? 1 : 0)),
  ),
  of(
    x([6, 2], MIXED),
    (a) => call(0, a),
    each((a) => (truth(0, a) ? 1 : 0)),
  ),
]

const truthOf = (call: (x: Tensor) => Tensor, truth: (x: number) => boolean): FunctionCase[] => [
  ...everywhere(call, (v) => (truth(v) ? 1 : 0)),
  of(
    x([6, 2], MIXED),
    call,
    each((v) => (truth(v) ? 1 : 0)),
  ),
]

const over = (call: typeof all, truth: (values: readonly number[]) => boolean): FunctionCase[] =>
  (
    [
      [x([6, 2], MIXED), 0],
      [x([6, 2], MIXED), 1],
      [x([2, 3, 2], MIXED), [0, -1], { keepDims: true }],
      [x([2, 3, 2], MIXED)],
      [x([17], 'special'), 0],
      [x([], [0])],
      [x([0])],
      [x([2, 0, 3]), 1],
      [x([33], new Array(33).fill(0))],
      [indices([5, 7], 2), 1],
      [indices([5, 1, 13], 9), [1], { keepDims: true }],
      [x(BIG, { below: 2 }), 1],
      [x(BIG, { below: 300 }), 0],
    ] as readonly (readonly [ReturnType<typeof x>, (number | readonly number[])?, ReduceOptions?])[]
  ).map(([operand, axes, options = {}]) =>
    of(
      operand,
      (t) => call(t, axes, options),
      (t) => reduced(t, axes, options.keepDims === true, (values) => (truth(values) ? 1 : 0)),
    ),
  )

const isTrue = (v: number): boolean => v !== 0

const masked = (shape: Shape, mask: ReturnType<typeof x>, value: number | Shape): FunctionCase => ({
  inputs: [x(shape), mask, ...(typeof value === 'number' ? [] : [x(value)])],
  call: (t, m, v) => maskedFill(t as Tensor, m as Tensor, typeof value === 'number' ? value : (v as Tensor)),
  reference: (t, m, v) => {
    const [read, hit, put] = [t, m, v ?? { shape: [], data: Float64Array.of(value as number) }].map((r) =>
      reader(r as RefTensor),
    ) as [ReturnType<typeof reader>, ReturnType<typeof reader>, ReturnType<typeof reader>]
    const { shape } = pairs(t as RefTensor, m as RefTensor, () => 0)
    return filled(shape, (index) => (isTrue(hit(index)) ? put(index) : read(index)))
  },
})

type Name =
  | 'all'
  | 'any'
  | 'isFinite'
  | 'isNaN'
  | 'less'
  | 'lessEqual'
  | 'logicalAnd'
  | 'logicalNot'
  | 'logicalOr'
  | 'logicalXor'
  | 'maskedFill'
  | 'toFloat'
  | 'toInt'

export const logic: Functions<Name> = {
  all: constant(
    '1 where no element over the axes is 0, else 0; of nothing 1.',
    'for all x: x != 0',
    over(all, (v) => v.every(isTrue)),
  ),
  any: constant(
    '1 where an element over the axes is not 0 (NaN counts), else 0; of nothing 0.',
    'for some x: x != 0',
    over(any, (v) => v.some(isTrue)),
  ),
  isFinite: constant(
    '1 where x is neither NaN nor infinite, else 0.',
    '|x| < infinity',
    truthOf(f.isFinite, Number.isFinite),
  ),
  isNaN: constant('1 where x is NaN, else 0.', 'x != x', [
    ...truthOf(f.isNaN, Number.isNaN),
    of(
      indices([5, 7], 3),
      f.isNaN,
      each(() => 0),
    ),
  ]),
  less: constant(
    '1 where a < b, else 0.',
    'a < b',
    relation(less, (a, b) => a < b, 3),
  ),
  lessEqual: constant(
    '1 where a <= b, else 0.',
    'a <= b',
    relation(lessEqual, (a, b) => a <= b, 3),
  ),
  logicalAnd: constant(
    '1 where both are true, else 0.',
    'a != 0 and b != 0',
    relation(f.logicalAnd, (a, b) => isTrue(a) && isTrue(b), 2),
  ),
  logicalNot: constant('1 where x is 0, else 0.', 'x = 0', [
    ...truthOf(f.logicalNot, (v) => v === 0),
    of(
      indices([5, 7], 3),
      f.logicalNot,
      each((v) => (v === 0 ? 1 : 0)),
    ),
  ]),
  logicalOr: constant(
    '1 where one or both are true, else 0.',
    'a != 0 or b != 0',
    relation(f.logicalOr, (a, b) => isTrue(a) || isTrue(b), 2),
  ),
  logicalXor: constant(
    '1 where one is true and the other is not, else 0.',
    '(a != 0) != (b != 0)',
    relation(f.logicalXor, (a, b) => isTrue(a) !== isTrue(b), 2),
  ),
  maskedFill: composed('x with a value where the mask is not 0.', 'mask != 0 ? value : x', [
    masked([], x([], [1]), 5),
    masked([5], x([5], [0, 1, Number.NaN, -0, 0.5]), -Infinity),
    masked([7, 11], indices([7, 1], 2), 0),
    masked([2, 3, 4], x([3, 4], { below: 2 }), [2, 1, 1]),
    masked([5], indices([3, 5], 2), 1.5),
    masked([0, 3], indices([3], 2), 2),
    masked(BIG, indices(BIG, 2), 2),
    of(
      x(SPECIALS, 'special'),
      (t) => maskedFill(t, f.isFinite(t), 7),
      each((v) => (Number.isFinite(v) ? 7 : v)),
    ),
    of(
      indices([33], 4),
      (t) => maskedFill(t, t, -5),
      each((v) => (v === 0 ? 0 : -5)),
    ),
  ]),
  toFloat: composed('x as float32.', 'x', [
    ...SHAPES.flatMap((shape) =>
      [x(shape), indices(shape, 2 ** 24)].map((operand) =>
        of(
          operand,
          toFloat,
          each((v) => v),
        ),
      ),
    ),
    of(whole([5], [2 ** 31 - 1, -(2 ** 31), 2 ** 24 + 1, -(2 ** 24) - 3, 0x7f800001]), toFloat, each(Math.fround)),
    of(
      indices(BIG, 1000),
      toFloat,
      each((v) => v),
    ),
  ]),
  toInt: constant(
    'x without its fraction as int32, limited to its range; NaN gives 0.',
    'min(max(trunc x, -2^31), 2^31 - 1)',
    [
      ...everywhere(toInt, (v) => (Number.isNaN(v) ? 0 : Math.min(Math.max(Math.trunc(v), -(2 ** 31)), 2 ** 31 - 1))),
      of(x([6], [2147483520, 2147483648, -2147483648, -3e9, 0.99, -1.5]), toInt, (t) => ({
        ...t,
        data: Float64Array.of(2147483520, 2147483647, -2147483648, -2147483648, 0, -1),
      })),
      of(
        indices([5, 7], 2 ** 31),
        toInt,
        each((v) => v),
      ),
    ],
  ),
}
