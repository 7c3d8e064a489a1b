import { ACT_NONE } from '../abi/constants.ts'
import { type Attrs, type ReferenceName, type RefTensor, references } from '../reference/index.ts'
import * as attention from './rounding-attention.ts'
import * as norm from './rounding-norm.ts'
import * as recurrent from './rounding-recurrent.ts'

/**
 * How far the engine's f32 result of an operation may lie from its f64 reference, an element: first-order bounds from
 * the roundings that the operation has to make, and the published error of its vector functions.
 */
export type Rounding = (
  inputs: readonly RefTensor[],
  attrs: Attrs,
  outputs: readonly RefTensor[],
) => readonly Float64Array[]

/** Half a unit in the last place of f32, relative; and the smallest denormals, absolute. */
const U = 2 ** -24
const DENORMAL = 2 ** -147

/** Error of a sum of n products in units of U times the sum of their magnitudes: the walk of n roundings. */
const terms = (n: number): number => Math.min(n, 4 + 2 * Math.sqrt(n))

const abs = (x: RefTensor): RefTensor => ({ shape: x.shape, data: x.data.map(Math.abs) })
const bounds = (scale: RefTensor, factor: (v: number, i: number) => number): Float64Array =>
  scale.data.map((v, i) => factor(Math.abs(v), i) + DENORMAL)

const exact: Rounding = (_inputs, _attrs, outputs) => outputs.map((y) => new Float64Array(y.data.length))

/** k halves of a unit in the last place of the result. */
const halfUlps =
  (k: number): Rounding =>
  (_inputs, _attrs, outputs) =>
    outputs.map((y) => bounds(y, (v) => k * U * v))

/** k halves of a unit of what the reference gives for the magnitudes of the operands: sums, where terms cancel. */
const ofMagnitudes =
  (name: ReferenceName, k: (inputs: readonly RefTensor[], attrs: Attrs, y: RefTensor) => number): Rounding =>
  (inputs, attrs, outputs) => {
    const [largest] = references[name](inputs.map(abs), attrs)
    const factor = k(inputs, attrs, outputs[0]!) * U
    return [bounds(largest!, (v) => factor * v)]
  }

/** k halves of a unit of dy, spread over the shape of the result: slopes near 1 that are rounded on an absolute scale. */
const ofGradient =
  (k: number): Rounding =>
  (inputs, _attrs, outputs) => {
    const spread = references.broadcastTo([abs(inputs[0]!)], { shape: outputs[0]!.shape })[0]!
    return [bounds(spread, (v) => k * U * v)]
  }

const countOf = (x: RefTensor, y: RefTensor): number => (y.data.length === 0 ? 1 : x.data.length / y.data.length)

/** One number for each row of the last axis, by the largest distance of a value from the largest one. */
function rowsOf(x: RefTensor): { n: number; drop: (at: number) => number; spread: Float64Array; max: Float64Array } {
  const n = x.shape.at(-1) ?? 1
  const rows = n === 0 ? 0 : x.data.length / n
  const max = new Float64Array(rows)
  const spread = new Float64Array(rows)
  for (let r = 0; r < rows; r++) {
    const row = x.data.subarray(r * n, (r + 1) * n)
    max[r] = row.reduce((a, b) => Math.max(a, b), -Infinity)
    spread[r] = row.reduce((a, b) => Math.max(a, (max[r] as number) - b), 0)
  }
  return { n, max, spread, drop: (at) => (max[Math.floor(at / n)] as number) - (x.data[at] as number) }
}

const softmax: Rounding = (inputs, _attrs, outputs) => {
  const { n, drop } = rowsOf(inputs[0]!)
  return [bounds(outputs[0]!, (y, i) => (8 + terms(n) + 2 * drop(i)) * U * y)]
}

const logSoftmax: Rounding = (inputs, _attrs, outputs) => {
  const { n, drop } = rowsOf(inputs[0]!)
  return [bounds(outputs[0]!, (y, i) => (4 + terms(n) + 2 * drop(i) + 2 * y) * U)]
}

