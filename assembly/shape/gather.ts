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
  y += <usize>at << 2
  while (at < end) {
    const from = checked(index, c, n, pc)
    const length = min<u32>(inner - column, end - at)
    if (n == 0) memory.fill(y, 0, <usize>length << 2)
    else if (inner == 1) store<u32>(y, load<u32>(x + (<usize>(o * n + from) << 2)))
    else copyWords(x + (<usize>((o * n + from) * inner + column) << 2), y, length)
    at += length
    y += <usize>length << 2
    column = 0
    if (++c == count) {
      c = 0
      o++
    }
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
  const row = at / inner
  let i = at - row * inner
  let o = row / count
  let c = row - o * count
  let base = o * n * inner
  for (; at < end; at++) {
    const from = checked(index, at, n, pc)
    store<u32>(y + (<usize>at << 2), n == 0 ? 0 : load<u32>(x + (<usize>(base + from * inner + i) << 2)))
    if (++i == inner) {
      i = 0
      if (++c == count) {
        c = 0
        base += n * inner
      }
    }
  }
}

/** index[at], or 0 with a report if it is outside 0 .. n - 1. */
// @ts-ignore: decorator
@inline
function checked(index: usize, at: u32, n: u32, pc: usize): u32 {
  const value = load<u32>(index + (<usize>at << 2))
  if (value < n) return value
  report(ERROR_INDEX, pc, at, <i32>value)
  return 0
}
