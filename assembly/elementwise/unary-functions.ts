import * as code from '../../src/abi/constants'
import { fma, select, splat } from '../simd/f32x4'
import {
  cos,
  erf,
  exp,
  expm1,
  expm1Wide,
  gelu,
  log,
  log1p,
  logSigmoid,
  reciprocal,
  rsqrt,
  sigmoid,
  silu,
  sin,
  softplus,
  sqrt,
  tanh,
} from '../simd/math'
import * as pool from '../simd/pool'

/** fn(x) with its parameters in every lane; fn is a constant where this is inlined, and its branch alone is left. */
// @ts-ignore: decorator
@inline
export function unaryOf(fn: u32, x: v128, p0: v128, p1: v128): v128 {
  if (fn == code.UNARY_NEG) return f32x4.neg(x)
  if (fn == code.UNARY_ABS) return f32x4.abs(x)
  if (fn == code.UNARY_SQUARE) return f32x4.mul(x, x)
  if (fn == code.UNARY_SQRT) return sqrt(x)
  if (fn == code.UNARY_RSQRT) return rsqrt(x)
  if (fn == code.UNARY_RECIPROCAL) return reciprocal(x)
  if (fn == code.UNARY_EXP) return exp(x)
  if (fn == code.UNARY_LOG) return log(x)
  if (fn == code.UNARY_TANH) return tanh(x)
  if (fn == code.UNARY_SIGMOID) return sigmoid(x)
  if (fn == code.UNARY_ERF) return erf(x)
  if (fn == code.UNARY_RELU) return f32x4.pmax(x, i32x4.splat(0))
  if (fn == code.UNARY_GELU) return gelu(x)
  if (fn == code.UNARY_SILU) return silu(x)
  if (fn == code.UNARY_SOFTPLUS) return softplus(x)
  if (fn == code.UNARY_LOG_SIGMOID) return logSigmoid(x)
  if (fn == code.UNARY_LEAKY_RELU) return select(x, f32x4.mul(x, p0), f32x4.gt(x, i32x4.splat(0)))
  if (fn == code.UNARY_ELU) {
    const zero = i32x4.splat(0)
    return select(x, f32x4.mul(expm1(f32x4.pmin(x, zero)), p0), f32x4.gt(x, zero))
  }
  if (fn == code.UNARY_CLIP) return f32x4.pmin(f32x4.pmax(x, p0), p1)
  if (fn == code.UNARY_AFFINE) return fma(x, p0, p1)
  if (fn == code.UNARY_SIGN) return sign(x)
  if (fn == code.UNARY_LOG1P) return log1p(x)
  if (fn == code.UNARY_EXPM1) return expm1Wide(x)
  if (fn == code.UNARY_SIN) return sin(x)
  if (fn == code.UNARY_COS) return cos(x)
  if (fn == code.UNARY_FLOOR) return f32x4.floor(x)
  if (fn == code.UNARY_CEIL) return f32x4.ceil(x)
  if (fn == code.UNARY_ROUND) return f32x4.nearest(x)
  if (fn == code.UNARY_F32_TO_I32) return i32x4.trunc_sat_f32x4_s(x)
  if (fn == code.UNARY_I32_TO_F32) return f32x4.convert_i32x4_s(x)
  return x
}

/** 1 or -1, x itself for zeros and NaN. */
// @ts-ignore: decorator
@inline
export function sign(x: v128): v128 {
  const unit = v128.or(v128.and(x, splat(pool.SIGN)), splat(pool.ONE))
  return select(unit, x, f32x4.gt(f32x4.abs(x), i32x4.splat(0)))
}
