import { atLeast, atMost, fma, fnma, splat } from './f32x4'
import * as pool from './pool'

// exp(x) = 2^n (1 + s), n = round(x / ln2), s = exp(r) - 1 with r = x - n ln2 in two parts (Cody and Waite): the high
// part of ln2 has 11 bits, so that n times it is exact, and what the low part gives is added to s as it is. The pieces
// below are for functions that go on with s, or with x = high + low.

/** A number that holds n in its low bits. |x| <= 126 or so. */
// @ts-ignore: decorator
@inline
export function shift(x: v128): v128 {
  return fma(x, splat(pool.EXP_LOG2E), splat(pool.EXP_MAGIC))
}

/** s for x = high + low. */
// @ts-ignore: decorator
@inline
export function fractionOf2(t: v128, high: v128, low: v128): v128 {
  const n = f32x4.sub(t, splat(pool.EXP_MAGIC))
  return fraction(n, high, fma(n, splat(pool.EXP_MINUS_LN2_LOW), low))
}

/** s for x. */
// @ts-ignore: decorator
@inline
export function fractionOf(t: v128, x: v128): v128 {
  const n = f32x4.sub(t, splat(pool.EXP_MAGIC))
  return fraction(n, x, f32x4.mul(n, splat(pool.EXP_MINUS_LN2_LOW)))
}

/** s for x = n ln2 + high + low: what is left of x and n ln2, with the low part of ln2 in `low`. */
// @ts-ignore: decorator
@inline
export function fraction(n: v128, x: v128, low: v128): v128 {
  const high = fnma(n, splat(pool.EXP_LN2_HIGH), x)
  const r = f32x4.add(high, low)
  // Estrin's scheme: the chain is short, and so more of them are under way
  const square = f32x4.mul(r, r)
  const even = fma(splat(pool.EXP_6), square, fma(splat(pool.EXP_5), r, splat(pool.EXP_4)))
  const p = fma(even, square, fma(splat(pool.EXP_3), r, splat(pool.EXP_2)))
  return f32x4.add(fma(square, p, low), high)
}

/** x 2^n in two steps, so that the result may be any number from the smallest denormal to Infinity, rounded once. */
// @ts-ignore: decorator
@inline
export function scale(x: v128, t: v128): v128 {
  const half = i32x4.shr_s(t, 1)
  const rest = i32x4.sub(t, half)
  return f32x4.mul(f32x4.mul(x, i32x4.shl(half, 23)), i32x4.shl(rest, 23))
}

/** The second of the two factors of 2^n, and 1 + s times the first. */
// @ts-ignore: decorator
@inline
export function lastFactor(t: v128): v128 {
  return i32x4.shl(i32x4.sub(t, i32x4.shr_s(t, 1)), 23)
}

// @ts-ignore: decorator
@inline
export function halfPower(s: v128, t: v128): v128 {
  const factor = i32x4.shl(i32x4.shr_s(t, 1), 23)
  return fma(factor, s, factor)
}

/** 2^n (1 + s), the same way. */
// @ts-ignore: decorator
@inline
export function powerOf(s: v128, t: v128): v128 {
  return f32x4.mul(halfPower(s, t), lastFactor(t))
}

// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  const y = atMost(atLeast(x, splat(pool.EXP_MIN)), splat(pool.EXP_MAX))
  const t = shift(y)
  return powerOf(fractionOf(t, y), t)
}

/** exp(x) for -87 <= x <= 87 and NaN. */
// @ts-ignore: decorator
@inline
export function expNear(x: v128): v128 {
  const t = fma(x, splat(pool.EXP_LOG2E), splat(pool.EXP_MAGIC_NEAR))
  const n = f32x4.sub(t, splat(pool.EXP_MAGIC_NEAR))
  const s = fraction(n, x, f32x4.mul(n, splat(pool.EXP_MINUS_LN2_LOW)))
  const power = i32x4.shl(t, 23)
  return fma(power, s, power)
}

/** exp(x) - 1 for x <= 87 and NaN. */
// @ts-ignore: decorator
@inline
export function expm1(x: v128): v128 {
  const y = atLeast(x, splat(pool.EXPM1_MIN))
  const t = fma(y, splat(pool.EXP_LOG2E), splat(pool.EXP_MAGIC_NEAR))
  const power = i32x4.shl(t, 23)
  return fma(power, expm1Fraction(t, y), f32x4.sub(power, splat(pool.ONE)))
}

/** exp(x) - 1 for every x: half of it, twice, because 2^128 is no number. */
// @ts-ignore: decorator
@inline
export function expm1Wide(x: v128): v128 {
  const y = atMost(atLeast(x, splat(pool.EXPM1_MIN)), splat(pool.EXP_MAX))
  const t = fma(y, splat(pool.EXP_LOG2E), splat(pool.EXP_MAGIC_NEAR))
  const power = i32x4.shl(i32x4.sub(t, i32x4.splat(1)), 23)
  const half = fma(power, expm1Fraction(t, y), f32x4.sub(power, splat(pool.HALF)))
  return f32x4.add(half, half)
}

/** s of the numbers of EXP_MAGIC_NEAR, with a relative error that is small near 0, too. */
// @ts-ignore: decorator
@inline
function expm1Fraction(t: v128, y: v128): v128 {
  const n = f32x4.sub(t, splat(pool.EXP_MAGIC_NEAR))
  const high = fnma(n, splat(pool.EXP_LN2_HIGH), y)
  const low = f32x4.mul(n, splat(pool.EXP_MINUS_LN2_LOW))
  const r = f32x4.add(high, low)
  let p = fma(splat(pool.EXPM1_6), r, splat(pool.EXPM1_5))
  p = fma(p, r, splat(pool.EXPM1_4))
  p = fma(p, r, splat(pool.EXPM1_3))
  p = fma(p, r, splat(pool.EXPM1_2))
  return f32x4.add(fma(f32x4.mul(r, r), p, low), high)
}
