import type { ParameterTree } from '../autodiff/tree.ts'
import { scalars } from '../ops/scalar.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Variable } from '../ops/variable.ts'
import { known } from '../options.ts'
import { average, nextPower, rounded } from './moments.ts'
import { type CommonOptions, Optimizer, type Update } from './optimizer.ts'
import { fraction, nonNegative } from './options.ts'
import type { Schedule } from './schedules.ts'

export interface RadamOptions extends CommonOptions<RadamOptions> {
  /** Learning rate. Default 0.001. */
  readonly lr?: number | Schedule
  /** Decay of the two moments. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number]
  /** Default 1e-8. */
  readonly eps?: number
  /** Added to the gradient times the parameter. Default 0. */
  readonly weightDecay?: number
}

const { sub, mul, div, less, max, select, sqrt } = scalars

/** What the updates of one step share. */
interface Now {
  readonly c1: Tensor
  readonly slope: Tensor
  readonly floor: Tensor
}

/**
 * Rectified Adam (Liu et al. 2020). n = 2 / (1 - beta2) - 1, n_t = n - 2 t beta2^t / (1 - beta2^t). While n_t <= 5 the
 * second moment says too little: p -= lr m / (1 - beta1^t). After that p -= lr r m / (1 - beta1^t) / ((sqrt(v) + eps) /
 * sqrt(1 - beta2^t)), r^2 = (n_t - 4) (n_t - 2) n / ((n - 4) (n - 2) n_t).
 */
export class Radam extends Optimizer {
  readonly #options: { beta1: number; beta2: number; eps: number }
  readonly #m: ReadonlyMap<Variable, Variable>
  readonly #v: ReadonlyMap<Variable, Variable>
  readonly #power1: Variable
  readonly #power2: Variable
  #now: Now | undefined

  constructor(parameters: ParameterTree, options: RadamOptions = {}) {
    const {
      lr = 1e-3,
      betas: [beta1, beta2] = [0.9, 0.999],
      eps = 1e-8,
      ...common
    } = known('optim.radam', options, 'lr betas eps weightDecay groups')
    fraction('optim.radam', { beta1, beta2 })
    nonNegative('optim.radam', { eps })
    super(parameters, lr, common, (own, group) => new Radam(own, { ...options, ...group }))
    this.#options = { beta1, beta2, eps }
    this.#m = this.slot('m')
    this.#v = this.slot('v')
    this.#power1 = this.counter('beta1Power', 1)
    this.#power2 = this.counter('beta2Power', 1)
  }

  protected override begin(step: Tensor): void {
    const { beta1, beta2 } = this.#options
    const n = 2 / (1 - beta2) - 1
    const power2 = nextPower(this.#power2, beta2)
    const c2 = sub(1, power2)
    const length = sub(n, div(mul(2, mul(step, power2)), c2))
    const rectified = less(5, length)
    const squared = div(mul(mul(max(sub(length, 4), 1), sub(length, 2)), n / ((n - 4) * (n - 2))), length)
    // The step is divided by slope (sqrt(v) + eps) + floor: by 1 while the length is too short.
    this.#now = {
      c1: sub(1, nextPower(this.#power1, beta1)),
      slope: rounded(select(rectified, div(1, sqrt(mul(squared, c2))), 0)),
      floor: rounded(sub(1, rectified)),
    }
  }

  protected override update({ parameter, gradient, lr, weightDecay }: Update): void {
    const { beta1, beta2, eps } = this.#options
    const { c1, slope, floor } = this.#now as Now
    const g = weightDecay > 0 ? gradient.add(parameter.mul(weightDecay)) : gradient
    const m = average(this.#m.get(parameter) as Variable, g, beta1)
    const v = average(this.#v.get(parameter) as Variable, g.square(), beta2)
    const divisor = v.sqrt().add(eps).mul(slope).add(floor)
    parameter.assign(parameter.sub(m.mul(rounded(div(lr, c1))).div(divisor)))
  }
}

export const radam = (parameters: ParameterTree, options: RadamOptions = {}): Radam => new Radam(parameters, options)
