import * as f from './functions.ts'
import type { Tensor } from './tensor.ts'

// Truth values are float32: 0 is false, all else (NaN, too) is true; results are 0 or 1. All of it is composed.

type Operand = Tensor | number

const truth = (x: Operand): Operand => (typeof x === 'number' ? (x === 0 ? 0 : 1) : f.notEqual(x, 0))

/** 1 where both are true, else 0. */
export const logicalAnd = (a: Operand, b: Operand): Tensor => f.mul(truth(a), truth(b))
/** 1 where one or both are true, else 0. */
export const logicalOr = (a: Operand, b: Operand): Tensor => f.maximum(truth(a), truth(b))
/** 1 where one is true and the other is not, else 0. */
export const logicalXor = (a: Operand, b: Operand): Tensor => f.notEqual(truth(a), truth(b))
/** 1 where x is 0, else 0. */
export const logicalNot = (x: Tensor): Tensor => f.equal(x, 0)
const nan = (x: Tensor): Tensor => f.notEqual(x, x)
const finite = (x: Tensor): Tensor => f.less(f.abs(x), Number.POSITIVE_INFINITY)

export {
  /** 1 where x is neither NaN nor infinite, else 0. */
  finite as isFinite,
  /** 1 where x is NaN, else 0. */
  nan as isNaN,
}
