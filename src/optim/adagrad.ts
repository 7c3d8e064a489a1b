import type { ParameterTree } from '../autodiff/tree.ts'
import { scalars } from '../ops/scalar.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Variable } from '../ops/variable.ts'
import { known } from '../options.ts'
import { type CommonOptions, Optimizer, type Update } from './optimizer.ts'
import { nonNegative } from './options.ts'
import type { Schedule } from './schedules.ts'

export interface AdagradOptions extends CommonOptions<AdagradOptions> {
  /** Learning rate. Default 0.01. */
  lr?: number | Schedule
  /** The rate of step t is lr / (1 + (t - 1) lrDecay). Default 0. */
  lrDecay?: number
  /** Default 1e-10. */
  eps?: number
  /** What the sums of squares start from. Default 0. */
  initialSum?: number
  /** Added to the gradient times the parameter. Default 0. */
  readonly weightDecay?: number
}

/** s += g^2; p -= lr g / (sqrt(s) + eps) (Duchi et al. 2011). */
export class Adagrad extends Optimizer {
  readonly #eps: number
  readonly #sums: ReadonlyMap<Variable, Variable>

  constructor(parameters: ParameterTree, options: AdagradOptions = {}) {
    const {
      lr = 0.01,
      lrDecay = 0,
      eps = 1e-10,
      initialSum = 0,
      ...common
    } = known('optim.adagrad', options, 'lr lrDecay eps initialSum weightDecay groups')
    nonNegative('optim.adagrad', { lrDecay, eps, initialSum })
    super(
      parameters,
      lrDecay === 0 ? lr : decayed(lr, lrDecay),
      common,
      (own, group) => new Adagrad(own, { ...options, ...group }),
    )
    this.#eps = eps
    this.#sums = this.slot('sum', initialSum)
  }

  protected override update({ parameter, gradient, rate, weightDecay }: Update): void {
    const g = weightDecay > 0 ? gradient.add(parameter.mul(weightDecay)) : gradient
    const sum = this.#sums.get(parameter) as Variable
    sum.assign(sum.add(g.square()))
    parameter.assign(parameter.sub(g.div(sum.sqrt().add(this.#eps)).mul(rate)))
  }
}

function decayed(lr: number | Schedule, decay: number): Schedule {
  if (typeof lr === 'number') nonNegative('optim.adagrad', { lr })
  return (t: Tensor): Tensor => scalars.div(typeof lr === 'number' ? lr : lr(t), scalars.add(1, scalars.mul(decay, t)))
}

export const adagrad = (parameters: ParameterTree, options: AdagradOptions = {}): Adagrad =>
  new Adagrad(parameters, options)
