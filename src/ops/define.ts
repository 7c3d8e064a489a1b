import type { Attrs, Op } from '../program/graph.ts'
import type { Tensor } from './tensor.ts'

/** What a gradient rule sees: operands, results and the gradient of the loss for each result. */
export interface GradientContext {
  readonly inputs: readonly Tensor[]
  readonly outputs: readonly Tensor[]
  /** Gradient for output 0. */
  readonly dy: Tensor
  /** Gradients for all outputs; `undefined` where the loss does not depend on it. */
  readonly dys: readonly (Tensor | undefined)[]
  readonly attrs: Attrs
  /** Which inputs want a gradient. */
  readonly needs: readonly boolean[]
}

/** Gradients for the inputs, in ops; `undefined` is zero. */
export type GradientRule = (context: GradientContext) => readonly (Tensor | undefined)[]

/** A row of the op table. */
export interface OpRow extends Op {
  /** One sentence. This and the formula are for generators: the published build leaves them out. */
  readonly doc?: string
  /** What is computed. */
  readonly formula?: string
  /** Outputs that only the gradient rule reads: the public function hands them to nobody, so no loss depends on them. */
  readonly saved?: readonly number[]
  /** The chain rule through this op, or why there is none. */
  readonly gradient: GradientRule | NoGradient
}

/** Why an op has no gradient rule: it is constant almost everywhere, it is an update, or its derivative is not written. */
export type NoGradient = 'piecewise constant' | 'update' | 'no second derivative'

export const defineOp = (row: OpRow): OpRow => row

/** The attribute of a node, with the type its public function gave it. */
export const attr = <T>(attrs: Attrs, name: string): T => attrs[name] as T

/** The rows of a family, by name. */
export type OpTable<Name extends string> = Readonly<Record<Name, OpRow>>
