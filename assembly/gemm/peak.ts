import { fma } from '../simd/f32x4'

// The most multiply-adds a core does, measured on the spot: loops of 8 to 13 independent chains, 8 operations a
// chain and turn. Which loop is fastest differs between cores, so a bench takes the best of all.

// @ts-ignore: decorator
@inline
function mulAdd(a: v128, b: v128, c: v128): v128 {
  return f32x4.add(f32x4.mul(a, b), c)
}
// @ts-ignore: decorator
@inline
function step(fused: bool, a: v128, b: v128): v128 {
  return fused ? fma(a, b, b) : mulAdd(a, b, b)
}

// @ts-ignore: decorator
@inline
function chains(fused: bool, count: u32, turns: u32): f32 {
  // 0.5 c + 0.5 stays at 1: no infinities, no denormals
  const x = f32x4.splat(0.5)
  let c0 = f32x4.splat(<f32>turns)
  let c1 = c0
  let c2 = c0
  let c3 = c0
  let c4 = c0
  let c5 = c0
  let c6 = c0
  let c7 = c0
  let c8 = c0
  let c9 = c0
  let ca = c0
  let cb = c0
  let cc = c0
  for (; turns > 0; turns--) {
    for (let i = 0; i < 4; i++) {
      c0 = step(fused, c0, x)
      c1 = step(fused, c1, x)
      c2 = step(fused, c2, x)
      c3 = step(fused, c3, x)
      c4 = step(fused, c4, x)
      c5 = step(fused, c5, x)
      c6 = step(fused, c6, x)
      c7 = step(fused, c7, x)
      if (count > 8) c8 = step(fused, c8, x)
      if (count > 8) c9 = step(fused, c9, x)
      if (count > 10) ca = step(fused, ca, x)
      if (count > 10) cb = step(fused, cb, x)
      if (count > 12) cc = step(fused, cc, x)
    }
  }
  const s = f32x4.add(f32x4.add(f32x4.add(c0, c1), f32x4.add(c2, c3)), f32x4.add(f32x4.add(c4, c5), f32x4.add(c6, c7)))
  const t = f32x4.add(f32x4.add(f32x4.add(c8, c9), f32x4.add(ca, cb)), cc)
  return f32x4.extract_lane(f32x4.add(s, t), 0)
}

// @ts-ignore: decorator
@inline
function loops(fused: bool, chainsOf: u32, turns: u32): f32 {
  if (chainsOf == 8) return chains(fused, 8, turns)
  if (chainsOf == 10) return chains(fused, 10, turns)
  if (chainsOf == 12) return chains(fused, 12, turns)
  return chains(fused, 13, turns)
}

/** turns * 4 * count fused multiply-adds of 4 lanes (in the strict build a multiplication and an addition each). */
export function peakFma(turns: u32, count: u32): f32 {
  return loops(true, count, turns)
}

/** The same with separate multiplications and additions in both builds. */
export function peakMulAdd(turns: u32, count: u32): f32 {
  return loops(false, count, turns)
}
