import { ADAM_DECOUPLED } from '../../src/abi/constants'
import { fma, fnma } from '../simd/f32x4'
import { loadLanes, storeLanes } from '../simd/lanes'
import { shareBegin, shareEnd } from '../vm/partition'

/**
 * Adam and AdamW as PyTorch does them, in one pass: m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g g;
 * p -= lr (m / c1) / (sqrt(v / c2) + eps), computed as p -= (lr / c1) m / (sqrt(v) / sqrt(c2) + eps). Weight decay
 * goes on g, or decoupled: p *= 1 - lr weightDecay first. n parameters, split in lines of 16. lr, c1 and c2 are f64
 * slots; what is derived from them is computed in f64 and rounded to f32 once.
 */
export function adam(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
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
  const at = begin << 2
  const rate = load<f64>(lr)
  const step = f32x4.splat(<f32>(rate / load<f64>(c1)))
  const root = f32x4.splat(<f32>(1 / sqrt<f64>(load<f64>(c2))))
  const b1 = f32x4.splat(beta1)
  const d1 = f32x4.splat(oneMinusBeta1)
  const b2 = f32x4.splat(beta2)
  const d2 = f32x4.splat(oneMinusBeta2)
  const e = f32x4.splat(eps)
  if (weightDecay != 0 && (flags & ADAM_DECOUPLED) == 0) {
    const decay = f32x4.splat(weightDecay)
    update(p + at, g + at, m + at, v + at, count, step, root, b1, d1, b2, d2, e, decay, true)
  } else {
    const decay = f32x4.splat(<f32>(1 - rate * <f64>weightDecay))
    update(p + at, g + at, m + at, v + at, count, step, root, b1, d1, b2, d2, e, decay, false)
  }
}

/** `decay` is the factor of p added to g if `coupled`, else the factor that p is multiplied by. */
// @ts-ignore: decorator
@inline
function update(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  count: u32,
  step: v128,
  root: v128,
  b1: v128,
  d1: v128,
  b2: v128,
  d2: v128,
  eps: v128,
  decay: v128,
  coupled: bool,
): void {
  const end = p + ((count & ~7) << 2)
  for (; p < end; p += 32, g += 32, m += 32, v += 32) {
    let p0 = v128.load(p)
    let p1 = v128.load(p, 16)
    let g0 = v128.load(g)
    let g1 = v128.load(g, 16)
    if (coupled) {
      g0 = fma(decay, p0, g0)
      g1 = fma(decay, p1, g1)
    } else {
      p0 = f32x4.mul(decay, p0)
      p1 = f32x4.mul(decay, p1)
    }
    const m0 = fma(b1, v128.load(m), f32x4.mul(d1, g0))
    const m1 = fma(b1, v128.load(m, 16), f32x4.mul(d1, g1))
    v128.store(m, m0)
    v128.store(m, m1, 16)
    const v0 = fma(b2, v128.load(v), f32x4.mul(f32x4.mul(d2, g0), g0))
    const v1 = fma(b2, v128.load(v, 16), f32x4.mul(f32x4.mul(d2, g1), g1))
    v128.store(v, v0)
    v128.store(v, v1, 16)
    v128.store(p, fnma(step, f32x4.div(m0, fma(root, f32x4.sqrt(v0), eps)), p0))
    v128.store(p, fnma(step, f32x4.div(m1, fma(root, f32x4.sqrt(v1), eps)), p1), 16)
  }
  for (let left = <i32>(count & 7); left > 0; left -= 4, p += 16, g += 16, m += 16, v += 16) {
    let p0 = loadLanes(p, left)
    let g0 = loadLanes(g, left)
    if (coupled) g0 = fma(decay, p0, g0)
    else p0 = f32x4.mul(decay, p0)
    const m0 = fma(b1, loadLanes(m, left), f32x4.mul(d1, g0))
    storeLanes(m, m0, left)
    const v0 = fma(b2, loadLanes(v, left), f32x4.mul(f32x4.mul(d2, g0), g0))
    storeLanes(v, v0, left)
    storeLanes(p, fnma(step, f32x4.div(m0, fma(root, f32x4.sqrt(v0), eps)), p0), left)
  }
}
