import { type ParameterTree, treeOf } from '../autodiff/tree.ts'
import { ArgumentError } from '../errors.ts'
import { type LoadReport, loadState, readState, type State, type StateEntry } from '../nn/state.ts'
import { full } from '../ops/create.ts'
import { scalar } from '../ops/scalar.ts'
import type { Tensor } from '../ops/tensor.ts'
import { Variable, variable } from '../ops/variable.ts'
import type { Engine } from '../program/engine.ts'
import { withEngine } from '../tensor/current.ts'
import { scoped } from '../tensor/scope.ts'

/** Parameters and the variables that go with them, by name: what optimizers and averages of weights are made of. */
export abstract class Stateful implements Disposable {
  /** The parameters by name. */
  readonly parameters: ReadonlyMap<string, Variable>
  protected readonly engine: Engine
  /** Those of the parameters that are updated here. */
  protected readonly own: Map<string, Variable>
  readonly #state = new Map<string, Variable>()
  /** Variables of somebody else that are saved with ours. */
  readonly #adopted = new Map<string, Variable>()

  constructor(parameters: ParameterTree) {
    this.parameters = byName(this.constructor.name, parameters)
    this.own = new Map(this.parameters)
    this.engine = ([...this.parameters.values()][0] as Variable).engine
  }

  /** Frees the state, not the parameters. */
  dispose(): void {
    for (const variable of this.#state.values()) variable.dispose()
  }
  [Symbol.dispose](): void {
    this.dispose()
  }

  /** Variables by name, for checkpoints. */
  state(): ReadonlyMap<string, Variable> {
    return new Map([...this.#state, ...this.#adopted])
  }

  stateDict(): Promise<State> {
    return readState(this.entries())
  }

  loadStateDict(state: State | Iterable<readonly [string, StateEntry]>): LoadReport {
    return loadState(this.entries(), state, true)
  }

  /** A variable for each parameter, of its shape and zero (or `initial`) at first: velocities, moments. */
  protected slot(kind: string, initial = 0): ReadonlyMap<Variable, Variable> {
    return new Map(
      [...this.own].map(([name, parameter]) => [
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
  protected within<T>(run: () => T): T {
    return withEngine(this.engine, () => scoped(this.engine, run))
  }

  /** A variable with the first value that `initial` gives. */
  protected keep(name: string, initial: () => Tensor): Variable {
    if (this.#state.has(name))
      throw new ArgumentError('the optimizer has that state already', { where: this.constructor.name, received: name })
    const kept = this.within(() => variable(initial(), { name }))
    this.#state.set(name, kept)
    return kept
  }

  /** Saves the state of `owner` as well, if it has one. */
  protected adopt(prefix: string, owner: unknown): void {
    const stateful = owner as Pick<Stateful, 'state'>
    if (typeof stateful?.state !== 'function') return
    for (const [name, kept] of stateful.state()) this.#adopted.set(`${prefix}.${name}`, kept)
  }

  private entries(): { name: string; variable: Variable }[] {
    return [...this.state()].map(([name, kept]) => ({ name, variable: kept }))
  }
}

function byName(where: string, tree: ParameterTree): Map<string, Variable> {
  const { names, tensors } = treeOf(tree, where)
  const parameters = new Map<string, Variable>()
  for (const [i, value] of tensors.entries()) {
    const name = names[i] as string
    if (!(value instanceof Variable) || value.dtype !== 'float32')
      throw new ArgumentError(`'${name}' cannot be trained`, {
        where,
        expected: 'a float32 Parameter or Variable',
        received: String(value),
      })
    if (tensors.indexOf(value) < i)
      throw new ArgumentError(`'${name}' is there twice`, {
        where,
        expected: 'each parameter once',
      })
    parameters.set(name, value)
  }
  if (parameters.size === 0)
    throw new ArgumentError('no parameters to train', {
      where,
      hint: 'Pass a module, or an array or record of parameters.',
    })
  return parameters
}
