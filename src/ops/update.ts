import { ADAM_DECOUPLED, SGD_MOMENTUM, SGD_NESTEROV } from '../abi/constants.ts'
import { ArgumentError, ShapeError } from '../errors.ts'
import { known } from '../options.ts'
import type { Attrs, Spec } from '../program/graph.ts'
import { advance, assign } from '../program/internal-ops.ts'
import { shapeText } from '../tensor/shape.ts'
import { applyAll, checkTensor, checkTypes } from './apply.ts'
import { attr, defineOp, type OpTable } from './define.ts'
import type { Tensor } from './tensor.ts'
import type { Variable } from './variable.ts'

// Updates write a new version of a variable into its memory. They have no gradient.

function checkSame(op: string, specs: readonly Spec[]): void {
  const [first, ...others] = specs
  for (const { shape } of others)
    if (String(shape) !== String(first?.shape))
      throw new ShapeError('the shapes differ', {
        where: op,
        expected: shapeText(first?.shape ?? []),
        received: shapeText(shape),
      })
}

export const updateOps: OpTable<'assign' | 'advance' | 'sgd' | 'adam' | 'amsgrad' | 'lion'> = {
  assign: { ...assign, doc: 'Overwrites a variable.', formula: 'x <- y', gradient: 'update' },
  advance: {
    ...advance,
    doc: 'Moves a 64-bit counter.',
    formula: 'c <- c + by',
    gradient: 'update',
    infer(inputs, attrs) {
      checkTypes('advance', inputs, 'int32')
      return advance.infer(inputs, attrs)
    },
  },
  sgd: defineOp({
    name: 'sgd',
    doc: 'Stochastic gradient descent with weight decay, momentum (dampened or Nesterov): inputs p, g, lr, step and, with momentum, v.',
    formula: 'g += wd p; v <- mu v + (1 - d) g; p <- p - lr v',
    gradient: 'update',
    inPlace: [0, 4],
    infer(inputs) {
      const tensors = [...inputs.slice(0, 2), ...inputs.slice(4)]
      checkTypes('sgd', tensors, 'float32')
      checkTypes('sgd', inputs.slice(2, 4), 'float64')
      checkSame('sgd', tensors)
      return [inputs[0] as Spec, ...inputs.slice(4)]
    },
    lower({ inputs: [p, g, lr, step, v = null], attrs, emit }) {
      if (p === undefined || g === undefined || lr === undefined || step === undefined) return
      const flags = (attr<boolean>(attrs, 'nesterov') ? SGD_NESTEROV : 0) | (v === null ? 0 : SGD_MOMENTUM)
      const { momentum, dampening, weightDecay } = attrs as unknown as SgdAttrs
      emit('sgd', { p, g, v, lr, step, n: p.bytes / 4, momentum, dampening, weightDecay, flags })
    },
  }),
  adam: defineOp({
    name: 'adam',
    doc: 'Adam with bias correction c1 = 1 - b1^t, c2 = 1 - b2^t; weight decay in the gradient, or decoupled (AdamW): inputs p, g, m, v, lr, c1, c2.',
    formula: 'm <- b1 m + (1 - b1) g; v <- b2 v + (1 - b2) g^2; p <- p - lr (m / c1) / (sqrt(v / c2) + eps)',
    gradient: 'update',
    inPlace: [0, 2, 3],
    infer(inputs) {
      checkTypes('adam', inputs.slice(0, 4), 'float32')
      checkTypes('adam', inputs.slice(4), 'float64')
      checkSame('adam', inputs.slice(0, 4))
      return [inputs[0] as Spec, inputs[2] as Spec, inputs[3] as Spec]
    },
    lower({ inputs: [p, g, m, v, lr, c1, c2], attrs, emit }) {
      if (p === undefined || g === undefined || m === undefined || v === undefined) return
      emit('adam', { p, g, m, v, lr: lr ?? null, c1: c1 ?? null, c2: c2 ?? null, ...adamOperands(p.bytes, attrs) })
    },
  }),
  amsgrad: defineOp({
    name: 'amsgrad',
    doc: 'Adam by the largest second moment so far: inputs p, g, m, v, w, lr, c1, c2.',
    formula: 'm, v as adam; w <- max(w, v); p <- p - lr (m / c1) / (sqrt(w / c2) + eps)',
    gradient: 'update',
    inPlace: [0, 2, 3, 4],
    infer(inputs) {
      checkTypes('amsgrad', inputs.slice(0, 5), 'float32')
      checkTypes('amsgrad', inputs.slice(5), 'float64')
      checkSame('amsgrad', inputs.slice(0, 5))
      return [inputs[0] as Spec, ...inputs.slice(2, 5)]
    },
    lower({ inputs: [p, g, m, v, w, lr, c1, c2], attrs, emit }) {
      if (p === undefined || g === undefined || m === undefined || v === undefined || w === undefined) return
      const slots = { lr: lr ?? null, c1: c1 ?? null, c2: c2 ?? null }
      emit('amsgrad', { p, g, m, v, w, ...slots, ...adamOperands(p.bytes, attrs) })
    },
  }),
  lion: defineOp({
    name: 'lion',
    doc: 'The sign of an interpolated momentum, with decoupled weight decay: inputs p, g, m, lr.',
    formula: 'p <- (1 - lr wd) p - lr sign(b1 m + (1 - b1) g); m <- b2 m + (1 - b2) g',
    gradient: 'update',
    inPlace: [0, 2],
    infer(inputs) {
      checkTypes('lion', inputs.slice(0, 3), 'float32')
      checkTypes('lion', inputs.slice(3), 'float64')
      checkSame('lion', inputs.slice(0, 3))
      return [inputs[0] as Spec, inputs[2] as Spec]
    },
    lower({ inputs: [p, g, m, lr], attrs, emit }) {
      if (p === undefined || g === undefined || m === undefined || lr === undefined) return
      emit('lion', { p, g, m, lr, n: p.bytes / 4, ...betas(attrs), weightDecay: attr(attrs, 'weightDecay') })
    },
  }),
}

