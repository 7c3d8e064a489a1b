import { exp } from './exp'
import { fma, fnma, splat } from './f32x4'
import * as pool from './pool'

/** log(1 + exp(-|x|)) = 2 atanh(s) with s = z / (2 + z), z = exp(-|x|), and 2 s = z - s z. */
// @ts-ignore: decorator
@inline
function log1pExp(x: v128): v128 {
  const z = exp(v128.or(x, splat(pool.SIGN)))
  const s = f32x4.div(z, f32x4.add(splat(pool.TWO), z))
  const u = f32x4.mul(s, s)
  let p = fma(splat(pool.LOG1P_4), u, splat(pool.LOG1P_3))
  p = fma(p, u, splat(pool.LOG1P_2))
  p = fma(p, u, splat(pool.LOG1P_1))
  return fnma(s, fnma(u, p, z), z)
}

/** log(1 + exp(x)). */
// @ts-ignore: decorator
@inline
export function softplus(x: v128): v128 {
  return f32x4.add(f32x4.pmax(x, i32x4.splat(0)), log1pExp(x))
}

/** log(sigmoid(x)) = -softplus(-x). */
// @ts-ignore: decorator
@inline
export function logSigmoid(x: v128): v128 {
  return f32x4.sub(f32x4.pmin(x, i32x4.splat(0)), log1pExp(x))
}
