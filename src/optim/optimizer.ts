import type { ParameterTree } from '../autodiff/tree.ts'
import { ArgumentError, DTypeError, ShapeError } from '../errors.ts'
import { type LoadReport, loadState, readState, type State, type StateEntry } from '../nn/state.ts'
import { full } from '../ops/create.ts'
import { scalar, scalars } from '../ops/scalar.ts'
import type { Tensor } from '../ops/tensor.ts'
import { Parameter, Variable, variable } from '../ops/variable.ts'
import type { Engine } from '../program/engine.ts'
import { withEngine } from '../tensor/current.ts'
import { scoped } from '../tensor/scope.ts'
import type { Schedule } from './schedules.ts'

/** Gradients as `gradients` returns them: in the order of an array of parameters, or by name. */
export type Gradients = readonly Tensor[] | Readonly<Record<string, Tensor>>

/** What an update of one parameter is made from. */
export interface Update {
  readonly name: string
  readonly parameter: Variable
  readonly gradient: Tensor
  /** The learning rate of this step as a float32 scalar, for arithmetic with tensors. */
  readonly rate: Tensor
  /** The same as a float64 control scalar, for the fused updates. */
  readonly lr: Tensor
  /** The number of this step, a float64 scalar: 1 at the first. */
  readonly step: Tensor
}

/**
 * The base of all optimizers. A subclass names the state it keeps (`slot`, `counter`) and says how one parameter is
 * updated; everything is written in ops, so that a step can be captured and nothing of it runs in JavaScript.
 */
export abstract class Optimizer implements Disposable {
  /** The parameters by name. */
  readonly parameters: ReadonlyMap<string, Variable>
  /** Steps done. */
  readonly steps: Variable
  readonly #engine: Engine
  readonly #rate: Schedule
  readonly #state = new Map<string, Variable>()

  constructor(parameters: ParameterTree, rate: number | Schedule) {
    if (typeof rate === 'number') nonNegative(this.constructor.name, { lr: rate })
    else if (typeof rate !== 'function')
      throw new ArgumentError('lr is neither a number nor a schedule', {
        where: this.constructor.name,
        expected: 'a number such as 1e-3, or schedule.cosine(...)',
        received: String(rate),
      })
    this.parameters = byName(this.constructor.name, parameters)
    this.#engine = ([...this.parameters.values()][0] as Variable).engine
    this.#rate = typeof rate === 'number' ? () => scalar(rate) : rate
    this.steps = this.counter('step', 0)
  }

  /** Applies one step. The gradients have the structure of the parameters that the optimizer was made for. */
  step(gradients: Gradients): void {
    const given = this.match(gradients)
    this.within(() => {
      const lr = this.#rate(this.steps)
      const rate = scalars.toFloat(lr)
      const step = scalars.add(this.steps, 1)
      this.begin(step)
      for (const [name, parameter] of this.parameters) {
        const gradient = given.get(name)
        if (gradient !== undefined) this.update({ name, parameter, gradient, rate, lr, step })
      }
      this.steps.assign(step)
    })
  }

