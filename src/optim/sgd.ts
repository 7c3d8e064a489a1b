import type { ParameterTree } from '../autodiff/tree.ts'
import { ArgumentError } from '../errors.ts'
import { sgdUpdate } from '../ops/update.ts'
import type { Variable } from '../ops/variable.ts'
import { known } from '../options.ts'
import { type CommonOptions, Optimizer, type Update } from './optimizer.ts'
import { fraction } from './options.ts'
import type { Schedule } from './schedules.ts'

export interface SgdOptions extends CommonOptions<SgdOptions> {
  /** Learning rate. */
  lr: number | Schedule
  /** Default 0. */
  momentum?: number
  /** Default 0. */
  dampening?: number
  /** Default false. */
  nesterov?: boolean
  /** Added to the gradient times the parameter. Default 0. */
  readonly weightDecay?: number
}

/** g += weightDecay p; v = momentum v + (1 - dampening) g (v = g at first); p -= lr (nesterov ? g + momentum v : v). */
export class Sgd extends Optimizer {
  readonly #options: { momentum: number; dampening: number; nesterov: boolean }
  readonly #velocity: ReadonlyMap<Variable, Variable>

  constructor(parameters: ParameterTree, options: SgdOptions) {
    const {
      lr,
      momentum = 0,
      dampening = 0,
      nesterov = false,
      ...common
    } = known('optim.sgd', options, 'lr momentum dampening nesterov weightDecay groups')
    fraction('optim.sgd', { momentum, dampening })
    if (nesterov && (momentum === 0 || dampening !== 0))
      throw new ArgumentError('Nesterov momentum needs a momentum and no dampening', {
        where: 'optim.sgd',
        received: `momentum ${momentum}, dampening ${dampening}`,
      })
    super(parameters, lr, common, (own, group) => new Sgd(own, { ...options, ...group }))
    this.#options = { momentum, dampening, nesterov }
    this.#velocity = momentum === 0 ? new Map() : this.slot('velocity')
  }

  protected override update({ parameter, gradient, lr, step, weightDecay }: Update): void {
    const velocity = this.#velocity.get(parameter)
    sgdUpdate(parameter, gradient, { ...this.#options, weightDecay, ...(velocity && { velocity }), lr, step })
  }
}

export const sgd = (parameters: ParameterTree, options: SgdOptions): Sgd => new Sgd(parameters, options)
