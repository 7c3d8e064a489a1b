import { fma } from '../simd/f32x4'

// The most multiply-adds a core does, measured on the spot: 13 independent chains of c = c x + x, which leave engines the
// registers that they need and cover the latency of a multiplication with an addition behind it.

// @ts-ignore: decorator
@inline
function step(fused: bool, c: v128, x: v128): v128 {
  return fused ? fma(c, x, x) : f32x4.add(f32x4.mul(c, x), x)
}

// @ts-ignore: decorator
@inline
function chains(fused: bool, turns: u32, value: f32): f32 {
  const x = f32x4.splat(value)
  let c0 = x
  let c1 = f32x4.add(c0, x)
  let c2 = f32x4.add(c1, x)
  let c3 = f32x4.add(c2, x)
  let c4 = f32x4.add(c3, x)
  let c5 = f32x4.add(c4, x)
  let c6 = f32x4.add(c5, x)
  let c7 = f32x4.add(c6, x)
  let c8 = f32x4.add(c7, x)
  let c9 = f32x4.add(c8, x)
  let ca = f32x4.add(c9, x)
  let cb = f32x4.add(ca, x)
  let cc = f32x4.add(cb, x)
  do {
    c0 = step(fused, c0, x)
    c1 = step(fused, c1, x)
    c2 = step(fused, c2, x)
    c3 = step(fused, c3, x)
    c4 = step(fused, c4, x)
    c5 = step(fused, c5, x)
    c6 = step(fused, c6, x)
    c7 = step(fused, c7, x)
    c8 = step(fused, c8, x)
    c9 = step(fused, c9, x)
    ca = step(fused, ca, x)
    cb = step(fused, cb, x)
    cc = step(fused, cc, x)
  } while (--turns)
  const s = f32x4.add(f32x4.add(f32x4.add(c0, c1), f32x4.add(c2, c3)), f32x4.add(f32x4.add(c4, c5), f32x4.add(c6, c7)))
  const t = f32x4.add(f32x4.add(f32x4.add(c8, c9), f32x4.add(ca, cb)), cc)
  return f32x4.extract_lane(f32x4.add(s, t), 0)
}

/**
 * turns * 13 fused multiply-adds of 4 lanes (in the strict build a multiplication and an addition each); x below 1 (0.5
 * keeps the sums at 1).
 */
export function peakFma(turns: u32, x: f32): f32 {
  return chains(true, turns, x)
}

/** The same with separate multiplications and additions in both builds. */
export function peakMulAdd(turns: u32, x: f32): f32 {
  return chains(false, turns, x)
}
