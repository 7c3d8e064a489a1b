import { ERROR_INDEX } from '../../src/abi/constants'
import { report } from '../vm/control'
import { shareBegin, shareEnd } from '../vm/partition'
import { copyWords } from './words'

/**
 * y[o, c, i] = x[o, index[c], i]; x is [outer, n, inner], y [outer, count, inner]. An index outside 0 .. n - 1 is
 * reported and reads as row 0 (as zeros where there is no row). Split in lines of 16 words of y.
 */
export function gather(
  x: usize,
  index: usize,
  y: usize,
  outer: u32,
  n: u32,
  count: u32,
  inner: u32,
  pc: usize,
  part: u32,
  parts: u32,
): void {
  const total = outer * count * inner
  let at = shareBegin(total, 16, part, parts)
  const end = shareEnd(total, 16, part, parts)
  if (at >= end) return
  const row = at / inner
  let column = at - row * inner
  let o = row / count
  let c = row - o * count
  y += at << 2
  while (at < end) {
    // the rest of this o
    const whole = inner * (count - c) - column
    const length = min<u32>(whole, end - at)
    const base = x + ((o * n * inner) << 2)
    if (n == 0) memory.fill(y, 0, length << 2)
    if (inner == 1) words(base, index, y, n, c, c + length, pc)
    else rows(base, index, y, n, inner, c, column, length, pc)
    at += length
    y += length << 2
    column = 0
    c = 0
    o++
  }
}

// @ts-ignore: decorator
@inline
function words(x: usize, index: usize, y: usize, n: u32, c: u32, end: u32, pc: usize): void {
  for (; c < end; c++, y += 4) {
    const from = checked(index, c, n, pc)
    if (from < n) store<u32>(y, load<u32>(x + (from << 2)))
  }
}

// @ts-ignore: decorator
@inline
function rows(x: usize, index: usize, y: usize, n: u32, inner: u32, c: u32, column: u32, left: u32, pc: usize): void {
  while (left != 0) {
    const from = checked(index, c, n, pc)
    const length = min<u32>(inner - column, left)
    if (from < n) copyWords(x + ((from * inner + column) << 2), y, length)
    left -= length
    y += length << 2
    column = 0
    c++
  }
}

/**
 * y[o, c, i] = x[o, index[o, c, i], i]; x is [outer, n, inner], index and y [outer, count, inner]. Indices as in
 * gather. Split in lines of 16 words of y.
 */
export function takeAlong(
  x: usize,
  index: usize,
  y: usize,
  outer: u32,
  n: u32,
  count: u32,
  inner: u32,
  pc: usize,
  part: u32,
  parts: u32,
): void {
  const total = outer * count * inner
  let at = shareBegin(total, 16, part, parts)
  const end = shareEnd(total, 16, part, parts)
  if (at >= end) return
  const slab = count * inner
  let o = at / slab
  while (at < end) {
    const last = min<u32>(end, (o + 1) * slab)
    const base = x + ((o * n * inner) << 2)
    if (n == 0) memory.fill(y + (at << 2), 0, (last - at) << 2)
    if (inner == 1) words(base, index, y + (at << 2), n, at, last, pc)
    else columns(base, index, y, n, inner, at % inner, at, last, pc)
    at = last
    o++
  }
}

// @ts-ignore: decorator
@inline
function columns(x: usize, index: usize, y: usize, n: u32, inner: u32, i: u32, at: u32, end: u32, pc: usize): void {
  for (; at < end; at++) {
    const from = checked(index, at, n, pc)
    if (from < n) store<u32>(y + (at << 2), load<u32>(x + ((from * inner + i) << 2)))
    if (++i == inner) i = 0
  }
}

/** index[at], or 0 with a report if it is outside 0 .. n - 1. */
// @ts-ignore: decorator
@inline
function checked(index: usize, at: u32, n: u32, pc: usize): u32 {
  const value = load<u32>(index + (at << 2))
  if (value < n) return value
  report(ERROR_INDEX, pc, at, <i32>value)
  return 0
}
