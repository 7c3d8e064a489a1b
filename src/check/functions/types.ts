import type * as f from '../../ops/functions.ts'
import type { OpName } from '../../ops/index.ts'
import type { Tensor } from '../../ops/tensor.ts'
import type { RefTensor } from '../../reference/index.ts'
import type { Operand } from '../cases/index.ts'

/** What src/ops/functions.ts exports for other files of the library. */
export type Internal =
  | 'around'
  | 'checkAlike'
  | 'finite'
  | 'matmulOp'
  | 'oneOf'
  | 'reduced'
  | 'rowsOf'
  | 'stretched'
  | 'sumTo'
  | `${string}Ops`

/** Functions that do more than the row of the op table that bears their name: other axes, shapes, options. */
export type Wider = 'argsort' | 'conv2d' | 'crossEntropy' | 'gather' | 'layerNorm' | 'logSoftmax' | 'matmul' | 'softmax'

/** The public functions that are no row of the op table by their own name, or do more: other operations make them up. */
export type FunctionName = Exclude<keyof typeof f, OpName | Internal> | Wider

export type LossName =
  | 'bceWithLogits'
  | 'binaryCrossEntropy'
  | 'cosineEmbedding'
  | 'cosineSimilarity'
  | 'crossEntropy'
  | 'ctc'
  | 'focal'
  | 'hinge'
  | 'huber'
  | 'klDiv'
  | 'mae'
  | 'mse'
  | 'multiMargin'
  | 'nll'
  | 'smoothL1'
  | 'triplet'

/** One or several results. */
export type Some<T> = T | readonly T[]

/** A call of the function, and the same in f64, by code that shares nothing with it. */
export interface FunctionCase {
  readonly inputs: readonly Operand[]
  readonly call: (...x: Tensor[]) => Some<Tensor>
  readonly reference: (...x: RefTensor[]) => Some<RefTensor>
}

export interface FunctionRow {
  /** One sentence. */
  readonly doc: string
  readonly formula: string
  /** `composed`: the chain rule through the operations that make it up. */
  readonly gradient: 'composed' | 'piecewise constant'
  readonly cases: readonly FunctionCase[]
}

/** The rows of a family: all of its functions, and no other. */
export type Functions<Name extends FunctionName> = Readonly<Record<Name, FunctionRow>>
