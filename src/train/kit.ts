import { places } from '../nn/module.ts'
import { advanceCursor, fetchSlot } from '../ops/batch.ts'
import { tensor, zeros } from '../ops/create.ts'
import { Tensor } from '../ops/tensor.ts'
import { variable } from '../ops/variable.ts'
import { known } from '../options.ts'
import type { Engine } from '../program/engine.ts'
import { nextNode } from '../program/graph.ts'
import { withEngine } from '../tensor/current.ts'
import { scoped } from '../tensor/scope.ts'
import { blanks } from './feed.ts'

/**
 * What those parts of a run that are loaded on demand take of the core. It is handed to them: where they import it,
 * bundlers cut the core into chunks, and every name that crosses a cut costs bytes.
 */
export interface Kit {
  readonly Tensor: typeof Tensor
  readonly advanceCursor: typeof advanceCursor
  readonly blanks: typeof blanks
  readonly fetchSlot: typeof fetchSlot
  readonly known: typeof known
  readonly nextNode: typeof nextNode
  readonly places: typeof places
  readonly tensor: typeof tensor
  readonly variable: typeof variable
  readonly withEngine: typeof withEngine
  /** Runs `fn` in an engine; frees the tensors that it makes, except its result. */
  within<T>(engine: Engine, fn: () => T): T
  readonly zeros: typeof zeros
}

export const kit: Kit = {
  Tensor,
  advanceCursor,
  blanks,
  fetchSlot,
  known,
  nextNode,
  places,
  tensor,
  variable,
  withEngine,
  within: (engine, fn) => withEngine(engine, () => scoped(engine, fn)),
  zeros,
}
