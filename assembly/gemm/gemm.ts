import {
  GEMM_ACCUMULATE,
  GEMM_ACTIVATION_SHIFT,
  GEMM_BIAS,
  GEMM_TRANS_A,
  GEMM_TRANS_B,
  GEMM_VARIANT,
} from '../../src/abi/constants'
import { finish } from './epilogue'
import { block } from './macrokernel'

/**
 * C = act(op(A) op(B) [+ C] [+ bias]) for `batch` matrices. The longer side of C is cut into pieces of a few rows
 * or columns; the pieces of all matrices, in order, are dealt to the parts.
 */
export function gemm(
  a: usize,
  b: usize,
  c: usize,
  bias: usize,
  m: u32,
  n: u32,
  k: u32,
  lda: u32,
  ldb: u32,
  ldc: u32,
  flags: u32,
  batch: u32,
  aStride: u32,
  bStride: u32,
  cStride: u32,
  scratch: usize,
  part: u32,
  parts: u32,
): void {
  const tile = load<u32>(GEMM_VARIANT)
  const byRows = m >= n
  const side = byRows ? m : n
  // never of the tile: the word may change while another part has begun
  const grain: u32 = byRows ? (m >= 48 * parts ? 12 : 4) : n >= 64 * parts ? 16 : 8
  const pieces = (side + grain - 1) / grain
  const total = <u64>pieces * batch
  let begin = <u32>((total * part) / parts)
  const end = <u32>((total * (part + 1)) / parts)
  const aAcross: usize = (flags & GEMM_TRANS_A) != 0 ? 4 : (<usize>lda) << 2
  const bAcross: usize = (flags & GEMM_TRANS_B) != 0 ? (<usize>ldb) << 2 : 4
  while (begin < end) {
    const i = begin / pieces
    const first = begin - i * pieces
    const past = min<u32>(pieces, first + end - begin)
    const from = first * grain
    const size = min<u32>(side, past * grain) - from
    const at = <usize>from
    const aAt = a + <usize>i * ((<usize>aStride) << 2) + (byRows ? at * aAcross : 0)
    const bAt = b + <usize>i * ((<usize>bStride) << 2) + (byRows ? 0 : at * bAcross)
    const cAt = c + <usize>i * ((<usize>cStride) << 2) + (byRows ? at * ((<usize>ldc) << 2) : at << 2)
    const biasAt = bias == 0 || byRows ? bias : bias + (at << 2)
    const rows = byRows ? size : m
    const cols = byRows ? n : size
    if (k == 0) empty(cAt, (<usize>ldc) << 2, rows, cols, biasAt, flags, scratch)
    else
      block(
        tile,
        aAt,
        bAt,
        cAt,
        biasAt,
        rows,
        cols,
        k,
        (<usize>lda) << 2,
        (<usize>ldb) << 2,
        (<usize>ldc) << 2,
        flags,
        scratch,
      )
    begin += past - first
  }
}

/** An empty sum: C = act(0 or C [+ bias]). */
function empty(c: usize, ldc: usize, m: u32, n: u32, bias: usize, flags: u32, scratch: usize): void {
  if ((flags & GEMM_ACCUMULATE) == 0)
    for (let i: u32 = 0; i < m; i++) memory.fill(c + <usize>i * ldc, 0, (<usize>n) << 2)
  finish(c, ldc, m, n, (flags & GEMM_BIAS) != 0 ? bias : 0, flags >> GEMM_ACTIVATION_SHIFT)
}
