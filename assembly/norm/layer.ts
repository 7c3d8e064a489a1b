import { sumRow } from '../reduce/row'
import { fma, fnma, highToF64, lowToF64 } from '../simd/f32x4'
import { loadLanes, storeLanes } from '../simd/lanes'
import { shareBegin, shareEnd } from '../vm/partition'

// Rows of n words brought to mean 0 (where `centred`) and mean square 1. Sums: blocks of 256 words in f32, 16 at a time,
// those in f64; what is left of 16 words is a block of its own. A row stays in the cache, so the backward pass finds its
// statistics again. Split by rows.

// A thread's scratch: what stands for a weight or a bias that is not there, then 16 sums of products, 16 plain ones, and
// the last words of three rows.
const ONES: usize = 0
const ZEROS: usize = 64
const PRODUCTS: usize = 128
const PLAIN: usize = 192
const LAST: usize = 256

/** 16 words at `to`: the first `count` of those at p, then `fill`; returns `to`. */
function last(p: usize, count: u32, fill: f32, to: usize): usize {
  for (let i: u32 = 0; i < 16; i++)
    store<f32>(to + ((<usize>i) << 2), i < count ? load<f32>(p + ((<usize>i) << 2)) : fill)
  return to
}

function total(sums: usize): f64 {
  const v = f32x4.add(
    f32x4.add(v128.load(sums), v128.load(sums, 16)),
    f32x4.add(v128.load(sums, 32), v128.load(sums, 48)),
  )
  const pair = f64x2.add(lowToF64(v), highToF64(v))
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1)
}

// @ts-ignore: decorator
@inline
function times(own: bool, dy: usize, w: usize, d: v128): v128 {
  return own ? d : f32x4.mul(v128.load(dy), v128.load(w))
}

/** Sum of a (x - mean) over a row, where a is x - mean itself or dy w, w moving by wStep bytes in 64; and that of a, at PLAIN. */
// @ts-ignore: decorator
@inline
function moments(own: bool, x: usize, dy: usize, w: usize, wStep: usize, n: u32, mean: f32, scratch: usize): f64 {
  const m = f32x4.splat(mean)
  let plain: f64 = 0
  let products: f64 = 0
  while (n != 0) {
    let block = min<u32>(n, 256)
    if (block < 16) {
      // words that add nothing
      x = last(x, n, mean, scratch + LAST)
      if (!own) {
        dy = last(dy, n, 0, scratch + LAST + 64)
        w = last(w, n, 0, scratch + LAST + 128)
      }
      n = block = 16
    }
    block &= ~15
    n -= block
    // stored and loaded again in pairs, which lets V8 fuse neighbours
    let s0 = i32x4.splat(0)
    let s1 = s0
    let s2 = s0
    let s3 = s0
    let t0 = s0
    let t1 = s0
    let t2 = s0
    let t3 = s0
    for (let i = block >> 4; i > 0; i--, x += 64, dy += 64, w += wStep) {
      const d0 = f32x4.sub(v128.load(x), m)
      const d1 = f32x4.sub(v128.load(x, 16), m)
      const d2 = f32x4.sub(v128.load(x, 32), m)
      const d3 = f32x4.sub(v128.load(x, 48), m)
      const a0 = times(own, dy, w, d0)
      const a1 = times(own, dy + 16, w + 16, d1)
      const a2 = times(own, dy + 32, w + 32, d2)
      const a3 = times(own, dy + 48, w + 48, d3)
      if (!own) {
        s0 = f32x4.add(s0, a0)
        s1 = f32x4.add(s1, a1)
        s2 = f32x4.add(s2, a2)
        s3 = f32x4.add(s3, a3)
      }
      t0 = fma(a0, d0, t0)
      t1 = fma(a1, d1, t1)
      t2 = fma(a2, d2, t2)
      t3 = fma(a3, d3, t3)
    }
    v128.store(scratch, t0, PRODUCTS)
    v128.store(scratch, t1, PRODUCTS + 16)
    v128.store(scratch, t2, PRODUCTS + 32)
    v128.store(scratch, t3, PRODUCTS + 48)
    products += total(scratch + PRODUCTS)
    if (own) continue
    v128.store(scratch, s0, PLAIN)
    v128.store(scratch, s1, PLAIN + 16)
    v128.store(scratch, s2, PLAIN + 32)
    v128.store(scratch, s3, PLAIN + 48)
    plain += total(scratch + PLAIN)
  }
  if (!own) store<f64>(scratch, plain, PLAIN)
  return products
}

// @ts-ignore: decorator
@inline
function meanOf(x: usize, n: u32, nth: f64, centred: u32): f32 {
  return centred != 0 ? <f32>(sumRow(x, n) * nth) : 0
}

