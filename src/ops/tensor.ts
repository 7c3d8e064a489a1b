import type { Shape } from '../program/graph.ts'
import { Handle } from '../tensor/handle.ts'
import type { PadOptions } from './arrange.ts'
import type { Approximation } from './functions.ts'
import * as f from './functions.ts'
import type { MatmulOptions } from './matmul.ts'
import type { Sorted, SortOptions, TopkOptions } from './order.ts'
import type { RandomOptions } from './random.ts'
import type { NormOptions, ReduceOptions } from './reduce.ts'

type Operand = Tensor | number
type Axes = number | readonly number[]

/**
 * An array of numbers in engine memory, or one that is still to be computed: operations only record what is wanted,
 * reading a value (`data`, `dataSync`, `item`) computes it. Operands are never consumed.
 */
export class Tensor extends Handle {
  /** Another handle on the same value. */
  alias(): Tensor {
    return new Tensor(this.engine, this.use('alias'))
  }
  /** A copy with memory of its own. */
  clone(): Tensor {
    return f.clone(this)
  }
  /** The same values as a constant: no gradient flows through it. */
  stopGradient(): Tensor {
    return f.stopGradient(this)
  }

  add(other: Operand): Tensor {
    return f.add(this, other)
  }
  sub(other: Operand): Tensor {
    return f.sub(this, other)
  }
  mul(other: Operand): Tensor {
    return f.mul(this, other)
  }
  div(other: Operand): Tensor {
    return f.div(this, other)
  }
  pow(exponent: Operand): Tensor {
    return f.pow(this, exponent)
  }
  maximum(other: Operand): Tensor {
    return f.maximum(this, other)
  }
  minimum(other: Operand): Tensor {
    return f.minimum(this, other)
  }
  squaredDifference(other: Operand): Tensor {
    return f.squaredDifference(this, other)
  }
  /** 1 where this > other, else 0. */
  greater(other: Operand): Tensor {
    return f.greater(this, other)
  }
  /** 1 where both are equal, else 0. */
  equal(other: Operand): Tensor {
    return f.equal(this, other)
  }
  /** value where the mask is not 0. */
  maskedFill(mask: Tensor, value: Operand): Tensor {
    return f.maskedFill(this, mask, value)
  }

  neg(): Tensor {
    return f.neg(this)
  }
  abs(): Tensor {
    return f.abs(this)
  }
  sign(): Tensor {
    return f.sign(this)
  }
  square(): Tensor {
    return f.square(this)
  }
  sqrt(): Tensor {
    return f.sqrt(this)
  }
  rsqrt(): Tensor {
    return f.rsqrt(this)
  }
  reciprocal(): Tensor {
    return f.reciprocal(this)
  }
  exp(): Tensor {
    return f.exp(this)
  }
  log(): Tensor {
    return f.log(this)
  }
  log1p(): Tensor {
    return f.log1p(this)
  }
  expm1(): Tensor {
    return f.expm1(this)
  }
  sin(): Tensor {
    return f.sin(this)
  }
  cos(): Tensor {
    return f.cos(this)
  }
  floor(): Tensor {
    return f.floor(this)
  }
  ceil(): Tensor {
    return f.ceil(this)
  }
  /** Halves go to the even number. */
  round(): Tensor {
    return f.round(this)
  }
  erf(): Tensor {
    return f.erf(this)
  }
  /** x limited to min .. max. */
  clip(min: number, max: number): Tensor {
    return f.clip(this, min, max)
  }

  tanh(): Tensor {
    return f.tanh(this)
  }
  sigmoid(): Tensor {
    return f.sigmoid(this)
  }
  logSigmoid(): Tensor {
    return f.logSigmoid(this)
  }
  relu(): Tensor {
    return f.relu(this)
  }
  gelu(approximate: Approximation = 'none'): Tensor {
    return f.gelu(this, approximate)
  }
  silu(): Tensor {
    return f.silu(this)
  }
  softplus(): Tensor {
    return f.softplus(this)
  }
  leakyRelu(slope = 0.01): Tensor {
    return f.leakyRelu(this, slope)
  }
  elu(alpha = 1): Tensor {
    return f.elu(this, alpha)
  }
  selu(): Tensor {
    return f.selu(this)
  }
  mish(): Tensor {
    return f.mish(this)
  }
  relu6(): Tensor {
    return f.relu6(this)
  }
  hardswish(): Tensor {
    return f.hardswish(this)
  }
  softmax(axis = -1): Tensor {
    return f.softmax(this, axis)
  }
  logSoftmax(axis = -1): Tensor {
    return f.logSoftmax(this, axis)
  }
  /** Zeroes elements with probability p and scales the rest by 1 / (1 - p). */
  dropout(p: number, options: RandomOptions = {}): Tensor {
    return f.dropout(this, p, options)
  }

