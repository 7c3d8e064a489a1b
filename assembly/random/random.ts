import { RANDOM_BERNOULLI, RANDOM_NORMAL } from '../../src/abi/constants'
import { storeLanes } from '../simd/lanes'
import { shareBegin, shareEnd } from '../vm/partition'
import { normal } from './normal'
import { CHUNK, philox, uniformLimit } from './philox'

/**
 * y[i] = the i-th number of draw (counter + draw): uniform in p0 <= y < p1 (p0 where that is empty), normal with mean
 * p0 and standard deviation p1, or 1 with probability p0 and else 0. Split in lines of 16 words.
 */
export function random(
  fn: u32,
  y: usize,
  n: u32,
  p0: f32,
  p1: f32,
  generator: usize,
  draw: i32,
  scratch: usize,
  part: u32,
  parts: u32,
): void {
  const begin = shareBegin(n, 16, part, parts)
  let left = <i32>(shareEnd(n, 16, part, parts) - begin)
  y += begin << 2
  for (let block = begin >> 2; left > 0; block += CHUNK >> 2) {
    const count = min<u32>(CHUNK, left)
    philox(scratch, block, count, generator, draw)
    if (fn == RANDOM_BERNOULLI) bernoulli(scratch, y, count, p0)
    else if (fn == RANDOM_NORMAL) normal(scratch, y, count, p0, p1)
    else uniform(scratch, y, count, p0, p1)
    y += count << 2
    left -= count
  }
}

/** The upper 24 bits of each word as a multiple of (p1 - p0) / 2^24; no fused operation, so both builds agree. */
function uniform(words: usize, y: usize, count: u32, p0: f32, p1: f32): void {
  const unit = f32x4.splat(1 / <f32>16777216)
  const range = f32x4.splat(p1 - p0)
  const low = f32x4.splat(p0)
  const high = f32x4.splat(max<f32>(p0, below(p1)))
  for (const end = words + ((count & ~3) << 2); words < end; words += 16, y += 16)
    v128.store(y, scaled(words, unit, range, low, high))
  if (count & 3) storeLanes(y, scaled(words, unit, range, low, high), count & 3)
}

// @ts-ignore: decorator
@inline
function scaled(words: usize, unit: v128, range: v128, low: v128, high: v128): v128 {
  const u = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(v128.load(words), 8)), unit)
  return f32x4.pmin(high, f32x4.add(low, f32x4.mul(u, range)))
}

function bernoulli(words: usize, y: usize, count: u32, p: f32): void {
  const limit = i32x4.splat(uniformLimit(p))
  const one = f32x4.splat(1)
  for (const end = words + ((count & ~3) << 2); words < end; words += 16, y += 16)
    v128.store(y, v128.and(i32x4.lt_s(i32x4.shr_u(v128.load(words), 8), limit), one))
  if (count & 3) storeLanes(y, v128.and(i32x4.lt_s(i32x4.shr_u(v128.load(words), 8), limit), one), count & 3)
}

/** The largest f32 below a finite x. */
function below(x: f32): f32 {
  const bits = reinterpret<i32>(x)
  return reinterpret<f32>(x > 0 ? bits - 1 : x < 0 ? bits + 1 : -0x7fffffff)
}

/**
 * y = a uniform random permutation of 0 .. n - 1 as i32. Fisher-Yates inside out: i goes to place j <= i, and what was
 * there to i. j = floor(r (i + 1) / 2^64) of the 64-bit number r made of words 2 i (low) and 2 i + 1, which favours no
 * place by 2^-32 or more.
 */
export function permutation(
  y: usize,
  n: u32,
  generator: usize,
  draw: i32,
  scratch: usize,
  part: u32,
  _parts: u32,
): void {
  if (part != 0) return
  for (let first: u32 = 0; first < n; first += CHUNK >> 1) {
    const end = min<u32>(n, first + (CHUNK >> 1))
    philox(scratch, first >> 1, 2 * (end - first), generator, draw)
    let words = scratch
    for (let i = first; i < end; i++, words += 8) {
      const m = <u64>(i + 1)
      const j = <u32>((load<u32>(words, 4) * m + ((load<u32>(words) * m) >> 32)) >> 32)
      const place = y + (j << 2)
      store<u32>(y + (i << 2), load<u32>(place))
      store<u32>(place, i)
    }
  }
}
