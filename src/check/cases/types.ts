import type { DType, Shape } from '../../program/graph.ts'

/** What an operand is filled with, from the seed of the case. */
export type Fill =
  /** -3 to 3 */
  | 'any'
  /** 0.1 to 3 */
  | 'positive'
  /** 0.05 to 0.95 */
  | 'unit'
  /** 0.9 to 1.1 */
  | 'nearOne'
  /** -0.95 to 0.95 */
  | 'signedUnit'
  /** both signs, from 1e-6 to 120 on a logarithmic scale */
  | 'wide'
  /** both signs, from 1e-20 to 0.5 on a logarithmic scale */
  | 'tiny'
  /** NaN, infinities, zeros, denormals, the largest and smallest numbers, in turn */
  | 'special'
  /** whole numbers from 0 up to this, not included */
  | { readonly below: number }
  /** these, in C order */
  | readonly number[]

export interface Operand {
  readonly shape: Shape
  readonly fill: Fill
  readonly dtype?: DType
}

export interface OpCase {
  readonly inputs: readonly Operand[]
  readonly attrs?: Readonly<Record<string, unknown>>
}

/** The cases of a family of the op table: all of its rows, and no other. */
export type Cases<Name extends string> = Readonly<Record<Name, readonly OpCase[]>>

export const x = (shape: Shape, fill: Fill = 'any'): Operand => ({ shape, fill })
export const indices = (shape: Shape, below: number): Operand => ({ shape, fill: { below }, dtype: 'int32' })
export const whole = (shape: Shape, numbers: readonly number[]): Operand => ({ shape, fill: numbers, dtype: 'int32' })
export const word = (value: number): Operand => ({ shape: [], fill: [value], dtype: 'float64' })

/** Sizes 0 and 1, primes, and both sides of 4, 8, 16 and 32, in one and several axes. */
export const SHAPES: readonly Shape[] = [
  [],
  [0],
  [1],
  [3],
  [4],
  [5],
  [7],
  [8],
  [9],
  [15],
  [16],
  [17],
  [31],
  [33],
  [1, 1, 1],
  [2, 0, 3],
  [7, 11],
  [5, 1, 13],
]

/** Enough work for several threads, in rows that are no multiple of a vector. */
export const LARGE: Shape = [61, 2053]

/** The same for what takes several operations: just enough for two threads, or four where each element takes longer. */
export const BIG: Shape = [29, 401]
