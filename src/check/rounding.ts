import { ACT_NONE } from '../abi/constants.ts'
import { type Attrs, type ReferenceName, type RefTensor, references } from '../reference/index.ts'
import * as attention from './rounding-attention.ts'
import { abs, type Bound, bounded, bounds, type Rounding, terms, U } from './rounding-basis.ts'
import { type Magnitudes, winogradConv2d, winogradFilterGrad, winogradInputGrad } from './rounding-conv.ts'
import * as norm from './rounding-norm.ts'
import * as recurrent from './rounding-recurrent.ts'
import * as rows from './rounding-rows.ts'
import * as update from './rounding-update.ts'

export type { Rounding } from './rounding-basis.ts'

const exact = bounded('exact', (_inputs, _attrs, outputs) => outputs.map((y) => new Float64Array(y.data.length)))

/** k halves of a unit in the last place of the result. */
const halfUlps = (k: number): Rounding =>
  bounded(k === 1 ? 'u |y|' : `${k} u |y|`, (_inputs, _attrs, outputs) =>
    outputs.map((y) => bounds(y, (v) => k * U * v)),
  )

/** k halves of a unit of what the reference gives for the magnitudes of the operands: sums, where terms cancel. */
const ofMagnitudes = (
  name: ReferenceName,
  text: string,
  k: (inputs: readonly RefTensor[], attrs: Attrs, y: RefTensor) => number,
): Rounding =>
  bounded(text, (inputs, attrs, outputs) => {
    const [largest] = references[name](inputs.map(abs), attrs)
    const factor = k(inputs, attrs, outputs[0]!) * U
    return [bounds(largest!, (v) => factor * v)]
  })

/** k halves of a unit of dy, spread over the shape of the result: slopes near 1 that are rounded on an absolute scale. */
const ofGradient = (k: number): Rounding =>
  bounded(`${k} u |dy|`, (inputs, _attrs, outputs) => {
    const spread = references.broadcastTo([abs(inputs[0]!)], { shape: outputs[0]!.shape })[0]!
    return [bounds(spread, (v) => k * U * v)]
  })

const countOf = (x: RefTensor, y: RefTensor): number => (y.data.length === 0 ? 1 : x.data.length / y.data.length)

/** Sums in f64 that are rounded once. */
const cumsum: Bound = ([x], attrs, outputs) => {
  const [largest] = references.cumsum([abs(x!)], attrs)
  const n = x!.shape[attrs['axis'] as number] as number
  return [bounds(outputs[0]!, (v, i) => U * v + n * 2 ** -53 * (largest!.data[i] as number))]
}

const inner = ([a]: readonly RefTensor[], attrs: Attrs): number =>
  a!.shape.at(attrs['transposeA'] === true ? -2 : -1) as number

const matmul = ofMagnitudes('matmul', '(t(k) + 1) u |A| |B|', (inputs, attrs) => terms(inner(inputs, attrs)) + 1)

/** The error of the product passes through the activation, whose slope is at most 1, and gains the activation's own. */
const fusedMatmul: Bound = (inputs, attrs, outputs) => {
  const linear = { ...attrs, activation: ACT_NONE }
  const before = references.fusedMatmul(inputs.map(abs), linear)[0]!
  const k = terms(inner(inputs, attrs)) + 2
  return [bounds(before, (v, i) => (k * v + 12 * Math.abs(outputs[0]!.data[i] as number)) * U)]
}

const windowSize = (attrs: Attrs): number => (attrs['kernel'] as number[]).reduce((n, size) => n * size, 1)

/** Weights of one filter. */
const perFilter = (w: RefTensor): number => w.data.length / (w.shape[0] as number)

const double: Bound = (_inputs, attrs, outputs) =>
  outputs.map((y) => y.data.map((v) => (attrs['fn'] === 'toFloat' ? U : 2 ** -50) * Math.abs(v)))

/** What Winograd's tiles give where they are taken: 18 roundings before and after the sum of products; and a bias. */
const tiled = (magnitudes: (...args: Parameters<Bound>) => Magnitudes | undefined, others: Rounding): Rounding =>
  bounded(`${others.text}; (t(k) + 18) u of the terms of its tiles where Winograd's are taken`, (...operands) => {
    const largest = magnitudes(...operands)
    if (largest === undefined) return others(...operands)
    const factor = (terms(largest.terms) + 18) * U
    return [bounds(operands[2][0]!, (v, i) => factor * largest.data[i]! + U * v)]
  })

const convolution = tiled(
  ([x, w], attrs, [y]) => winogradConv2d(x!, w!, y!, attrs),
  ofMagnitudes('conv2d', '(t(k) + 2) u (sum |W X| + |b|), k weights of a filter', ([, w]) => terms(perFilter(w!)) + 2),
)

