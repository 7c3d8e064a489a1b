import { ArgumentError } from '../errors.ts'
import { checkNumber } from '../tensor/shape.ts'
import { apply, checkTensor, isWhole, lift, liftWhole } from './apply.ts'
import { binaryOps } from './binary.ts'
import type { Tensor } from './tensor.ts'
import { unaryOps } from './unary.ts'

// The operations as functions. Operands are float32 tensors; where two are taken, either may be a number, and shapes
// follow NumPy's broadcasting. int32 operands are added, subtracted, multiplied (modulo 2^32), limited and compared as such;
// what says yes or no says it as float32, 1 or 0.

export * from './activations.ts'
export { adaptiveAvgPool2d, adaptiveMaxPool2d, globalMaxPool2d } from './adaptive.ts'
export * from './arrange.ts'
export { type AttentionOptions, scaledDotProductAttention } from './attention.ts'
export { type BatchNormOptions, batchNorm, channelStatistics, type Statistics } from './batch-norm.ts'
export {
  type Conv2dOptions,
  type ConvTranspose2dOptions,
  conv2d,
  convTranspose2d,
  type Padding2d,
  type Sides,
  type Size2d,
} from './conv.ts'
export { type Conv1dOptions, type ConvTranspose1dOptions, conv1d, convTranspose1d } from './conv1d.ts'
export {
  type AvgPool3dOptions,
  avgPool3d,
  type Conv3dOptions,
  conv3d,
  maxPool3d,
  type Padding3d,
  type Pool3dOptions,
  type Sides3d,
  type Size3d,
} from './conv3d.ts'
export * from './ctc.ts'
export * from './einsum.ts'
export * from './logic.ts'
export * from './loss.ts'
export * from './loss-binary.ts'
export { type KlDivOptions, klDiv, type MultiMarginOptions, multiMargin, type NllOptions, nll } from './loss-classes.ts'
export * from './loss-distance.ts'
export * from './matmul.ts'
export { groupNorm, instanceNorm, layerNorm, type NormOptions, rmsNorm } from './norm.ts'
export * from './order.ts'
export {
  type AvgPool2dOptions,
  avgPool2d,
  globalAvgPool2d,
  maxPool2d,
  type Pool2dOptions,
} from './pool.ts'
export * from './pool1d.ts'
export {
  bernoulli,
  type CategoricalOptions,
  categorical,
  dropout,
  permutation,
  type RandomOptions,
  randomNormal,
  randomUniform,
} from './random.ts'
export { gru, lstm, rnn, type SequenceOptions } from './recurrent.ts'
export * from './reduce.ts'
export * from './reduction.ts'
export { type RotaryOptions, rotaryEmbedding } from './rotary.ts'
export * from './select.ts'
export * from './shape.ts'
export * from './softmax.ts'
export { type UpsampleOptions, upsample2d } from './upsample.ts'

type Operand = Tensor | number

/** What is computed of int32 operands, too. */
const WHOLE: ReadonlySet<string> = new Set('add sub mul maximum minimum greater greaterEqual equal notEqual'.split(' '))

function two(op: keyof typeof binaryOps, a: Operand, b: Operand, attrs = {}): Tensor {
  if (typeof a === 'number' && typeof b === 'number')
    throw new ArgumentError('both operands are numbers', {
      where: op,
      expected: 'at least one Tensor',
      received: `${a} and ${b}`,
    })
  const like = checkTensor((typeof a === 'number' ? b : a) as Tensor, op)
  if (WHOLE.has(op) && isWhole(like)) return apply(binaryOps[op], [liftWhole(a, like, op), liftWhole(b, like, op)])
  return apply(binaryOps[op], [lift(a, like), lift(b, like)], attrs)
}
const one = (op: keyof typeof unaryOps, x: Tensor, attrs = {}): Tensor => apply(unaryOps[op], [x], attrs)