function betas(attrs: Attrs): { beta1: number; oneMinusBeta1: number; beta2: number; oneMinusBeta2: number } {
  const [beta1, beta2] = [attr<number>(attrs, 'beta1'), attr<number>(attrs, 'beta2')]
  return { beta1, oneMinusBeta1: 1 - beta1, beta2, oneMinusBeta2: 1 - beta2 }
}

function adamOperands(
  bytes: number,
  attrs: Attrs,
): ReturnType<typeof betas> & { n: number; eps: number; weightDecay: number; flags: number } {
  const { eps, weightDecay, decoupled } = attrs as unknown as AdamAttrs
  return { n: bytes / 4, ...betas(attrs), eps, weightDecay, flags: decoupled ? ADAM_DECOUPLED : 0 }
}

interface SgdAttrs {
  readonly momentum: number
  readonly dampening: number
  readonly weightDecay: number
  readonly nesterov: boolean
}
export interface SgdUpdate extends Partial<SgdAttrs> {
  /** Learning rate and number of this step (1 for the first): control scalars. */
  readonly lr: Tensor
  readonly step: Tensor
  /** The velocity; needed for momentum. */
  readonly velocity?: Variable | undefined
}

/** One step of SGD on a variable (and its velocity), as one instruction. */
export function sgdUpdate(param: Variable, grad: Tensor, update: SgdUpdate): void {
  const {
    lr,
    step,
    velocity,
    momentum = 0,
    dampening = 0,
    weightDecay = 0,
    nesterov = false,
  } = known('sgdUpdate', update, 'lr step velocity momentum dampening weightDecay nesterov')
  checkVariables('sgd', param, ...(velocity === undefined ? [] : [velocity]))
  if (momentum !== 0 && velocity === undefined)
    throw new ArgumentError('momentum needs a velocity', {
      where: 'sgd',
      expected: 'a Variable of the shape of the parameter',
    })
  const inputs = [param, grad, lr, step, ...(velocity === undefined ? [] : [velocity])]
  const results = applyAll(updateOps.sgd, inputs, { momentum, dampening, weightDecay, nesterov })
  accept([param, velocity], results)
}

interface AdamAttrs {
  readonly beta1: number
  readonly beta2: number
  readonly eps: number
  readonly weightDecay: number
  readonly decoupled: boolean
}
export interface AdamUpdate extends Partial<AdamAttrs> {
  /** First and second moment. */
  readonly m: Variable
  readonly v: Variable
  /** The largest second moment so far: makes it AMSGrad. */
  readonly largest?: Variable | undefined
  /** Control scalars: learning rate, 1 - beta1^t and 1 - beta2^t. */
  readonly lr: Tensor
  readonly c1: Tensor
  readonly c2: Tensor
}

/** One step of Adam or AdamW on a variable and its moments, as one instruction. */
export function adamUpdate(param: Variable, grad: Tensor, update: AdamUpdate): void {
  known('adamUpdate', update, 'm v largest lr c1 c2 beta1 beta2 eps weightDecay decoupled')
  const { m, v, lr, c1, c2, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay = 0, decoupled = false } = update
  const { largest } = update
  const attrs = { beta1, beta2, eps, weightDecay, decoupled }
  if (largest === undefined) {
    checkVariables('adam', param, m, v)
    accept([param, m, v], applyAll(updateOps.adam, [param, grad, m, v, lr, c1, c2], attrs))
  } else {
    checkVariables('amsgrad', param, m, v, largest)
    accept([param, m, v, largest], applyAll(updateOps.amsgrad, [param, grad, m, v, largest, lr, c1, c2], attrs))
  }
}

export interface LionUpdate {
  readonly m: Variable
  /** Control scalar: the learning rate. */
  readonly lr: Tensor
  readonly beta1?: number
  readonly beta2?: number
  readonly weightDecay?: number
}

/** One step of Lion on a variable and its momentum, as one instruction. */
export function lionUpdate(param: Variable, grad: Tensor, update: LionUpdate): void {
  const {
    m,
    lr,
    beta1 = 0.9,
    beta2 = 0.99,
    weightDecay = 0,
  } = known('lionUpdate', update, 'm lr beta1 beta2 weightDecay')
  checkVariables('lion', param, m)
  accept([param, m], applyAll(updateOps.lion, [param, grad, m, lr], { beta1, beta2, weightDecay }))
}

/** Targets of an update are variables. */
export function checkVariables(where: string, ...targets: readonly Variable[]): void {
  for (const target of targets) {
    checkTensor(target, where)
    if (typeof target.accept !== 'function')
      throw new ArgumentError('an update writes to variables', {
        where,
        expected: 'a Variable or Parameter',
        received: String(target),
        hint: 'Make one: variable(x).',
      })
  }
}

/** Lets variables point at their new versions. */
export function accept(variables: readonly (Variable | undefined)[], results: readonly Tensor[]): void {
  for (const [i, result] of results.entries()) {
    variables[i]?.accept(result)
    result.dispose()
  }
}
