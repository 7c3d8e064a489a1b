import { GEMM_KC, GEMM_MC, GEMM_NC } from '../../src/abi/constants'
import { kept } from '../random/dropout'
import { philox, uniformLimit } from '../random/philox'
import { loadLanes, storeLanes } from '../simd/lanes'

/** Queries and keys are taken in blocks of 64: their scores fit the first cache. */
export const BLOCK: u32 = 64
/** Bytes between rows of scores. */
export const PITCH: usize = 256

// A thread's scratch, beyond what a matrix product takes: scores, gradients of weights, then one word and one f64 a row.
export const SCORES: usize = 512 + 4 * GEMM_KC * (GEMM_MC + GEMM_NC)
export const SLOPES: usize = SCORES + 16384
export const LARGEST: usize = SLOPES + 16384
export const SUMS: usize = LARGEST + 256

/** Random numbers of a row of a block; a matrix product packs its operands there. */
const NUMBERS: usize = 512

/** Where the row of a mask begins that query i of a head adds to its scores: words at strides by batch, head and query. */
// @ts-ignore: decorator
@inline
export function maskRow(mask: usize, head: u32, heads: u32, byBatch: u32, byHead: u32, byQuery: u32, i: u32): usize {
  const b = head / heads
  return mask + ((<usize>b * byBatch + <usize>(head - b * heads) * byHead + <usize>i * byQuery) << 2)
}

/** x += y, n words. */
export function addRow(x: usize, y: usize, n: u32): void {
  for (let left = <i32>n; left > 0; left -= 4, x += 16, y += 16)
    storeLanes(x, f32x4.add(loadLanes(x, left), loadLanes(y, left)), left)
}

/** The random numbers of n elements from `first` on, in the order of all weights [heads, queries, keys]. */
export function numbersOf(scratch: usize, first: u64, n: u32, generator: usize, draw: i32): usize {
  const skip = <u32>first & 3
  philox(scratch + NUMBERS, <u32>(first >> 2), skip + n, generator, draw)
  return scratch + NUMBERS + ((<usize>skip) << 2)
}

/** Dropout of n words in place, as the kernel `dropout` does it with these numbers. */
export function thin(x: usize, n: u32, numbers: usize, p: f32): void {
  const limit = i32x4.splat(uniformLimit(p))
  const scale = f32x4.splat(<f32>(1 / (1 - <f64>p)))
  for (let left = <i32>n; left > 0; left -= 4, x += 16, numbers += 16)
    storeLanes(x, kept(loadLanes(x, left), numbers, limit, scale), left)
}

/** Keys of a block that query `i` sees, the block starting at key j: all, or those up to i + later when causal. */
// @ts-ignore: decorator
@inline
export function seen(causal: u32, i: u32, later: u32, j: u32, cols: u32): u32 {
  if (causal == 0) return cols
  const last = i + later + 1
  return last <= j ? 0 : min<u32>(cols, last - j)
}
