import type { OpName } from '../../ops/index.ts'
import type { Context } from './builder.ts'

/** How an op is written in ONNX. */
export interface OnnxRow {
  /** The operators it becomes; for the documentation. */
  readonly as: string
  /** Adds the nodes; returns the names of its outputs, '' for one that ONNX does not give. */
  rule(context: Context): string | readonly string[]
}

/** Rows of a family, by the names of their ops. */
export type OnnxRows = Readonly<Partial<Record<OpName, OnnxRow>>>

export const row = (as: string, rule: OnnxRow['rule']): OnnxRow => ({ as, rule })

/** The operator that computes the same from the same operands. */
export const same = (type: string): OnnxRow =>
  row(type, ({ build, inputs, x }) =>
    build.node(
      type,
      inputs.map((_, i) => x(i)),
    ),
  )
