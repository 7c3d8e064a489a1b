import * as code from '../../src/abi/constants'
import { loadLanes } from '../simd/lanes'
import { shareBegin, shareEnd } from '../vm/partition'
import { extremes, indices, sums, wideSums } from './column'
import { maxRow, minRow, productRow, sumRow, sumSquaresRow } from './row'

/** Rows of n words that a part takes at least: short ones by lines of results. */
// @ts-ignore: decorator
@inline
function rowGrain(n: u32): u32 {
  return n < 256 ? 16 : 1
}

/**
 * y[o, i] = scale * reduction over j of x[o, j, i], x of shape [outer, n, inner]. Split over the results, rows by lines
 * of 16 or one by one, columns by lines of 16.
 */
export function reduce(
  fn: u32,
  x: usize,
  y: usize,
  outer: u32,
  n: u32,
  inner: u32,
  scale: f32,
  part: u32,
  parts: u32,
): void {
  if (inner == 1) {
    const end = shareEnd(outer, rowGrain(n), part, parts)
    for (let o = shareBegin(outer, rowGrain(n), part, parts); o < end; o++) {
      const row = x + ((<usize>o * n) << 2)
      let value: f64
      if (fn == code.REDUCE_SUM) value = sumRow(row, n)
      else if (fn == code.REDUCE_SUM_SQUARES) value = sumSquaresRow(row, n)
      else if (fn == code.REDUCE_MAX) value = maxRow(row, n)
      else if (fn == code.REDUCE_MIN) value = minRow(row, n)
      else value = productRow(row, n)
      store<f32>(y + ((<usize>o) << 2), <f32>(value * scale))
    }
    return
  }
  const pitch = (<usize>inner) << 2
  const end = shareEnd(outer * inner, 16, part, parts)
  let at = shareBegin(outer * inner, 16, part, parts)
  while (at < end) {
    const o = at / inner
    const i = at - o * inner
    const left = min<u32>(inner - i, end - at)
    const p = x + ((<usize>o * n * inner + i) << 2)
    const q = y + ((<usize>at) << 2)
    if (left >= 16 && (fn == code.REDUCE_SUM || fn == code.REDUCE_SUM_SQUARES)) {
      if (fn == code.REDUCE_SUM) wideSum(p, q, n, pitch, scale)
      else wideSumSquares(p, q, n, pitch, scale)
      at += 16
      continue
    }
    const lanes = min<u32>(left, 4)
    if (fn == code.REDUCE_SUM) sumColumns(p, q, n, pitch, lanes, scale)
    else if (fn == code.REDUCE_SUM_SQUARES) sumSquaresColumns(p, q, n, pitch, lanes, scale)
    else if (fn == code.REDUCE_MAX) maxColumns(p, q, n, pitch, lanes, scale)
    else if (fn == code.REDUCE_MIN) minColumns(p, q, n, pitch, lanes, scale)
    else productColumns(p, q, n, pitch, lanes, scale)
    at += lanes
  }
}

// A function of its own for each code: in one function, the optimizer folds the loops together before it sees that they
// differ in a constant.
function wideSum(x: usize, y: usize, n: u32, pitch: usize, scale: f32): void {
  wideSums(code.REDUCE_SUM, x, y, n, pitch, scale)
}
function wideSumSquares(x: usize, y: usize, n: u32, pitch: usize, scale: f32): void {
  wideSums(code.REDUCE_SUM_SQUARES, x, y, n, pitch, scale)
}
function sumColumns(x: usize, y: usize, n: u32, pitch: usize, lanes: u32, scale: f32): void {
  sums(code.REDUCE_SUM, x, y, n, pitch, lanes, scale)
}
function sumSquaresColumns(x: usize, y: usize, n: u32, pitch: usize, lanes: u32, scale: f32): void {
  sums(code.REDUCE_SUM_SQUARES, x, y, n, pitch, lanes, scale)
}
function productColumns(x: usize, y: usize, n: u32, pitch: usize, lanes: u32, scale: f32): void {
  sums(code.REDUCE_PROD, x, y, n, pitch, lanes, scale)
}
function maxColumns(x: usize, y: usize, n: u32, pitch: usize, lanes: u32, scale: f32): void {
  extremes(code.REDUCE_MAX, x, y, n, pitch, lanes, scale)
}
function minColumns(x: usize, y: usize, n: u32, pitch: usize, lanes: u32, scale: f32): void {
  extremes(code.REDUCE_MIN, x, y, n, pitch, lanes, scale)
}

/** First index of the extremum over the middle axis; a NaN wins. Split as `reduce`. */
export function argReduce(fn: u32, x: usize, y: usize, outer: u32, n: u32, inner: u32, part: u32, parts: u32): void {
  if (inner == 1) {
    const end = shareEnd(outer, rowGrain(n), part, parts)
    for (let o = shareBegin(outer, rowGrain(n), part, parts); o < end; o++) {
      const row = x + ((<usize>o * n) << 2)
      const best = fn == code.REDUCE_ARGMAX ? maxRow(row, n) : minRow(row, n)
      store<u32>(y + ((<usize>o) << 2), find(row, n, best))
    }
    return
  }
  const pitch = (<usize>inner) << 2
  const end = shareEnd(outer * inner, 16, part, parts)
  let at = shareBegin(outer * inner, 16, part, parts)
  while (at < end) {
    const o = at / inner
    const i = at - o * inner
    const lanes = min<u32>(min<u32>(inner - i, end - at), 4)
    const p = x + ((<usize>o * n * inner + i) << 2)
    const q = y + ((<usize>at) << 2)
    if (fn == code.REDUCE_ARGMAX) indices(code.REDUCE_MAX, p, q, n, pitch, lanes)
    else indices(code.REDUCE_MIN, p, q, n, pitch, lanes)
    at += lanes
  }
}

/** First place of `value`, or of a NaN, in n words that contain it; 0 if there are none. */
function find(x: usize, n: u32, value: f32): u32 {
  const v = f32x4.splat(value)
  const wantsNaN = f32x4.ne(v, v)
  for (let i: u32 = 0; i < n; i += 4, x += 16) {
    const u = loadLanes(x, n - i)
    const hit = i32x4.bitmask(v128.or(f32x4.eq(u, v), v128.and(f32x4.ne(u, u), wantsNaN)))
    if (hit != 0) return i + <u32>ctz<i32>(hit)
  }
  return 0
}
