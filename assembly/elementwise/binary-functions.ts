import * as code from '../../src/abi/constants'
import { fnma, select, splat } from '../simd/f32x4'
import { exp, geluGrad, pow, sigmoid, siluGrad } from '../simd/math'
import * as pool from '../simd/pool'
import { sign } from './unary-functions'

/** fn(a, b) with its parameters in every lane; fn is a constant where this is inlined, and its branch alone is left. */
// @ts-ignore: decorator
@inline
export function binaryOf(fn: u32, a: v128, b: v128, p0: v128, p1: v128): v128 {
  if (fn == code.BINARY_ADD) return f32x4.add(a, b)
  if (fn == code.BINARY_SUB) return f32x4.sub(a, b)
  if (fn == code.BINARY_MUL) return f32x4.mul(a, b)
  if (fn == code.BINARY_DIV) return f32x4.div(a, b)
  // a NaN in a fails the comparison and stays; one in b is put back
  if (fn == code.BINARY_MAXIMUM) return select(b, f32x4.pmax(a, b), f32x4.ne(b, b))
  if (fn == code.BINARY_MINIMUM) return select(b, f32x4.pmin(a, b), f32x4.ne(b, b))
  if (fn == code.BINARY_POW) return pow(a, b)
  if (fn == code.BINARY_SQUARED_DIFFERENCE) {
    const d = f32x4.sub(a, b)
    return f32x4.mul(d, d)
  }
  const zero = i32x4.splat(0)
  if (fn == code.BINARY_RELU_GRAD) return v128.and(a, f32x4.gt(b, zero))
  if (fn == code.BINARY_TANH_GRAD) return f32x4.mul(a, fnma(b, b, splat(pool.ONE)))
  if (fn == code.BINARY_SIGMOID_GRAD) return f32x4.mul(f32x4.mul(a, b), f32x4.sub(splat(pool.ONE), b))
  if (fn == code.BINARY_GELU_GRAD) return f32x4.mul(a, geluGrad(b))
  if (fn == code.BINARY_SILU_GRAD) return f32x4.mul(a, siluGrad(b))
  if (fn == code.BINARY_SOFTPLUS_GRAD) return f32x4.mul(a, sigmoid(b))
  if (fn == code.BINARY_LEAKY_RELU_GRAD) return select(a, f32x4.mul(a, p0), f32x4.gt(b, zero))
  if (fn == code.BINARY_ELU_GRAD)
    return select(a, f32x4.mul(f32x4.mul(a, p0), exp(f32x4.pmin(b, zero))), f32x4.gt(b, zero))
  if (fn == code.BINARY_CLIP_GRAD) return v128.and(a, v128.and(f32x4.ge(b, p0), f32x4.le(b, p1)))
  if (fn == code.BINARY_HARDTANH_GRAD) return v128.and(a, v128.and(f32x4.gt(b, p0), f32x4.lt(b, p1)))
  if (fn == code.BINARY_ABS_GRAD) return f32x4.mul(a, sign(b))
  if (fn == code.BINARY_GREATER) return v128.and(splat(pool.ONE), f32x4.gt(a, b))
  if (fn == code.BINARY_EQUAL) return v128.and(splat(pool.ONE), f32x4.eq(a, b))
  if (fn == code.BINARY_GREATER_EQUAL) return v128.and(splat(pool.ONE), f32x4.ge(a, b))
  if (fn == code.BINARY_NOT_EQUAL) return v128.and(splat(pool.ONE), f32x4.ne(a, b))
  return a
}
