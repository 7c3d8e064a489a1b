import type { ParameterTree } from '../autodiff/tree.ts'
import { ArgumentError, DTypeError, ShapeError } from '../errors.ts'
import { scalars } from '../ops/scalar.ts'
import type { Tensor } from '../ops/tensor.ts'
import { Parameter, type Variable } from '../ops/variable.ts'
import { known } from '../options.ts'
import { shapeText } from '../tensor/shape.ts'
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

/** What all optimizers take; `O` is what else one of them takes. */
export interface CommonOptions<O = object> {
  readonly weightDecay?: number
  /** Parameters with options of their own; the first group that a parameter belongs to holds. */
  readonly groups?: readonly (Group & Partial<Omit<O, 'groups'>>)[]
}

/** An optimizer of the same kind, with the options of a group in the place of its own. */
export type Apart = (parameters: ParameterTree, group: object) => Optimizer

/**
 * The base of all optimizers. A subclass names the state it keeps (`slot`, `counter`) and says how one parameter is
 * updated; everything is written in ops, so that a step can be captured and nothing of it runs in JavaScript.
 */
export abstract class Optimizer extends Stateful {
  /** Steps done. */
  readonly steps: Variable
  readonly #rate: Schedule
  readonly #settings: ReadonlyMap<string, Settings>
  /** Those of groups with more options than a rate and a decay. */
  readonly #apart: Optimizer[] = []

  /** Without `apart`, groups have no more options than a rate and a decay. */
  constructor(parameters: ParameterTree, rate: number | Schedule, options: CommonOptions = {}, apart?: Apart) {
    super(parameters)
    known(this.constructor.name, options, 'weightDecay groups')
    this.#rate = scheduleOf(this.constructor.name, rate)
    this.#settings = settingsOf(this.constructor.name, this.parameters, options, apart !== undefined)
    try {
      for (const [i, { match, ...group }] of (options.groups ?? []).entries()) {
        const members = [...this.parameters].filter(([name]) => this.#settings.get(name)?.apart === i)
        if (members.length === 0) continue
        const optimizer = (apart as Apart)(Object.fromEntries(members), { groups: [], ...group })
        this.#apart.push(optimizer)
        this.adopt(`groups.${i}`, optimizer)
        for (const [name] of members) this.own.delete(name)
      }
    } catch (error) {
      this.dispose()
      throw error
    }
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
      for (const [name, parameter] of this.own) {
        const gradient = given.get(name)
        if (gradient === undefined) continue
        const { rate = this.#rate, weightDecay } = this.#settings.get(name) as Settings
        const found = rates.get(rate) ?? rated(rate)
        rates.set(rate, found)
        this.update({ name, parameter, gradient, ...found, step, weightDecay })
      }
      this.steps.assign(step)
      for (const optimizer of this.#apart)
        optimizer.step(Object.fromEntries([...given].filter(([name]) => optimizer.parameters.has(name))))
    })
  }

  override dispose(): void {
    for (const optimizer of this.#apart) optimizer.dispose()
    super.dispose()
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
    const refuse = (what: string): never => {
      throw new ArgumentError(what, {
        where,
        expected: `gradients of ${[...this.parameters.keys()].join(', ')}`,
        hint: 'Take the gradients of what the optimizer was made for.',
      })
    }
    for (const name of given.keys())
      if (!this.parameters.has(name)) refuse(`a gradient '${name}' for which there is no parameter`)
    for (const [name, parameter] of this.parameters) {
      const gradient = given.get(name)
      if (gradient === undefined) {
        if (parameter instanceof Parameter && !parameter.trainable) continue
        refuse(`no gradient for the parameter '${name}'`)
      } else if (kindOf(gradient) !== kindOf(parameter))
        throw new (gradient.dtype === parameter.dtype ? ShapeError : DTypeError)(
          `the gradient of '${name}' does not fit`,
          { where, expected: kindOf(parameter), received: kindOf(gradient) },
        )
    }
    return given
  }
}

const kindOf = ({ dtype, shape }: Tensor): string => `${dtype} ${shapeText(shape)}`
