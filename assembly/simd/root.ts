import { fromF64, highToF64, lowToF64, splat, splat64 } from './f32x4'
import * as pool from './pool'

// @ts-ignore: decorator
@inline
export function sqrt(x: v128): v128 {
  return f32x4.sqrt(x)
}

// @ts-ignore: decorator
@inline
export function reciprocal(x: v128): v128 {
  return f32x4.div(splat(pool.ONE), x)
}

/** In f64: two roundings in f32 can be 1.5 units in the last place off. */
// @ts-ignore: decorator
@inline
export function rsqrt(x: v128): v128 {
  const one = splat64(pool.ONE_F64)
  return fromF64(f64x2.div(one, f64x2.sqrt(lowToF64(x))), f64x2.div(one, f64x2.sqrt(highToF64(x))))
}
