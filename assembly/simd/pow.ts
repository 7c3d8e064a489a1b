import { fromF64, highToF64, lowToF64, select, splat, splat64 } from './f32x4'
import { log2F64 } from './log'
import * as pool from './pool'

/**
 * x^y = 2^(y log2 |x|) in f64, rounded once, with the special cases of IEEE 754: x^0 and 1^y are 1 even for NaN, -1 to
 * an infinite power is 1, a negative number to a power that is no integer is NaN.
 */
// @ts-ignore: decorator
@inline
export function pow(x: v128, y: v128): v128 {
  return general(x, y)
}

/** Not inlined: it is long. */
function general(x: v128, y: v128): v128 {
  const sign = splat(pool.SIGN)
  const one = splat(pool.ONE)
  const infinity = splat(pool.INFINITY)
  const zero = i32x4.splat(0)
  const a = v128.andnot(x, sign)
  // log2 of 0 and of Infinity
  const infinite = f32x4.eq(a, infinity)
  const special = v128.or(infinite, f32x4.eq(x, zero))
  const limit = v128.or(v128.andnot(splat(pool.MINUS_INFINITY), infinite), v128.and(infinity, infinite))
  let r = fromF64(
    power(lowToF64(a), lowToF64(y), lowToF64(limit), i64x2.extend_low_i32x4_s(special)),
    power(highToF64(a), highToF64(y), highToF64(limit), i64x2.extend_high_i32x4_s(special)),
  )
  const whole = f32x4.eq(f32x4.nearest(y), y)
  const half = f32x4.mul(y, splat(pool.HALF))
  const odd = v128.andnot(whole, f32x4.eq(f32x4.nearest(half), half))
  r = v128.or(r, v128.and(v128.and(odd, x), sign))
  const negative = v128.and(f32x4.lt(x, zero), f32x4.gt(x, splat(pool.MINUS_INFINITY)))
  // these masks are NaN themselves
  r = v128.or(r, v128.andnot(negative, whole))
  r = v128.or(r, v128.or(f32x4.ne(x, x), f32x4.ne(y, y)))
  const unit = v128.and(f32x4.eq(a, one), f32x4.eq(v128.andnot(y, sign), infinity))
  return select(one, r, v128.or(v128.or(f32x4.eq(y, zero), f32x4.eq(x, one)), unit))
}

// @ts-ignore: decorator
@inline
function power(x: v128, y: v128, limit: v128, special: v128): v128 {
  const log2 = v128.bitselect(limit, log2F64(x), special)
  const t = f64x2.pmin(f64x2.pmax(f64x2.mul(y, log2), splat64(pool.EXP2_MIN)), splat64(pool.EXP2_MAX))
  const shifted = f64x2.add(t, splat64(pool.EXP2_MAGIC))
  const f = f64x2.sub(t, f64x2.sub(shifted, splat64(pool.EXP2_MAGIC)))
  let p = f64x2.add(f64x2.mul(splat64(pool.EXP2_7), f), splat64(pool.EXP2_6))
  p = f64x2.add(f64x2.mul(p, f), splat64(pool.EXP2_5))
  p = f64x2.add(f64x2.mul(p, f), splat64(pool.EXP2_4))
  p = f64x2.add(f64x2.mul(p, f), splat64(pool.EXP2_3))
  p = f64x2.add(f64x2.mul(p, f), splat64(pool.EXP2_2))
  p = f64x2.add(f64x2.mul(p, f), splat64(pool.EXP2_1))
  p = f64x2.add(f64x2.mul(p, f), splat64(pool.ONE_F64))
  return f64x2.mul(p, i64x2.shl(shifted, 52))
}
