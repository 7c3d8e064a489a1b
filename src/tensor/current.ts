import { EngineError } from '../errors.ts'
import { Engine, type EngineOptions } from '../program/engine.ts'

let current: Engine | undefined

/**
 * Starts an engine (compiles the WebAssembly, allocates its memory, starts its threads) and makes it the current one:
 * tensors, models and data sets that name no engine are created in it.
 */
export async function init(options: EngineOptions = {}): Promise<Engine> {
  const engine = await Engine.create(options)
  current = engine
  return engine
}

/** The engine in which tensors are created. Throws EngineError before init(). */
export function currentEngine(): Engine {
  if (current === undefined) throw new EngineError('there is no engine yet', { hint: 'Call `await init()` first.' })
  return current
}

/** Runs `fn` with another engine as the current one. */
export function withEngine<T>(engine: Engine, fn: () => T): T {
  const before = current
  current = engine
  try {
    return fn()
  } finally {
    current = before
  }
}