  sum(axes?: Axes, options: ReduceOptions = {}): Tensor {
    return f.sum(this, axes, options)
  }
  mean(axes?: Axes, options: ReduceOptions = {}): Tensor {
    return f.mean(this, axes, options)
  }
  max(axes?: Axes, options: ReduceOptions = {}): Tensor {
    return f.max(this, axes, options)
  }
  min(axes?: Axes, options: ReduceOptions = {}): Tensor {
    return f.min(this, axes, options)
  }
  variance(axes?: Axes, options: ReduceOptions & { readonly correction?: number } = {}): Tensor {
    return f.variance(this, axes, options)
  }
  prod(axes?: Axes, options: ReduceOptions = {}): Tensor {
    return f.prod(this, axes, options)
  }
  std(axes?: Axes, options: ReduceOptions & { readonly correction?: number } = {}): Tensor {
    return f.std(this, axes, options)
  }
  /** 1 where any element is not 0. */
  any(axes?: Axes, options: ReduceOptions = {}): Tensor {
    return f.any(this, axes, options)
  }
  /** 1 where no element is 0. */
  all(axes?: Axes, options: ReduceOptions = {}): Tensor {
    return f.all(this, axes, options)
  }
  norm(axes?: Axes, options: NormOptions = {}): Tensor {
    return f.norm(this, axes, options)
  }
  logsumexp(axes?: Axes, options: ReduceOptions = {}): Tensor {
    return f.logsumexp(this, axes, options)
  }
  argmax(axis = -1, options: ReduceOptions = {}): Tensor {
    return f.argmax(this, axis, options)
  }
  argmin(axis = -1, options: ReduceOptions = {}): Tensor {
    return f.argmin(this, axis, options)
  }

  /** Matrix product of the last two axes. */
  matmul(other: Tensor, options: MatmulOptions = {}): Tensor {
    return f.matmul(this, other, options)
  }
  /** The axes in another order; reversed by default. */
  transpose(perm?: readonly number[]): Tensor {
    return f.transpose(this, perm)
  }
  /** The same elements under another shape; one axis may be -1. */
  reshape(shape: Shape): Tensor {
    return f.reshape(this, shape)
  }
  /** A window of the tensor, with steps. */
  slice(starts: readonly number[], ends?: readonly number[], steps?: readonly number[]): Tensor {
    return f.slice(this, starts, ends, steps)
  }
  /** New elements at the ends of each axis: [before, after] an axis. */
  pad(pads: readonly (readonly [number, number])[], options: PadOptions = {}): Tensor {
    return f.pad(this, pads, options)
  }
  /** Cut into that many equal parts, or into parts of these sizes. */
  split(parts: number | readonly number[], axis = 0): Tensor[] {
    return f.split(this, parts, axis)
  }
  tile(repeats: readonly number[]): Tensor {
    return f.tile(this, repeats)
  }
  /** Stretched to a shape; -1 keeps the size of an axis. */
  expand(shape: Shape): Tensor {
    return f.expand(this, shape)
  }
  /** Without axes of size 1. */
  squeeze(axes?: Axes): Tensor {
    return f.squeeze(this, axes)
  }
  unsqueeze(axis: number): Tensor {
    return f.unsqueeze(this, axis)
  }
  flip(axes?: Axes): Tensor {
    return f.flip(this, axes)
  }
  roll(shift: number, axis = -1): Tensor {
    return f.roll(this, shift, axis)
  }
  triu(diagonal = 0): Tensor {
    return f.triu(this, diagonal)
  }
  tril(diagonal = 0): Tensor {
    return f.tril(this, diagonal)
  }
  cumsum(axis = -1, options: { readonly reverse?: boolean } = {}): Tensor {
    return f.cumsum(this, axis, options)
  }
  /** Values and int32 indices in order; stable, NaN last. */
  sort(axis = -1, options: SortOptions = {}): Sorted {
    return f.sort(this, axis, options)
  }
  /** The k largest values and their int32 indices. */
  topk(k: number, axis = -1, options: TopkOptions = {}): Sorted {
    return f.topk(this, k, axis, options)
  }
  concat(others: readonly Tensor[], axis = 0): Tensor {
    return f.concat([this, ...others], axis)
  }
  broadcastTo(shape: Shape): Tensor {
    return f.broadcastTo(this, shape)
  }
  /** Slices along an axis at int32 indices. */
  gather(indices: Tensor, axis = 0): Tensor {
    return f.gather(this, indices, axis)
  }
  /** One element for every int32 index along an axis. */
  takeAlong(indices: Tensor, axis = -1): Tensor {
    return f.takeAlong(this, indices, axis)
  }
  /** Whole numbers as float32. */
  toFloat(): Tensor {
    return f.toFloat(this)
  }
  /** Numbers without their fraction as int32. */
  toInt(): Tensor {
    return f.toInt(this)
  }
}