/** 1 / sqrt(mean of squares + eps). */
function inverse(x: usize, n: u32, nth: f64, mean: f32, eps: f32, scratch: usize): f64 {
  return 1 / Math.sqrt(moments(true, x, 0, 0, 0, n, mean, scratch) * nth + <f64>eps)
}

/** Neutral rows of 16 words. */
function neutral(scratch: usize): void {
  for (let i: usize = 0; i < 64; i += 16) {
    v128.store(scratch + i, f32x4.splat(1), ONES)
    v128.store(scratch + i, f32x4.splat(-0.0), ZEROS)
  }
}

/** y = (x - mean) rstd w + b; w and b (0: none) are rows. */
export function layerNorm(
  x: usize,
  w: usize,
  b: usize,
  y: usize,
  rows: u32,
  n: u32,
  eps: f32,
  centred: u32,
  scratch: usize,
  part: u32,
  parts: u32,
): void {
  neutral(scratch)
  const wStep: usize = w != 0 ? 32 : 0
  const bStep: usize = b != 0 ? 32 : 0
  const nth: f64 = 1 / <f64>n
  const grain: u32 = n < 16 ? 16 : 1
  const end = shareEnd(rows, grain, part, parts)
  for (let r = shareBegin(rows, grain, part, parts); r < end; r++) {
    let p = x + ((<usize>r * n) << 2)
    let q = y + ((<usize>r * n) << 2)
    let c = w != 0 ? w : scratch + ONES
    let d = b != 0 ? b : scratch + ZEROS
    const mean = meanOf(p, n, nth, centred)
    const m = f32x4.splat(mean)
    const scale = f32x4.splat(<f32>inverse(p, n, nth, mean, eps, scratch))
    for (let i = n >> 3; i > 0; i--, p += 32, q += 32, c += wStep, d += bStep) {
      const u = f32x4.mul(f32x4.sub(v128.load(p), m), scale)
      const v = f32x4.mul(f32x4.sub(v128.load(p, 16), m), scale)
      v128.store(q, fma(u, v128.load(c), v128.load(d)))
      v128.store(q, fma(v, v128.load(c, 16), v128.load(d, 16)), 16)
    }
    for (let left = <i32>(n & 7); left > 0; left -= 4, p += 16, q += 16, c += wStep >> 1, d += bStep >> 1) {
      const u = f32x4.mul(f32x4.sub(loadLanes(p, left), m), scale)
      storeLanes(q, fma(u, loadLanes(c, left), loadLanes(d, left)), left)
    }
  }
}

/** dx = rstd (g - mean(g) - xhat mean(g xhat)) with g = dy w and xhat = (x - mean) rstd; mean(g) only where centred. */
export function layerNormGrad(
  dy: usize,
  x: usize,
  w: usize,
  dx: usize,
  rows: u32,
  n: u32,
  eps: f32,
  centred: u32,
  scratch: usize,
  part: u32,
  parts: u32,
): void {
  neutral(scratch)
  const wStep: usize = w != 0 ? 32 : 0
  if (w == 0) w = scratch + ONES
  const nth: f64 = 1 / <f64>n
  const grain: u32 = n < 16 ? 16 : 1
  const end = shareEnd(rows, grain, part, parts)
  for (let r = shareBegin(rows, grain, part, parts); r < end; r++) {
    const row = (<usize>r * n) << 2
    let p = x + row
    let g = dy + row
    let q = dx + row
    let c = w
    const mean = meanOf(p, n, nth, centred)
    const m = f32x4.splat(mean)
    const rstd = inverse(p, n, nth, mean, eps, scratch)
    const products = moments(false, p, g, w, wStep << 1, n, mean, scratch)
    const offset = f32x4.splat(centred != 0 ? <f32>(load<f64>(scratch, PLAIN) * nth) : 0)
    const slope = f32x4.splat(<f32>(products * nth * rstd * rstd))
    const scale = f32x4.splat(<f32>rstd)
    for (let i = n >> 3; i > 0; i--, p += 32, q += 32, g += 32, c += wStep) {
      const u = f32x4.sub(f32x4.mul(v128.load(g), v128.load(c)), offset)
      const v = f32x4.sub(f32x4.mul(v128.load(g, 16), v128.load(c, 16)), offset)
      const d = f32x4.sub(v128.load(p), m)
      const e = f32x4.sub(v128.load(p, 16), m)
      v128.store(q, f32x4.mul(fnma(d, slope, u), scale))
      v128.store(q, f32x4.mul(fnma(e, slope, v), scale), 16)
    }
    for (let left = <i32>(n & 7); left > 0; left -= 4, p += 16, q += 16, g += 16, c += wStep >> 1) {
      const u = f32x4.sub(f32x4.mul(loadLanes(g, left), loadLanes(c, left)), offset)
      const d = f32x4.sub(loadLanes(p, left), m)
      storeLanes(q, f32x4.mul(fnma(d, slope, u), scale), left)
    }
  }
}
