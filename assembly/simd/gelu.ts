import { fraction, fractionOf, fractionOf2, scale, shift } from './exp'
import { atLeast, atMost, fma, fnma, select, splat } from './f32x4'
import * as pool from './pool'
import { gatedGrad, rectified } from './sigmoid'

// Phi(-a) = exp(-a^2 / 2) R(a) keeps its relative precision down to the smallest denormal. a^2 / 2 is taken in two parts,
// the first from the high half of a's bits and exact, because exp makes an absolute error of it a relative one.

/** R(a) for 0 <= a <= 15. */
// @ts-ignore: decorator
@inline
function ratio(a: v128): v128 {
  const v = f32x4.sub(f32x4.div(a, f32x4.add(a, splat(pool.PHI_K))), splat(pool.PHI_V))
  let p = fma(splat(pool.PHI_10), v, splat(pool.PHI_9))
  p = fma(p, v, splat(pool.PHI_8))
  p = fma(p, v, splat(pool.PHI_7))
  p = fma(p, v, splat(pool.PHI_6))
  p = fma(p, v, splat(pool.PHI_5))
  p = fma(p, v, splat(pool.PHI_4))
  p = fma(p, v, splat(pool.PHI_3))
  p = fma(p, v, splat(pool.PHI_2))
  p = fma(p, v, splat(pool.PHI_1))
  p = fma(p, v, splat(pool.PHI_0))
  return f32x4.div(p, f32x4.add(a, splat(pool.PHI_C)))
}

/** x Phi(x) = max(x, 0) - |x| Phi(-|x|). */
// @ts-ignore: decorator
@inline
export function gelu(x: v128): v128 {
  const a = atMost(v128.andnot(x, splat(pool.SIGN)), splat(pool.PHI_MAX))
  const coarse = v128.and(a, splat(pool.HIGH_HALF))
  const high = f32x4.mul(f32x4.mul(coarse, splat(pool.MINUS_HALF)), coarse)
  const low = f32x4.mul(f32x4.mul(f32x4.sub(a, coarse), splat(pool.MINUS_HALF)), f32x4.add(a, coarse))
  const t = shift(f32x4.add(high, low))
  const s = fractionOf2(t, high, low)
  const g = f32x4.mul(f32x4.neg(a), ratio(a))
  return rectified(x, scale(fma(g, s, g), t))
}

/** Derivative of gelu: Phi(x) + x phi(x). */
// @ts-ignore: decorator
@inline
export function geluGrad(x: v128): v128 {
  const sign = splat(pool.SIGN)
  const a = atMost(v128.andnot(x, sign), splat(pool.PHI_MAX))
  const y = f32x4.mul(f32x4.mul(a, splat(pool.MINUS_HALF)), a)
  const t = shift(y)
  const e = scale(f32x4.add(splat(pool.ONE), fractionOf(t, y)), t)
  const tail = f32x4.mul(e, ratio(a))
  const phi = f32x4.mul(e, splat(pool.GAUSS))
  const cumulative = select(tail, f32x4.sub(splat(pool.ONE), tail), f32x4.lt(x, i32x4.splat(0)))
  return fma(v128.or(a, v128.and(x, sign)), phi, cumulative)
}

// The tanh form: x sigmoid(v) with v = x (a + b x^2). As exp makes an absolute error of v a relative one, exp(-|v|) takes
// v in two parts: h, a multiple of 1/16 near -|x|, times w, a multiple of 1/2048 near a + b h^2, which is exact, and the
// rest, which is small.

// @ts-ignore: decorator
@inline
export function lessened(x: v128): v128 {
  return atLeast(v128.or(x, splat(pool.SIGN)), splat(pool.GELU_TANH_MIN))
}

/** The number t of exp(-|v|), from -|v| roughly. */
// @ts-ignore: decorator
@inline
export function shiftOf(minus: v128): v128 {
  return shift(f32x4.mul(minus, fma(splat(pool.GELU_TANH_B), f32x4.mul(minus, minus), splat(pool.GELU_TANH_A))))
}

/** The number s of exp(-|v|). */
// @ts-ignore: decorator
@inline
export function gateOf(minus: v128, t: v128): v128 {
  const magic = splat(pool.GELU_TANH_16TH)
  const h = f32x4.sub(f32x4.add(minus, magic), magic)
  const square = f32x4.mul(h, h)
  const a = splat(pool.GELU_TANH_A)
  const b = splat(pool.GELU_TANH_B)
  const w = f32x4.sub(fma(b, square, splat(pool.GELU_TANH_A_2048TH)), splat(pool.GELU_TANH_2048TH))
  const n = f32x4.sub(t, splat(pool.EXP_MAGIC))
  // |x| = h + l: the rest is l (a + b (x^2 + |x| h + h^2)) + h (a + b h^2 - w)
  const rise = fma(b, fma(minus, f32x4.add(minus, h), square), a)
  const low = fma(n, splat(pool.EXP_MINUS_LN2_LOW), f32x4.mul(f32x4.sub(minus, h), rise))
  // the first two steps are exact
  const beyond = f32x4.sub(
    f32x4.sub(fnma(splat(pool.GELU_TANH_B_HIGH), square, w), a),
    fma(splat(pool.GELU_TANH_B_LOW), square, splat(pool.GELU_TANH_A_LOW)),
  )
  return fraction(n, f32x4.mul(h, w), fnma(h, beyond, low))
}

/** Derivative: sigmoid(v) + x v' sigmoid'(v). */
// @ts-ignore: decorator
@inline
export function slopeOf(x: v128, minus: v128, s: v128, t: v128): v128 {
  const rise = fma(splat(pool.GELU_TANH_B_3), f32x4.mul(minus, minus), splat(pool.GELU_TANH_A))
  return gatedGrad(x, s, t, f32x4.mul(atMost(atLeast(x, minus), f32x4.neg(minus)), rise))
}
