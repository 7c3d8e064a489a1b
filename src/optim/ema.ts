import type { ParameterTree } from '../autodiff/tree.ts'
import { add, clone, mul } from '../ops/functions.ts'
import { scalars } from '../ops/scalar.ts'
import type { Variable } from '../ops/variable.ts'
import { known } from '../options.ts'
import { rounded } from './moments.ts'
import { fraction } from './options.ts'
import { Stateful } from './stateful.ts'

export interface EmaOptions {
  /** Weight of the past. Default 0.999. */
  readonly decay?: number
  /** Let the decay of update t be at most (1 + t) / (10 + t), so that the first weights are soon forgotten. Default true. */
  readonly warmup?: boolean
}

/**
 * A running mean of weights, a <- decay a + (1 - decay) p, that often generalizes better than the weights themselves
 * (Polyak and Juditsky 1992). `update` belongs into the step, after the optimizer's; `swap` exchanges weights and
 * means for an evaluation, and back.
 */
export class Ema extends Stateful {
  /** Updates done. */
  readonly updates: Variable
  readonly #decay: number
  readonly #warmup: boolean
  readonly #means = new Map<Variable, Variable>()

  constructor(parameters: ParameterTree, options: EmaOptions = {}) {
    const { decay = 0.999, warmup = true } = known('optim.ema', options, 'decay warmup')
    fraction('optim.ema', { decay })
    super(parameters)
    this.#decay = decay
    this.#warmup = warmup
    for (const [name, parameter] of this.parameters)
      this.#means.set(
        parameter,
        this.keep(`${name}.mean`, () => clone(parameter)),
      )
    this.updates = this.counter('updates', 0)
  }

  /** Takes the present weights in. Part of the step when called while it is captured. */
  update(): void {
    this.within(() => {
      const t = scalars.add(this.updates, 1)
      const early = scalars.div(scalars.add(1, t), scalars.add(10, t))
      const decay = this.#warmup ? scalars.min(this.#decay, early) : scalars.add(this.#decay, 0)
      const [old, fresh] = [rounded(decay), rounded(scalars.sub(1, decay))]
      for (const [parameter, mean] of this.#means) mean.assign(add(mul(mean, old), mul(parameter, fresh)))
      this.updates.assign(t)
    })
  }

  /** Exchanges weights and means. A second call puts everything back. */
  swap(): void {
    this.within(() => {
      for (const [parameter, mean] of this.#means) {
        const weights = clone(parameter)
        parameter.assign(mean)
        mean.assign(weights)
      }
    })
  }

  /** Runs `evaluate` with the means in the place of the weights, which come back however it ends. */
  using<T>(evaluate: () => T): T {
    this.swap()
    let result: T
    try {
      result = evaluate()
    } catch (error) {
      this.swap()
      throw error
    }
    if (result instanceof Promise) return result.finally(() => this.swap()) as T
    this.swap()
    return result
  }
}

export const ema = (parameters: ParameterTree, options: EmaOptions = {}): Ema => new Ema(parameters, options)
