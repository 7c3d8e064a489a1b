import type { ParameterTree } from '../autodiff/tree.ts'
import type { Variable } from '../ops/variable.ts'
import { known } from '../options.ts'
import { average } from './moments.ts'
import { type CommonOptions, Optimizer, type Update } from './optimizer.ts'
import { fraction, nonNegative } from './options.ts'
import type { Schedule } from './schedules.ts'

export interface AdadeltaOptions extends CommonOptions<AdadeltaOptions> {
  /** Scale of the steps. Default 1. */
  readonly lr?: number | Schedule
  /** Decay of the two means of squares. Default 0.9. */
  readonly rho?: number
  /** Default 1e-6. */
  readonly eps?: number
  /** Added to the gradient times the parameter. Default 0. */
  readonly weightDecay?: number
}

/** s, d are running means of g^2 and of u^2; u = sqrt(d + eps) / sqrt(s + eps) g; p -= lr u (Zeiler 2012). */
export class Adadelta extends Optimizer {
  readonly #options: { rho: number; eps: number }
  readonly #squares: ReadonlyMap<Variable, Variable>
  readonly #steps: ReadonlyMap<Variable, Variable>

  constructor(parameters: ParameterTree, options: AdadeltaOptions = {}) {
    const {
      lr = 1,
      rho = 0.9,
      eps = 1e-6,
      ...common
    } = known('optim.adadelta', options, 'lr rho eps weightDecay groups')
    fraction('optim.adadelta', { rho })
    nonNegative('optim.adadelta', { eps })
    super(parameters, lr, common, (own, group) => new Adadelta(own, { ...options, ...group }))
    this.#options = { rho, eps }
    this.#squares = this.slot('square')
    this.#steps = this.slot('delta')
  }

  protected override update({ parameter, gradient, rate, weightDecay }: Update): void {
    const { rho, eps } = this.#options
    const g = weightDecay > 0 ? gradient.add(parameter.mul(weightDecay)) : gradient
    const steps = this.#steps.get(parameter) as Variable
    const squares = average(this.#squares.get(parameter) as Variable, g.square(), rho)
    const along = steps.add(eps).sqrt().div(squares.add(eps).sqrt()).mul(g)
    average(steps, along.square(), rho)
    parameter.assign(parameter.sub(along.mul(rate)))
  }
}

export const adadelta = (parameters: ParameterTree, options: AdadeltaOptions = {}): Adadelta =>
  new Adadelta(parameters, options)
