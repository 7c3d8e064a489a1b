import type { ParameterTree } from '../autodiff/tree.ts'
import { scalars } from '../ops/scalar.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Variable } from '../ops/variable.ts'
import { known } from '../options.ts'
import { average, nextPower, rounded } from './moments.ts'
import { type CommonOptions, Optimizer, type Update } from './optimizer.ts'
import { fraction, nonNegative } from './options.ts'
import type { Schedule } from './schedules.ts'

export interface NadamOptions extends CommonOptions<NadamOptions> {
  /** Learning rate. Default 0.002. */
  readonly lr?: number | Schedule
  /** Decay of the two moments. Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number]
  /** Default 1e-8. */
  readonly eps?: number
  /** How fast the momentum rises to beta1. Default 0.004. */
  readonly momentumDecay?: number
  /** Added to the gradient times the parameter. Default 0. */
  readonly weightDecay?: number
}

const { add, sub, mul, div, pow } = scalars

/** What the updates of one step share. */
interface Now {
  readonly ofGradient: Tensor
  readonly ofMoment: Tensor
  readonly root: Tensor
}

/**
 * Adam with Nesterov momentum (Dozat 2016): mu_t = beta1 (1 - 0.96^(t momentumDecay) / 2), and with P the product of
 * all mu up to t, p -= lr ((1 - mu_t) / (1 - P) g + mu_(t+1) / (1 - P mu_(t+1)) m) / (sqrt(v / (1 - beta2^t)) + eps).
 */
export class Nadam extends Optimizer {
  readonly #options: { beta1: number; beta2: number; eps: number; momentumDecay: number }
  readonly #m: ReadonlyMap<Variable, Variable>
  readonly #v: ReadonlyMap<Variable, Variable>
  readonly #product: Variable
  readonly #power2: Variable
  #now: Now | undefined

  constructor(parameters: ParameterTree, options: NadamOptions = {}) {
    const {
      lr = 2e-3,
      betas: [beta1, beta2] = [0.9, 0.999],
      eps = 1e-8,
      momentumDecay = 4e-3,
      ...common
    } = known('optim.nadam', options, 'lr betas eps momentumDecay weightDecay groups')
    fraction('optim.nadam', { beta1, beta2 })
    nonNegative('optim.nadam', { eps, momentumDecay })
    super(parameters, lr, common, (own, group) => new Nadam(own, { ...options, ...group }))
    this.#options = { beta1, beta2, eps, momentumDecay }
    this.#m = this.slot('m')
    this.#v = this.slot('v')
    this.#product = this.counter('momentumProduct', 1)
    this.#power2 = this.counter('beta2Power', 1)
  }

  protected override begin(step: Tensor): void {
    const { beta1, beta2, momentumDecay } = this.#options
    const momentum = (t: Tensor): Tensor => mul(beta1, sub(1, mul(0.5, pow(0.96, mul(t, momentumDecay)))))
    const [now, next] = [momentum(step), momentum(add(step, 1))]
    const product = mul(this.#product, now)
    this.#product.assign(product)
    this.#now = {
      ofGradient: div(sub(1, now), sub(1, product)),
      ofMoment: div(next, sub(1, mul(product, next))),
      root: rounded(div(1, scalars.sqrt(sub(1, nextPower(this.#power2, beta2))))),
    }
  }

  protected override update({ parameter, gradient, lr, weightDecay }: Update): void {
    const { beta1, beta2, eps } = this.#options
    const { ofGradient, ofMoment, root } = this.#now as Now
    const g = weightDecay > 0 ? gradient.add(parameter.mul(weightDecay)) : gradient
    const m = average(this.#m.get(parameter) as Variable, g, beta1)
    const v = average(this.#v.get(parameter) as Variable, g.square(), beta2)
    const along = g.mul(rounded(mul(lr, ofGradient))).add(m.mul(rounded(mul(lr, ofMoment))))
    parameter.assign(parameter.sub(along.div(v.sqrt().mul(root).add(eps))))
  }
}

export const nadam = (parameters: ParameterTree, options: NadamOptions = {}): Nadam => new Nadam(parameters, options)
