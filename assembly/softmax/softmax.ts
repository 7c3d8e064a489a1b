import { dotRow, maxRow, sumRow } from '../reduce/row'
import { fnma } from '../simd/f32x4'
import { loadLanes, storeLanes } from '../simd/lanes'
import { exp, log64 } from '../simd/math'
import { shareBegin, shareEnd } from '../vm/partition'
import { expRow } from './row'

// Rows of n words, in place or not. A row is worked on by one part alone; split by rows, short ones in groups. A NaN or
// +Infinity in a row makes all of it NaN, and so does a row of -Infinity alone.

/** Rows that a part takes at least: about a line of results. */
// @ts-ignore: decorator
@inline
export function rowGrain(n: u32): u32 {
  return n < 16 ? 16 : 1
}

/** y = e^(x - max) / sum. */
export function softmax(x: usize, y: usize, rows: u32, n: u32, part: u32, parts: u32): void {
  const end = shareEnd(rows, rowGrain(n), part, parts)
  for (let r = shareBegin(rows, rowGrain(n), part, parts); r < end; r++) {
    const at = (<usize>r * n) << 2
    const sum = expRow(x + at, y + at, n, maxRow(x + at, n))
    affine(y + at, y + at, n, <f32>(1 / sum), 0)
  }
}

/** y = x factor - less; y may be x. */
export function affine(x: usize, y: usize, n: u32, factor: f32, less: f32): void {
  const f = f32x4.splat(factor)
  const l = f32x4.splat(less)
  for (; n >= 8; n -= 8, x += 32, y += 32) {
    const u = f32x4.sub(f32x4.mul(v128.load(x), f), l)
    const v = f32x4.sub(f32x4.mul(v128.load(x, 16), f), l)
    v128.store(y, u)
    v128.store(y, v, 16)
  }
  for (let left = <i32>n; left > 0; left -= 4, x += 16, y += 16)
    storeLanes(y, f32x4.sub(f32x4.mul(loadLanes(x, left), f), l), left)
}

/** y = (x - max) - log(sum). */
export function logSoftmax(x: usize, y: usize, rows: u32, n: u32, part: u32, parts: u32): void {
  const end = shareEnd(rows, rowGrain(n), part, parts)
  for (let r = shareBegin(rows, rowGrain(n), part, parts); r < end; r++) {
    const at = (<usize>r * n) << 2
    const max = maxRow(x + at, n)
    const m = f32x4.splat(max)
    const l = f32x4.splat(<f32>log64(expRow(x + at, 0, n, max)))
    let p = x + at
    let q = y + at
    for (let left = <i32>n; left > 0; left -= 4, p += 16, q += 16)
      storeLanes(q, f32x4.sub(f32x4.sub(loadLanes(p, left), m), l), left)
  }
}

/** dx = y (dy - sum(dy y)). */
export function softmaxGrad(dy: usize, y: usize, dx: usize, rows: u32, n: u32, part: u32, parts: u32): void {
  const end = shareEnd(rows, rowGrain(n), part, parts)
  for (let r = shareBegin(rows, rowGrain(n), part, parts); r < end; r++) {
    let at = (<usize>r * n) << 2
    const dot = f32x4.splat(<f32>dotRow(dy + at, y + at, n))
    for (let left = <i32>n; left > 0; left -= 4, at += 16)
      storeLanes(dx + at, f32x4.mul(loadLanes(y + at, left), f32x4.sub(loadLanes(dy + at, left), dot)), left)
  }
}

/** dx = dy - e^y sum(dy). */
export function logSoftmaxGrad(dy: usize, y: usize, dx: usize, rows: u32, n: u32, part: u32, parts: u32): void {
  const end = shareEnd(rows, rowGrain(n), part, parts)
  for (let r = shareBegin(rows, rowGrain(n), part, parts); r < end; r++) {
    let at = (<usize>r * n) << 2
    const sum = f32x4.splat(<f32>sumRow(dy + at, n))
    for (let left = <i32>n; left > 0; left -= 4, at += 16)
      storeLanes(dx + at, fnma(exp(loadLanes(y + at, left)), sum, loadLanes(dy + at, left)), left)
  }
}
