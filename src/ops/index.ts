import { attentionOps } from './attention.ts'
import { batchOps } from './batch.ts'
import { binaryOps } from './binary.ts'
import { convOps } from './conv.ts'
import { customOps } from './custom.ts'
import type { OpTable } from './define.ts'
import { lossOps } from './loss.ts'
import { fusedMatmul, matmulOp } from './matmul.ts'
import { normOps } from './norm.ts'
import { orderOps } from './order.ts'
import { randomOps } from './random.ts'
import { recurrentOps } from './recurrent.ts'
import { reduceOps } from './reduce.ts'
import { scalarOps } from './scalar.ts'
import { selectOps } from './select.ts'
import { shapeOps } from './shape.ts'
import { softmaxOps } from './softmax.ts'
import { unaryOps } from './unary.ts'
import { updateOps } from './update.ts'

/** Names of all operations. Tests, references and documentation are typed by them. */
export type OpName =
  | keyof typeof unaryOps
  | keyof typeof binaryOps
  | keyof typeof selectOps
  | keyof typeof shapeOps
  | keyof typeof orderOps
  | keyof typeof reduceOps
  | keyof typeof softmaxOps
  | keyof typeof lossOps
  | keyof typeof convOps
  | keyof typeof normOps
  | keyof typeof recurrentOps
  | keyof typeof attentionOps
  | 'matmul'
  | 'fusedMatmul'
  | keyof typeof randomOps
  | keyof typeof scalarOps
  | keyof typeof updateOps
  | keyof typeof batchOps
  | keyof typeof customOps

/** The op table: every operation by name. */
export const ops: OpTable<OpName> = {
  ...unaryOps,
  ...binaryOps,
  ...selectOps,
  ...shapeOps,
  ...orderOps,
  ...reduceOps,
  ...softmaxOps,
  ...lossOps,
  ...recurrentOps,
  ...attentionOps,
  matmul: matmulOp,
  fusedMatmul,
  ...convOps,
  ...normOps,
  ...randomOps,
  ...scalarOps,
  ...updateOps,
  ...batchOps,
  ...customOps,
}
