import { batchOps } from './batch.ts'
import type { OpRow } from './define.ts'
import { binaryOps, unaryOps } from './elementwise.ts'
import { lossOps } from './loss.ts'
import { fusedMatmul, matmulOp } from './matmul.ts'
import { randomOps } from './random.ts'
import { reduceOps } from './reduce.ts'
import { scalarOps } from './scalar.ts'
import { shapeOps } from './shape.ts'
import { softmaxOps } from './softmax.ts'
import { updateOps } from './update.ts'

/** The op table: every operation by name. Tests, references and documentation are typed by its keys. */
export const ops = {
  ...unaryOps,
  ...binaryOps,
  ...shapeOps,
  ...reduceOps,
  ...softmaxOps,
  ...lossOps,
  matmul: matmulOp,
  fusedMatmul,
  ...randomOps,
  ...scalarOps,
  ...updateOps,
  ...batchOps,
} satisfies Readonly<Record<string, OpRow>>

export type OpName = keyof typeof ops
