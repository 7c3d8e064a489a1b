import { shareBegin, shareEnd } from '../vm/partition'

/**
 * y[r] = the order of the n numbers of row r of x, as i32: y[r, 0] is where the smallest (descending: the largest) lies,
 * equal ones in the order they come, NaN last. work has the size of y. Merge sort from runs of 1 up; split by rows.
 */
export function argsort(
  x: usize,
  y: usize,
  work: usize,
  rows: u32,
  n: u32,
  descending: u32,
  whole: u32,
  part: u32,
  parts: u32,
): void {
  const end = shareEnd(rows, 1, part, parts)
  const flip = descending != 0 ? -1 : 0
  for (let r = shareBegin(rows, 1, part, parts); r < end; r++) {
    const row = (<usize>(r * n)) << 2
    sortRow(x + row, y + row, work + row, n, flip, whole)
  }
}

function sortRow(x: usize, y: usize, work: usize, n: u32, flip: i32, whole: u32): void {
  let passes: u32 = 0
  for (let width: u32 = 1; width < n; width <<= 1) passes++
  // the last pass writes to y
  let from = (passes & 1) != 0 ? work : y
  let to = (passes & 1) != 0 ? y : work
  for (let i: u32 = 0; i < n; i++) store<u32>(from + ((<usize>i) << 2), i)
  for (let width: u32 = 1; width < n; width <<= 1) {
    for (let low: u32 = 0; low < n; low += 2 * width) {
      const middle = min<u32>(low + width, n)
      merge(x, from, to, low, middle, min<u32>(middle + width, n), flip, whole)
    }
    const other = from
    from = to
    to = other
  }
}

/** Merges the runs low .. middle and middle .. end. */
function merge(x: usize, from: usize, to: usize, low: u32, middle: u32, end: u32, flip: i32, whole: u32): void {
  let i = from + ((<usize>low) << 2)
  const iEnd = from + ((<usize>middle) << 2)
  let j = iEnd
  const jEnd = from + ((<usize>end) << 2)
  let at = to + ((<usize>low) << 2)
  while (i < iEnd && j < jEnd) {
    const first = load<u32>(i)
    const second = load<u32>(j)
    if (key(x, first, flip, whole) <= key(x, second, flip, whole)) {
      store<u32>(at, first)
      i += 4
    } else {
      store<u32>(at, second)
      j += 4
    }
    at += 4
  }
  for (; i < iEnd; i += 4, at += 4) store<u32>(at, load<u32>(i))
  for (; j < jEnd; j += 4, at += 4) store<u32>(at, load<u32>(j))
}

/** A whole number in the order of x[i], or in the opposite one; -0 is 0. */
// @ts-ignore: decorator
@inline
function key(x: usize, i: u32, flip: i32, whole: u32): i32 {
  const at = x + ((<usize>i) << 2)
  if (whole != 0) return load<i32>(at) ^ flip
  const v = load<f32>(at) + 0
  const bits = reinterpret<i32>(v)
  return v == v ? bits ^ ((bits >> 31) & 0x7fffffff) ^ flip : i32.MAX_VALUE
}
