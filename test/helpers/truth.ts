// f64 truth for the vector functions, and errors in units in the last place (ULP).

const SQRT_PI = Math.sqrt(Math.PI)

/** erf(x) for |x| < 2 by its series of positive terms. */
function erfSeries(x: number): number {
  let term = x
  let sum = x
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return (2 / SQRT_PI) * Math.exp(-x * x) * sum
}

/** 1 - erf(x) with full relative precision: beyond 2 by its continued fraction. */
export function erfc(x: number): number {
  if (x < 2) return x > -2 ? 1 - erfSeries(x) : 2 - erfc(-x)
  if (x > 40) return 0
  if (Number.isNaN(x)) return x
  let f = x
  for (let n = 60; n > 0; n--) f = x + n / 2 / f
  return Math.exp(-x * x) / SQRT_PI / f
}
export function erf(x: number): number {
  if (x !== 0 && Math.abs(x) < 2) return erfSeries(x)
  return x >= 2 ? 1 - erfc(x) : x <= -2 ? erfc(-x) - 1 : x
}

export const sigmoid = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)))
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
const tanhArgument = (x: number): number => Math.sqrt(8 / Math.PI) * (x + 0.044715 * x * x * x)

/** Vector functions by the names of their UNARY_* codes; elu with p0 = 1. */
export const truths: Readonly<Record<string, (x: number) => number>> = {
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  reciprocal: (x) => 1 / x,
  exp: Math.exp,
  log: Math.log,
  log1p: Math.log1p,
  expm1: Math.expm1,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  sigmoid,
  erf,
  gelu: (x) => 0.5 * x * erfc(-x * Math.SQRT1_2),
  geluTanh: (x) => (x === Number.NEGATIVE_INFINITY ? Number.NaN : x * sigmoid(tanhArgument(x))),
  silu: (x) => x * sigmoid(x),
  softplus,
  logSigmoid: (x) => -softplus(-x),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
}

const view = new DataView(new ArrayBuffer(8))

/** |got - want| in units of the last place of an f32 of want's size; Infinity where one is NaN and the other is not. */
export function ulps(got: number, want: number): number {
  if (got === want || (Number.isNaN(got) && Number.isNaN(want))) return 0
  if (Number.isNaN(got) || Number.isNaN(want)) return Number.POSITIVE_INFINITY
  if (want === Number.POSITIVE_INFINITY || want === Number.NEGATIVE_INFINITY) return Number.POSITIVE_INFINITY
  view.setFloat64(0, want)
  const exponent = ((view.getUint32(0) >>> 20) & 0x7ff) - 1023
  const unit = 2 ** (Math.min(Math.max(exponent, -126), 127) - 23)
  // Infinity stands for 2^128, the number after the largest one
  const value = got === Number.POSITIVE_INFINITY ? 2 ** 128 : got === Number.NEGATIVE_INFINITY ? -(2 ** 128) : got
  const limit = Math.abs(want) > 2 ** 128 ? Math.sign(want) * 2 ** 128 : want
  return Math.abs(value - limit) / unit
}

const density = (x: number): number => Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI)
/** Derivative of geluTanh. */
export function geluTanhSlope(b: number): number {
  const s = sigmoid(tanhArgument(b))
  return s + b * s * (1 - s) * Math.sqrt(8 / Math.PI) * (1 + 3 * 0.044715 * b * b)
}

/** f(b) of the gradients a * f(b), by the names of their BINARY_* codes. */
export const slopes: Readonly<Record<string, (b: number, p0: number, p1: number) => number>> = {
  reluGrad: (b) => (b > 0 ? 1 : 0),
  tanhGrad: (b) => 1 - b * b,
  sigmoidGrad: (b) => b * (1 - b),
  geluGrad: (b) => 0.5 * erfc(-b * Math.SQRT1_2) + b * density(b),
  siluGrad: (b) => sigmoid(b) * (1 + b * (1 - sigmoid(b))),
  softplusGrad: sigmoid,
  leakyReluGrad: (b, p0) => (b > 0 ? 1 : p0),
  eluGrad: (b, p0) => (b > 0 ? 1 : p0 * Math.exp(b)),
  hardtanhGrad: (b, p0, p1) => (p0 < b && b < p1 ? 1 : 0),
  clipGrad: (b, p0, p1) => (p0 <= b && b <= p1 ? 1 : 0),
  absGrad: Math.sign,
}