  /** The learning rate that the next step uses, a float64 scalar: an output to watch, even of a captured step. */
  rate(): Tensor {
    return this.within(() => this.#rate(this.steps))
  }

  /** Frees the state, not the parameters. */
  dispose(): void {
    for (const variable of this.#state.values()) variable.dispose()
  }
  [Symbol.dispose](): void {
    this.dispose()
  }

  /** Variables of the optimizer by name, for checkpoints. */
  state(): ReadonlyMap<string, Variable> {
    return this.#state
  }

  stateDict(): Promise<State> {
    return readState(this.entries())
  }

  loadStateDict(state: State | Iterable<readonly [string, StateEntry]>): LoadReport {
    return loadState(this.entries(), state, true)
  }

  /** Once a step, before the updates; `step` is the number of this step, 1 at the first. */
  protected begin(_step: Tensor): void {}

  protected abstract update(update: Update): void

  /** A variable for each parameter, of its shape and zero (or `initial`) at first: velocities, moments. */
  protected slot(kind: string, initial = 0): ReadonlyMap<Variable, Variable> {
    return new Map(
      [...this.parameters].map(([name, parameter]) => [
        parameter,
        this.keep(`${name}.${kind}`, () => full(parameter.shape, initial)),
      ]),
    )
  }

  /** A float64 variable of the whole optimizer. */
  protected counter(name: string, initial: number): Variable {
    return this.keep(name, () => scalar(initial))
  }

  /** In the engine of the parameters, and without leaving temporaries behind. */
  private within<T>(run: () => T): T {
    return withEngine(this.#engine, () => scoped(this.#engine, run))
  }

  private keep(name: string, initial: () => Tensor): Variable {
    if (this.#state.has(name))
      throw new ArgumentError('the optimizer has that state already', { where: this.constructor.name, received: name })
    const kept = this.within(() => variable(initial(), { name }))
    this.#state.set(name, kept)
    return kept
  }

  private entries(): { name: string; variable: Variable }[] {
    return [...this.#state].map(([name, kept]) => ({ name, variable: kept }))
  }

  /** Gradients by name, after all of them have been looked at. */
  private match(gradients: Gradients): Map<string, Tensor> {
    const where = this.constructor.name
    const given = new Map<string, Tensor>(Object.entries(gradients))
    for (const name of given.keys())
      if (!this.parameters.has(name))
        throw new ArgumentError(`a gradient '${name}' for which there is no parameter`, {
          where,
          expected: `gradients of ${[...this.parameters.keys()].join(', ')}`,
          hint: 'Take the gradients of the same module, array or record that the optimizer was made for.',
        })
    for (const [name, parameter] of this.parameters) {
      const gradient = given.get(name)
      if (gradient === undefined) {
        if (parameter instanceof Parameter && !parameter.trainable) continue
        throw new ArgumentError(`no gradient for the parameter '${name}'`, {
          where,
          expected: `gradients of ${[...this.parameters.keys()].join(', ')}`,
          hint: 'Take the gradients of the same module, array or record that the optimizer was made for.',
        })
      }
      if (gradient.dtype !== 'float32')
        throw new DTypeError(`the gradient of '${name}' has another type`, {
          where,
          expected: 'float32',
          received: gradient.dtype,
        })
      if (gradient.rank !== parameter.rank || gradient.shape.some((n, i) => n !== parameter.shape[i]))
        throw new ShapeError(`the gradient of '${name}' has another shape`, {
          where,
          expected: `[${parameter.shape.join(', ')}]`,
          received: `[${gradient.shape.join(', ')}]`,
        })
    }
    return given
  }
}

function byName(where: string, tree: ParameterTree): Map<string, Variable> {
  const entries: Iterable<readonly [string, unknown]> =
    'namedParameters' in tree && typeof tree.namedParameters === 'function'
      ? (tree as { namedParameters(): Iterable<[string, Tensor]> }).namedParameters()
      : Object.entries(tree)
  const parameters = new Map<string, Variable>()
  const seen = new Set<unknown>()
  for (const [name, value] of entries) {
    if (!(value instanceof Variable) || value.dtype !== 'float32')
      throw new ArgumentError(`'${name}' cannot be trained`, {
        where,
        expected: 'a float32 Parameter or Variable',
        received: value instanceof Variable ? value.dtype : typeof value,
      })
    if (seen.has(value))
      throw new ArgumentError(`'${name}' is there twice`, {
        where,
        hint: 'A step would update it twice: list each parameter once.',
      })
    seen.add(value)
    parameters.set(name, value)
  }
  if (parameters.size === 0)
    throw new ArgumentError('no parameters to train', {
      where,
      hint: 'Pass a module, or an array or record of parameters.',
    })
  return parameters
}

/** Options that must be finite and at least 0. */
export function nonNegative(where: string, options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options))
    if (!(Number.isFinite(value) && value >= 0))
      throw new ArgumentError(`${name} is out of range`, {
        where,
        expected: 'a finite number of at least 0',
        received: String(value),
      })
}

/** Options that must be in [0, 1). */
export function fraction(where: string, options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options))
    if (!(value >= 0 && value < 1))
      throw new ArgumentError(`${name} is out of range`, { where, expected: '0 <= x < 1', received: String(value) })
}
