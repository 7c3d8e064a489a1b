import { expNear } from './exp'
import { atMost, fma, select, splat } from './f32x4'
import * as pool from './pool'

/** Near 0 a polynomial, else 1 - exp(p(|x|)). */
// @ts-ignore: decorator
@inline
export function erf(x: v128): v128 {
  const sign = splat(pool.SIGN)
  const a = v128.andnot(x, sign)
  const u = f32x4.mul(x, x)
  let p = fma(splat(pool.ERF_11), u, splat(pool.ERF_9))
  p = fma(p, u, splat(pool.ERF_7))
  p = fma(p, u, splat(pool.ERF_5))
  p = fma(p, u, splat(pool.ERF_3))
  p = fma(p, u, splat(pool.ERF_1))
  const near = fma(a, p, a)
  const b = atMost(a, splat(pool.ERF_MAX))
  let q = fma(splat(pool.ERFC_6), b, splat(pool.ERFC_5))
  q = fma(q, b, splat(pool.ERFC_4))
  q = fma(q, b, splat(pool.ERFC_3))
  q = fma(q, b, splat(pool.ERFC_2))
  q = fma(q, b, splat(pool.ERFC_1))
  q = fma(q, b, splat(pool.ERFC_0))
  const far = f32x4.sub(splat(pool.ONE), expNear(q))
  return v128.or(select(near, far, f32x4.lt(a, splat(pool.ERF_NEAR))), v128.and(x, sign))
}