/** a + b. */
export const add = (a: Operand, b: Operand): Tensor => two('add', a, b)
/** a - b. */
export const sub = (a: Operand, b: Operand): Tensor => two('sub', a, b)
/** a * b, element by element. */
export const mul = (a: Operand, b: Operand): Tensor => two('mul', a, b)
/** a / b. */
export const div = (a: Operand, b: Operand): Tensor => two('div', a, b)
/** The larger of each pair; NaN wins. */
export const maximum = (a: Operand, b: Operand): Tensor => two('maximum', a, b)
/** The smaller of each pair; NaN wins. */
export const minimum = (a: Operand, b: Operand): Tensor => two('minimum', a, b)
/** a to the power b. */
export const pow = (a: Operand, b: Operand): Tensor => two('pow', a, b)
/** (a - b)^2. */
export const squaredDifference = (a: Operand, b: Operand): Tensor => two('squaredDifference', a, b)
/** 1 where a > b, else 0. */
export const greater = (a: Operand, b: Operand): Tensor => two('greater', a, b)
/** 1 where a >= b, else 0. */
export const greaterEqual = (a: Operand, b: Operand): Tensor => two('greaterEqual', a, b)
/** 1 where a < b, else 0. */
export const less = (a: Operand, b: Operand): Tensor => two('greater', b, a)
/** 1 where a <= b, else 0. */
export const lessEqual = (a: Operand, b: Operand): Tensor => two('greaterEqual', b, a)
/** 1 where a = b, else 0. */
export const equal = (a: Operand, b: Operand): Tensor => two('equal', a, b)
/** 1 where a and b differ, else 0. */
export const notEqual = (a: Operand, b: Operand): Tensor => two('notEqual', a, b)

/** -x. */
export const neg = (x: Tensor): Tensor => (isWhole(x) ? sub(0, x) : one('neg', x))
/** |x|. */
export const abs = (x: Tensor): Tensor => (isWhole(x) ? maximum(x, neg(x)) : one('abs', x))
/** -1, 0 or 1. */
export const sign = (x: Tensor): Tensor => (isWhole(x) ? clip(x, -1, 1) : one('sign', x))
/** x^2. */
export const square = (x: Tensor): Tensor => (isWhole(x) ? mul(x, x) : one('square', x))
/** Square root. */
export const sqrt = (x: Tensor): Tensor => one('sqrt', x)
/** 1 / sqrt(x). */
export const rsqrt = (x: Tensor): Tensor => one('rsqrt', x)
/** 1 / x. */
export const reciprocal = (x: Tensor): Tensor => one('reciprocal', x)
/** e^x. */
export const exp = (x: Tensor): Tensor => one('exp', x)
/** Natural logarithm. */
export const log = (x: Tensor): Tensor => one('log', x)
/** ln(1 + x), exact for small x too. */
export const log1p = (x: Tensor): Tensor => one('log1p', x)
/** e^x - 1, exact for small x too. */
export const expm1 = (x: Tensor): Tensor => one('expm1', x)
/** Sine. */
export const sin = (x: Tensor): Tensor => one('sin', x)
/** Cosine. */
export const cos = (x: Tensor): Tensor => one('cos', x)
/** The whole number below. */
export const floor = (x: Tensor): Tensor => one('floor', x)
/** The whole number above. */
export const ceil = (x: Tensor): Tensor => one('ceil', x)
/** The nearest whole number; halves go to the even one. */
export const round = (x: Tensor): Tensor => one('round', x)
/** Hyperbolic tangent. */
export const tanh = (x: Tensor): Tensor => one('tanh', x)
/** 1 / (1 + e^-x). */
export const sigmoid = (x: Tensor): Tensor => one('sigmoid', x)
/** ln(1 / (1 + e^-x)). */
export const logSigmoid = (x: Tensor): Tensor => one('logSigmoid', x)
/** Error function. */
export const erf = (x: Tensor): Tensor => one('erf', x)
/** max(x, 0). */
export const relu = (x: Tensor): Tensor => one('relu', x)
/** x / (1 + e^-x). */
export const silu = (x: Tensor): Tensor => one('silu', x)
/** ln(1 + e^x). */
export const softplus = (x: Tensor): Tensor => one('softplus', x)
/** Whole numbers as float32. */
export function toFloat(x: Tensor): Tensor {
  const { dtype } = checkTensor(x, 'toFloat').use('toFloat')
  return dtype === 'float32' ? x : one('cast', x)
}

