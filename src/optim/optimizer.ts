import type { ParameterTree } from '../autodiff/tree.ts'
import { ArgumentError, DTypeError, ShapeError } from '../errors.ts'
import { scalars } from '../ops/scalar.ts'
import type { Tensor } from '../ops/tensor.ts'
import { Parameter, type Variable } from '../ops/variable.ts'
import { known } from '../options.ts'
import { type Group, type Settings, scheduleOf, settingsOf } from './groups.ts'
import type { Schedule } from './schedules.ts'
import { Stateful } from './stateful.ts'

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
  /** The weight decay of this parameter: that of its group, or the optimizer's. */
  readonly weightDecay: number
}

/** What all optimizers take. */
export interface CommonOptions {
  readonly weightDecay?: number
  /** Parameters with options of their own; the first group that a parameter belongs to holds. */
  readonly groups?: readonly Group[]
}

/**
 * The base of all optimizers. A subclass names the state it keeps (`slot`, `counter`) and says how one parameter is
 * updated; everything is written in ops, so that a step can be captured and nothing of it runs in JavaScript.
 */
export abstract class Optimizer extends Stateful {
  /** Steps done. */
  readonly steps: Variable
  readonly #rate: Schedule
  readonly #settings: ReadonlyMap<string, Settings>

  constructor(parameters: ParameterTree, rate: number | Schedule, options: CommonOptions = {}) {
    super(parameters)
    known(this.constructor.name, options, 'weightDecay groups')
    this.#rate = scheduleOf(this.constructor.name, rate)
    this.#settings = settingsOf(this.constructor.name, this.parameters, options)
    this.steps = this.counter('step', 0)
    this.adopt('schedule', rate)
    for (const [i, { lr }] of (options.groups ?? []).entries()) this.adopt(`groups.${i}.schedule`, lr)
  }

  /** Applies one step. The gradients have the structure of the parameters that the optimizer was made for. */
  step(gradients: Gradients): void {
    const given = this.match(gradients)
    this.within(() => {
      const rated = (schedule: Schedule): { lr: Tensor; rate: Tensor } => {
        const lr = schedule(this.steps)
        return { lr, rate: scalars.toFloat(lr) }
      }
      const rates = new Map([[this.#rate, rated(this.#rate)]])
      const step = scalars.add(this.steps, 1)
      this.begin(step)
      for (const [name, parameter] of this.parameters) {
        const gradient = given.get(name)
        if (gradient === undefined) continue
        const { rate = this.#rate, weightDecay } = this.#settings.get(name) as Settings
        const found = rates.get(rate) ?? rated(rate)
        rates.set(rate, found)
        this.update({ name, parameter, gradient, ...found, step, weightDecay })
      }
      this.steps.assign(step)
    })
  }

  /** The learning rate that the next step uses, a float64 scalar: an output to watch, even of a captured step. */
  rate(): Tensor {
    return this.within(() => this.#rate(this.steps))
  }

  /** Once a step, before the updates; `step` is the number of this step, 1 at the first. */
  protected begin(_step: Tensor): void {}

  protected abstract update(update: Update): void

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
