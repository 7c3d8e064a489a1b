import type { Tensor } from '../index.ts'
import { adam, adamw, l1, l2, type Optimizer, schedule, sgd } from '../optim/index.ts'
import type { Network } from './models.ts'
import type { TrainOptions } from './train-options.ts'

/** L1 and L2 on the weights, not on the biases. */
export function penaltyOf(model: Network, options: TrainOptions): (() => Tensor) | undefined {
  if (options.l1 === 0 && options.l2 === 0) return undefined
  const weights = model.parameters().filter(({ rank }) => rank > 1)
  return () => {
    if (options.l1 === 0) return l2(weights, options.l2)
    const first = l1(weights, options.l1)
    return options.l2 === 0 ? first : first.add(l2(weights, options.l2))
  }
}

export function buildOptimizer(model: Network, options: TrainOptions, steps: number): Optimizer {
  const { weightDecay, momentum, warmup } = options
  const rise = Math.min(warmup, steps - 1)
  const lr =
    options.schedule === 'cosine'
      ? schedule.cosine(options.lr, { steps: steps - rise, warmup: rise })
      : rise === 0
        ? schedule.constant(options.lr)
        : schedule.warmup(schedule.constant(options.lr), { steps: rise })
  if (options.optimizer === 'sgd') return sgd(model, { lr, momentum, weightDecay })
  return (options.optimizer === 'adam' ? adam : adamw)(model, { lr, weightDecay })
}
