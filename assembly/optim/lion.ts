import { fma, fnma } from '../simd/f32x4'
import { loadLanes, storeLanes } from '../simd/lanes'
import { shareBegin, shareEnd } from '../vm/partition'

/**
 * Lion in one pass (Chen et al. 2023): u = sign(b1 m + (1 - b1) g); p = (1 - lr weightDecay) p - lr u;
 * m = b2 m + (1 - b2) g. sign(0) is 0, sign(NaN) is NaN. n parameters, split in lines of 16. lr is an f64 slot; the
 * factor of p is computed in f64 and rounded to f32 once.
 */
export function lion(
  p: usize,
  g: usize,
  m: usize,
  lr: usize,
  n: u32,
  beta1: f32,
  oneMinusBeta1: f32,
  beta2: f32,
  oneMinusBeta2: f32,
  weightDecay: f32,
  part: u32,
  parts: u32,
): void {
  const begin = shareBegin(n, 16, part, parts)
  const count = shareEnd(n, 16, part, parts) - begin
  p += begin << 2
  g += begin << 2
  m += begin << 2
  const rate = load<f64>(lr)
  const step = f32x4.splat(<f32>rate)
  const keep = f32x4.splat(<f32>(1 - rate * <f64>weightDecay))
  const b1 = f32x4.splat(beta1)
  const d1 = f32x4.splat(oneMinusBeta1)
  const b2 = f32x4.splat(beta2)
  const d2 = f32x4.splat(oneMinusBeta2)
  const end = p + ((count & ~7) << 2)
  for (; p < end; p += 32, g += 32, m += 32) {
    const g0 = v128.load(g)
    const g1 = v128.load(g, 16)
    const m0 = v128.load(m)
    const m1 = v128.load(m, 16)
    v128.store(p, fnma(step, sign(fma(b1, m0, f32x4.mul(d1, g0))), f32x4.mul(keep, v128.load(p))))
    v128.store(p, fnma(step, sign(fma(b1, m1, f32x4.mul(d1, g1))), f32x4.mul(keep, v128.load(p, 16))), 16)
    v128.store(m, fma(b2, m0, f32x4.mul(d2, g0)))
    v128.store(m, fma(b2, m1, f32x4.mul(d2, g1)), 16)
  }
  for (let left = <i32>(count & 7); left > 0; left -= 4, p += 16, g += 16, m += 16) {
    const g0 = loadLanes(g, left)
    const m0 = loadLanes(m, left)
    storeLanes(p, fnma(step, sign(fma(b1, m0, f32x4.mul(d1, g0))), f32x4.mul(keep, loadLanes(p, left))), left)
    storeLanes(m, fma(b2, m0, f32x4.mul(d2, g0)), left)
  }
}

/** -1, 0, 1 or NaN. */
// @ts-ignore: decorator
@inline
function sign(x: v128): v128 {
  const one = v128.or(v128.and(x, i32x4.splat(0x80000000)), f32x4.splat(1))
  const whole = v128.and(one, f32x4.ne(x, f32x4.splat(0)))
  return v128.bitselect(whole, x, f32x4.eq(x, x))
}
