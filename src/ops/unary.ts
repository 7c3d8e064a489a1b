import * as C from '../abi/constants.ts'
import type { Attrs, DType, Spec } from '../program/graph.ts'
import type { Ref } from '../program/lower.ts'
import { checkTypes } from './apply.ts'
import { attr, defineOp, type GradientRule, type NoGradient, type OpRow, type OpTable } from './define.ts'
import * as f from './functions.ts'
import { absorbActivation } from './fused-matmul.ts'
import type { Tensor } from './tensor.ts'

// Element-wise functions of one operand: a code of the unary kernel, a formula, a gradient rule.

interface Unary {
  readonly code: number
  readonly doc: string
  readonly formula: string
  readonly gradient: GradientRule | NoGradient
  /** Parameters p0 and p1 of the kernel. */
  readonly parameters?: (attrs: Attrs) => readonly [number, number?]
  /** The activation of a matrix product's epilogue that computes the same. */
  readonly activation?: number
  readonly codeOf?: (attrs: Attrs) => number
  readonly from?: DType
  readonly to?: DType
}

function unary(name: string, row: Unary): OpRow {
  const { activation } = row
  return defineOp({
    name,
    doc: row.doc,
    formula: row.formula,
    gradient: row.gradient,
    reuse: true,
    infer(inputs) {
      checkTypes(name, inputs, row.from ?? 'float32')
      return [{ shape: inputs[0]?.shape ?? [], dtype: row.to ?? 'float32' }]
    },
    lower({ inputs: [x], outputs: [y], attrs, emit }) {
      if (x === undefined || y === undefined) return
      const [p0 = 0, p1 = 0] = row.parameters?.(attrs) ?? []
      emit('unary', { fn: row.codeOf?.(attrs) ?? row.code, x, y, n: y.bytes / 4, p0, p1 })
    },
    ...(activation === undefined ? {} : { absorb: (node, fusion) => absorbActivation(node, fusion, activation) }),
  })
}

/** Rule of a function of one operand: dx = rule(dy, x, y). */
const through =
  (rule: (dy: Tensor, x: Tensor, y: Tensor, attrs: Attrs) => Tensor): GradientRule =>
  ({ dy, inputs: [x], outputs: [y], attrs }) => [rule(dy, x as Tensor, y as Tensor, attrs)]

/** Whether a gelu, or its gradient, is the tanh approximation. */
export const approximate = (attrs: Attrs): boolean => attr<string>(attrs, 'approximate') === 'tanh'

export const unaryOps: OpTable<
  | 'neg'
  | 'abs'
  | 'sign'
  | 'square'
  | 'sqrt'
  | 'rsqrt'
  | 'reciprocal'
  | 'exp'
  | 'log'
  | 'tanh'
  | 'sigmoid'
  | 'logSigmoid'
  | 'erf'
  | 'relu'
  | 'gelu'
  | 'geluSlope'
  | 'silu'
  | 'softplus'
  | 'leakyRelu'
  | 'elu'
  | 'clip'
  | 'hardtanh'
  | 'log1p'
  | 'expm1'
  | 'sin'
  | 'cos'
  | 'floor'
  | 'ceil'
  | 'round'
  | 'cast'
  | 'truncate'
