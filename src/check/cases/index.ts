import type { OpName } from '../../ops/index.ts'
import { convolution } from './conv.ts'
import { elementwise } from './elementwise.ts'
import { matrix } from './matrix.ts'
import { normalization } from './norm.ts'
import { pooling } from './pool.ts'
import { random } from './random.ts'
import { reduce } from './reduce.ts'
import { sequences } from './sequence.ts'
import { shape } from './shape.ts'
import type { Cases } from './types.ts'

export type { Fill, OpCase, Operand } from './types.ts'

/** Inputs for every row of the op table; an operation without cases does not compile. */
export const cases: Cases<OpName> = {
  ...elementwise,
  ...shape,
  ...reduce,
  ...matrix,
  ...convolution,
  ...normalization,
  ...pooling,
  ...sequences,
  ...random,
}
