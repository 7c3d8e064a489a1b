/** Facts about a bad input: what was expected, what came, where, and how to mend it. */
export interface ErrorFacts {
  /** The operation, option, file or flag at fault. */
  readonly where?: string
  readonly expected?: string
  readonly received?: string
  readonly hint?: string
  readonly cause?: unknown
}

/** The base of every error chainrule throws on purpose; `instanceof` tells them from accidents. */
export class ChainruleError extends Error {
  override readonly name: string = 'ChainruleError'
  readonly where: string | undefined
  readonly expected: string | undefined
  readonly received: string | undefined
  readonly hint: string | undefined
  /** The path of the layer it came out of, such as `sequential.2 (linear)`. */
  layer: string | undefined

  constructor(message: string, facts: ErrorFacts = {}) {
    super(compose(message, facts), facts.cause === undefined ? undefined : { cause: facts.cause })
    this.where = facts.where
    this.expected = facts.expected
    this.received = facts.received
    this.hint = facts.hint
    this.layer = undefined
  }

  /** Puts the path of the layer in front of the message, in place of a shorter one from an inner module. */
  locate(layer: string): this {
    const before = this.message
    this.message = `${layer}: ${this.layer === undefined ? before : before.slice(this.layer.length + 2)}`
    this.layer = layer
    if (this.stack !== undefined) this.stack = this.stack.replace(before, () => this.message)
    return this
  }
}

function compose(message: string, { where, expected, received, hint }: ErrorFacts): string {
  let text = where === undefined ? message : `${where}: ${message}`
  if (expected !== undefined) text += `; expected ${expected}`
  if (received !== undefined) text += `${expected === undefined ? ';' : ','} received ${received}`
  return hint === undefined ? text : `${text}. ${hint}`
}

/** Shapes that do not fit an operation. */
export class ShapeError extends ChainruleError {
  override readonly name: string = 'ShapeError'
}
/** An element type an operation does not take. */
export class DTypeError extends ChainruleError {
  override readonly name: string = 'DTypeError'
}
/** An option or argument out of its range, misspelt or of the wrong type. */
export class ArgumentError extends ChainruleError {
  override readonly name: string = 'ArgumentError'
}
/** Use of a tensor, step or engine after it was disposed of. */
export class DisposedError extends ChainruleError {
  override readonly name: string = 'DisposedError'
}
/** A label or index outside its range, found while the program ran; the step was not applied. */
export class IndexError extends ChainruleError {
  override readonly name: string = 'IndexError'
}
/** Memory that the 4 GiB of the engine (or its limit) cannot give. */
export class OutOfMemoryError extends ChainruleError {
  override readonly name: string = 'OutOfMemoryError'
  readonly requested: number
  readonly inUse: number
  readonly limit: number
  constructor(requested: number, inUse: number, limit: number) {
    super('not enough memory', {
      expected: `at most ${limit - inUse} more bytes (${inUse} of ${limit} in use)`,
      received: `a request for ${requested}`,
      hint: 'Use a smaller batch, or dispose of tensors that are no longer needed.',
    })
    this.requested = requested
    this.inUse = inUse
    this.limit = limit
  }
}
/** A thread of the pool that died, failed to start or stopped answering. */
export class WorkerError extends ChainruleError {
  override readonly name: string = 'WorkerError'
}
/** Something a captured step cannot do, such as reading a value while it is being traced. */
export class CaptureError extends ChainruleError {
  override readonly name: string = 'CaptureError'
}
/** A derivative that does not exist or cannot be taken here. */
export class GradientError extends ChainruleError {
  override readonly name: string = 'GradientError'
}
/** A number that is not finite, found in a run that looks for them. */
export class AnomalyError extends ChainruleError {
  override readonly name: string = 'AnomalyError'
  /** The operation whose result it is, or the column or variable that held it. */
  readonly op: string
  /** The step, from 1. */
  readonly step: number
  constructor(op: string, step: number, message: string, facts: ErrorFacts = {}) {
    super(message, facts)
    this.op = op
    this.step = step
  }
}
/** A file or data set that is malformed, truncated or of another kind than expected. */
export class DataError extends ChainruleError {
  override readonly name: string = 'DataError'
}
/** A model that the format it is exported to cannot express. */
export class ExportError extends ChainruleError {
  override readonly name: string = 'ExportError'
}
/** A runtime that lacks what the engine needs, or an engine used in a state that forbids it. */
export class EngineError extends ChainruleError {
  override readonly name: string = 'EngineError'
}
