import { binary } from './binary.ts'
import { matrix } from './matmul.ts'
import { reduce } from './reduce.ts'
import { shape } from './shape.ts'
import { softmax } from './softmax.ts'
import { unary } from './unary.ts'
import { update } from './update.ts'

/** Every operation by its name. */
export const references = {
  ...unary,
  ...binary,
  ...shape,
  ...reduce,
  ...softmax,
  ...matrix,
  ...update,
} as const