/** Numbers without their fraction as int32, limited to its range; NaN gives 0. */
export function toInt(x: Tensor): Tensor {
  const { dtype } = checkTensor(x, 'toInt').use('toInt')
  return dtype === 'int32' ? x : one('truncate', x)
}

export type Approximation = 'none' | 'tanh'

/** Gaussian error linear unit: exact, or with the tanh approximation. */
export function gelu(x: Tensor, approximate: Approximation = 'none'): Tensor {
  return one('gelu', x, { approximate: oneOf(approximate, ['none', 'tanh'], 'gelu.approximate') })
}
/** x > 0 ? x : slope * x. */
export function leakyRelu(x: Tensor, slope = 0.01): Tensor {
  return one('leakyRelu', x, { slope: finite(slope, 'leakyRelu.slope') })
}
/** x > 0 ? x : alpha * (e^x - 1). */
export function elu(x: Tensor, alpha = 1): Tensor {
  return one('elu', x, { alpha: finite(alpha, 'elu.alpha') })
}
/** x limited to min .. max; int32 by whole numbers, or by an infinity. */
export function clip(x: Tensor, min: number, max: number): Tensor {
  const limits = range('clip', min, max)
  if (!isWhole(x)) return one('clip', x, limits)
  const below = max === Infinity ? x : minimum(x, max)
  return min === -Infinity ? below : maximum(below, min)
}
/** x limited to min .. max; unlike that of clip, its derivative at the ends is 0. */
export const hardtanh = (x: Tensor, min = -1, max = 1): Tensor => one('hardtanh', x, range('hardtanh', min, max))

function range(where: string, min: number, max: number): { min: number; max: number } {
  for (const bound of [min, max]) checkNumber(bound, where, 'numbers', (limit) => !Number.isNaN(limit))
  if (!(min <= max))
    throw new ArgumentError('the range is empty', { where, expected: 'min <= max', received: `${min} and ${max}` })
  return { min, max }
}

export const reluGrad = (dy: Tensor, y: Tensor): Tensor => two('reluGrad', dy, y)
export const tanhGrad = (dy: Tensor, y: Tensor): Tensor => two('tanhGrad', dy, y)
export const sigmoidGrad = (dy: Tensor, y: Tensor): Tensor => two('sigmoidGrad', dy, y)
export const geluGrad = (dy: Tensor, x: Tensor, approximate: Approximation): Tensor =>
  two('geluGrad', dy, x, { approximate })
export const siluGrad = (dy: Tensor, x: Tensor): Tensor => two('siluGrad', dy, x)
export const softplusGrad = (dy: Tensor, x: Tensor): Tensor => two('softplusGrad', dy, x)
export const leakyReluGrad = (dy: Tensor, x: Tensor, slope: number): Tensor => two('leakyReluGrad', dy, x, { slope })
export const eluGrad = (dy: Tensor, x: Tensor, alpha: number): Tensor => two('eluGrad', dy, x, { alpha })
export const clipGrad = (dy: Tensor, x: Tensor, min: number, max: number): Tensor =>
  two('clipGrad', dy, x, { min, max })
export const hardtanhGrad = (dy: Tensor, x: Tensor, min: number, max: number): Tensor =>
  two('hardtanhGrad', dy, x, { min, max })
export const absGrad = (dy: Tensor, x: Tensor): Tensor => two('absGrad', dy, x)

/** One of a few words, or an error that lists them. */
export function oneOf<T extends string>(value: T, allowed: readonly T[], where: string): T {
  if (!allowed.includes(value))
    throw new ArgumentError('unknown choice', {
      where,
      expected: allowed.map((word) => `'${word}'`).join(' or '),
      received: JSON.stringify(value) ?? String(value),
    })
  return value
}

/** A finite number, or an error that names the option. */
export function finite(value: number, where: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new ArgumentError('not a finite number', { where, expected: 'a finite number', received: String(value) })
  return value
}
