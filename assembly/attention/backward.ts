import { GEMM_ACCUMULATE, GEMM_TRANS_A, GEMM_TRANS_B, GEMM_VARIANT } from '../../src/abi/constants'
import { block } from '../gemm/macrokernel'
import { dotRow } from '../reduce/row'
import { loadLanes, storeLanes } from '../simd/lanes'
import { expRow } from '../softmax/row'
import { affine } from '../softmax/softmax'
import { shareBegin, shareEnd } from '../vm/partition'
import { addRow, BLOCK, maskRow, numbersOf, PITCH, SCORES, SLOPES, seen, thin } from './blocks'

/**
 * Gradients of attention from dy, the gradient of o. Weights are computed again, block by block, from lse:
 * p = e^(scale q k^T + mask - lse), ds = p (dy v^T - dy . o) scale, dq = ds k, dk = ds^T q, dv = p^T dy
 * (FlashAttention-2); with dropout dy v^T and the p of dv are those that it left, and its numbers are drawn again.
 * dk and dv 0: dq alone, split by blocks of queries. dq 0: dk and dv, split by blocks of keys. All three: one pass, split
 * by heads. The sums run in the same order in each of them.
 */
export function attentionGrad(
  dy: usize,
  q: usize,
  k: usize,
  v: usize,
  o: usize,
  lse: usize,
  mask: usize,
  generator: usize,
  dq: usize,
  dk: usize,
  dv: usize,
  batch: u32,
  heads: u32,
  t: u32,
  s: u32,
  d: u32,
  e: u32,
  scale: f32,
  causal: u32,
  byBatch: u32,
  byHead: u32,
  byQuery: u32,
  rate: f32,
  draw: i32,
  scratch: usize,
  part: u32,
  parts: u32,
): void {
  const tile = load<u32>(GEMM_VARIANT)
  const wide = (<usize>d) << 2
  const out = (<usize>e) << 2
  const later = s - t
  const scores = scratch + SCORES
  const slopes = scratch + SLOPES
  const tasks: u32 = dq == 0 ? (s + BLOCK - 1) / BLOCK : dk == 0 ? (t + BLOCK - 1) / BLOCK : 1
  const end = shareEnd(batch * tasks, 1, part, parts)
  for (let task = shareBegin(batch * tasks, 1, part, parts); task < end; task++) {
    const head = task / tasks
    const at = (task - head * tasks) * BLOCK
    const iBegin: u32 = dk == 0 ? at : 0
    const iEnd = dk == 0 ? min<u32>(t, at + BLOCK) : t
    const jBegin: u32 = dq == 0 ? at : 0
    const jEnd = dq == 0 ? min<u32>(s, at + BLOCK) : s
    const query = <usize>head * t
    const keys = <usize>head * s
    if (dq != 0) memory.fill(dq + (query + iBegin) * wide, 0, (iEnd - iBegin) * wide)
    if (dk != 0) {
      memory.fill(dk + (keys + jBegin) * wide, 0, (jEnd - jBegin) * wide)
      memory.fill(dv + (keys + jBegin) * out, 0, (jEnd - jBegin) * out)
    }
    for (let j = jBegin; j < jEnd; j += BLOCK) {
      const cols = min<u32>(BLOCK, s - j)
      const kAt = k + (keys + j) * wide
      const vAt = v + (keys + j) * out
      for (let i = iBegin; i < iEnd; i += BLOCK) {
        const rows = min<u32>(BLOCK, t - i)
        if (seen(causal, i + rows - 1, later, j, cols) == 0) continue
        const first = query + i
        const qAt = q + first * wide
        const dyAt = dy + first * out
        block(tile, qAt, kAt, scores, 0, rows, cols, d, wide, wide, PITCH, GEMM_TRANS_B, scratch)
        block(tile, dyAt, vAt, slopes, 0, rows, cols, e, out, out, PITCH, GEMM_TRANS_B, scratch)
        for (let r: u32 = 0; r < rows; r++) {
          const n = seen(causal, i + r, later, j, cols)
          const p = scores + <usize>r * PITCH
          const ds = slopes + <usize>r * PITCH
          if (n != 0) {
            affine(p, p, n, scale, 0)
            if (mask != 0) addRow(p, maskRow(mask, head, heads, byBatch, byHead, byQuery, i + r) + ((<usize>j) << 2), n)
            expRow(p, p, n, load<f32>(lse + ((first + r) << 2)))
            const dot = <f32>dotRow(dyAt + <usize>r * out, o + (first + r) * out, e)
            let numbers: usize = 0
            if (generator != 0) {
              numbers = numbersOf(scratch, <u64>(first + r) * s + j, n, generator, draw)
              thin(ds, n, numbers, rate)
            }
            slope(p, ds, n, dot, scale)
            if (generator != 0) thin(p, n, numbers, rate)
          }
          const rest = (<usize>(cols - n)) << 2
          memory.fill(p + ((<usize>n) << 2), 0, rest)
          memory.fill(ds + ((<usize>n) << 2), 0, rest)
        }
        if (dq != 0)
          block(tile, slopes, kAt, dq + first * wide, 0, rows, d, cols, PITCH, wide, wide, GEMM_ACCUMULATE, scratch)
        if (dk == 0) continue
        const flags = GEMM_TRANS_A | GEMM_ACCUMULATE
        block(tile, slopes, qAt, dk + (keys + j) * wide, 0, cols, d, rows, PITCH, wide, wide, flags, scratch)
        block(tile, scores, dyAt, dv + (keys + j) * out, 0, cols, e, rows, PITCH, out, out, flags, scratch)
      }
    }
  }
}

/** ds = p (ds - dot) scale, n words. */
function slope(p: usize, ds: usize, n: u32, dot: f32, scale: f32): void {
  const less = f32x4.splat(dot)
  const factor = f32x4.splat(scale)
  for (let left = <i32>n; left > 0; left -= 4, p += 16, ds += 16) {
    const difference = f32x4.sub(loadLanes(ds, left), less)
    storeLanes(ds, f32x4.mul(f32x4.mul(loadLanes(p, left), difference), factor), left)
  }
}