> = {
  neg: unary('neg', { code: C.UNARY_NEG, doc: 'Negative.', formula: '-x', gradient: through((dy) => f.neg(dy)) }),
  abs: unary('abs', {
    code: C.UNARY_ABS,
    doc: 'Absolute value; its derivative at 0 is 0.',
    formula: '|x|',
    gradient: through((dy, x) => f.absGrad(dy, x)),
  }),
  sign: unary('sign', { code: C.UNARY_SIGN, doc: '-1, 0 or 1.', formula: 'sign(x)', gradient: 'piecewise constant' }),
  square: unary('square', {
    code: C.UNARY_SQUARE,
    doc: 'Square.',
    formula: 'x^2',
    gradient: through((dy, x) => f.mul(f.mul(dy, x), 2)),
  }),
  sqrt: unary('sqrt', {
    code: C.UNARY_SQRT,
    doc: 'Square root.',
    formula: 'sqrt(x)',
    gradient: through((dy, _, y) => f.mul(f.div(dy, y), 0.5)),
  }),
  rsqrt: unary('rsqrt', {
    code: C.UNARY_RSQRT,
    doc: 'One over the square root.',
    formula: '1 / sqrt(x)',
    gradient: through((dy, x, y) => f.mul(f.div(f.mul(dy, y), x), -0.5)),
  }),
  reciprocal: unary('reciprocal', {
    code: C.UNARY_RECIPROCAL,
    doc: 'One over x.',
    formula: '1 / x',
    gradient: through((dy, _, y) => f.neg(f.mul(dy, f.square(y)))),
  }),
  exp: unary('exp', {
    code: C.UNARY_EXP,
    doc: 'Exponential function.',
    formula: 'e^x',
    gradient: through((dy, _, y) => f.mul(dy, y)),
  }),
  log: unary('log', {
    code: C.UNARY_LOG,
    doc: 'Natural logarithm.',
    formula: 'ln x',
    gradient: through((dy, x) => f.div(dy, x)),
  }),
  tanh: unary('tanh', {
    code: C.UNARY_TANH,
    doc: 'Hyperbolic tangent.',
    formula: 'tanh x',
    gradient: through((dy, _, y) => f.tanhGrad(dy, y)),
  }),
  sigmoid: unary('sigmoid', {
    code: C.UNARY_SIGMOID,
    doc: 'Logistic function.',
    formula: '1 / (1 + e^-x)',
    gradient: through((dy, _, y) => f.sigmoidGrad(dy, y)),
  }),
  logSigmoid: unary('logSigmoid', {
    code: C.UNARY_LOG_SIGMOID,
    doc: 'Logarithm of the logistic function.',
    formula: '-ln(1 + e^-x)',
    gradient: through((dy, x) => f.softplusGrad(dy, f.neg(x))),
  }),
  erf: unary('erf', {
    code: C.UNARY_ERF,
    doc: 'Error function.',
    formula: '2 / sqrt(pi) * integral of e^(-t^2) from 0 to x',
    gradient: through((dy, x) => f.mul(f.mul(dy, f.exp(f.neg(f.square(x)))), 2 / Math.sqrt(Math.PI))),
  }),
  relu: unary('relu', {
    code: C.UNARY_RELU,
    doc: 'Rectified linear unit; NaN passes.',
    formula: 'max(x, 0)',
    gradient: through((dy, _, y) => f.reluGrad(dy, y)),
    activation: C.ACT_RELU,
  }),
  gelu: unary('gelu', {
    code: C.UNARY_GELU,
    doc: 'Gaussian error linear unit, exact or by its tanh approximation (Hendrycks and Gimpel 2016).',
    formula: 'x / 2 * (1 + erf(x / sqrt 2)), or x / 2 * (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))',
    codeOf: (attrs) => (approximate(attrs) ? C.UNARY_GELU_TANH : C.UNARY_GELU),
    gradient: through((dy, x, _, attrs) => f.geluGrad(dy, x, attr(attrs, 'approximate'))),
  }),
  geluSlope: defineOp({
    name: 'geluSlope',
    doc: 'The tanh form of gelu and its derivative: what the planner makes of gelu whose gradient is wanted.',
    formula: "gelu(x), gelu'(x)",
    gradient: 'no second derivative',
    infer(inputs) {
      checkTypes('geluSlope', inputs, 'float32')
      const [x] = inputs as [Spec]
      return [x, x]
    },
    lower({ inputs, outputs, emit }) {
      const [y, slope] = outputs as [Ref, Ref]
      emit('geluSlope', { x: inputs[0] as Ref, y, slope, n: y.bytes / 4 })
    },
  }),
  silu: unary('silu', {
    code: C.UNARY_SILU,
    doc: 'Sigmoid-weighted linear unit (swish).',
    formula: 'x / (1 + e^-x)',
    gradient: through((dy, x) => f.siluGrad(dy, x)),
  }),
  softplus: unary('softplus', {
    code: C.UNARY_SOFTPLUS,
    doc: 'Smooth rectifier.',
    formula: 'ln(1 + e^x)',
    gradient: through((dy, x) => f.softplusGrad(dy, x)),
  }),
  leakyRelu: unary('leakyRelu', {
    code: C.UNARY_LEAKY_RELU,
    doc: 'Rectifier with a slope for negative x.',
    formula: 'x > 0 ? x : slope x',
    parameters: (attrs) => [attr(attrs, 'slope')],
    gradient: through((dy, x, _, attrs) => f.leakyReluGrad(dy, x, attr(attrs, 'slope'))),
  }),
  elu: unary('elu', {
    code: C.UNARY_ELU,
    doc: 'Exponential linear unit.',
    formula: 'x > 0 ? x : alpha (e^x - 1)',
    parameters: (attrs) => [attr(attrs, 'alpha')],
    gradient: through((dy, x, _, attrs) => f.eluGrad(dy, x, attr(attrs, 'alpha'))),
  }),
  clip: unary('clip', {
    code: C.UNARY_CLIP,
    doc: 'Limits x to a range; NaN passes.',
    formula: 'min(max(x, min), max)',
    parameters: (attrs) => [attr(attrs, 'min'), attr(attrs, 'max')],
    gradient: through((dy, x, _, attrs) => f.clipGrad(dy, x, attr(attrs, 'min'), attr(attrs, 'max'))),
  }),
  hardtanh: unary('hardtanh', {
    code: C.UNARY_CLIP,
    doc: 'Limits x to a range; its derivative at the ends is 0; NaN passes.',
    formula: 'min(max(x, min), max)',
    parameters: (attrs) => [attr(attrs, 'min'), attr(attrs, 'max')],
    gradient: through((dy, x, _, attrs) => f.hardtanhGrad(dy, x, attr(attrs, 'min'), attr(attrs, 'max'))),
  }),
  log1p: unary('log1p', {
    code: C.UNARY_LOG1P,
    doc: 'Logarithm of 1 + x, exact for small x too.',
    formula: 'ln(1 + x)',
    gradient: through((dy, x) => f.div(dy, f.add(x, 1))),
  }),
  expm1: unary('expm1', {
    code: C.UNARY_EXPM1,
    doc: 'Exponential function less 1, exact for small x too.',
    formula: 'e^x - 1',
    gradient: through((dy, x) => f.mul(dy, f.exp(x))),
  }),
  sin: unary('sin', {
    code: C.UNARY_SIN,
    doc: 'Sine.',
    formula: 'sin x',
    gradient: through((dy, x) => f.mul(dy, f.cos(x))),
  }),
  cos: unary('cos', {
    code: C.UNARY_COS,
    doc: 'Cosine.',
    formula: 'cos x',
    gradient: through((dy, x) => f.neg(f.mul(dy, f.sin(x)))),
  }),
  floor: unary('floor', {
    code: C.UNARY_FLOOR,
    doc: 'The whole number below.',
    formula: 'floor x',
    gradient: 'piecewise constant',
  }),
  ceil: unary('ceil', {
    code: C.UNARY_CEIL,
    doc: 'The whole number above.',
    formula: 'ceil x',
    gradient: 'piecewise constant',
  }),
  round: unary('round', {
    code: C.UNARY_ROUND,
    doc: 'The nearest whole number; halves go to the even one.',
    formula: 'round x',
    gradient: 'piecewise constant',
  }),
  cast: unary('cast', {
    code: C.UNARY_I32_TO_F32,
    doc: 'Whole numbers as float32.',
    formula: 'x',
    gradient: 'piecewise constant',
    from: 'int32',
  }),
  truncate: unary('truncate', {
    code: C.UNARY_F32_TO_I32,
    doc: 'Numbers without their fraction as int32, limited to its range; NaN gives 0.',
    formula: 'trunc x',
    gradient: 'piecewise constant',
    to: 'int32',
  }),
}
