import { known } from '../options.ts'
import { checkNumber } from '../tensor/shape.ts'
import * as f from './functions.ts'
import { checkAlike, type LossOptions, reduced } from './reduction.ts'
import type { Tensor } from './tensor.ts'

// Losses of yes and no: one number an element.

export interface BceOptions extends LossOptions {
  /** Weight of positive targets, broadcast over the logits. Default 1. */
  readonly posWeight?: Tensor | number
  /** Weight of each element, broadcast over the logits. Default 1. */
  readonly weight?: Tensor
}

/** Binary cross-entropy of logits x with targets t in 0 .. 1: (1 - t) softplus(x) + posWeight t softplus(-x). */
export function bceWithLogits(logits: Tensor, targets: Tensor, options: BceOptions = {}): Tensor {
  const { posWeight, weight, reduction = 'mean' } = known('bceWithLogits', options, 'posWeight weight reduction')
  checkAlike('bceWithLogits', logits, targets)
  const loss =
    posWeight === undefined
      ? f.sub(f.softplus(logits), f.mul(logits, targets))
      : f.add(f.mul(f.sub(1, targets), f.softplus(logits)), f.mul(f.mul(targets, posWeight), f.softplus(f.neg(logits))))
  return reduced(weight === undefined ? loss : f.mul(loss, weight), reduction, 'bceWithLogits')
}

/** The same as `bceWithLogits`. */
export const binaryCrossEntropy = (logits: Tensor, targets: Tensor, options: BceOptions = {}): Tensor =>
  bceWithLogits(logits, targets, options)

export interface FocalOptions extends LossOptions {
  /** How little easy examples count; 0 is binary cross-entropy. Default 2. */
  readonly gamma?: number
  /** Weight of positive targets; negative ones have 1 - alpha. Default 0.25; null for none. */
  readonly alpha?: number | null
}

/** Binary cross-entropy times (1 - p_t)^gamma, p_t the probability given to the target (Lin et al. 2017). */
export function focal(logits: Tensor, targets: Tensor, options: FocalOptions = {}): Tensor {
  const { gamma = 2, alpha = 0.25, reduction = 'mean' } = known('focal', options, 'gamma alpha reduction')
  checkAlike('focal', logits, targets)
  checkNumber(gamma, 'focal.gamma', 'a finite number from 0 up', (g) => g >= 0 && g < Infinity)
  if (alpha !== null) checkNumber(alpha, 'focal.alpha', 'a number from 0 to 1', (a) => a >= 0 && a <= 1)
  const others = f.sub(1, targets)
  const loss = bceWithLogits(logits, targets, { reduction: 'none' })
  const missed = f.add(f.mul(f.sigmoid(f.neg(logits)), targets), f.mul(f.sigmoid(logits), others))
  const weighted = gamma === 0 ? loss : f.mul(loss, raised(missed, gamma))
  const balance = alpha === null ? undefined : f.add(f.mul(targets, alpha), f.mul(others, 1 - alpha))
  return reduced(balance === undefined ? weighted : f.mul(weighted, balance), reduction, 'focal')
}

/** x^n for x from 0 to 1, with a finite slope at 0. */
function raised(x: Tensor, n: number): Tensor {
  if (n === 1) return x
  return n === 2 ? f.square(x) : f.pow(f.maximum(x, 2 ** -60), n)
}

export interface HingeOptions extends LossOptions {
  /** Default 1. */
  readonly margin?: number
  /** Default false. */
  readonly squared?: boolean
}

/** max(0, margin - t x) of scores x with targets t of -1 and 1, or its square. */
export function hinge(scores: Tensor, targets: Tensor, options: HingeOptions = {}): Tensor {
  const { margin = 1, squared = false, reduction = 'mean' } = known('hinge', options, 'margin squared reduction')
  checkAlike('hinge', scores, targets)
  checkNumber(margin, 'hinge.margin', 'a finite number', Number.isFinite)
  const loss = f.relu(f.sub(margin, f.mul(scores, targets)))
  return reduced(squared ? f.square(loss) : loss, reduction, 'hinge')
}
