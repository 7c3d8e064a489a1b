import type { ParameterTree } from '../autodiff/tree.ts'
import { ShapeError } from '../errors.ts'
import { checkTensor } from '../ops/apply.ts'
import { oneOf } from '../ops/functions.ts'
import { scalars } from '../ops/scalar.ts'
import type { Tensor } from '../ops/tensor.ts'
import { adamUpdate } from '../ops/update.ts'
import type { Variable } from '../ops/variable.ts'
import { known } from '../options.ts'
import { shapeText } from '../tensor/shape.ts'
import { average, nextPower, rounded } from './moments.ts'
import { type CommonOptions, Optimizer, type Update } from './optimizer.ts'
import { fraction, nonNegative, positive } from './options.ts'
import type { Schedule } from './schedules.ts'

export interface MuonOptions extends CommonOptions<MuonOptions> {
  /** Learning rate of the matrices. Default 0.02. */
  readonly lr?: number | Schedule
  /** Default 0.95. */
  readonly momentum?: number
  /** Default true. */
  readonly nesterov?: boolean
  /** Newton-Schulz iterations. Default 5. */
  readonly iterations?: number
  /**
   * Scale of the orthogonal step of a matrix [inputs, outputs]: 'spectral' (default) sqrt(max(1, outputs / inputs)),
   * 'rms' 0.2 sqrt(max(inputs, outputs)), which has the size of Adam's steps, or 'none'.
   */
  readonly scale?: 'spectral' | 'rms' | 'none'
  /** Parameters that are trained by AdamW instead. Default: those that are no matrices. */
  readonly adam?: (name: string, parameter: Variable) => boolean
  /** Their learning rate as a part of `lr`, and AdamW's other options. Default 0.05, [0.9, 0.95] and 1e-8. */
  readonly adamScale?: number
  readonly betas?: readonly [number, number]
  readonly eps?: number
  /** Taken off the parameter, apart from the gradient. Default 0. */
  readonly weightDecay?: number
}

/** What the updates of one step share. */
interface Now {
  readonly c1: Tensor
  readonly c2: Tensor
}

/**
 * Momentum, made orthogonal: the step of a matrix is U V^T of its momentum U S V^T, by a quintic Newton-Schulz iteration
 * (Jordan et al. 2024). Tensors of higher rank are taken as matrices [first axis, rest]. Vectors go by AdamW.
 */
export class Muon extends Optimizer {
  readonly #options: Required<Pick<MuonOptions, 'momentum' | 'nesterov' | 'iterations' | 'scale' | 'adamScale'>>
  readonly #adam: { beta1: number; beta2: number; eps: number }
  readonly #momentum = new Map<Variable, Variable>()
  readonly #moments = new Map<Variable, { m: Variable; v: Variable }>()
  readonly #power1: Variable
  readonly #power2: Variable
  #now: Now | undefined

  constructor(parameters: ParameterTree, options: MuonOptions = {}) {
    const {
      lr = 0.02,
      momentum = 0.95,
      nesterov = true,
      iterations = 5,
      scale = 'spectral',
      ...rest
    } = known(
      'optim.muon',
      options,
      'lr momentum nesterov iterations scale adam adamScale betas eps weightDecay groups',
    )
    const { adam = () => false, adamScale = 0.05, betas: [beta1, beta2] = [0.9, 0.95], eps = 1e-8, ...common } = rest
    fraction('optim.muon', { momentum, beta1, beta2 })
    nonNegative('optim.muon', { eps, adamScale })
    positive('optim.muon', { iterations: Number.isInteger(iterations) ? iterations : Number.NaN })
    oneOf(scale, ['spectral', 'rms', 'none'], 'optim.muon.scale')
    super(parameters, lr, common, (own, group) => new Muon(own, { ...options, ...group }))
    this.#options = { momentum, nesterov, iterations, scale, adamScale }
    this.#adam = { beta1, beta2, eps }
    for (const [name, parameter] of this.own) {
      const slot = (kind: string): Variable => this.keep(`${name}.${kind}`, () => parameter.mul(0))
      if (parameter.rank >= 2 && !adam(name, parameter)) this.#momentum.set(parameter, slot('momentum'))
      else this.#moments.set(parameter, { m: slot('m'), v: slot('v') })
    }
    this.#power1 = this.counter('beta1Power', 1)
    this.#power2 = this.counter('beta2Power', 1)
  }

  protected override begin(): void {
    const { beta1, beta2 } = this.#adam
    this.#now = {
      c1: scalars.sub(1, nextPower(this.#power1, beta1)),
      c2: scalars.sub(1, nextPower(this.#power2, beta2)),
    }
  }

  protected override update({ parameter, gradient, lr, weightDecay }: Update): void {
    const { momentum, nesterov, iterations, adamScale } = this.#options
    const moments = this.#moments.get(parameter)
    if (moments !== undefined) {
      const fixed = { ...this.#adam, ...moments, weightDecay, decoupled: true }
      adamUpdate(parameter, gradient, {
        ...fixed,
        ...(this.#now as Now),
        lr: scalars.mul(lr, adamScale),
      })
      return
    }
    const mean = average(this.#momentum.get(parameter) as Variable, gradient, momentum)
    const along = nesterov ? gradient.mul(1 - momentum).add(mean.mul(momentum)) : mean
    const inputs = parameter.shape[0] as number
    const step = orthogonal(along.reshape([inputs, inputs === 0 ? 0 : -1]), iterations).reshape(parameter.shape)
    const shrunk = weightDecay > 0 ? parameter.mul(rounded(scalars.sub(1, scalars.mul(lr, weightDecay)))) : parameter
    parameter.assign(shrunk.sub(step.mul(rounded(scalars.mul(lr, this.#scaleOf(parameter))))))
  }

  #scaleOf({ shape, size }: Variable): number {
    const inputs = Math.max(1, shape[0] as number)
    const outputs = size / inputs
    if (this.#options.scale === 'none') return 1
    return this.#options.scale === 'rms'
      ? 0.2 * Math.sqrt(Math.max(inputs, outputs))
      : Math.sqrt(Math.max(1, outputs / inputs))
  }
}

/** x with its singular values brought near 1: x <- a x + (b A + c A^2) x, A = x x^T. */
export function orthogonal(x: Tensor, iterations = 5): Tensor {
  const [rows, columns] = checkTensor(x, 'optim.orthogonal').shape as [number, number]
  if (x.rank !== 2)
    throw new ShapeError('not a matrix', {
      where: 'optim.orthogonal',
      expected: '[rows, columns]',
      received: shapeText(x.shape),
    })
  if (rows > columns) return orthogonal(x.transpose(), iterations).transpose()
  let y = x.div(x.norm().maximum(1e-7))
  for (let i = 0; i < iterations; i++) {
    const a = y.matmul(y, { transposeB: true })
    y = y.mul(3.4445).add(a.mul(-4.775).add(a.matmul(a).mul(2.0315)).matmul(y))
  }
  return y
}

export const muon = (parameters: ParameterTree, options: MuonOptions = {}): Muon => new Muon(parameters, options)
