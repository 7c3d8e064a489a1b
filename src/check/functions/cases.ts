import type { Tensor } from '../../ops/tensor.ts'
import type { Shape } from '../../program/graph.ts'
import type { RefTensor } from '../../reference/index.ts'
import type { Operand } from '../cases/index.ts'
import { BIG, type Fill, SHAPES, x } from '../cases/types.ts'
import { each, pairs } from './references.ts'
import type { FunctionCase, FunctionRow, Some } from './types.ts'

/** A function whose gradient follows from the operations that make it up. */
export const composed = (doc: string, formula: string, cases: readonly FunctionCase[]): FunctionRow => ({
  doc,
  formula,
  gradient: 'composed',
  cases,
})

/** A function that is constant almost everywhere. */
export const constant = (doc: string, formula: string, cases: readonly FunctionCase[]): FunctionRow => ({
  doc,
  formula,
  gradient: 'piecewise constant',
  cases,
})

/** A case of one operand. */
export const of = (
  operand: Operand,
  call: (x: Tensor) => Some<Tensor>,
  reference: (x: RefTensor) => Some<RefTensor>,
): FunctionCase => ({ inputs: [operand], call: (x) => call(x as Tensor), reference: (x) => reference(x as RefTensor) })

/** Both signs of 0, NaN, infinities, denormals, the largest numbers, and an ordinary one. */
export const SPECIALS: Shape = [17]

/** The special values without the largest and the least numbers: products, squares and sums of those leave the range of f32. */
export const specials = (shape: Shape): readonly number[] =>
  Array.from({ length: shape.reduce((p, n) => p * n, 1) }, (_, i) => ENDS[i % ENDS.length] as number)
const ENDS: readonly number[] = [Number.NaN, Infinity, -Infinity, 0, -0, 1, -1, 0.5, 2, -3, 0.25]

/** Every shape, enough for several threads, large values and special ones. */
export const everywhere = (call: (x: Tensor) => Tensor, f: (x: number) => number): FunctionCase[] =>
  [...[...SHAPES, BIG].map((shape) => x(shape)), ...extremes].map((operand) => of(operand, call, each(f)))

/** One shape, large values and special ones: for other attributes. */
export const elsewhere = (call: (x: Tensor) => Tensor, f: (x: number) => number): FunctionCase[] =>
  [x([6, 7]), ...extremes].map((operand) => of(operand, call, each(f)))

const extremes: readonly Operand[] = [x([257], 'wide'), x(SPECIALS, 'special')]

/** Shapes that broadcast, enough for several threads, and each special value with each. */
export const everyPair = (
  call: (a: Tensor, b: Tensor) => Tensor,
  f: (a: number, b: number) => number,
  [a, b]: readonly [Fill, Fill] = ['any', 'any'],
): FunctionCase[] =>
  [
    ...PAIRS.map(([p, q]) => [x(p, a), x(q, b)]),
    [x(BIG, a), x([BIG[1] as number], b)],
    [x([14, 1], 'special'), x([14], 'special')],
  ].map((inputs) => ({
    inputs,
    call: (p, q) => call(p as Tensor, q as Tensor),
    reference: (p, q) => pairs(p as RefTensor, q as RefTensor, f),
  }))

const PAIRS: readonly (readonly [Shape, Shape])[] = [
  [[], []],
  [[5], [5]],
  [[17], []],
  [
    [7, 1],
    [1, 9],
  ],
  [
    [3, 1, 5],
    [4, 1],
  ],
  [[0, 3], [3]],
  [[8, 33], [33]],
]
