import type { ParameterTree } from '../autodiff/tree.ts'
import { greater, sub } from '../ops/functions.ts'
import { scalars } from '../ops/scalar.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Variable } from '../ops/variable.ts'
import { known } from '../options.ts'
import { average, nextPower, rounded } from './moments.ts'
import { type CommonOptions, Optimizer, type Update } from './optimizer.ts'
import { fraction, nonNegative } from './options.ts'
import type { Schedule } from './schedules.ts'

export interface LambOptions extends CommonOptions<LambOptions> {
  /** Learning rate. Default 0.001. */
  readonly lr?: number | Schedule
  /** Decay of the two moments. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number]
  /** Default 1e-6. */
  readonly eps?: number
  /** Part of the direction, before it is scaled. Default 0. */
  readonly weightDecay?: number
}

/** What the updates of one step share. */
interface Now {
  readonly scale: Tensor
  readonly root: Tensor
}

/**
 * Adam with steps in proportion to the weights of each parameter, for large batches (You et al. 2020):
 * u = (m / c1) / (sqrt(v / c2) + eps) + weightDecay p; p -= lr (|p| / |u|) u, with 1 for the ratio when a norm is 0.
 */
export class Lamb extends Optimizer {
  readonly #options: { beta1: number; beta2: number; eps: number }
  readonly #m: ReadonlyMap<Variable, Variable>
  readonly #v: ReadonlyMap<Variable, Variable>
  readonly #power1: Variable
  readonly #power2: Variable
  #now: Now | undefined

  constructor(parameters: ParameterTree, options: LambOptions = {}) {
    const {
      lr = 1e-3,
      betas: [beta1, beta2] = [0.9, 0.999],
      eps = 1e-6,
      ...common
    } = known('optim.lamb', options, 'lr betas eps weightDecay groups')
    fraction('optim.lamb', { beta1, beta2 })
    nonNegative('optim.lamb', { eps })
    super(parameters, lr, common, (own, group) => new Lamb(own, { ...options, ...group }))
    this.#options = { beta1, beta2, eps }
    this.#m = this.slot('m')
    this.#v = this.slot('v')
    this.#power1 = this.counter('beta1Power', 1)
    this.#power2 = this.counter('beta2Power', 1)
  }

  protected override begin(): void {
    const { beta1, beta2 } = this.#options
    this.#now = {
      scale: rounded(scalars.div(1, scalars.sub(1, nextPower(this.#power1, beta1)))),
      root: rounded(scalars.div(1, scalars.sqrt(scalars.sub(1, nextPower(this.#power2, beta2))))),
    }
  }

  protected override update({ parameter, gradient, rate, weightDecay }: Update): void {
    const { beta1, beta2, eps } = this.#options
    const { scale, root } = this.#now as Now
    const m = average(this.#m.get(parameter) as Variable, gradient, beta1)
    const v = average(this.#v.get(parameter) as Variable, gradient.square(), beta2)
    const step = m.mul(scale).div(v.sqrt().mul(root).add(eps))
    const along = weightDecay > 0 ? step.add(parameter.mul(weightDecay)) : step
    const [weights, length] = [parameter.norm(), along.norm()]
    const both = greater(weights, 0).mul(greater(length, 0))
    const one = sub(1, both)
    const trust = weights.mul(both).div(length.add(one)).add(one)
    parameter.assign(parameter.sub(along.mul(trust.mul(rate))))
  }
}

export const lamb = (parameters: ParameterTree, options: LambOptions = {}): Lamb => new Lamb(parameters, options)
