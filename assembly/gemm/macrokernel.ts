import {
  GEMM_ACCUMULATE,
  GEMM_ACTIVATION_SHIFT,
  GEMM_BIAS,
  GEMM_KC,
  GEMM_MC,
  GEMM_NC,
  GEMM_PACK_A,
  GEMM_PACK_B,
  GEMM_PACK_SET,
  GEMM_TRANS_A,
  GEMM_TRANS_B,
  TILE_4X8,
  TILE_6X16,
} from '../../src/abi/constants'
import { copyTile, finish } from './epilogue'
import { f32_6x8_packing } from './microkernel/f32_6x8'
import { f32_6x16_packing } from './microkernel/f32_6x16'
import { packStraight, packStraight8x2, packTransposed } from './pack'
import { rowTimesMatrix } from './row'
import { rows8, rows16 } from './tile'

// A thread's scratch: a row of zeros (where new sums start), one tile, panels of A, panels of B.
const TILE: usize = 128
export const PANELS_A: usize = 512
export const PANELS_B: usize = PANELS_A + 4 * GEMM_KC * GEMM_MC

/** The largest multiple of `grain` blocks that divides n into equal parts of at most `most`. */
// @ts-ignore: decorator
@inline
export function even(n: u32, most: u32, grain: u32): u32 {
  const blocks = (n + most - 1) / most
  const size = (n + blocks - 1) / blocks
  return ((size + grain - 1) / grain) * grain
}

/** Rows (or columns) of the next panel: 8 rows are better done as 4 + 4 than as 6 + 2. */
// @ts-ignore: decorator
@inline
export function rowsOf(width: u32, left: u32): u32 {
  return width == 6 && left == 8 ? 4 : min<u32>(width, left)
}

/** Where new sums start. */
export function zeroRow(scratch: usize): void {
  for (let i: usize = 0; i < TILE; i += 16) v128.store(scratch + i, f32x4.splat(0))
}

/** Which factors are copied to panels: measured with bench/lab/gemm-paths.ts. */
// @ts-ignore: decorator
@inline
function packing(tile: u32, m: u32, n: u32, k: u32, transA: bool, lda: usize, ldb: usize): u32 {
  const narrow = tile == TILE_4X8
  // rows a multiple of 1 KiB apart fall on few sets of the cache
  const packA = transA ? m >= 48 && n >= ((lda & 1023) == 0 ? 96 : 256) : n >= 192 || (n >= 64 && (narrow || k <= 16))
  const crowded = (ldb & 1023) == 0 && m >= 16 && (narrow || k <= 32)
  const packB = m >= 48 || crowded
  return (packA ? GEMM_PACK_A : 0) | (packB ? GEMM_PACK_B : 0)
}

/**
 * C = act(op(A) op(B) [+ C] [+ bias]) for one matrix, leading dimensions in bytes: the five loops of Goto and
 * van de Geijn over columns, k, rows, panels of B and panels of A. Later blocks of k go on from C, so that each
 * element is one sum over rising k whatever the sizes of the blocks.
 */
export function block(
  tile: u32,
  a: usize,
  b: usize,
  c: usize,
  bias: usize,
  m: u32,
  n: u32,
  k: u32,
  lda: usize,
  ldb: usize,
  ldc: usize,
  flags: u32,
  scratch: usize,
): void {
  zeroRow(scratch)
  const transA = (flags & GEMM_TRANS_A) != 0
  const transB = (flags & GEMM_TRANS_B) != 0
  if ((flags & GEMM_PACK_SET) == 0) flags |= packing(tile, m, n, k, transA, lda, ldb)
  const packA = (flags & GEMM_PACK_A) != 0
  const packB = (flags & GEMM_PACK_B) != 0 || transB
  if (!packB && (m == 1 || (m <= 3 && n >= 64))) {
    fewRows(a, transA ? 4 : lda, transA ? lda : 4, b, ldb, c, ldc, bias, m, n, k, flags, scratch)
    return
  }
  const act = flags >> GEMM_ACTIVATION_SHIFT
  if ((flags & GEMM_BIAS) == 0) bias = 0
  const width: u32 = tile == TILE_6X16 ? 16 : 8
  const mr: u32 = tile == TILE_4X8 ? 4 : 6
  const nc = even(n, GEMM_NC, 16)
  const kc = even(k, tile == TILE_6X16 ? 256 : GEMM_KC, 4)
  const mc = even(m, GEMM_MC, 12)
  const aRow: usize = packA || transA ? 4 : lda
  const aStep: usize = packA ? (<usize>mr) << 2 : transA ? lda : 4
  // B that is used often enough is packed faster by itself, as that waits less for the memory; 8 rows are 4 + 4
  const lazy = packB && !transB && aRow == 4 && mr == 6 && m > 8 && m <= (width == 8 ? 256 : 128)
  const bStep: usize = packB ? (<usize>width) << 2 : ldb

  for (let jc: u32 = 0; jc < n; jc += nc) {
    const nb = min<u32>(nc, n - jc)
    for (let pc: u32 = 0; pc < k; pc += kc) {
      const kb = min<u32>(kc, k - pc)
      const add = pc > 0 || (flags & GEMM_ACCUMULATE) != 0
      const last = pc + kb == k && (bias != 0 || act != 0)
      const bAt = transB ? b + <usize>jc * ldb + ((<usize>pc) << 2) : b + <usize>pc * ldb + ((<usize>jc) << 2)
      // panels that the first rows of A copy on their way
      const copied = lazy ? nb & ~(width - 1) : 0
      if (packB) {
        const at = bAt + ((<usize>copied) << 2)
        packPanels(at, ldb, !transB, nb - copied, kb, scratch + PANELS_B + ((<usize>(copied * kb)) << 2), width)
      }
      for (let ic: u32 = 0; ic < m; ic += mc) {
        const mb = min<u32>(mc, m - ic)
        let aAt = transA ? a + <usize>pc * lda + ((<usize>ic) << 2) : a + <usize>ic * lda + ((<usize>pc) << 2)
        if (packA) {
          packPanels(aAt, lda, transA, mb, kb, scratch + PANELS_A, mr)
          aAt = scratch + PANELS_A
        }
        const aNext = packA ? (<usize>(mr * kb)) << 2 : 0
        const cAt = c + <usize>ic * ldc
        for (let jr: u32 = 0; jr < nb; jr += width) {
          const nr = min<u32>(width, nb - jr)
          let panel = packB ? scratch + PANELS_B + ((<usize>(jr * kb)) << 2) : bAt + ((<usize>jr) << 2)
          let step = bStep
          let skip: usize = 0
          if (!packB && nr < width) {
            const w: u32 = nr > 8 ? 16 : 8
            if (jr + nr >= w) {
              // the last w columns; those done before are dropped
              skip = (<usize>(w - nr)) << 2
              panel -= skip
            } else {
              packStraight(panel, ldb, nr, kb, scratch + PANELS_B, w)
              panel = scratch + PANELS_B
              step = (<usize>w) << 2
            }
          }
          const j = jc + jr
          const to = cAt + ((<usize>j) << 2)
          const biasAt = bias == 0 ? 0 : bias + ((<usize>j) << 2)
          let done: u32 = 0
          if (ic == 0 && jr < copied) {
            const x = bAt + ((<usize>jr) << 2)
            const from = add ? to : scratch
            const fromRow = add ? ldc : 0
            if (width == 8) f32_6x8_packing(kb, aAt, aStep, x, ldb, panel, to, ldc, from, fromRow)
            else f32_6x16_packing(kb, aAt, aStep, x, ldb, panel, to, ldc, from, fromRow)
            if (last) finish(to, ldc, 6, width, biasAt, act)
            done = 6
          }
          strip(
            mr,
            width,
            kb,
            done == 0 ? aAt : aNext == 0 ? aAt + 24 : aAt + aNext,
            aRow,
            aStep,
            aNext,
            panel,
            step,
            skip,
            to + ldc * done,
            ldc,
            mb - done,
            nr,
            add,
            last,
            biasAt,
            act,
            scratch,
            scratch,
            0,
          )
        }
      }
    }
  }
}