/** Sums of |dy| times the given weights, one for each row. */
function rowSums(dy: RefTensor, weight: (at: number) => number): (at: number) => number {
  const n = dy.shape.at(-1) ?? 1
  const sums = new Float64Array(n === 0 ? 0 : dy.data.length / n)
  dy.data.forEach((v, i) => {
    const r = Math.floor(i / n)
    sums[r] = (sums[r] as number) + Math.abs(v) * weight(i)
  })
  return (at) => sums[Math.floor(at / n)] as number
}

const softmaxGrad: Rounding = ([dy, y], _attrs, outputs) => {
  const n = dy!.shape.at(-1) ?? 1
  const dot = rowSums(dy!, (i) => Math.abs(y!.data[i] as number))
  return [
    bounds(outputs[0]!, (_, i) => {
      const size = 2 * Math.abs(dy!.data[i] as number) + (terms(n) + 2) * dot(i)
      return Math.abs(y!.data[i] as number) * size * U
    }),
  ]
}

const logSoftmaxGrad: Rounding = ([dy, y], _attrs, outputs) => {
  const n = dy!.shape.at(-1) ?? 1
  const sum = rowSums(dy!, () => 1)
  return [bounds(outputs[0]!, (v, i) => (2 * v + Math.exp(y!.data[i] as number) * (terms(n) + 6) * sum(i)) * U)]
}

const crossEntropy: Rounding = (inputs, _attrs, [loss, kept]) => {
  const { n, spread } = rowsOf(inputs[0]!)
  const error = bounds(loss!, (v, r) => (8 + terms(n) + 4 * (spread[r] as number) + 2 * v) * U)
  return [error, new Float64Array(kept!.data.length)]
}

const crossEntropyGrad: Rounding = (inputs, _attrs, [dx]) => {
  const { n, drop } = rowsOf(inputs[0]!)
  const dloss = inputs[2]!.data
  return [
    bounds(dx!, (_, i) => {
      const p = Math.exp(-drop(i))
      const dy = Math.abs(dloss[dloss.length === 1 ? 0 : Math.floor(i / n)] as number)
      return dy * (4 + p * (8 + terms(n) + 2 * drop(i))) * U
    }),
  ]
}

/** Sums in f64 that are rounded once. */
const cumsum: Rounding = ([x], attrs, outputs) => {
  const [largest] = references.cumsum([abs(x!)], attrs)
  const n = x!.shape[attrs['axis'] as number] as number
  return [bounds(outputs[0]!, (v, i) => U * v + n * 2 ** -53 * (largest!.data[i] as number))]
}

const inner = ([a]: readonly RefTensor[], attrs: Attrs): number =>
  a!.shape.at(attrs['transposeA'] === true ? -2 : -1) as number

const matmul: Rounding = ofMagnitudes('matmul', (inputs, attrs) => terms(inner(inputs, attrs)) + 1)

/** The error of the product passes through the activation, whose slope is at most 1, and gains the activation's own. */
const fusedMatmul: Rounding = (inputs, attrs, outputs) => {
  const linear = { ...attrs, activation: ACT_NONE }
  const before = references.fusedMatmul(inputs.map(abs), linear)[0]!
  const k = terms(inner(inputs, attrs)) + 2
  return [bounds(before, (v, i) => (k * v + 12 * Math.abs(outputs[0]!.data[i] as number)) * U)]
}

const windowSize = (attrs: Attrs): number => (attrs['kernel'] as number[]).reduce((n, size) => n * size, 1)

/** Weights of one filter. */
const perFilter = (w: RefTensor): number => w.data.length / (w.shape[0] as number)

const sgd: Rounding = ([p, g, lr, step, v], attrs, outputs) => {
  // the same update with nothing cancelling: every term with the sign that adds to the magnitude
  const rising = { shape: [], data: lr!.data.map((w) => -w) }
  const grown = references.sgd([abs(p!), abs(g!), rising, step!, ...(v === undefined ? [] : [abs(v)])], attrs)
  return outputs.map((_, i) => bounds(grown[i]!, (w) => 6 * U * w))
}

