// Moves of 32-bit words that the shape kernels share. Nothing here computes, so tails may go word by word.
import { loadLanes, storeLanes } from '../simd/lanes'

/** y = x; n words that do not overlap. */
// @ts-ignore: decorator
@inline
export function copyWords(x: usize, y: usize, n: u32): void {
  if (n >= 512) {
    memory.copy(y, x, n << 2)
  } else if (n >= 4) {
    const last = (n - 4) << 2
    for (let at: usize = 0; at < last; at += 16) v128.store(y + at, v128.load(x + at))
    v128.store(y + last, v128.load(x + last))
  } else if (n != 0) {
    storeLanes(y, loadLanes(x, n), n)
  }
}

/** Addresses of words: a signed stride in words as bytes. */
// @ts-ignore: decorator
@inline
export function bytes(words: i32): usize {
  return words << 2
}

/** Words of a line of 64 bytes: a tile of LINE x LINE fills whole lines of y while those of x are in the cache. */
const LINE: u32 = 16
/** Rows and columns of a block of tiles, whose pages and half of whose lines stay at hand. */
const BLOCK: u32 = 128

/** y[j * yPitch + i] = x[i * xPitch + j] for i < m, j < n; pitches in words, signed. */
export function transposeWords(x: usize, xPitch: i32, y: usize, yPitch: i32, m: u32, n: u32): void {
  for (let j: u32 = 0; j < n; j += BLOCK)
    for (let i: u32 = 0; i < m; i += BLOCK)
      block(x, bytes(xPitch), y, bytes(yPitch), i, min(m, i + BLOCK), j, min(n, j + BLOCK))
}

// @ts-ignore: decorator
@inline
function block(x: usize, xp: usize, y: usize, yp: usize, iBegin: u32, iEnd: u32, jBegin: u32, jEnd: u32): void {
  for (let j = jBegin; j < jEnd; j += LINE)
    for (let i = iBegin; i < iEnd; i += LINE) {
      const source = x + <usize>i * xp + (j << 2)
      tile(source, xp, y + <usize>j * yp + (i << 2), yp, min(iEnd - i, LINE), min(jEnd - j, LINE))
    }
}

// @ts-ignore: decorator
@inline
function tile(x: usize, xp: usize, y: usize, yp: usize, rows: u32, columns: u32): void {
  let c: u32 = 0
  for (; c + 4 <= columns; c += 4) {
    let source = x
    let r: u32 = 0
    for (; r + 4 <= rows; r += 4) {
      block4(source, xp, y + (r << 2), yp)
      source += xp << 2
    }
    for (; r < rows; r++) {
      const v = v128.load(source)
      const target = y + (r << 2)
      v128.store32_lane(target, v, 0)
      v128.store32_lane(target + yp, v, 1)
      v128.store32_lane(target + 2 * yp, v, 2)
      v128.store32_lane(target + 3 * yp, v, 3)
      source += xp
    }
    x += 16
    y += yp << 2
  }
  for (; c < columns; c++) {
    let source = x
    let r: u32 = 0
    for (; r + 4 <= rows; r += 4) {
      let v = v128.load32_zero(source)
      v = v128.load32_lane(source + xp, v, 1)
      v = v128.load32_lane(source + 2 * xp, v, 2)
      v = v128.load32_lane(source + 3 * xp, v, 3)
      v128.store(y + (r << 2), v)
      source += xp << 2
    }
    for (; r < rows; r++) {
      store<u32>(y + (r << 2), load<u32>(source))
      source += xp
    }
    x += 4
    y += yp
  }
}

// @ts-ignore: decorator
@inline
function block4(x: usize, xp: usize, y: usize, yp: usize): void {
  const r0 = v128.load(x)
  const r1 = v128.load(x + xp)
  const r2 = v128.load(x + 2 * xp)
  const r3 = v128.load(x + 3 * xp)
  const a = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5)
  const b = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5)
  const c = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7)
  const d = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7)
  v128.store(y, v128.shuffle<i64>(a, b, 0, 2))
  v128.store(y + yp, v128.shuffle<i64>(a, b, 1, 3))
  v128.store(y + 2 * yp, v128.shuffle<i64>(c, d, 0, 2))
  v128.store(y + 3 * yp, v128.shuffle<i64>(c, d, 1, 3))
}
