import { SGD_MOMENTUM, SGD_NESTEROV } from '../../src/abi/constants'
import { fma, fnma } from '../simd/f32x4'
import { loadLanes, storeLanes } from '../simd/lanes'
import { shareBegin, shareEnd } from '../vm/partition'

/**
 * SGD as PyTorch does it, in one pass: g += weightDecay p; with momentum v = momentum v + (1 - dampening) g (v = g at
 * step 1, when the old v is not looked at) and g = nesterov ? g + momentum v : v; p -= lr g. n parameters, split in
 * lines of 16. lr and step are f64 slots; lr is rounded to f32 once.
 */
export function sgd(
  p: usize,
  g: usize,
  v: usize,
  lr: usize,
  step: usize,
  n: u32,
  momentum: f32,
  dampening: f32,
  weightDecay: f32,
  flags: u32,
  part: u32,
  parts: u32,
): void {
  const begin = shareBegin(n, 16, part, parts)
  const count = shareEnd(n, 16, part, parts) - begin
  const at = begin << 2
  const rate = f32x4.splat(<f32>load<f64>(lr))
  const decay = f32x4.splat(weightDecay)
  if ((flags & SGD_MOMENTUM) == 0) {
    if (weightDecay == 0) plain(p + at, g + at, count, rate, decay, false)
    else plain(p + at, g + at, count, rate, decay, true)
    return
  }
  const first = load<f64>(step) == 1
  const mu = f32x4.splat(momentum)
  const fresh = f32x4.splat(first ? 1 : <f32>(1 - <f64>dampening))
  const kept = i32x4.splat(first ? 0 : -1)
  if (flags & SGD_NESTEROV) {
    if (weightDecay == 0) heavy(p + at, g + at, v + at, count, rate, decay, mu, fresh, kept, false, true)
    else heavy(p + at, g + at, v + at, count, rate, decay, mu, fresh, kept, true, true)
  } else {
    if (weightDecay == 0) heavy(p + at, g + at, v + at, count, rate, decay, mu, fresh, kept, false, false)
    else heavy(p + at, g + at, v + at, count, rate, decay, mu, fresh, kept, true, false)
  }
}

// @ts-ignore: decorator
@inline
function plain(p: usize, g: usize, count: u32, rate: v128, decay: v128, decays: bool): void {
  const end = p + ((count & ~7) << 2)
  for (; p < end; p += 32, g += 32) {
    const p0 = v128.load(p)
    const p1 = v128.load(p, 16)
    const g0 = decayed(v128.load(g), p0, decay, decays)
    const g1 = decayed(v128.load(g, 16), p1, decay, decays)
    v128.store(p, fnma(rate, g0, p0))
    v128.store(p, fnma(rate, g1, p1), 16)
  }
  for (let left = <i32>(count & 7); left > 0; left -= 4, p += 16, g += 16) {
    const p0 = loadLanes(p, left)
    storeLanes(p, fnma(rate, decayed(loadLanes(g, left), p0, decay, decays), p0), left)
  }
}

// @ts-ignore: decorator
@inline
function heavy(
  p: usize,
  g: usize,
  v: usize,
  count: u32,
  rate: v128,
  decay: v128,
  mu: v128,
  fresh: v128,
  kept: v128,
  decays: bool,
  nesterov: bool,
): void {
  const end = p + ((count & ~7) << 2)
  for (; p < end; p += 32, g += 32, v += 32) {
    const p0 = v128.load(p)
    const p1 = v128.load(p, 16)
    const g0 = decayed(v128.load(g), p0, decay, decays)
    const g1 = decayed(v128.load(g, 16), p1, decay, decays)
    const v0 = velocity(v128.load(v), g0, mu, fresh, kept)
    const v1 = velocity(v128.load(v, 16), g1, mu, fresh, kept)
    v128.store(v, v0)
    v128.store(v, v1, 16)
    v128.store(p, fnma(rate, nesterov ? fma(mu, v0, g0) : v0, p0))
    v128.store(p, fnma(rate, nesterov ? fma(mu, v1, g1) : v1, p1), 16)
  }
  for (let left = <i32>(count & 7); left > 0; left -= 4, p += 16, g += 16, v += 16) {
    const p0 = loadLanes(p, left)
    const g0 = decayed(loadLanes(g, left), p0, decay, decays)
    const v0 = velocity(loadLanes(v, left), g0, mu, fresh, kept)
    storeLanes(v, v0, left)
    storeLanes(p, fnma(rate, nesterov ? fma(mu, v0, g0) : v0, p0), left)
  }
}

/** mu v + fresh g, where `kept` is 0 if the old v is to be forgotten, NaN and all. */
// @ts-ignore: decorator
@inline
function velocity(v: v128, g: v128, mu: v128, fresh: v128, kept: v128): v128 {
  return fma(mu, v128.and(v, kept), f32x4.mul(fresh, g))
}

// @ts-ignore: decorator
@inline
function decayed(g: v128, p: v128, decay: v128, decays: bool): v128 {
  return decays ? fma(decay, p, g) : g
}
