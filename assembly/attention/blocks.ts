import { GEMM_KC, GEMM_MC, GEMM_NC } from '../../src/abi/constants'

/** Queries and keys are taken in blocks of 64: their scores fit the first cache. */
export const BLOCK: u32 = 64
/** Bytes between rows of scores. */
export const PITCH: usize = 256

// A thread's scratch, beyond what a matrix product takes: scores, gradients of weights, then one word and one f64 a row.
export const SCORES: usize = 512 + 4 * GEMM_KC * (GEMM_MC + GEMM_NC)
export const SLOPES: usize = SCORES + 16384
export const LARGEST: usize = SLOPES + 16384
export const SUMS: usize = LARGEST + 256

/** Keys of a block that query `i` sees, the block starting at key j: all, or those up to i + later when causal. */
// @ts-ignore: decorator
@inline
export function seen(causal: u32, i: u32, later: u32, j: u32, cols: u32): u32 {
  if (causal == 0) return cols
  const last = i + later + 1
  return last <= j ? 0 : min<u32>(cols, last - j)
}
