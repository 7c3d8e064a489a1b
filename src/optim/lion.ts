import type { ParameterTree } from '../autodiff/tree.ts'
import { lionUpdate } from '../ops/update.ts'
import type { Variable } from '../ops/variable.ts'
import { known } from '../options.ts'
import { type CommonOptions, Optimizer, type Update } from './optimizer.ts'
import { fraction } from './options.ts'
import type { Schedule } from './schedules.ts'

export interface LionOptions extends CommonOptions<LionOptions> {
  /** Learning rate. Default 0.0001: every step has this size, so it is smaller than Adam's. */
  readonly lr?: number | Schedule
  /** Weight of the momentum in the step, and its decay. Default [0.9, 0.99]. */
  readonly betas?: readonly [number, number]
  /** Taken off the parameter, apart from the gradient. Default 0. */
  readonly weightDecay?: number
}

/** p -= lr (sign(beta1 m + (1 - beta1) g) + weightDecay p); m = beta2 m + (1 - beta2) g (Chen et al. 2023). */
export class Lion extends Optimizer {
  readonly #betas: { beta1: number; beta2: number }
  readonly #m: ReadonlyMap<Variable, Variable>

  constructor(parameters: ParameterTree, options: LionOptions = {}) {
    const {
      lr = 1e-4,
      betas: [beta1, beta2] = [0.9, 0.99],
      ...common
    } = known('optim.lion', options, 'lr betas weightDecay groups')
    fraction('optim.lion', { beta1, beta2 })
    super(parameters, lr, common, (own, group) => new Lion(own, { ...options, ...group }))
    this.#betas = { beta1, beta2 }
    this.#m = this.slot('m')
  }

  protected override update({ parameter, gradient, lr, weightDecay }: Update): void {
    lionUpdate(parameter, gradient, { ...this.#betas, m: this.#m.get(parameter) as Variable, lr, weightDecay })
  }
}

export const lion = (parameters: ParameterTree, options: LionOptions = {}): Lion => new Lion(parameters, options)
