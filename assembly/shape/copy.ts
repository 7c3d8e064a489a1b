import { shareBegin, shareEnd } from '../vm/partition'
import { copyWords } from './words'

/** y = x; n words. Split in lines of 16 words. */
export function copy(x: usize, y: usize, n: u32, part: u32, parts: u32): void {
  const begin = shareBegin(n, 16, part, parts)
  const end = shareEnd(n, 16, part, parts)
  if (end > begin) copyWords(x + (begin << 2), y + (begin << 2), end - begin)
}

/** y[i] = bits; n words. Split in lines of 16 words. */
export function fill(y: usize, n: u32, bits: u32, part: u32, parts: u32): void {
  const begin = shareBegin(n, 16, part, parts)
  const end = shareEnd(n, 16, part, parts)
  let at = y + (begin << 2)
  const last = y + (end << 2)
  if (end - begin >= 64 && bits == (bits & 0xff) * 0x01010101) {
    memory.fill(at, <u8>bits, last - at)
    return
  }
  const v = i32x4.splat(bits)
  for (; at + 32 <= last; at += 32) {
    v128.store(at, v)
    v128.store(at, v, 16)
  }
  for (; at < last; at += 4) store<u32>(at, bits)
}

/** Rows of n words from x (pitch xPitch words) to y (pitch yPitch words). Split in lines of 16 of the rows * n words. */
export function copyRows(x: usize, y: usize, rows: u32, n: u32, xPitch: u32, yPitch: u32, part: u32, parts: u32): void {
  const total = rows * n
  const begin = shareBegin(total, 16, part, parts)
  let left = shareEnd(total, 16, part, parts) - begin
  if (left == 0) return
  const row = begin / n
  let column = begin - row * n
  x += (row * xPitch) << 2
  y += (row * yPitch) << 2
  while (left != 0) {
    const count = min<u32>(left, n - column)
    copyWords(x + (column << 2), y + (column << 2), count)
    left -= count
    column = 0
    x += xPitch << 2
    y += yPitch << 2
  }
}
