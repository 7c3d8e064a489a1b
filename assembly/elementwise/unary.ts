import * as C from '../../src/abi/constants'
import { loadLanes, storeLanes } from '../simd/lanes'
import { erf, exp, gelu, geluTanh, log, sigmoid, silu, softplus, tanh } from '../simd/math'
import { shareBegin, shareEnd } from '../vm/partition'

/** fn(x) for the four lanes. `fn` is a constant in every loop, so that one branch is left. */
// @ts-ignore: decorator
@inline
function apply(fn: u32, x: v128, p0: v128, p1: v128): v128 {
  const zero = f32x4.splat(0)
  const one = f32x4.splat(1)
  if (fn == C.UNARY_NEG) return f32x4.neg(x)
  if (fn == C.UNARY_ABS) return f32x4.abs(x)
  if (fn == C.UNARY_SQUARE) return f32x4.mul(x, x)
  if (fn == C.UNARY_SQRT) return f32x4.sqrt(x)
  if (fn == C.UNARY_RSQRT) return f32x4.div(one, f32x4.sqrt(x))
  if (fn == C.UNARY_RECIPROCAL) return f32x4.div(one, x)
  if (fn == C.UNARY_EXP) return exp(x)
  if (fn == C.UNARY_LOG) return log(x)
  if (fn == C.UNARY_TANH) return tanh(x)
  if (fn == C.UNARY_SIGMOID) return sigmoid(x)
  if (fn == C.UNARY_ERF) return erf(x)
  if (fn == C.UNARY_RELU) return f32x4.pmax(x, zero)
  if (fn == C.UNARY_GELU) return gelu(x)
  if (fn == C.UNARY_GELU_TANH) return geluTanh(x)
  if (fn == C.UNARY_SILU) return silu(x)
  if (fn == C.UNARY_SOFTPLUS) return softplus(x)
  if (fn == C.UNARY_LEAKY_RELU) return v128.bitselect(x, f32x4.mul(x, p0), f32x4.gt(x, zero))
  if (fn == C.UNARY_ELU) return v128.bitselect(x, f32x4.mul(p0, f32x4.sub(exp(x), one)), f32x4.gt(x, zero))
  if (fn == C.UNARY_CLIP) return v128.bitselect(x, f32x4.pmin(p1, f32x4.pmax(p0, x)), f32x4.ne(x, x))
  if (fn == C.UNARY_AFFINE) return f32x4.add(f32x4.mul(x, p0), p1)
  if (fn == C.UNARY_SIGN)
    return v128.bitselect(
      x,
      f32x4.sub(v128.and(one, f32x4.gt(x, zero)), v128.and(one, f32x4.lt(x, zero))),
      f32x4.ne(x, x),
    )
  if (fn == C.UNARY_I32_TO_F32) return f32x4.convert_i32x4_s(x)
  if (fn == C.UNARY_LOG_SIGMOID) return f32x4.neg(softplus(f32x4.neg(x)))
  return x
}

// @ts-ignore: decorator
@inline
function loop(fn: u32, x: usize, y: usize, begin: u32, end: u32, p0: v128, p1: v128): void {
  let i = begin
  for (; i + 4 <= end; i += 4) v128.store(y + ((<usize>i) << 2), apply(fn, v128.load(x + ((<usize>i) << 2)), p0, p1))
  if (i < end) {
    const at = (<usize>i) << 2
    storeLanes(y + at, apply(fn, loadLanes(x + at, end - i), p0, p1), end - i)
  }
}

/** y[i] = fn(x[i]). Split in lines of 16 words. */
export function unary(fn: u32, x: usize, y: usize, n: u32, a: f32, b: f32, part: u32, parts: u32): void {
  const begin = shareBegin(n, 16, part, parts)
  const end = shareEnd(n, 16, part, parts)
  const p0 = f32x4.splat(a)
  const p1 = f32x4.splat(b)
  switch (fn) {
    case C.UNARY_NEG: loop(C.UNARY_NEG, x, y, begin, end, p0, p1); break
    case C.UNARY_ABS: loop(C.UNARY_ABS, x, y, begin, end, p0, p1); break
    case C.UNARY_SQUARE: loop(C.UNARY_SQUARE, x, y, begin, end, p0, p1); break
    case C.UNARY_SQRT: loop(C.UNARY_SQRT, x, y, begin, end, p0, p1); break
    case C.UNARY_RSQRT: loop(C.UNARY_RSQRT, x, y, begin, end, p0, p1); break
    case C.UNARY_RECIPROCAL: loop(C.UNARY_RECIPROCAL, x, y, begin, end, p0, p1); break
    case C.UNARY_EXP: loop(C.UNARY_EXP, x, y, begin, end, p0, p1); break
    case C.UNARY_LOG: loop(C.UNARY_LOG, x, y, begin, end, p0, p1); break
    case C.UNARY_TANH: loop(C.UNARY_TANH, x, y, begin, end, p0, p1); break
    case C.UNARY_SIGMOID: loop(C.UNARY_SIGMOID, x, y, begin, end, p0, p1); break
    case C.UNARY_ERF: loop(C.UNARY_ERF, x, y, begin, end, p0, p1); break
    case C.UNARY_RELU: loop(C.UNARY_RELU, x, y, begin, end, p0, p1); break
    case C.UNARY_GELU: loop(C.UNARY_GELU, x, y, begin, end, p0, p1); break
    case C.UNARY_GELU_TANH: loop(C.UNARY_GELU_TANH, x, y, begin, end, p0, p1); break
    case C.UNARY_SILU: loop(C.UNARY_SILU, x, y, begin, end, p0, p1); break
    case C.UNARY_SOFTPLUS: loop(C.UNARY_SOFTPLUS, x, y, begin, end, p0, p1); break
    case C.UNARY_LEAKY_RELU: loop(C.UNARY_LEAKY_RELU, x, y, begin, end, p0, p1); break
    case C.UNARY_ELU: loop(C.UNARY_ELU, x, y, begin, end, p0, p1); break
    case C.UNARY_CLIP: loop(C.UNARY_CLIP, x, y, begin, end, p0, p1); break
    case C.UNARY_AFFINE: loop(C.UNARY_AFFINE, x, y, begin, end, p0, p1); break
    case C.UNARY_SIGN: loop(C.UNARY_SIGN, x, y, begin, end, p0, p1); break
    case C.UNARY_I32_TO_F32: loop(C.UNARY_I32_TO_F32, x, y, begin, end, p0, p1); break
    case C.UNARY_LOG_SIGMOID: loop(C.UNARY_LOG_SIGMOID, x, y, begin, end, p0, p1); break
  }
}
