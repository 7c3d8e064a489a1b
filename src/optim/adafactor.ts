import type { ParameterTree } from '../autodiff/tree.ts'
import { zeros } from '../ops/create.ts'
import { scalars } from '../ops/scalar.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Variable } from '../ops/variable.ts'
import { known } from '../options.ts'
import { rounded } from './moments.ts'
import { type CommonOptions, Optimizer, type Update } from './optimizer.ts'
import { nonNegative, positive } from './options.ts'
import type { Schedule } from './schedules.ts'

export interface AdafactorOptions extends CommonOptions<AdafactorOptions> {
  /** Bound of the relative step, which is min(lr, 1 / sqrt(t)). Default 0.01. */
  readonly lr?: number | Schedule
  /** The mean of squares forgets by 1 - t^-decay. Default 0.8. */
  readonly decay?: number
  /** Below g^2, and below the scale of the weights. Default [2^-23, 0.001]. */
  readonly eps?: readonly [number, number]
  /** A step whose root mean square is above this is scaled down to it. Default 1. */
  readonly threshold?: number
  /** Taken off the parameter, apart from the gradient. Default 0. */
  readonly weightDecay?: number
}

const { div, min, mul, pow, sqrt, sub } = scalars

/** What the updates of one step share. */
interface Now {
  readonly fresh: Tensor
  readonly kept: Tensor
  readonly bound: Tensor
}

/**
 * Adam's scaling with two vectors in the place of the second moment of a matrix (Shazeer and Stern 2018): r and c are
 * running means of g^2 over columns and rows, v = r c / mean(r) (for vectors v is kept whole), u = g / sqrt(v),
 * p -= max(eps, rms(p)) min(lr, 1 / sqrt(t)) u / max(1, rms(u) / threshold). No momentum.
 */
export class Adafactor extends Optimizer {
  readonly #options: { decay: number; eps: readonly [number, number]; threshold: number }
  /** One slot for a vector, two for a matrix: rows, columns. */
  readonly #slots = new Map<Variable, readonly [Variable, Variable?]>()
  #now: Now | undefined

  constructor(parameters: ParameterTree, options: AdafactorOptions = {}) {
    const {
      lr = 0.01,
      decay = 0.8,
      eps = [2 ** -23, 1e-3],
      threshold = 1,
      ...common
    } = known('optim.adafactor', options, 'lr decay eps threshold weightDecay groups')
    nonNegative('optim.adafactor', { decay, 'eps[0]': eps[0], 'eps[1]': eps[1] })
    positive('optim.adafactor', { threshold })
    super(parameters, lr, common, (own, group) => new Adafactor(own, { ...options, ...group }))
    this.#options = { decay, eps, threshold }
    for (const [name, parameter] of this.own) {
      const { shape, rank } = parameter
      if (rank < 2) this.#slots.set(parameter, [this.keep(`${name}.square`, () => zeros(shape))])
      else
        this.#slots.set(parameter, [
          this.keep(`${name}.rows`, () => zeros([...shape.slice(0, -1), 1])),
          this.keep(`${name}.columns`, () => zeros([...shape.slice(0, -2), 1, shape[rank - 1] as number])),
        ])
    }
  }

  protected override begin(step: Tensor): void {
    const fresh = pow(step, -this.#options.decay)
    this.#now = { fresh: rounded(fresh), kept: rounded(sub(1, fresh)), bound: div(1, sqrt(step)) }
  }

  protected override update({ parameter, gradient, lr, weightDecay }: Update): void {
    const [tiny, least] = this.#options.eps
    const { fresh, kept, bound } = this.#now as Now
    const mean = (slot: Variable, value: Tensor): Tensor => {
      slot.assign(slot.mul(kept).add(value.mul(fresh)))
      return slot
    }
    const squares = gradient.square()
    const [first, columns] = this.#slots.get(parameter) as readonly [Variable, Variable?]
    let v: Tensor
    if (columns === undefined) v = mean(first, squares)
    else {
      const rows = mean(first, squares.mean(-1, { keepDims: true }))
      const cols = mean(columns, squares.mean(-2, { keepDims: true }))
      v = rows.mul(cols).div(rows.mean(-2, { keepDims: true }).maximum(tiny))
    }
    const along = gradient.mul(v.maximum(tiny * tiny).rsqrt())
    const size = (x: Tensor): Tensor => x.square().mean().sqrt()
    const scale = size(parameter)
      .maximum(least)
      .mul(rounded(min(lr, bound)))
      .div(size(along).div(this.#options.threshold).maximum(1))
    const shrunk = weightDecay > 0 ? parameter.mul(rounded(sub(1, mul(lr, weightDecay)))) : parameter
    parameter.assign(shrunk.sub(along.mul(scale)))
  }
}

export const adafactor = (parameters: ParameterTree, options: AdafactorOptions = {}): Adafactor =>
  new Adafactor(parameters, options)
