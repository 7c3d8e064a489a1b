import * as C from '../../src/abi/constants'
import { loadLanes, storeLanes } from '../simd/lanes'
import { erf, exp, log, sigmoid, tanh } from '../simd/math'
import { shareBegin, shareEnd } from '../vm/partition'

// @ts-ignore: decorator
@inline
function k(x: f32): v128 {
  return f32x4.splat(x)
}
// @ts-ignore: decorator
@inline
function pow(a: v128, b: v128): v128 {
  const zero = k(0)
  const y = exp(f32x4.mul(b, log(f32x4.abs(a))))
  const half = f32x4.mul(b, k(0.5))
  const whole = f32x4.eq(f32x4.trunc(b), b)
  const odd = v128.and(whole, f32x4.ne(f32x4.trunc(half), half))
  const neg = f32x4.lt(a, zero)
  let r = v128.bitselect(f32x4.neg(y), y, v128.and(neg, odd))
  r = v128.bitselect(k(NaN), r, v128.andnot(neg, whole))
  return v128.bitselect(k(1), r, v128.or(f32x4.eq(b, zero), f32x4.eq(a, k(1))))
}

/** fn(a, b) for the four lanes. `fn` is a constant in every loop. */
// @ts-ignore: decorator
@inline
function apply(fn: u32, a: v128, b: v128, p0: v128, p1: v128): v128 {
  if (fn == C.BINARY_ADD) return f32x4.add(a, b)
  if (fn == C.BINARY_SUB) return f32x4.sub(a, b)
  if (fn == C.BINARY_MUL) return f32x4.mul(a, b)
  if (fn == C.BINARY_DIV) return f32x4.div(a, b)
  if (fn == C.BINARY_MAXIMUM) return f32x4.max(a, b)
  if (fn == C.BINARY_MINIMUM) return f32x4.min(a, b)
  if (fn == C.BINARY_POW) return pow(a, b)
  if (fn == C.BINARY_SQUARED_DIFFERENCE) {
    const d = f32x4.sub(a, b)
    return f32x4.mul(d, d)
  }
  if (fn == C.BINARY_RELU_GRAD) return v128.and(a, f32x4.gt(b, k(0)))
  if (fn == C.BINARY_TANH_GRAD) return f32x4.mul(a, f32x4.sub(k(1), f32x4.mul(b, b)))
  if (fn == C.BINARY_SIGMOID_GRAD) return f32x4.mul(a, f32x4.mul(b, f32x4.sub(k(1), b)))
  if (fn == C.BINARY_GELU_GRAD) {
    const cdf = f32x4.mul(k(0.5), f32x4.add(k(1), erf(f32x4.mul(b, k(0.70710678118654752)))))
    const pdf = f32x4.mul(k(0.3989422804014327), exp(f32x4.mul(k(-0.5), f32x4.mul(b, b))))
    return f32x4.mul(a, f32x4.add(cdf, f32x4.mul(b, pdf)))
  }
  if (fn == C.BINARY_GELU_TANH_GRAD) {
    const b2 = f32x4.mul(b, b)
    const t = tanh(f32x4.mul(k(0.7978845608), f32x4.mul(b, f32x4.add(f32x4.mul(b2, k(0.044715)), k(1)))))
    const du = f32x4.mul(k(0.7978845608), f32x4.add(f32x4.mul(b2, k(0.134145)), k(1)))
    const s = f32x4.mul(f32x4.sub(k(1), f32x4.mul(t, t)), f32x4.mul(b, du))
    return f32x4.mul(a, f32x4.mul(k(0.5), f32x4.add(f32x4.add(k(1), t), s)))
  }
  if (fn == C.BINARY_SILU_GRAD) {
    const s = sigmoid(b)
    return f32x4.mul(a, f32x4.mul(s, f32x4.add(k(1), f32x4.mul(b, f32x4.sub(k(1), s)))))
  }
  if (fn == C.BINARY_SOFTPLUS_GRAD) return f32x4.mul(a, sigmoid(b))
  if (fn == C.BINARY_LEAKY_RELU_GRAD) return v128.bitselect(a, f32x4.mul(a, p0), f32x4.gt(b, k(0)))
  if (fn == C.BINARY_ELU_GRAD) return v128.bitselect(a, f32x4.mul(a, f32x4.mul(p0, exp(b))), f32x4.gt(b, k(0)))
  if (fn == C.BINARY_CLIP_GRAD) return v128.and(a, v128.and(f32x4.ge(b, p0), f32x4.le(b, p1)))
  if (fn == C.BINARY_ABS_GRAD)
    return f32x4.mul(a, f32x4.sub(v128.and(k(1), f32x4.gt(b, k(0))), v128.and(k(1), f32x4.lt(b, k(0)))))
  if (fn == C.BINARY_GREATER) return v128.and(k(1), f32x4.gt(a, b))
  if (fn == C.BINARY_GREATER_EQUAL) return v128.and(k(1), f32x4.ge(a, b))
  if (fn == C.BINARY_EQUAL) return v128.and(k(1), f32x4.eq(a, b))
  if (fn == C.BINARY_NOT_EQUAL) return v128.and(k(1), f32x4.ne(a, b))
  return a
}

// @ts-ignore: decorator
@inline
function fetch(x: usize, i: u32, step: u32, count: u32): v128 {
  if (step == 0) return v128.load32_splat(x)
  return count >= 4 ? v128.load(x + ((<usize>i) << 2)) : loadLanes(x + ((<usize>i) << 2), count)
}

