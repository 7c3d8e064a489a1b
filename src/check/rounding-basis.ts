import type { Attrs, RefTensor } from '../reference/index.ts'

/**
 * How far the engine's f32 result of an operation may lie from its f64 reference, an element: first-order bounds from
 * the roundings that the operation has to make, and the published error of its vector functions.
 */
export interface Rounding extends Bound {
  /** The bound in words, for docs/ops.md: u is half a unit in the last place of 1, t(n) a walk of n roundings. */
  readonly text: string
}

export type Bound = (
  inputs: readonly RefTensor[],
  attrs: Attrs,
  outputs: readonly RefTensor[],
) => readonly Float64Array[]

export const bounded = (text: string, bound: Bound): Rounding => Object.assign<Bound, { text: string }>(bound, { text })

/** Half a unit in the last place of f32, relative; and the smallest denormals, absolute. */
export const U: number = 2 ** -24
export const DENORMAL: number = 2 ** -147

/** Error of a sum of n products in units of U times the sum of their magnitudes: the walk of n roundings. */
export const terms = (n: number): number => Math.min(n, 4 + 2 * Math.sqrt(n))

export const abs = (x: RefTensor): RefTensor => ({ shape: x.shape, data: x.data.map(Math.abs) })
export const bounds = (scale: RefTensor, factor: (v: number, i: number) => number): Float64Array =>
  scale.data.map((v, i) => factor(Math.abs(v), i) + DENORMAL)
