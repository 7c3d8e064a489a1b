import type { ParameterTree } from '../autodiff/tree.ts'
import { scalars } from '../ops/scalar.ts'
import type { Tensor } from '../ops/tensor.ts'
import { adamUpdate } from '../ops/update.ts'
import type { Variable } from '../ops/variable.ts'
import { known } from '../options.ts'
import { type Apart, type CommonOptions, Optimizer, type Update } from './optimizer.ts'
import { fraction, nonNegative } from './options.ts'
import type { Schedule } from './schedules.ts'

export interface AdamOptions extends CommonOptions<AdamOptions> {
  /** Learning rate. Default 0.001. */
  lr?: number | Schedule
  /** Decay of the two moments. Default [0.9, 0.999]. */
  betas?: readonly [number, number]
  /** Default 1e-8. */
  eps?: number
  /** Adam: added to the gradient (default 0). AdamW: taken off the parameter (default 0.01). */
  readonly weightDecay?: number
  /** Divide by the largest second moment so far instead of the present one (Reddi et al. 2018). Default false. */
  amsgrad?: boolean
}

/** m and v are running means of g and g^2, c1 = 1 - beta1^t, c2 = 1 - beta2^t; p -= lr (m / c1) / (sqrt(v / c2) + eps). */
export class Adam extends Optimizer {
  readonly #fixed: { beta1: number; beta2: number; eps: number; decoupled: boolean }
  readonly #m: ReadonlyMap<Variable, Variable>
  readonly #v: ReadonlyMap<Variable, Variable>
  readonly #largest: ReadonlyMap<Variable, Variable>
  readonly #power1: Variable
  readonly #power2: Variable
  #c1: Tensor | undefined
  #c2: Tensor | undefined

  constructor(parameters: ParameterTree, options: AdamOptions = {}, decoupled = false) {
    const where = decoupled ? 'optim.adamw' : 'optim.adam'
    const {
      lr = 1e-3,
      betas: [beta1, beta2] = [0.9, 0.999],
      eps = 1e-8,
      amsgrad = false,
      ...common
    } = known(where, options, 'lr betas eps amsgrad weightDecay groups')
    fraction(where, { beta1, beta2 })
    nonNegative(where, { eps })
    const apart: Apart = (own, group) => new Adam(own, { ...options, ...group }, decoupled)
    super(parameters, lr, decoupled ? { weightDecay: 0.01, ...common } : common, apart)
    this.#fixed = { beta1, beta2, eps, decoupled }
    this.#m = this.slot('m')
    this.#v = this.slot('v')
    this.#largest = amsgrad ? this.slot('largest') : new Map()
    this.#power1 = this.counter('beta1Power', 1)
    this.#power2 = this.counter('beta2Power', 1)
  }

  protected override begin(): void {
    const power1 = scalars.mul(this.#power1, this.#fixed.beta1)
    const power2 = scalars.mul(this.#power2, this.#fixed.beta2)
    this.#c1 = scalars.sub(1, power1)
    this.#c2 = scalars.sub(1, power2)
    this.#power1.assign(power1)
    this.#power2.assign(power2)
  }

  protected override update({ parameter, gradient, lr, weightDecay }: Update): void {
    adamUpdate(parameter, gradient, {
      ...this.#fixed,
      weightDecay,
      m: this.#m.get(parameter) as Variable,
      v: this.#v.get(parameter) as Variable,
      largest: this.#largest.get(parameter),
      lr,
      c1: this.#c1 as Tensor,
      c2: this.#c2 as Tensor,
    })
  }
}

export const adam = (parameters: ParameterTree, options: AdamOptions = {}): Adam => new Adam(parameters, options)

/** Adam with weight decay apart from the gradient: p -= lr weightDecay p (Loshchilov and Hutter 2019). */
export const adamw = (parameters: ParameterTree, options: AdamOptions = {}): Adam => new Adam(parameters, options, true)