const adam: Rounding = (inputs, attrs, outputs) => {
  const [p, g, m, v] = inputs as [RefTensor, RefTensor, RefTensor, RefTensor]
  const lr = inputs[4]!.data[0] as number
  const c1 = inputs[5]!.data[0] as number
  const [beta1, eps, decay] = [attrs['beta1'], attrs['eps'], attrs['weightDecay']] as [number, number, number]
  const slope = (i: number): number => Math.abs(g.data[i] as number) + decay * Math.abs(p.data[i] as number)
  const mean = (i: number): number => beta1 * Math.abs(m.data[i] as number) + (1 - beta1) * slope(i)
  const c2 = inputs[6]!.data[0] as number
  const root = (i: number): number => Math.sqrt((outputs[2]!.data[i] as number) / c2) + eps
  // v is a sum of squares whose gradient carries the rounding of the decay term
  const squares = outputs[2]!.data.map((w, i) => (4 * w + 8 * slope(i) ** 2 * (1 - (attrs['beta2'] as number))) * U)
  const relative = (i: number): number =>
    8 * U + (squares[i] as number) / Math.max(v.data[i] as number, outputs[2]!.data[i] as number, 1e-300)
  return [
    bounds(p, (w, i) => 4 * U * w * (1 + lr * decay) + ((lr * mean(i)) / c1 / root(i)) * (relative(i) + 8 * U)),
    bounds(m, (_, i) => 4 * U * mean(i)),
    squares.map((b) => b + DENORMAL),
  ]
}

/** Of the two steps with which adam's is bounded, the one with the largest second moment so far. */
const amsgrad: Rounding = ([p, g, m, v, _w, ...scalars], attrs, [next, mean, squares, largest]) => {
  const inputs = [p!, g!, m!, v!, ...scalars]
  const [ofP, ofM] = adam(inputs, attrs, [next!, mean!, largest!])
  const ofV = adam(inputs, attrs, [next!, mean!, squares!])[2]!
  return [ofP!, ofM!, ofV, ofV]
}

const lion: Rounding = ([p, g, m, lr], attrs, [, mean]) => {
  const beta1 = attrs['beta1'] as number
  const rate = Math.abs(lr!.data[0] as number)
  const along = (i: number, size: (x: number) => number): number =>
    beta1 * size(m!.data[i] as number) + (1 - beta1) * size(g!.data[i] as number)
  // a direction within its rounding of 0 may have either sign
  const unsure = (i: number): boolean => Math.abs(along(i, (x) => x)) <= 4 * U * along(i, Math.abs)
  return [
    bounds(p!, (w, i) => 4 * U * (w + rate) + (unsure(i) ? 2 * rate : 0)),
    bounds(mean!, (_, i) => 4 * U * (Math.abs(m!.data[i] as number) + Math.abs(g!.data[i] as number))),
  ]
}

const double: Rounding = (_inputs, attrs, outputs) =>
  outputs.map((y) => y.data.map((v) => (attrs['fn'] === 'toFloat' ? U : 2 ** -50) * Math.abs(v)))

