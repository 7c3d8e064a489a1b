// The one place that knows relaxed SIMD.

/** a * b + c: one rounding in the relaxed build where the machine has FMA, two in the strict one. */
// @ts-ignore: decorator
@inline
export function fma(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c)
  return f32x4.add(f32x4.mul(a, b), c)
}

/** c - a * b, rounded as `fma`. */
// @ts-ignore: decorator
@inline
export function fnma(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(a, b, c)
  return f32x4.sub(c, f32x4.mul(a, b))
}

/** A 4-byte constant of the pool in each lane. */
// @ts-ignore: decorator
@inline
export function splat(at: usize): v128 {
  return v128.load32_splat(at)
}

/** An f64 constant of the pool in both lanes. */
// @ts-ignore: decorator
@inline
export function splat64(at: usize): v128 {
  return v128.load64_splat(at)
}

/** a where all bits of the lane's mask are set, b where none is. */
// @ts-ignore: decorator
@inline
export function select(a: v128, b: v128, mask: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return i32x4.relaxed_laneselect(a, b, mask)
  return v128.bitselect(a, b, mask)
}

/** The larger of x and a limit that is no NaN; NaN passes. */
// @ts-ignore: decorator
@inline
export function atLeast(x: v128, limit: v128): v128 {
  return f32x4.pmax(x, limit)
}

/** The smaller of x and a limit that is no NaN; NaN passes. */
// @ts-ignore: decorator
@inline
export function atMost(x: v128, limit: v128): v128 {
  return f32x4.pmin(x, limit)
}

/** Lanes 0 and 1 as f64. */
// @ts-ignore: decorator
@inline
export function lowToF64(x: v128): v128 {
  return f64x2.promote_low_f32x4(x)
}

/** Lanes 2 and 3 as f64. */
// @ts-ignore: decorator
@inline
export function highToF64(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i64>(x, x, 1, 0))
}

/** The inverse: four f32, rounded to nearest. */
// @ts-ignore: decorator
@inline
export function fromF64(low: v128, high: v128): v128 {
  return v128.shuffle<i64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2)
}
