import { EngineError } from '../errors.ts'
import type { Engine } from '../program/engine.ts'
import { currentEngine } from './current.ts'
import { Handle } from './handle.ts'

/** Disposes of the tensors made since it was opened. */
export class Scope implements Disposable {
  private readonly engine: Engine
  private readonly made: Set<Disposable> = new Set()
  private open = true

  constructor(engine: Engine) {
    this.engine = engine
    engine.scopes.push(this.made)
  }

  /** Takes a tensor out of the scope: the next outer scope owns it, or nobody. */
  keep<T extends Handle>(tensor: T): T {
    if (this.made.delete(tensor)) this.outer()?.add(tensor)
    return tensor
  }

  private outer(): Set<Disposable> | undefined {
    return this.engine.scopes[this.engine.scopes.indexOf(this.made) - 1]
  }

  dispose(): void {
    if (!this.open) return
    this.open = false
    this.engine.scopes.splice(this.engine.scopes.indexOf(this.made), 1)
    for (const tensor of [...this.made]) tensor[Symbol.dispose]()
  }
  [Symbol.dispose](): void {
    this.dispose()
  }
}

/** `using s = scope()`: frees the temporaries of a block. */
export function scope(): Scope
/** Runs `fn` and frees every tensor it made except those in its result (a tensor, or arrays and records of them). */
export function scope<T>(fn: () => T): T
export function scope<T>(fn?: () => T): T | Scope {
  const opened = new Scope(currentEngine())
  return fn === undefined ? opened : within(opened, fn)
}

/** The same for a known engine. */
export function scoped<T>(engine: Engine, fn: () => T): T {
  return within(new Scope(engine), fn)
}

function within<T>(opened: Scope, fn: () => T): T {
  const done = (result: T): T => {
    for (const tensor of handlesIn(result)) opened.keep(tensor)
    opened.dispose()
    return result
  }
  let result: T
  try {
    result = fn()
  } catch (error) {
    opened.dispose()
    throw error
  }
  if (!(result instanceof Promise)) return done(result)
  return result.then(done, (error: unknown) => {
    opened.dispose()
    throw error
  }) as T
}

/** Takes a tensor out of the innermost scope that owns it, for good: the caller disposes of it. */
export function keep<T extends Handle>(tensor: T): T {
  if (tensor.isDisposed) throw new EngineError('a disposed tensor cannot be kept', { where: 'keep()' })
  for (const made of tensor.engine.scopes) made.delete(tensor)
  return tensor
}

function* handlesIn(result: unknown, depth = 0): Iterable<Handle> {
  if (result instanceof Handle) yield result
  else if (depth < 4 && (Array.isArray(result) || isPlain(result) || result instanceof Map))
    for (const part of result instanceof Map ? result.values() : Object.values(result))
      yield* handlesIn(part, depth + 1)
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value))
