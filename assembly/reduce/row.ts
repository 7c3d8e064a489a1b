import { REDUCE_MAX, REDUCE_MIN } from '../../src/abi/constants'
import { fma, highToF64, lowToF64 } from '../simd/f32x4'
import { loadLanes } from '../simd/lanes'

// Reductions of n neighbouring words. The order of additions depends on n alone: blocks of 256 words, each in 16 partial
// sums of at most 16 terms; the partial sums of a block are added in pairs, those of all blocks in f64. So the error is
// about 18 roundings of f32 however long the row is.

const SUM: u32 = 0
const SQUARES: u32 = 1
const DOT: u32 = 2

// @ts-ignore: decorator
@inline
function add(kind: u32, sum: v128, x: v128, y: v128): v128 {
  if (kind == SQUARES) return fma(x, x, sum)
  if (kind == DOT) return fma(x, y, sum)
  return f32x4.add(sum, x)
}

// @ts-ignore: decorator
@inline
function second(kind: u32, y: usize): v128 {
  return kind == DOT ? v128.load(y) : i32x4.splat(0)
}

// @ts-ignore: decorator
@inline
function blocks(kind: u32, x: usize, y: usize, n: u32): f64 {
  const zero = i32x4.splat(0)
  let low = zero
  let high = zero
  while (n >= 16) {
    const turns = min<u32>(n >> 4, 16)
    n -= turns << 4
    let a = zero
    let b = zero
    let c = zero
    let d = zero
    for (let i = turns; i > 0; i--, x += 64, y += 64) {
      a = add(kind, a, v128.load(x), second(kind, y))
      b = add(kind, b, v128.load(x, 16), second(kind, y + 16))
      c = add(kind, c, v128.load(x, 32), second(kind, y + 32))
      d = add(kind, d, v128.load(x, 48), second(kind, y + 48))
    }
    const sum = f32x4.add(f32x4.add(a, b), f32x4.add(c, d))
    low = f64x2.add(low, lowToF64(sum))
    high = f64x2.add(high, highToF64(sum))
  }
  if (n > 0) {
    let sum = zero
    for (let left = <i32>n; left > 0; left -= 4, x += 16, y += 16)
      sum = add(kind, sum, loadLanes(x, left), kind == DOT ? loadLanes(y, left) : zero)
    low = f64x2.add(low, lowToF64(sum))
    high = f64x2.add(high, highToF64(sum))
  }
  low = f64x2.add(low, high)
  return f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1)
}

export function sumRow(x: usize, n: u32): f64 {
  return blocks(SUM, x, 0, n)
}
export function sumSquaresRow(x: usize, n: u32): f64 {
  return blocks(SQUARES, x, 0, n)
}
export function dotRow(x: usize, y: usize, n: u32): f64 {
  return blocks(DOT, x, y, n)
}

/** In f64, which neither overflows nor underflows on the way. */
export function productRow(x: usize, n: u32): f64 {
  let low = f64x2.splat(1)
  let high = low
  for (; n >= 4; n -= 4, x += 16) {
    const v = v128.load(x)
    low = f64x2.mul(low, lowToF64(v))
    high = f64x2.mul(high, highToF64(v))
  }
  low = f64x2.mul(low, high)
  let product = f64x2.extract_lane(low, 0) * f64x2.extract_lane(low, 1)
  for (; n > 0; n--, x += 4) product *= load<f32>(x)
  return product
}

/** The larger (smaller) of each lane; of two zeros the first. A NaN may be lost. */
// @ts-ignore: decorator
@inline
export function extreme(fn: u32, a: v128, b: v128): v128 {
  return fn == REDUCE_MAX ? f32x4.pmax(a, b) : f32x4.pmin(a, b)
}

// @ts-ignore: decorator
@inline
function extremeRow(fn: u32, x: usize, n: u32): f32 {
  let a = f32x4.splat(fn == REDUCE_MAX ? -Infinity : Infinity)
  let b = a
  // all bits set in the lanes that have met a NaN
  let nan = i32x4.splat(0)
  for (; n >= 8; n -= 8, x += 32) {
    const u = v128.load(x)
    const v = v128.load(x, 16)
    a = extreme(fn, a, u)
    b = extreme(fn, b, v)
    nan = v128.or(nan, v128.or(f32x4.ne(u, u), f32x4.ne(v, v)))
  }
  for (; n >= 4; n -= 4, x += 16) {
    const v = v128.load(x)
    a = extreme(fn, a, v)
    nan = v128.or(nan, f32x4.ne(v, v))
  }
  for (; n > 0; n--, x += 4) {
    const v = v128.load32_splat(x)
    a = extreme(fn, a, v)
    nan = v128.or(nan, f32x4.ne(v, v))
  }
  a = extreme(fn, a, b)
  a = extreme(fn, a, v128.shuffle<i32>(a, a, 2, 3, 0, 1))
  a = extreme(fn, a, v128.shuffle<i32>(a, a, 1, 0, 3, 2))
  return v128.any_true(nan) ? NaN : f32x4.extract_lane(a, 0)
}

export function maxRow(x: usize, n: u32): f32 {
  return extremeRow(REDUCE_MAX, x, n)
}
export function minRow(x: usize, n: u32): f32 {
  return extremeRow(REDUCE_MIN, x, n)
}
