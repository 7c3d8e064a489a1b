// Moves of 32-bit words that the shape kernels share. Nothing here computes, so tails may go word by word.
import { loadLanes, storeLanes } from '../simd/lanes'

/** y = x; n words that do not overlap. */
// @ts-ignore: decorator
@inline
export function copyWords(x: usize, y: usize, n: u32): void {
  if (n >= 512) {
    memory.copy(y, x, <usize>n << 2)
  } else if (n >= 4) {
    const last = <usize>(n - 4) << 2
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
  return <usize>words << 2
}

/** Columns of x that one sweep over the rows takes: a line of 64 bytes. */
const SWEEP: u32 = 16

/** y[j * yPitch + i] = x[i * xPitch + j] for i < m, j < n; pitches in words, signed. */
export function transposeWords(x: usize, xPitch: i32, y: usize, yPitch: i32, m: u32, n: u32): void {
  const xp = bytes(xPitch)
  const yp = bytes(yPitch)
  for (let j: u32 = 0; j < n; j += SWEEP) {
    const columns = min<u32>(n - j, SWEEP)
    const whole = columns & ~3
    let xi = x + (<usize>j << 2)
    let yi = y + <usize>j * yp
    let i: u32 = 0
    for (; i + 4 <= m; i += 4) {
      let source = xi
      let target = yi
      for (let c: u32 = 0; c < whole; c += 4) {
        block4(source, xp, target, yp)
        source += 16
        target += yp << 2
      }
      for (let c = whole; c < columns; c++) {
        store<u32>(target, load<u32>(source))
        store<u32>(target, load<u32>(source + xp), 4)
        store<u32>(target, load<u32>(source + 2 * xp), 8)
        store<u32>(target, load<u32>(source + 3 * xp), 12)
        source += 4
        target += yp
      }
      xi += xp << 2
      yi += 16
    }
    for (; i < m; i++) {
      let target = yi
      for (let c: usize = 0; c < <usize>columns << 2; c += 4) {
        store<u32>(target, load<u32>(xi + c))
        target += yp
      }
      xi += xp
      yi += 4
    }
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