/** Up to three rows: B is read in place, in blocks that stay in the cache for the rows after the first. */
function fewRows(
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  ldb: usize,
  c: usize,
  ldc: usize,
  bias: usize,
  m: u32,
  n: u32,
  k: u32,
  flags: u32,
  scratch: usize,
): void {
  const kc: u32 = m == 1 ? k : 32
  for (let pc: u32 = 0; pc < k; pc += kc) {
    const kb = min<u32>(kc, k - pc)
    const add = pc > 0 || (flags & GEMM_ACCUMULATE) != 0
    for (let i: u32 = 0; i < m; i++) rowTimesMatrix(a + <usize>i * aRow, aStep, b, ldb, c + <usize>i * ldc, n, kb, add)
    a += <usize>kb * aStep
    b += <usize>kb * ldb
  }
  const act = flags >> GEMM_ACTIVATION_SHIFT
  const withBias = (flags & GEMM_BIAS) != 0
  if (withBias || act != 0) finish(c, ldc, m, n, withBias ? bias : 0, act)
}

/**
 * One panel of op(B) against all rows of a block of A; its columns begin `skip` bytes later. Sums go on from C (`add`)
 * or begin at `start`, a row of as many columns for each row of A.
 */
export function strip(
  mr: u32,
  width: u32,
  k: u32,
  a: usize,
  aRow: usize,
  aStep: usize,
  aNext: usize,
  b: usize,
  bStep: usize,
  skip: usize,
  c: usize,
  cRow: usize,
  m: u32,
  nr: u32,
  add: bool,
  last: bool,
  bias: usize,
  act: u32,
  scratch: usize,
  start: usize,
  startRow: usize,
): void {
  const whole = nr == width
  const out = scratch + TILE
  const outRow: usize = whole ? cRow : 64
  for (;;) {
    const rows = rowsOf(mr, m)
    const to = whole ? c : out
    if (add && !whole) copyTile(c, cRow, to + skip, outRow, rows, nr)
    const from = add ? to : start
    const fromRow = add ? outRow : startRow
    if (nr <= 8) rows8(rows, k, a, aRow, aStep, b, bStep, to, outRow, from, fromRow)
    else rows16(rows, k, a, aRow, aStep, b, bStep, to, outRow, from, fromRow)
    if (!whole) copyTile(to + skip, outRow, c, cRow, rows, nr)
    if (last) finish(c, cRow, rows, nr, bias, act)
    m -= rows
    if (m == 0) break
    a += aNext != 0 ? aNext : aRow * rows
    c += cRow * rows
    start += startRow * rows
  }
}

export function packPanels(x: usize, row: usize, straight: bool, n: u32, k: u32, to: usize, width: u32): void {
  const size = (<usize>(k * width)) << 2
  for (let i: u32 = 0; i < n; ) {
    const valid = rowsOf(width, n - i)
    if (!straight) packTransposed(x + <usize>i * row, row, valid, k, to, width)
    else if (width == 8 && n - i >= 16) {
      packStraight8x2(x + ((<usize>i) << 2), row, k, to)
      i += valid
      to += size
    } else packStraight(x + ((<usize>i) << 2), row, valid, k, to, width)
    i += valid
    to += size
  }
}
