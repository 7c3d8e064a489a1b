import { expNear, fractionOf, halfPower, lastFactor, scale, shift } from './exp'
import { atLeast, atMost, fma, select, splat } from './f32x4'
import * as pool from './pool'

/** Near 0 a polynomial, else 1 - 2 z / (1 + z) with z = exp(-2 |x|). */
// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  const sign = splat(pool.SIGN)
  const minus = v128.or(x, sign)
  const z = expNear(atLeast(f32x4.add(minus, minus), splat(pool.EXPM1_MIN)))
  const one = splat(pool.ONE)
  const far = f32x4.sub(one, f32x4.div(f32x4.add(z, z), f32x4.add(one, z)))
  const a = v128.andnot(x, sign)
  const u = f32x4.mul(x, x)
  let p = fma(splat(pool.TANH_11), u, splat(pool.TANH_9))
  p = fma(p, u, splat(pool.TANH_7))
  p = fma(p, u, splat(pool.TANH_5))
  p = fma(p, u, splat(pool.TANH_3))
  const near = fma(f32x4.mul(a, u), p, a)
  return v128.or(select(near, far, f32x4.lt(a, splat(pool.TANH_NEAR))), v128.and(x, sign))
}

/**
 * With z = exp(-|x|), q = z / (1 + z) for x < 0 and 1 - q for the rest; q is corrected by what the roundings of z and of
 * 1 + z have lost.
 */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const one = splat(pool.ONE)
  const minus = atLeast(v128.or(x, splat(pool.SIGN)), splat(pool.EXP_MIN))
  const t = shift(minus)
  const s = fractionOf(t, minus)
  const p = f32x4.add(one, s)
  const pLow = f32x4.add(f32x4.sub(one, p), s)
  const z = scale(p, t)
  const d = f32x4.add(one, z)
  const dLow = f32x4.sub(z, f32x4.sub(d, one))
  const q = f32x4.div(z, d)
  const w = f32x4.sub(one, q)
  const c = f32x4.mul(f32x4.mul(q, w), f32x4.sub(dLow, pLow))
  return select(f32x4.sub(q, c), f32x4.add(w, c), f32x4.lt(x, i32x4.splat(0)))
}

/** x sigmoid(x) = max(x, 0) - |x| q. */
// @ts-ignore: decorator
@inline
export function silu(x: v128): v128 {
  const minus = atLeast(v128.or(x, splat(pool.SIGN)), splat(pool.EXP_MIN))
  const t = shift(minus)
  const s = fractionOf(t, minus)
  return gated(x, minus, s, t)
}

/** z / (1 + z) for z = exp(-|v|) = 2^n (1 + s), without the last factor of 2^n, which may make it denormal. */
// @ts-ignore: decorator
@inline
export function quotient(s: v128, t: v128): v128 {
  const e = halfPower(s, t)
  return f32x4.div(e, fma(e, lastFactor(t), splat(pool.ONE)))
}

/** x sigmoid(v) for v of the sign of x, from s and t of exp(-|v|) and y = max(-|x|, -120 or so). */
// @ts-ignore: decorator
@inline
export function gated(x: v128, y: v128, s: v128, t: v128): v128 {
  // |x| before the last factor, so that a product of normal size loses nothing where z is denormal
  return rectified(x, f32x4.mul(f32x4.mul(y, quotient(s, t)), lastFactor(t)))
}

/** max(x, 0) + y; NaN for -Infinity, as -Infinity * 0 is. */
// @ts-ignore: decorator
@inline
export function rectified(x: v128, y: v128): v128 {
  const zero = i32x4.splat(0)
  return f32x4.add(fma(f32x4.pmin(x, zero), zero, f32x4.pmax(x, zero)), y)
}

/** Derivative of sigmoid: q (1 - q). */
// @ts-ignore: decorator
@inline
export function sigmoidGrad(x: v128): v128 {
  const one = splat(pool.ONE)
  const minus = atLeast(v128.or(x, splat(pool.SIGN)), splat(pool.EXP_MIN))
  const t = shift(minus)
  const z = scale(f32x4.add(one, fractionOf(t, minus)), t)
  const q = f32x4.div(z, f32x4.add(one, z))
  return f32x4.mul(q, f32x4.sub(one, q))
}

/** Derivative of x sigmoid(x): sigmoid(x) + x q (1 - q). */
// @ts-ignore: decorator
@inline
export function siluGrad(x: v128): v128 {
  const minus = atLeast(v128.or(x, splat(pool.SIGN)), splat(pool.EXP_MIN))
  const t = shift(minus)
  return gatedGrad(x, fractionOf(t, minus), t, atMost(atLeast(x, minus), f32x4.neg(minus)))
}

/** sigmoid(v) + slope sigmoid'(v) from s and t of exp(-|v|), for v of the sign of x. */
// @ts-ignore: decorator
@inline
export function gatedGrad(x: v128, s: v128, t: v128, slope: v128): v128 {
  const q = f32x4.mul(quotient(s, t), lastFactor(t))
  const w = f32x4.sub(splat(pool.ONE), q)
  return fma(f32x4.mul(q, w), slope, select(q, w, f32x4.lt(x, i32x4.splat(0))))
}
