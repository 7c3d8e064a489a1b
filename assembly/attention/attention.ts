import { GEMM_ACCUMULATE, GEMM_TRANS_B, GEMM_VARIANT } from '../../src/abi/constants'
import { block } from '../gemm/macrokernel'
import { maxRow } from '../reduce/row'
import { exp, log64 } from '../simd/math'
import { expRow } from '../softmax/row'
import { affine } from '../softmax/softmax'
import { shareBegin, shareEnd } from '../vm/partition'
import { addRow, BLOCK, LARGEST, maskRow, numbersOf, PITCH, SCORES, SUMS, seen, thin } from './blocks'

/**
 * o = dropout(softmax(scale q k^T + mask)) v for `batch` heads: q [t, d], k [s, d], v [s, e], o [t, e]; causal: query i
 * sees keys up to i + s - t, t <= s. mask (0: none) has rows of s words at strides of words by batch, head and query;
 * `heads` heads are a batch. generator 0: no dropout; its numbers are those of the elements of [heads, t, s]. lse keeps the logarithm of each row's sum, all that the backward pass needs of the weights.
 * Blocks of keys rescale what the blocks before gave (Milakov and Gimelshein 2018; FlashAttention-2, Dao 2023). Split
 * by blocks of queries.
 */
export function attention(
  q: usize,
  k: usize,
  v: usize,
  o: usize,
  lse: usize,
  mask: usize,
  generator: usize,
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
  p: f32,
  draw: i32,
  scratch: usize,
  part: u32,
  parts: u32,
): void {
  const tile = load<u32>(GEMM_VARIANT)
  const wide = (<usize>d) << 2
  const out = (<usize>e) << 2
  const blocks = (t + BLOCK - 1) / BLOCK
  const later = s - t
  const scores = scratch + SCORES
  const end = shareEnd(batch * blocks, 1, part, parts)
  for (let task = shareBegin(batch * blocks, 1, part, parts); task < end; task++) {
    const head = task / blocks
    const i = (task - head * blocks) * BLOCK
    const rows = min<u32>(BLOCK, t - i)
    const first = <usize>head * t + i
    const qAt = q + first * wide
    const oAt = o + first * out
    const stop = causal != 0 ? min<u32>(s, i + rows + later) : s
    for (let j: u32 = 0; j < stop; j += BLOCK) {
      const cols = min<u32>(BLOCK, s - j)
      const key = <usize>head * s + j
      block(tile, qAt, k + key * wide, scores, 0, rows, cols, d, wide, wide, PITCH, GEMM_TRANS_B, scratch)
      for (let r: u32 = 0; r < rows; r++) {
        const n = seen(causal, i + r, later, j, cols)
        const row = scores + <usize>r * PITCH
        if (n != 0) {
          const bias = mask == 0 ? 0 : maskRow(mask, head, heads, byBatch, byHead, byQuery, i + r) + ((<usize>j) << 2)
          const largest = scratch + ((<usize>r) << 2)
          weigh(row, bias, n, scale, j == 0, largest, scratch + ((<usize>r) << 3), oAt + <usize>r * out, e)
          if (generator != 0) thin(row, n, numbersOf(scratch, <u64>(first + r) * s + j, n, generator, draw), p)
        }
        memory.fill(row + ((<usize>n) << 2), 0, (<usize>(cols - n)) << 2)
      }
      block(tile, scores, v + key * out, oAt, 0, rows, e, cols, PITCH, out, out, j == 0 ? 0 : GEMM_ACCUMULATE, scratch)
    }
    for (let r: u32 = 0; r < rows; r++) {
      const sum = load<f64>(scratch + ((<usize>r) << 3), SUMS)
      const row = oAt + <usize>r * out
      affine(row, row, e, <f32>(1 / sum), 0)
      store<f32>(lse + ((first + r) << 2), <f32>(<f64>load<f32>(scratch + ((<usize>r) << 2), LARGEST) + log64(sum)))
    }
  }
}

/** Scores of a row to e^(scaled score - largest so far); the output so far and its sum are brought to the new largest. */
function weigh(
  row: usize,
  bias: usize,
  n: u32,
  scale: f32,
  fresh: bool,
  largest: usize,
  sums: usize,
  o: usize,
  e: u32,
): void {
  affine(row, row, n, scale, 0)
  if (bias != 0) addRow(row, bias, n)
  let most = maxRow(row, n)
  let sum: f64 = 0
  if (!fresh) {
    const before = load<f32>(largest, LARGEST)
    // NaN passes on
    if (!(most > before) && most == most) most = before
    // a row of -Infinity so far has nothing to bring along
    const factor: f32 = before == most ? 1 : f32x4.extract_lane(exp(f32x4.splat(before - most)), 0)
    sum = load<f64>(sums, SUMS) * <f64>factor
    if (factor != 1) affine(o, o, e, factor, 0)
  }
  store<f32>(largest, most, LARGEST)
  store<f64>(sums, sum + expRow(row, row, n, most < -f32.MAX_VALUE ? 0 : most), SUMS)
}
