import { loadLanes, storeLanes } from '../simd/lanes'
import { shareBegin, shareEnd } from '../vm/partition'
import { CHUNK, philox, uniformLimit } from './philox'

/**
 * y[i] = u_i >= p ? x[i] / (1 - p) : 0 with the uniform numbers u of draw (counter + draw); the same on dy is its
 * gradient. y may be x. 1 / (1 - p) is computed in f64 and rounded once. Split in lines of 16 words.
 */
export function dropout(
  x: usize,
  y: usize,
  n: u32,
  p: f32,
  generator: usize,
  draw: i32,
  scratch: usize,
  part: u32,
  parts: u32,
): void {
  const begin = shareBegin(n, 16, part, parts)
  let left = <i32>(shareEnd(n, 16, part, parts) - begin)
  x += begin << 2
  y += begin << 2
  const limit = i32x4.splat(uniformLimit(p))
  const scale = f32x4.splat(<f32>(1 / (1 - <f64>p)))
  for (let block = begin >> 2; left > 0; block += CHUNK >> 2) {
    const count = min<u32>(CHUNK, left)
    philox(scratch, block, count, generator, draw)
    let words = scratch
    for (const end = words + ((count & ~3) << 2); words < end; words += 16, x += 16, y += 16)
      v128.store(y, kept(v128.load(x), words, limit, scale))
    if (count & 3) storeLanes(y, kept(loadLanes(x, count & 3), words, limit, scale), count & 3)
    left -= count
  }
}

/** x scaled where the number of its lane is at least the limit, else 0. */
// @ts-ignore: decorator
@inline
export function kept(x: v128, words: usize, limit: v128, scale: v128): v128 {
  return v128.and(f32x4.mul(x, scale), i32x4.ge_s(i32x4.shr_u(v128.load(words), 8), limit))
}
