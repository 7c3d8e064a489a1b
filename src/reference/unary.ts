import { number, text } from './attrs.ts'
import { erf, gelu, geluTanh, geluTanhSlope, sigmoid, softplus } from './special.ts'
import { type Attrs, input, type Reference, type Rows } from './tensor.ts'

type Scalar = (x: number) => number

/** y[i] = f(x[i]); f is made once from the attributes. */
function elementwise(make: (attrs: Attrs) => Scalar): Reference {
  return (inputs, attrs) => {
    const x = input(inputs, 0)
    return [{ shape: x.shape, data: x.data.map(make(attrs)) }]
  }
}

const plain = (f: Scalar): Reference => elementwise(() => f)

const limited = elementwise((attrs) => {
  const min = number(attrs, 'min')
  const max = number(attrs, 'max')
  return (x) => Math.min(Math.max(x, min), max)
})

function halfToEven(x: number): number {
  const below = Math.floor(x)
  if (x - below !== 0.5) return Math.round(x)
  return below % 2 === 0 ? below : below + 1
}

export const unary: Rows<
  | 'neg'
  | 'abs'
  | 'square'
  | 'sqrt'
  | 'rsqrt'
  | 'reciprocal'
  | 'exp'
  | 'log'
  | 'tanh'
  | 'sigmoid'
  | 'erf'
  | 'relu'
  | 'gelu'
  | 'geluSlope'
  | 'silu'
  | 'softplus'
  | 'logSigmoid'
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
  | 'sign'
  | 'cast'
  | 'truncate'
> = {
  neg: plain((x) => -x),
  abs: plain(Math.abs),
  square: plain((x) => x * x),
  sqrt: plain(Math.sqrt),
  rsqrt: plain((x) => 1 / Math.sqrt(x)),
  reciprocal: plain((x) => 1 / x),
  exp: plain(Math.exp),
  log: plain(Math.log),
  tanh: plain(Math.tanh),
  sigmoid: plain(sigmoid),
  erf: plain(erf),
  // Math.max passes a NaN on; `x > 0 ? x : 0` would not
  relu: plain((x) => Math.max(x, 0)),
  gelu: elementwise((attrs) => (text(attrs, 'approximate') === 'tanh' ? geluTanh : gelu)),
  geluSlope: (inputs) => [geluTanh, geluTanhSlope].flatMap((f) => elementwise(() => f)(inputs, {})),
  silu: plain((x) => x * sigmoid(x)),
  softplus: plain(softplus),
  logSigmoid: plain((x) => -softplus(-x)),
  leakyRelu: elementwise((attrs) => {
    const slope = number(attrs, 'slope')
    return (x) => (x > 0 ? x : slope * x)
  }),
  elu: elementwise((attrs) => {
    const alpha = number(attrs, 'alpha')
    return (x) => (x > 0 ? x : alpha * Math.expm1(x))
  }),
  clip: limited,
  hardtanh: limited,
  log1p: plain(Math.log1p),
  expm1: plain(Math.expm1),
  sin: plain(Math.sin),
  cos: plain(Math.cos),
  floor: plain(Math.floor),
  ceil: plain(Math.ceil),
  round: plain(halfToEven),
  sign: plain(Math.sign),
  // from int32 to float32, both exact in f64
  cast: plain((x) => x),
  truncate: plain((x) => Math.min(Math.max(Math.trunc(x) || 0, -(2 ** 31)), 2 ** 31 - 1)),
}
