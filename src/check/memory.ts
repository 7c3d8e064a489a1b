import { GradientError } from '../errors.ts'
import type { Engine } from '../program/engine.ts'
import type { Value } from '../program/graph.ts'
import type { Feed } from '../reference/index.ts'

/** The numbers that leaves of a trace have in the engine's memory, as doubles. */
export function memoryOf(engine: Engine, where: string): Feed {
  return (leaf) => {
    const value = leaf as Value
    if (value.storage === undefined) {
      throw new GradientError('the function changes what it reads', {
        where,
        expected: 'a loss that only depends on its parameters and constants',
        hint: 'Read values and update variables outside of the function.',
      })
    }
    return { shape: value.shape, data: Float64Array.from(engine.elements(value)) }
  }
}
