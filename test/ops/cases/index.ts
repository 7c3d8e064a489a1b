import type { OpName } from '../../../src/index.ts'
import { convolution } from './conv.ts'
import { elementwise } from './elementwise.ts'
import { matrix } from './matrix.ts'
import { normalization } from './norm.ts'
import { random } from './random.ts'
import { reduce } from './reduce.ts'
import { sequences } from './sequence.ts'
import { shape } from './shape.ts'
import type { OpCase } from './types.ts'

export type { Fill, OpCase, Operand } from './types.ts'

/** Inputs for every row of the op table; an operation without cases does not compile. */
export const cases: Readonly<Record<OpName, readonly OpCase[]>> = {
  ...elementwise,
  ...shape,
  ...reduce,
  ...matrix,
  ...convolution,
  ...normalization,
  ...sequences,
  ...random,
}
