import { fractionOf, fractionOf2, scale, shift } from './exp'
import { atLeast, atMost, fma, fromF64, highToF64, lowToF64, select, splat, splat64 } from './f32x4'
import * as pool from './pool'
import { gated, gatedGrad, rectified } from './sigmoid'

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

/** x sigmoid(v) with v = sqrt(8 / pi) (x + 0.044715 x^3); v in f64, because exp makes its error a relative one. */
// @ts-ignore: decorator
@inline
export function geluTanh(x: v128): v128 {
  const minus = v128.or(x, splat(pool.SIGN))
  const v0 = cubic(lowToF64(minus))
  const v1 = cubic(highToF64(minus))
  const h0 = f32x4.demote_f64x2_zero(v0)
  const h1 = f32x4.demote_f64x2_zero(v1)
  const high = v128.shuffle<i64>(h0, h1, 0, 2)
  const low = fromF64(f64x2.sub(v0, lowToF64(h0)), f64x2.sub(v1, lowToF64(h1)))
  const t = shift(high)
  return gated(x, atLeast(minus, splat(pool.EXP_MIN)), fractionOf2(t, high, low), t)
}

// @ts-ignore: decorator
@inline
function cubic(x: v128): v128 {
  const square = f64x2.mul(x, x)
  const v = f64x2.mul(x, f64x2.add(f64x2.mul(square, splat64(pool.GELU_TANH_3)), splat64(pool.GELU_TANH_1)))
  return f64x2.pmax(v, splat64(pool.GELU_TANH_MIN))
}

/** Derivative of geluTanh: sigmoid(v) + x v' sigmoid'(v). */
// @ts-ignore: decorator
@inline
export function geluTanhGrad(x: v128): v128 {
  const a = splat(pool.GELU_TANH_A)
  const y = atMost(atLeast(x, f32x4.neg(splat(pool.PHI_MAX))), splat(pool.PHI_MAX))
  const b = f32x4.mul(f32x4.mul(y, y), splat(pool.GELU_TANH_B))
  const v = atLeast(v128.or(f32x4.mul(y, f32x4.add(a, b)), splat(pool.SIGN)), splat(pool.EXP_MIN))
  const t = shift(v)
  const z = scale(f32x4.add(splat(pool.ONE), fractionOf(t, v)), t)
  return gatedGrad(x, z, f32x4.mul(y, fma(splat(pool.THREE), b, a)))
}
