import { REDUCE_MAX, REDUCE_MIN, REDUCE_PROD, REDUCE_SUM_SQUARES } from '../../src/abi/constants'
import { fma, fromF64, highToF64, lowToF64 } from '../simd/f32x4'
import { loadLanes, storeLanes } from '../simd/lanes'
import { extreme } from './row'

// Reductions down the columns of n rows, `pitch` bytes apart. Each column has a lane of its own. The order of additions:
// 16 rows in f32, their sums in f64.

// @ts-ignore: decorator
@inline
function add(fn: u32, sum: v128, v: v128): v128 {
  return fn == REDUCE_SUM_SQUARES ? fma(v, v, sum) : f32x4.add(sum, v)
}

/** Sums of 16 columns. */
// @ts-ignore: decorator
@inline
export function wideSums(fn: u32, x: usize, y: usize, n: u32, pitch: usize, scale: f64): void {
  const zero = i32x4.splat(0)
  let a0 = zero
  let a1 = zero
  let b0 = zero
  let b1 = zero
  let c0 = zero
  let c1 = zero
  let d0 = zero
  let d1 = zero
  while (n > 0) {
    const turns = min<u32>(n, 16)
    n -= turns
    let a = zero
    let b = zero
    let c = zero
    let d = zero
    for (let i = turns; i > 0; i--, x += pitch) {
      a = add(fn, a, v128.load(x))
      b = add(fn, b, v128.load(x, 16))
      c = add(fn, c, v128.load(x, 32))
      d = add(fn, d, v128.load(x, 48))
    }
    a0 = f64x2.add(a0, lowToF64(a))
    a1 = f64x2.add(a1, highToF64(a))
    b0 = f64x2.add(b0, lowToF64(b))
    b1 = f64x2.add(b1, highToF64(b))
    c0 = f64x2.add(c0, lowToF64(c))
    c1 = f64x2.add(c1, highToF64(c))
    d0 = f64x2.add(d0, lowToF64(d))
    d1 = f64x2.add(d1, highToF64(d))
  }
  const s = f64x2.splat(scale)
  v128.store(y, fromF64(f64x2.mul(a0, s), f64x2.mul(a1, s)))
  v128.store(y, fromF64(f64x2.mul(b0, s), f64x2.mul(b1, s)), 16)
  v128.store(y, fromF64(f64x2.mul(c0, s), f64x2.mul(c1, s)), 32)
  v128.store(y, fromF64(f64x2.mul(d0, s), f64x2.mul(d1, s)), 48)
}

/** Sums or products of 1 to 4 columns. */
// @ts-ignore: decorator
@inline
export function sums(fn: u32, x: usize, y: usize, n: u32, pitch: usize, lanes: u32, scale: f64): void {
  const unit = f64x2.splat(fn == REDUCE_PROD ? 1 : 0)
  let low = unit
  let high = unit
  while (n > 0) {
    if (fn == REDUCE_PROD) {
      const v = loadLanes(x, lanes)
      low = f64x2.mul(low, lowToF64(v))
      high = f64x2.mul(high, highToF64(v))
      x += pitch
      n--
    } else {
      const turns = min<u32>(n, 16)
      n -= turns
      let sum = i32x4.splat(0)
      for (let i = turns; i > 0; i--, x += pitch) sum = add(fn, sum, loadLanes(x, lanes))
      low = f64x2.add(low, lowToF64(sum))
      high = f64x2.add(high, highToF64(sum))
    }
  }
  const s = f64x2.splat(scale)
  storeLanes(y, fromF64(f64x2.mul(low, s), f64x2.mul(high, s)), lanes)
}

/** Maxima or minima of 1 to 4 columns; a NaN wins. */
// @ts-ignore: decorator
@inline
export function extremes(fn: u32, x: usize, y: usize, n: u32, pitch: usize, lanes: u32, scale: f32): void {
  let best = f32x4.splat(fn == REDUCE_MAX ? -Infinity : Infinity)
  let nan = i32x4.splat(0)
  for (; n > 0; n--, x += pitch) {
    const v = loadLanes(x, lanes)
    best = extreme(fn, best, v)
    nan = v128.or(nan, f32x4.ne(v, v))
  }
  storeLanes(y, v128.or(f32x4.mul(best, f32x4.splat(scale)), nan), lanes)
}

/** First rows with the maxima or minima of 1 to 4 columns; a NaN wins. */
// @ts-ignore: decorator
@inline
export function indices(fn: u32, x: usize, y: usize, n: u32, pitch: usize, lanes: u32): void {
  const one = i32x4.splat(1)
  let index = i32x4.splat(0)
  let best = n > 0 ? loadLanes(x, lanes) : index
  let row = index
  for (let left = <i32>n - 1; left > 0; left--) {
    x += pitch
    row = i32x4.add(row, one)
    const v = loadLanes(x, lanes)
    const beyond = fn == REDUCE_MIN ? f32x4.lt(v, best) : f32x4.gt(v, best)
    const better = v128.or(beyond, v128.and(f32x4.ne(v, v), f32x4.eq(best, best)))
    best = v128.bitselect(v, best, better)
    index = v128.bitselect(row, index, better)
  }
  storeLanes(y, index, lanes)
}
