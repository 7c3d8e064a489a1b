import { sumRow, sumSquaresRow } from '../reduce/row'
import { fma, fnma, highToF64, lowToF64 } from '../simd/f32x4'
import { loadLanes, storeLanes } from '../simd/lanes'
import { shareBegin, shareEnd } from '../vm/partition'

// Rows of n words brought to mean 0 (where `centred`) and mean square 1. Sums: blocks of 256 words in f32, those in f64.
// A row stays in the cache, so the backward pass finds its statistics again. Split by rows.

/** The lanes of v below `count`, the others 0. */
// @ts-ignore: decorator
@inline
function only(v: v128, count: i32): v128 {
  return v128.and(v, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count)))
}

// @ts-ignore: decorator
@inline
function total(v: v128): f64 {
  const pair = f64x2.add(lowToF64(v), highToF64(v))
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1)
}

/** Sum of a (x - mean) over a row, where a is x - mean itself or dy [w]; and the sum of a, kept at `sums`. */
// @ts-ignore: decorator
@inline
function moments(own: bool, x: usize, dy: usize, w: usize, n: u32, mean: v128, scratch: usize): f64 {
  const zero = i32x4.splat(0)
  let plain: f64 = 0
  let products: f64 = 0
  for (let at: u32 = 0; at < n; ) {
    const end = min<u32>(n, at + 256)
    let s = zero
    let t = zero
    for (; at < end; at += 4) {
      const left = <i32>(n - at)
      const o = (<usize>at) << 2
      const d = only(f32x4.sub(loadLanes(x + o, left), mean), left)
      let a = d
      if (!own) {
        a = loadLanes(dy + o, left)
        if (w != 0) a = f32x4.mul(a, loadLanes(w + o, left))
        s = f32x4.add(s, a)
      }
      t = fma(a, d, t)
    }
    if (!own) plain += total(s)
    products += total(t)
  }
  if (!own) store<f64>(scratch, plain)
  return products
}

// @ts-ignore: decorator
@inline
function meanOf(x: usize, n: u32, centred: u32): f32 {
  return centred != 0 ? <f32>(sumRow(x, n) / <f64>n) : 0
}

/** 1 / sqrt(mean of squares + eps). */
function inverse(x: usize, n: u32, mean: f32, centred: u32, eps: f32): f64 {
  const squares = centred != 0 ? moments(true, x, 0, 0, n, f32x4.splat(mean), 0) : sumSquaresRow(x, n)
  return 1 / Math.sqrt(squares / <f64>n + <f64>eps)
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
  part: u32,
  parts: u32,
): void {
  const grain: u32 = n < 16 ? 16 : 1
  const end = shareEnd(rows, grain, part, parts)
  for (let r = shareBegin(rows, grain, part, parts); r < end; r++) {
    const row = (<usize>r * n) << 2
    const mean = meanOf(x + row, n, centred)
    const m = f32x4.splat(mean)
    const scale = f32x4.splat(<f32>inverse(x + row, n, mean, centred, eps))
    for (let at: u32 = 0; at < n; at += 4) {
      const o = (<usize>at) << 2
      const left = n - at
      let v = f32x4.mul(f32x4.sub(loadLanes(x + row + o, left), m), scale)
      if (w != 0) v = f32x4.mul(v, loadLanes(w + o, left))
      if (b != 0) v = f32x4.add(v, loadLanes(b + o, left))
      storeLanes(y + row + o, v, left)
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
  const grain: u32 = n < 16 ? 16 : 1
  const end = shareEnd(rows, grain, part, parts)
  for (let r = shareBegin(rows, grain, part, parts); r < end; r++) {
    const row = (<usize>r * n) << 2
    const mean = meanOf(x + row, n, centred)
    const m = f32x4.splat(mean)
    const rstd = inverse(x + row, n, mean, centred, eps)
    const products = moments(false, x + row, dy + row, w, n, m, scratch)
    const offset = f32x4.splat(centred != 0 ? <f32>(load<f64>(scratch) / <f64>n) : 0)
    const slope = f32x4.splat(<f32>((products / <f64>n) * rstd * rstd))
    const scale = f32x4.splat(<f32>rstd)
    for (let at: u32 = 0; at < n; at += 4) {
      const o = (<usize>at) << 2
      const left = n - at
      let g = loadLanes(dy + row + o, left)
      if (w != 0) g = f32x4.mul(g, loadLanes(w + o, left))
      const d = f32x4.sub(loadLanes(x + row + o, left), m)
      storeLanes(dx + row + o, f32x4.mul(fnma(d, slope, f32x4.sub(g, offset)), scale), left)
    }
  }
}
