import { fma, fnma, select, splat, splat64 } from './f32x4'
import * as pool from './pool'

/** x = 2^n (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2); log(1 + f) by a polynomial. */
// @ts-ignore: decorator
@inline
export function log(x: v128): v128 {
  const tiny = f32x4.lt(x, splat(pool.LOG_TINY))
  const y = select(f32x4.mul(x, splat(pool.LOG_RAISE)), x, tiny)
  const e = i32x4.shr_s(i32x4.sub(y, splat(pool.LOG_ROOT)), 23)
  const f = f32x4.sub(i32x4.sub(y, i32x4.shl(e, 23)), splat(pool.ONE))
  const n = f32x4.sub(f32x4.convert_i32x4_s(e), v128.and(tiny, splat(pool.LOG_RAISED)))
  let p = fma(splat(pool.LOG_10), f, splat(pool.LOG_9))
  p = fma(p, f, splat(pool.LOG_8))
  p = fma(p, f, splat(pool.LOG_7))
  p = fma(p, f, splat(pool.LOG_6))
  p = fma(p, f, splat(pool.LOG_5))
  p = fma(p, f, splat(pool.LOG_4))
  p = fma(p, f, splat(pool.LOG_3))
  const square = f32x4.mul(f, f)
  let r = f32x4.mul(f32x4.mul(f, square), p)
  r = fma(n, splat(pool.LOG_LN2_LOW), r)
  r = fnma(splat(pool.HALF), square, r)
  r = fma(n, splat(pool.LOG_LN2_HIGH), f32x4.add(f, r))
  // 0 for the rest, but -Infinity for 0, NaN for x < 0 (the mask itself is one), and x for Infinity and NaN
  const zero = v128.and(f32x4.eq(x, i32x4.splat(0)), splat(pool.MINUS_INFINITY))
  const special = v128.or(v128.or(zero, f32x4.lt(x, i32x4.splat(0))), v128.andnot(x, f32x4.lt(x, splat(pool.INFINITY))))
  return f32x4.add(r, special)
}

/** log(1 + x): log of the rounded sum u, and what the rounding has lost over u. */
// @ts-ignore: decorator
@inline
export function log1p(x: v128): v128 {
  const one = splat(pool.ONE)
  const u = f32x4.add(x, one)
  const lost = f32x4.div(f32x4.sub(x, f32x4.sub(u, one)), u)
  // of 0 and Infinity the logarithm alone
  const finite = v128.and(f32x4.gt(u, i32x4.splat(0)), f32x4.lt(u, splat(pool.INFINITY)))
  return f32x4.add(log(u), v128.and(lost, finite))
}

/** log2 of two normal positive f64, to 1e-13. */
// @ts-ignore: decorator
@inline
export function log2F64(x: v128): v128 {
  const bits = i64x2.add(x, splat64(pool.LOG2_OFFSET))
  const m = i64x2.add(v128.and(bits, splat64(pool.LOG2_MANTISSA)), splat64(pool.LOG2_ROOT))
  const n = f64x2.sub(v128.or(i64x2.shr_u(bits, 52), splat64(pool.LOG2_MAGIC)), splat64(pool.LOG2_MAGIC_BIAS))
  const s = f64x2.div(f64x2.sub(m, splat64(pool.ONE_F64)), f64x2.add(m, splat64(pool.ONE_F64)))
  const u = f64x2.mul(s, s)
  let p = f64x2.add(f64x2.mul(splat64(pool.LOG2_5), u), splat64(pool.LOG2_4))
  p = f64x2.add(f64x2.mul(p, u), splat64(pool.LOG2_3))
  p = f64x2.add(f64x2.mul(p, u), splat64(pool.LOG2_2))
  p = f64x2.add(f64x2.mul(p, u), splat64(pool.LOG2_1))
  p = f64x2.add(f64x2.mul(p, u), splat64(pool.LOG2_0))
  return f64x2.add(f64x2.mul(p, s), n)
}

/** log of a normal positive f64, to 1e-13; NaN for NaN. */
export function log64(x: f64): f64 {
  return f64x2.extract_lane(log2F64(f64x2.splat(x)), 0) * load<f64>(pool.LN2_F64) + (x - x)
}
