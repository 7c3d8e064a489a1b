import type { ParameterTree } from '../autodiff/tree.ts'
import { scalars } from '../ops/scalar.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Variable } from '../ops/variable.ts'
import { known } from '../options.ts'
import { average, nextPower, rounded } from './moments.ts'
import { type CommonOptions, Optimizer, type Update } from './optimizer.ts'
import { fraction, nonNegative } from './options.ts'
import type { Schedule } from './schedules.ts'

export interface AdamaxOptions extends CommonOptions<AdamaxOptions> {
  /** Learning rate. Default 0.002. */
  readonly lr?: number | Schedule
  /** Decay of the mean and of the maximum. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number]
  /** Default 1e-8. */
  readonly eps?: number
  /** Added to the gradient times the parameter. Default 0. */
  readonly weightDecay?: number
}

/** m is a running mean of g, u = max(beta2 u, |g| + eps); p -= lr / (1 - beta1^t) m / u (Kingma and Ba 2015). */
export class Adamax extends Optimizer {
  readonly #options: { beta1: number; beta2: number; eps: number }
  readonly #m: ReadonlyMap<Variable, Variable>
  readonly #u: ReadonlyMap<Variable, Variable>
  readonly #power1: Variable
  #c1: Tensor | undefined

  constructor(parameters: ParameterTree, options: AdamaxOptions = {}) {
    const {
      lr = 2e-3,
      betas: [beta1, beta2] = [0.9, 0.999],
      eps = 1e-8,
      ...common
    } = known('optim.adamax', options, 'lr betas eps weightDecay groups')
    fraction('optim.adamax', { beta1, beta2 })
    nonNegative('optim.adamax', { eps })
    super(parameters, lr, common, (own, group) => new Adamax(own, { ...options, ...group }))
    this.#options = { beta1, beta2, eps }
    this.#m = this.slot('m')
    this.#u = this.slot('u')
    this.#power1 = this.counter('beta1Power', 1)
  }

  protected override begin(): void {
    this.#c1 = scalars.sub(1, nextPower(this.#power1, this.#options.beta1))
  }

  protected override update({ parameter, gradient, lr, weightDecay }: Update): void {
    const { beta1, beta2, eps } = this.#options
    const g = weightDecay > 0 ? gradient.add(parameter.mul(weightDecay)) : gradient
    const m = average(this.#m.get(parameter) as Variable, g, beta1)
    const u = this.#u.get(parameter) as Variable
    u.assign(u.mul(beta2).maximum(g.abs().add(eps)))
    parameter.assign(parameter.sub(m.mul(rounded(scalars.div(lr, this.#c1 as Tensor))).div(u)))
  }
}

export const adamax = (parameters: ParameterTree, options: AdamaxOptions = {}): Adamax =>
  new Adamax(parameters, options)