export const rounding: Readonly<Record<ReferenceName, Rounding>> = {
  neg: exact,
  abs: exact,
  square: halfUlps(1),
  sqrt: halfUlps(1),
  rsqrt: halfUlps(2),
  reciprocal: halfUlps(1),
  exp: halfUlps(2),
  log: halfUlps(2),
  tanh: halfUlps(4),
  sigmoid: halfUlps(4),
  erf: halfUlps(8),
  relu: exact,
  gelu: halfUlps(8),
  geluSlope: (_inputs, _attrs, [y, slope]) => [bounds(y!, (v) => 8 * U * v), slope!.data.map(() => 16 * U)],
  silu: halfUlps(8),
  softplus: halfUlps(8),
  logSigmoid: halfUlps(8),
  leakyRelu: halfUlps(2),
  elu: halfUlps(6),
  clip: halfUlps(1),
  hardtanh: halfUlps(1),
  log1p: halfUlps(4),
  expm1: halfUlps(4),
  sin: halfUlps(2),
  cos: halfUlps(2),
  floor: exact,
  ceil: exact,
  round: exact,
  sign: exact,
  cast: exact,
  truncate: exact,

  add: halfUlps(1),
  sub: halfUlps(1),
  mul: halfUlps(1),
  div: halfUlps(1),
  maximum: exact,
  minimum: exact,
  pow: halfUlps(2),
  squaredDifference: halfUlps(4),
  greater: exact,
  greaterEqual: exact,
  equal: exact,
  notEqual: exact,
  reluGrad: exact,
  tanhGrad: ofGradient(3),
  sigmoidGrad: halfUlps(4),
  absGrad: exact,
  geluGrad: ofGradient(16),
  siluGrad: ofGradient(8),
  softplusGrad: halfUlps(6),
  leakyReluGrad: halfUlps(2),
  eluGrad: halfUlps(6),
  clipGrad: exact,
  hardtanhGrad: exact,
  where: exact,

  clone: exact,
  stopGradient: exact,
  custom: exact,
  reshape: exact,
  transpose: exact,
  slice: exact,
  embed: exact,
  concat: exact,
  broadcastTo: exact,
  gather: exact,
  scatterAdd: ofMagnitudes('scatterAdd', ([, index]) => terms(index!.data.length)),
  cumsum,
  argsort: exact,
  triangle: exact,
  takeAlong: exact,
  takeAlongGrad: ofMagnitudes('takeAlongGrad', ([y], attrs) => terms(y!.shape.at(attrs['axis'] as number) as number)),

  sum: ofMagnitudes('sum', ([x], _, y) => terms(countOf(x!, y)) + 1),
  mean: ofMagnitudes('mean', ([x], _, y) => terms(countOf(x!, y)) + 3),
  sumSquares: ofMagnitudes('sumSquares', ([x], _, y) => terms(countOf(x!, y)) + 2),
  prod: ([x], _, [y]) => [bounds(y!, (v) => countOf(x!, y!) * U * v)],
  max: exact,
  min: exact,
  argmax: exact,
  argmin: exact,

  softmax,
  logSoftmax,
  softmaxGrad,
  logSoftmaxGrad,
  crossEntropy,
  crossEntropyGrad,

  matmul,
  fusedMatmul,

  maxPool2d: exact,
  maxPool2dGrad: ofMagnitudes('maxPool2dGrad', (_, attrs) => windowSize(attrs)),
  avgPool2d: ofMagnitudes('avgPool2d', (_, attrs) => terms(windowSize(attrs)) + 1),
  avgPool2dGrad: ofMagnitudes('avgPool2dGrad', (_, attrs) => windowSize(attrs) + 1),
  layerNorm: norm.layerNorm,
  layerNormGrad: norm.layerNormGrad,
  conv2d: ofMagnitudes('conv2d', ([, w]) => terms(perFilter(w!)) + 2),
  fusedConv2d: ofMagnitudes('conv2d', ([, w]) => terms(perFilter(w!)) + 2),
  conv2dInputGrad: ofMagnitudes('conv2dInputGrad', ([, w]) => terms(w!.data.length) + 2),
  conv2dFilterGrad: ofMagnitudes('conv2dFilterGrad', ([, dy]) => terms(dy!.data.length / dy!.shape[1]!) + 2),
  rnn: recurrent.rnn,
  rnnGrad: recurrent.rnnBackward,
  lstm: recurrent.lstm,
  lstmGrad: recurrent.lstmBackward,
  gru: recurrent.gru,
  gruGrad: recurrent.gruBackward,

  attention: attention.forward,
  attentionGrad: attention.backward,

  sgd,
  adam,
  amsgrad,
  lion,
  assign: exact,
  scalar: double,

  fetchRows: exact,
  fetchSlot: exact,
  advance: exact,

  uniform: exact,
  // a distance of 6 deviations is rare; the vector functions of Box and Muller are bounded on that scale
  normal: (_inputs, attrs, outputs) => [bounds(outputs[0]!, (v) => (8 * v + 64 * (attrs['stddev'] as number)) * U)],
  bernoulli: exact,
  permutation: exact,
  dropout: halfUlps(2),
}
