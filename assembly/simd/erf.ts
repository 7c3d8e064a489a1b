import { expNear } from './exp'
import { atMost, fma, select, splat } from './f32x4'
import {
  ERF_1, ERF_11, ERF_3, ERF_5, ERF_7, ERF_9, ERF_MAX, ERF_NEAR, ERFC_0, ERFC_1, ERFC_2, ERFC_3, ERFC_4, ERFC_5, ERFC_6,
  ONE, SIGN,
} from './pool'

/** Near 0 a polynomial, else 1 - exp(p(|x|)). */
// @ts-ignore: decorator
@inline
export function erf(x: v128): v128 {
  const sign = splat(SIGN)
  const a = v128.andnot(x, sign)
  const u = f32x4.mul(x, x)
  let p = fma(splat(ERF_11), u, splat(ERF_9))
  p = fma(p, u, splat(ERF_7))
  p = fma(p, u, splat(ERF_5))
  p = fma(p, u, splat(ERF_3))
  p = fma(p, u, splat(ERF_1))
  const near = fma(a, p, a)
  const b = atMost(a, splat(ERF_MAX))
  let q = fma(splat(ERFC_6), b, splat(ERFC_5))
  q = fma(q, b, splat(ERFC_4))
  q = fma(q, b, splat(ERFC_3))
  q = fma(q, b, splat(ERFC_2))
  q = fma(q, b, splat(ERFC_1))
  q = fma(q, b, splat(ERFC_0))
  const far = f32x4.sub(splat(ONE), expNear(q))
  return v128.or(select(near, far, f32x4.lt(a, splat(ERF_NEAR))), v128.and(x, sign))
}
