import { fma, fnma } from './f32x4'

// @ts-ignore: decorator
@inline
function c(x: f32): v128 {
  return f32x4.splat(x)
}
/** 2^n for whole n in two factors, so that results down to the denormals are right. */
// @ts-ignore: decorator
@inline
function scale(y: v128, n: v128): v128 {
  const a = i32x4.shr_s(n, 1)
  const b = i32x4.sub(n, a)
  const bias = i32x4.splat(127)
  y = f32x4.mul(y, i32x4.shl(i32x4.add(a, bias), 23))
  return f32x4.mul(y, i32x4.shl(i32x4.add(b, bias), 23))
}
/** e^x. */
// @ts-ignore: decorator
@inline
export function exp(x: v128): v128 {
  const z = f32x4.pmin(c(89), f32x4.pmax(c(-104), x))
  const magic = c(12582912)
  const t = f32x4.add(f32x4.mul(z, c(1.44269504)), magic)
  const n = i32x4.sub(t, magic)
  const m = f32x4.sub(t, magic)
  let r = fnma(m, c(0.693359375), z)
  r = fnma(m, c(-2.12194440e-4), r)
  let p = c(1.9875691500e-4)
  p = fma(p, r, c(1.3981999507e-3))
  p = fma(p, r, c(8.3334519073e-3))
  p = fma(p, r, c(4.1665795894e-2))
  p = fma(p, r, c(1.6666665459e-1))
  p = fma(p, r, c(5.0000001201e-1))
  p = f32x4.add(fma(p, f32x4.mul(r, r), r), c(1))
  return v128.bitselect(x, scale(p, n), f32x4.ne(x, x))
}
/** ln x. */
// @ts-ignore: decorator
@inline
export function log(x: v128): v128 {
  const tiny = f32x4.lt(x, c(1.17549435e-38))
  const big = v128.bitselect(f32x4.mul(x, c(8388608)), x, tiny)
  let e = i32x4.sub(i32x4.shr_u(big, 23), i32x4.splat(126))
  e = i32x4.sub(e, v128.and(tiny, i32x4.splat(23)))
  let m = v128.or(v128.and(big, i32x4.splat(0x007fffff)), i32x4.splat(0x3f000000))
  const low = f32x4.lt(m, c(0.707106781))
  let n = f32x4.convert_i32x4_s(i32x4.add(e, low))
  m = f32x4.sub(f32x4.add(m, v128.and(low, m)), c(1))
  const z = f32x4.mul(m, m)
  let p = c(7.0376836292e-2)
  p = fma(p, m, c(-1.1514610310e-1))
  p = fma(p, m, c(1.1676998740e-1))
  p = fma(p, m, c(-1.2420140846e-1))
  p = fma(p, m, c(1.4249322787e-1))
  p = fma(p, m, c(-1.6668057665e-1))
  p = fma(p, m, c(2.0000714765e-1))
  p = fma(p, m, c(-2.4999993993e-1))
  p = fma(p, m, c(3.3333331174e-1))
  let y = f32x4.mul(f32x4.mul(p, m), z)
  y = fma(n, c(-2.12194440e-4), y)
  y = fnma(z, c(0.5), y)
  y = fma(n, c(0.693359375), f32x4.add(m, y))
  y = v128.bitselect(x, y, f32x4.eq(x, c(Infinity)))
  y = v128.bitselect(c(-Infinity), y, f32x4.eq(x, c(0)))
  return v128.bitselect(c(NaN), y, v128.or(f32x4.lt(x, c(0)), f32x4.ne(x, x)))
}
/** 1 / (1 + e^-x). */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  return f32x4.div(c(1), f32x4.add(c(1), exp(f32x4.neg(x))))
}
// @ts-ignore: decorator
@inline
export function tanh(x: v128): v128 {
  const a = f32x4.abs(x)
  const e = exp(f32x4.add(a, a))
  const large = f32x4.sub(c(1), f32x4.div(c(2), f32x4.add(e, c(1))))
  const z = f32x4.mul(x, x)
  let p = c(-5.70498872745e-3)
  p = fma(p, z, c(2.06390887954e-2))
  p = fma(p, z, c(-5.37397155531e-2))
  p = fma(p, z, c(1.33314422036e-1))
  p = fma(p, z, c(-3.33332819422e-1))
  const small = fma(f32x4.mul(p, z), a, a)
  const y = v128.bitselect(small, large, f32x4.lt(a, c(0.625)))
  return v128.or(y, v128.and(x, i32x4.splat(0x80000000)))
}
/** Error function: the rational fit of XLA's erf, clamped at 3.83. */
// @ts-ignore: decorator
@inline
export function erf(v: v128): v128 {
  const x = v128.bitselect(v, f32x4.pmin(c(3.832506856900711), f32x4.pmax(c(-3.832506856900711), v)), f32x4.ne(v, v))
  const z = f32x4.mul(x, x)
  let p = c(0.00022905065861350646)
  p = fma(p, z, c(0.0034082910107109506))
  p = fma(p, z, c(0.050955695062380861))
  p = fma(p, z, c(0.18520832239976145))
  p = fma(p, z, c(1.128379143519084))
  let q = c(-1.1791602954361697e-7)
  q = fma(q, z, c(0.000023547966471313185))
  q = fma(q, z, c(0.0010179625278914885))
  q = fma(q, z, c(0.014070470171167667))
  q = fma(q, z, c(0.11098505178285362))
  q = fma(q, z, c(0.49746925110067538))
  q = fma(q, z, c(1))
  return f32x4.div(f32x4.mul(x, p), q)
}
// @ts-ignore: decorator
@inline
export function gelu(x: v128): v128 {
  return f32x4.mul(f32x4.mul(x, c(0.5)), f32x4.add(c(1), erf(f32x4.mul(x, c(0.70710678118654752)))))
}
// @ts-ignore: decorator
@inline
export function geluTanh(x: v128): v128 {
  const u = f32x4.mul(c(0.7978845608), f32x4.mul(x, fma(f32x4.mul(x, x), c(0.044715), c(1))))
  return f32x4.mul(f32x4.mul(x, c(0.5)), f32x4.add(c(1), tanh(u)))
}
// @ts-ignore: decorator
@inline
export function silu(x: v128): v128 {
  return f32x4.mul(x, sigmoid(x))
}
// @ts-ignore: decorator
@inline
export function softplus(x: v128): v128 {
  const y = log(f32x4.add(c(1), exp(f32x4.neg(f32x4.abs(x)))))
  return f32x4.add(f32x4.max(x, c(0)), y)
}