// @ts-ignore: decorator
@inline
function loop(fn: u32, a: usize, b: usize, y: usize, begin: u32, end: u32, aStep: u32, bStep: u32, p0: v128, p1: v128): void {
  let i = begin
  for (; i + 4 <= end; i += 4)
    v128.store(y + ((<usize>i) << 2), apply(fn, fetch(a, i, aStep, 4), fetch(b, i, bStep, 4), p0, p1))
  if (i < end) storeLanes(y + ((<usize>i) << 2), apply(fn, fetch(a, i, aStep, end - i), fetch(b, i, bStep, end - i), p0, p1), end - i)
}

function span(fn: u32, a: usize, b: usize, y: usize, begin: u32, end: u32, s: u32, t: u32, p0: v128, p1: v128): void {
  switch (fn) {
    case C.BINARY_ADD: loop(C.BINARY_ADD, a, b, y, begin, end, s, t, p0, p1); break
    case C.BINARY_SUB: loop(C.BINARY_SUB, a, b, y, begin, end, s, t, p0, p1); break
    case C.BINARY_MUL: loop(C.BINARY_MUL, a, b, y, begin, end, s, t, p0, p1); break
    case C.BINARY_DIV: loop(C.BINARY_DIV, a, b, y, begin, end, s, t, p0, p1); break
    case C.BINARY_MAXIMUM: loop(C.BINARY_MAXIMUM, a, b, y, begin, end, s, t, p0, p1); break
    case C.BINARY_MINIMUM: loop(C.BINARY_MINIMUM, a, b, y, begin, end, s, t, p0, p1); break
    case C.BINARY_POW: loop(C.BINARY_POW, a, b, y, begin, end, s, t, p0, p1); break
    case C.BINARY_SQUARED_DIFFERENCE: loop(C.BINARY_SQUARED_DIFFERENCE, a, b, y, begin, end, s, t, p0, p1); break
    case C.BINARY_RELU_GRAD: loop(C.BINARY_RELU_GRAD, a, b, y, begin, end, s, t, p0, p1); break
    case C.BINARY_TANH_GRAD: loop(C.BINARY_TANH_GRAD, a, b, y, begin, end, s, t, p0, p1); break
    case C.BINARY_SIGMOID_GRAD: loop(C.BINARY_SIGMOID_GRAD, a, b, y, begin, end, s, t, p0, p1); break
    case C.BINARY_GELU_GRAD: loop(C.BINARY_GELU_GRAD, a, b, y, begin, end, s, t, p0, p1); break
    case C.BINARY_GELU_TANH_GRAD: loop(C.BINARY_GELU_TANH_GRAD, a, b, y, begin, end, s, t, p0, p1); break
    case C.BINARY_SILU_GRAD: loop(C.BINARY_SILU_GRAD, a, b, y, begin, end, s, t, p0, p1); break
    case C.BINARY_SOFTPLUS_GRAD: loop(C.BINARY_SOFTPLUS_GRAD, a, b, y, begin, end, s, t, p0, p1); break
    case C.BINARY_LEAKY_RELU_GRAD: loop(C.BINARY_LEAKY_RELU_GRAD, a, b, y, begin, end, s, t, p0, p1); break
    case C.BINARY_ELU_GRAD: loop(C.BINARY_ELU_GRAD, a, b, y, begin, end, s, t, p0, p1); break
    case C.BINARY_CLIP_GRAD: loop(C.BINARY_CLIP_GRAD, a, b, y, begin, end, s, t, p0, p1); break
    case C.BINARY_ABS_GRAD: loop(C.BINARY_ABS_GRAD, a, b, y, begin, end, s, t, p0, p1); break
    case C.BINARY_GREATER: loop(C.BINARY_GREATER, a, b, y, begin, end, s, t, p0, p1); break
    case C.BINARY_GREATER_EQUAL: loop(C.BINARY_GREATER_EQUAL, a, b, y, begin, end, s, t, p0, p1); break
    case C.BINARY_EQUAL: loop(C.BINARY_EQUAL, a, b, y, begin, end, s, t, p0, p1); break
    case C.BINARY_NOT_EQUAL: loop(C.BINARY_NOT_EQUAL, a, b, y, begin, end, s, t, p0, p1); break
  }
}

/** y[i] = fn(a[i aStep], b[i bStep]). Split in lines of 16 words. */
export function binary(fn: u32, a: usize, b: usize, y: usize, n: u32, aStep: u32, bStep: u32, p: f32, q: f32, part: u32, parts: u32): void {
  span(fn, a, b, y, shareBegin(n, 16, part, parts), shareEnd(n, 16, part, parts), aStep, bStep, f32x4.splat(p), f32x4.splat(q))
}

/** y (contiguous) = fn(a, b) with strides. Split by rows of the last axis. */
export function binaryStrided(fn: u32, a: usize, b: usize, y: usize, n: u32, p: f32, q: f32, dims: usize, part: u32, parts: u32): void {
  const rank = load<u32>(dims)
  const last = dims + 4 + (rank - 1) * 12
  const width = load<u32>(last)
  const s = load<u32>(last, 4)
  const t = load<u32>(last, 8)
  const rows = n / width
  const end = shareEnd(rows, 1, part, parts)
  for (let row = shareBegin(rows, 1, part, parts); row < end; row++) {
    let rest = row
    let ao: usize = 0
    let bo: usize = 0
    for (let axis = dims + 4 + (rank - 1) * 12 - 12; axis >= dims + 4; axis -= 12) {
      const size = load<u32>(axis)
      const index = rest % size
      rest /= size
      ao += <usize>(index * load<u32>(axis, 4)) << 2
      bo += <usize>(index * load<u32>(axis, 8)) << 2
    }
    span(fn, a + ao, b + bo, y + ((<usize>(row * width)) << 2), 0, width, s, t, f32x4.splat(p), f32x4.splat(q))
  }
}
