// Scalar functions of the reference, in f64. JavaScript has no erf; the two expansions here are the textbook ones
// (Abramowitz and Stegun 7.1.6 and 7.1.14) and agree with each other to a few units in the last place at the seam.

const SEAM = 2.5

/** erf(x) = 2/sqrt(pi) exp(-x^2) sum over n of 2^n x^(2n+1) / (1 * 3 * ... * (2n+1)): no term changes sign. */
function erfSeries(x: number): number {
  let term = x
  let sum = x
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1)
    sum += term
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum
}

/** erfc(x) for x > 0: exp(-x^2)/sqrt(pi) / (x + (1/2)/(x + (2/2)/(x + (3/2)/(x + ...)))). */
function erfcFraction(x: number): number {
  let tail = x
  for (let n = 200; n >= 1; n--) tail = x + n / 2 / tail
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / tail
}

export function erf(x: number): number {
  if (Math.abs(x) <= SEAM) return x === 0 ? x : erfSeries(x)
  if (Number.isNaN(x)) return x
  return x > 0 ? 1 - erfcFraction(x) : erfcFraction(-x) - 1
}

/** 1 - erf(x), with its relative accuracy kept in the tail. */
export function erfc(x: number): number {
  return x > SEAM ? erfcFraction(x) : 1 - erf(x)
}

export function sigmoid(x: number): number {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))
}

export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
}

/** The distribution function of the standard normal distribution, and its density. */
export function normalCdf(x: number): number {
  return 0.5 * erfc(-x / Math.SQRT2)
}

export function normalPdf(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI)
}

// The inner function of the tanh form of GELU: sqrt(2/pi) (x + 0.044715 x^3).
const GELU_SCALE = Math.sqrt(2 / Math.PI)
const GELU_CUBIC = 0.044715

export function geluTanh(x: number): number {
  // 0.5 (1 + tanh(u)) = sigmoid(2u), which keeps the negative tail
  return x * sigmoid(2 * GELU_SCALE * (x + GELU_CUBIC * x * x * x))
}

export function geluTanhSlope(x: number): number {
  const s = sigmoid(2 * GELU_SCALE * (x + GELU_CUBIC * x * x * x))
  return s + x * s * (1 - s) * 2 * GELU_SCALE * (1 + 3 * GELU_CUBIC * x * x)
}

export function gelu(x: number): number {
  return x * normalCdf(x)
}

export function geluSlope(x: number): number {
  return normalCdf(x) + x * normalPdf(x)
}

/** C's pow: unlike JavaScript's, 1 to any power is 1, and so is -1 to an infinite one. */
export function pow(a: number, b: number): number {
  if (a === 1 || (a === -1 && Math.abs(b) === Infinity)) return 1
  return a ** b
}