/** Recurrent layers, forward and backward. */
const RUNNING = 'the error of each step from that of the step before, through the slopes of its gates'
const PASS = 'steps (t(gates) + 32) u of the same pass over magnitudes'

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
  geluSlope: bounded("8 u |gelu|, 16 u for gelu'", (_inputs, _attrs, [y, slope]) => [
    bounds(y!, (v) => 8 * U * v),
    slope!.data.map(() => 16 * U),
  ]),
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
  scatterAdd: ofMagnitudes('scatterAdd', 't(n) u sum |x|, n indices', ([, index]) => terms(index!.data.length)),
  cumsum: bounded('u |y| + n 2^-53 sum |x|', cumsum),
  argsort: exact,
  triangle: exact,
  takeAlong: exact,
  takeAlongGrad: ofMagnitudes('takeAlongGrad', 't(n) u sum |dy|', ([y], attrs) =>
    terms(y!.shape.at(attrs['axis'] as number) as number),
  ),

  sum: ofMagnitudes('sum', '(t(n) + 1) u sum |x|', ([x], _, y) => terms(countOf(x!, y)) + 1),
  mean: ofMagnitudes('mean', '(t(n) + 3) u mean |x|', ([x], _, y) => terms(countOf(x!, y)) + 3),
  sumSquares: ofMagnitudes('sumSquares', '(t(n) + 2) u sum x^2', ([x], _, y) => terms(countOf(x!, y)) + 2),
  prod: bounded('n u |y|', ([x], _, [y]) => [bounds(y!, (v) => countOf(x!, y!) * U * v)]),
  max: exact,
  min: exact,
  argmax: exact,
  argmin: exact,

  softmax: bounded('(8 + t(n) + 2 (max x - x)) u y', rows.softmax),
  logSoftmax: bounded('(4 + t(n) + 2 (max x - x) + 2 |y|) u', rows.logSoftmax),
  softmaxGrad: bounded('|y| (2 |dy| + (t(n) + 2) sum |dy y|) u', rows.softmaxGrad),
  logSoftmaxGrad: bounded('(2 |dx| + e^y (t(n) + 6) sum |dy|) u', rows.logSoftmaxGrad),
  crossEntropy: bounded('(8 + t(n) + 4 (max x - min x) + 2 |y|) u', rows.crossEntropy),
  crossEntropyGrad: bounded('|dloss| (4 + p (8 + t(n) + 2 (max x - x))) u, p = softmax(x)', rows.crossEntropyGrad),

  matmul,
  fusedMatmul: bounded('1.13 (t(k) + 2) u (|A| |B| + |bias|) + 12 u |y|', fusedMatmul),

  maxPool2d: exact,
  maxPool2dGrad: ofMagnitudes('maxPool2dGrad', 'k u sum |dy|, k words of a window', (_, attrs) => windowSize(attrs)),
  avgPool2d: ofMagnitudes(
    'avgPool2d',
    '(t(k) + 1) u mean |x|, k words of a window',
    (_, attrs) => terms(windowSize(attrs)) + 1,
  ),
  avgPool2dGrad: ofMagnitudes(
    'avgPool2dGrad',
    '(k + 1) u sum |dy| / count, k words of a window',
    (_, attrs) => windowSize(attrs) + 1,
  ),
  layerNorm: bounded(
    '(((t(n) + 8 + 2 s) |xhat| + s) |w| + |b| + |y|) u, s = (2 |mean| + mean |x|) / deviation',
    norm.layerNorm,
  ),
  layerNormGrad: bounded(
    '((2 t(n) + 16 + 4 s) (|g| + mean |g| + |xhat| mean |g xhat|) + 2 s (mean |g xhat| + |xhat| mean |g|)) u / deviation',
    norm.layerNormGrad,
  ),
  conv2d: convolution,
  fusedConv2d: convolution,
  conv2dInputGrad: tiled(
    ([dy, w], attrs, [dx]) => winogradInputGrad(dy!, w!, dx!, attrs),
    ofMagnitudes('conv2dInputGrad', '(t(k) + 2) u sum |W dY|, k weights', ([, w]) => terms(w!.data.length) + 2),
  ),
  conv2dFilterGrad: tiled(
    ([x, dy], attrs, [dw]) => winogradFilterGrad(x!, dy!, dw!, attrs),
    ofMagnitudes(
      'conv2dFilterGrad',
      '(t(k) + 2) u sum |X dY|, k places of all images',
      ([, dy]) => terms(dy!.data.length / dy!.shape[1]!) + 2,
    ),
  ),
  rnn: bounded(RUNNING, recurrent.rnn),
  rnnGrad: bounded(PASS, recurrent.rnnBackward),
  lstm: bounded(RUNNING, recurrent.lstm),
  lstmGrad: bounded(PASS, recurrent.lstmBackward),
  gru: bounded(RUNNING, recurrent.gru),
  gruGrad: bounded(PASS, recurrent.gruBackward),

  attention: bounded(
    'sum p (|v| + |o|) (e + (10 + 4 s / 64 + t(64) + 2 |score - lse|) u), e = (t(d) + 3) u scale |q| |k| + u |score|',
    attention.forward,
  ),
  attentionGrad: bounded(
    'the errors of the weights, as of attention, and of the sums, t(n) u, through the magnitudes of every term',
    attention.backward,
  ),

  sgd: bounded('6 u of the same step with all terms of one sign', update.sgd),
  adam: bounded('4 u |p| + the step times (16 u + the relative error of v); m and v: 4 u of their terms', update.adam),
  amsgrad: bounded('as adam, with the larger of both v', update.amsgrad),
  lion: bounded('4 u (|p| + lr), and 2 lr where the direction is within 4 u of 0; m: 4 u of its terms', update.lion),
  assign: exact,
  scalar: bounded('2^-50 |y|; as float32 u |y|', double),

  fetchRows: exact,
  fetchSlot: exact,
  advance: exact,

  uniform: exact,
  // a distance of 6 deviations is rare; the vector functions of Box and Muller are bounded on that scale
  normal: bounded('(8 |y| + 64 stddev) u', (_inputs, attrs, outputs) => [
    bounds(outputs[0]!, (v) => (8 * v + 64 * (attrs['stddev'] as number)) * U),
  ]),
  bernoulli: exact,
  permutation: exact,
  dropout: halfUlps(2),
}
