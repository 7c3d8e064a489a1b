import { attentionRows } from './attention.ts'
import { batch } from './batch.ts'
import { binary } from './binary.ts'
import { conv } from './conv.ts'
import { matrix } from './matmul.ts'
import { norm } from './norm.ts'
import { order } from './order.ts'
import { random } from './random.ts'
import { recurrent } from './recurrent.ts'
import { reduce } from './reduce.ts'
import { select } from './select.ts'
import { shape } from './shape.ts'
import { softmax } from './softmax.ts'
import type { Rows } from './tensor.ts'
import { unary } from './unary.ts'
import { update } from './update.ts'

export type ReferenceName =
  | keyof typeof unary
  | keyof typeof binary
  | keyof typeof select
  | keyof typeof shape
  | keyof typeof order
  | keyof typeof reduce
  | keyof typeof softmax
  | keyof typeof matrix
  | keyof typeof conv
  | keyof typeof norm
  | keyof typeof recurrent
  | keyof typeof attentionRows
  | keyof typeof update
  | keyof typeof batch
  | keyof typeof random

/** Every operation by its name. */
export const references: Rows<ReferenceName> = {
  ...unary,
  ...binary,
  ...select,
  ...shape,
  ...order,
  ...reduce,
  ...softmax,
  ...matrix,
  ...conv,
  ...norm,
  ...recurrent,
  ...attentionRows,
  ...update,
  ...batch,
  ...random,
}
