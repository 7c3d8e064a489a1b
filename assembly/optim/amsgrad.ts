import { ADAM_DECOUPLED } from '../../src/abi/constants'
import { fma, fnma } from '../simd/f32x4'
import { loadLanes, storeLanes } from '../simd/lanes'
import { shareBegin, shareEnd } from '../vm/partition'

/**
 * Adam with the largest second moment so far in the place of the present one (Reddi et al. 2018), as PyTorch does it:
 * m and v as in `adam`; w = max(w, v); p -= lr (m / c1) / (sqrt(w / c2) + eps). A NaN in v stays in w. The rest as in
 * `adam`.
 */
export function amsgrad(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  w: usize,
  lr: usize,
  c1: usize,
  c2: usize,
  n: u32,
  beta1: f32,
  oneMinusBeta1: f32,
  beta2: f32,
  oneMinusBeta2: f32,
  eps: f32,
  weightDecay: f32,
  flags: u32,
  part: u32,
  parts: u32,
): void {
  const begin = shareBegin(n, 16, part, parts)
  const count = shareEnd(n, 16, part, parts) - begin
  p += begin << 2
  g += begin << 2
  m += begin << 2
  v += begin << 2
  w += begin << 2
  const rate = load<f64>(lr)
  const decoupled = (flags & ADAM_DECOUPLED) != 0
  // One of the two is neutral: p times 1, or 0 p on top of g (where p is masked, so that an infinite p stays out).
  const keep = f32x4.splat(decoupled ? <f32>(1 - rate * <f64>weightDecay) : 1)
  const decay = f32x4.splat(weightDecay)
  const coupled = i32x4.splat(decoupled || weightDecay == 0 ? 0 : -1)
  const step = f32x4.splat(<f32>(rate / load<f64>(c1)))
  const root = f32x4.splat(<f32>(1 / sqrt<f64>(load<f64>(c2))))
  const b1 = f32x4.splat(beta1)
  const d1 = f32x4.splat(oneMinusBeta1)
  const b2 = f32x4.splat(beta2)
  const d2 = f32x4.splat(oneMinusBeta2)
  const e = f32x4.splat(eps)
  for (let left = <i32>count; left > 0; left -= 4, p += 16, g += 16, m += 16, v += 16, w += 16) {
    const x = loadLanes(p, left)
    const d = fma(decay, v128.and(x, coupled), loadLanes(g, left))
    const m0 = fma(b1, loadLanes(m, left), f32x4.mul(d1, d))
    const v0 = fma(b2, loadLanes(v, left), f32x4.mul(f32x4.mul(d2, d), d))
    const w0 = f32x4.max(loadLanes(w, left), v0)
    storeLanes(m, m0, left)
    storeLanes(v, v0, left)
    storeLanes(w, w0, left)
    storeLanes(p, fnma(step, f32x4.div(m0, fma(root, f32x4.sqrt(w0), e)), f32x4.mul(keep, x)), left)
  }
}
