import type { ParameterTree } from '../autodiff/tree.ts'
import type { Variable } from '../ops/variable.ts'
import { known } from '../options.ts'
import { type CommonOptions, Optimizer, type Update } from './optimizer.ts'
import { fraction, nonNegative } from './options.ts'
import type { Schedule } from './schedules.ts'

export interface RmspropOptions extends CommonOptions<RmspropOptions> {
  /** Learning rate. Default 0.01. */
  lr?: number | Schedule
  /** Decay of the mean of squares. Default 0.99. */
  alpha?: number
  /** Default 1e-8. */
  eps?: number
  /** Default 0. */
  momentum?: number
  /** Divide by the deviation instead of the root of the mean square. Default false. */
  centered?: boolean
  /** Added to the gradient times the parameter. Default 0. */
  readonly weightDecay?: number
}

type Slots = ReadonlyMap<Variable, Variable>

/** v is a running mean of g^2; p -= lr g / (sqrt(v) + eps), or by a momentum of those quotients (Hinton 2012). */
export class Rmsprop extends Optimizer {
  readonly #options: Required<Pick<RmspropOptions, 'alpha' | 'eps' | 'momentum'>>
  readonly #squares: Slots
  readonly #means: Slots
  readonly #velocity: Slots

  constructor(parameters: ParameterTree, options: RmspropOptions = {}) {
    const {
      lr = 0.01,
      alpha = 0.99,
      eps = 1e-8,
      momentum = 0,
      centered = false,
      ...common
    } = known('optim.rmsprop', options, 'lr alpha eps momentum centered weightDecay groups')
    fraction('optim.rmsprop', { alpha, momentum })
    nonNegative('optim.rmsprop', { eps })
    super(parameters, lr, common, (own, group) => new Rmsprop(own, { ...options, ...group }))
    this.#options = { alpha, eps, momentum }
    this.#squares = this.slot('square')
    this.#means = centered ? this.slot('mean') : new Map()
    this.#velocity = momentum > 0 ? this.slot('velocity') : new Map()
  }

  protected override update({ parameter, gradient, rate, weightDecay }: Update): void {
    const { alpha, eps, momentum } = this.#options
    const g = weightDecay > 0 ? gradient.add(parameter.mul(weightDecay)) : gradient
    const squares = this.#squares.get(parameter) as Variable
    squares.assign(squares.mul(alpha).add(g.square().mul(1 - alpha)))
    const mean = this.#means.get(parameter)
    mean?.assign(mean.mul(alpha).add(g.mul(1 - alpha)))
    const spread = mean === undefined ? squares : squares.sub(mean.square())
    const scaled = g.div(spread.sqrt().add(eps))
    const velocity = this.#velocity.get(parameter)
    velocity?.assign(velocity.mul(momentum).add(scaled))
    parameter.assign(parameter.sub((velocity ?? scaled).mul(rate)))
  }
}

export const rmsprop = (parameters: ParameterTree, options: RmspropOptions = {}): Rmsprop =>
  new Rmsprop(parameters, options)
