import { known } from '../options.ts'
import { checkNumber } from '../tensor/shape.ts'
import * as f from './functions.ts'
import { sum } from './reduce.ts'
import { checkAlike, type LossOptions, reduced } from './reduction.ts'
import type { Tensor } from './tensor.ts'

// Losses of distances between tensors of one shape.

/** Squared error (a - b)^2, by default its mean over all elements. */
export function mse(a: Tensor, b: Tensor, options: LossOptions = {}): Tensor {
  const { reduction = 'mean' } = known('mse', options, 'reduction')
  checkAlike('mse', a, b)
  return reduced(f.squaredDifference(a, b), reduction, 'mse')
}

/** Absolute error |a - b|. */
export function mae(a: Tensor, b: Tensor, options: LossOptions = {}): Tensor {
  const { reduction = 'mean' } = known('mae', options, 'reduction')
  checkAlike('mae', a, b)
  return reduced(f.abs(f.sub(a, b)), reduction, 'mae')
}

export interface HuberOptions extends LossOptions {
  /** Where the square ends and the line begins. Default 1. */
  readonly delta?: number
}

/** d^2 / 2 for |d| <= delta, else delta (|d| - delta / 2), with d = a - b (Huber 1964). */
export function huber(a: Tensor, b: Tensor, options: HuberOptions = {}): Tensor {
  const { delta = 1, reduction = 'mean' } = known('huber', options, 'delta reduction')
  checkAlike('huber', a, b)
  checkNumber(delta, 'huber.delta', 'a finite number above 0', (d) => d > 0 && d < Infinity)
  return reduced(bent(a, b, delta), reduction, 'huber')
}

export interface SmoothL1Options extends LossOptions {
  /** Where the square ends and the line begins; 0 is `mae`. Default 1. */
  readonly beta?: number
}

/** d^2 / (2 beta) for |d| < beta, else |d| - beta / 2, with d = a - b: `huber` over beta. */
export function smoothL1(a: Tensor, b: Tensor, options: SmoothL1Options = {}): Tensor {
  const { beta = 1, reduction = 'mean' } = known('smoothL1', options, 'beta reduction')
  checkNumber(beta, 'smoothL1.beta', 'a finite number from 0 up', (d) => d >= 0 && d < Infinity)
  if (beta === 0) return mae(a, b, { reduction })
  checkAlike('smoothL1', a, b)
  return reduced(f.div(bent(a, b, beta), beta), reduction, 'smoothL1')
}

/** c (|d| - c / 2) with c = min(|d|, width). */
function bent(a: Tensor, b: Tensor, width: number): Tensor {
  const distance = f.abs(f.sub(a, b))
  const near = f.clip(distance, 0, width)
  return f.mul(near, f.sub(distance, f.mul(near, 0.5)))
}

export interface SimilarityOptions {
  /** Default -1. */
  readonly axis?: number
  /** Least length of a vector. Default 1e-8. */
  readonly eps?: number
}

/** a . b / (max(|a|, eps) max(|b|, eps)) along an axis: the cosine of the angle between vectors. */
export function cosineSimilarity(a: Tensor, b: Tensor, options: SimilarityOptions = {}): Tensor {
  const { axis = -1, eps = 1e-8 } = known('cosineSimilarity', options, 'axis eps')
  checkAlike('cosineSimilarity', a, b)
  checkNumber(eps, 'cosineSimilarity.eps', 'a number of at least 1e-18', (e) => e >= 1e-18 && e < Infinity)
  const inverse = (x: Tensor): Tensor => f.rsqrt(f.maximum(f.sumSquares(x, axis), eps * eps))
  return f.mul(f.mul(sum(f.mul(a, b), axis), inverse(a)), inverse(b))
}

export interface CosineEmbeddingOptions extends LossOptions {
  /** How alike vectors of different kinds may be. Default 0. */
  readonly margin?: number
}

/**
 * Vectors along the last axis: 1 - cos for pairs whose label is 1, max(0, cos - margin) for those whose label is -1.
 * a, b [.., n], labels [..].
 */
export function cosineEmbedding(a: Tensor, b: Tensor, labels: Tensor, options: CosineEmbeddingOptions = {}): Tensor {
  const { margin = 0, reduction = 'mean' } = known('cosineEmbedding', options, 'margin reduction')
  checkNumber(margin, 'cosineEmbedding.margin', 'a number from -1 to 1', (m) => m >= -1 && m <= 1)
  const cos = cosineSimilarity(a, b)
  checkAlike('cosineEmbedding', cos, labels)
  const same = f.greater(labels, 0)
  const apart = f.relu(f.sub(cos, margin))
  return reduced(f.add(f.mul(same, f.sub(1, cos)), f.mul(f.sub(1, same), apart)), reduction, 'cosineEmbedding')
}

export interface TripletOptions extends LossOptions {
  /** By how much the negative has to be farther away. Default 1. */
  readonly margin?: number
  /** Take the distance of the negative from the positive where that is smaller (Balntas et al. 2016). Default false. */
  readonly swap?: boolean
}

/** max(0, |anchor - positive| - |anchor - negative| + margin) of vectors along the last axis. All [.., n], result [..]. */
export function triplet(anchor: Tensor, positive: Tensor, negative: Tensor, options: TripletOptions = {}): Tensor {
  const { margin = 1, swap = false, reduction = 'mean' } = known('triplet', options, 'margin swap reduction')
  checkAlike('triplet', anchor, positive)
  checkAlike('triplet', anchor, negative)
  checkNumber(margin, 'triplet.margin', 'a finite number from 0 up', (m) => m >= 0 && m < Infinity)
  // The small difference keeps the slope of the root finite where two vectors are equal.
  const distance = (a: Tensor, b: Tensor): Tensor => f.sqrt(f.sumSquares(f.add(f.sub(a, b), 1e-6), -1))
  const away = distance(anchor, negative)
  const nearest = swap ? f.minimum(away, distance(positive, negative)) : away
  return reduced(f.relu(f.add(f.sub(distance(anchor, positive), nearest), margin)), reduction, 'triplet')
}
