import {
  GEMM_ACCUMULATE,
  GEMM_ACTIVATION_SHIFT,
  GEMM_BIAS,
  GEMM_KC,
  GEMM_MC,
  GEMM_NC,
  GEMM_PACK_A,
  GEMM_PACK_B,
  GEMM_TRANS_A,
  GEMM_TRANS_B,
  TILE_4X8,
  TILE_6X16,
} from '../../src/abi/constants'
import { copyTile, finish } from './epilogue'
import { f32_1x32 } from './microkernel/f32_1x32'
import { packStraight, packStraight8x2, packTransposed } from './pack'
import { rows8, rows16 } from './tile'

// A thread's scratch: a row of zeros (where new sums start), one tile, panels of A, panels of B.
const TILE: usize = 128
const PANELS_A: usize = 512
const PANELS_B: usize = PANELS_A + 4 * GEMM_KC * GEMM_MC

/** The largest multiple of `grain` blocks that divides n into equal parts of at most `most`. */
// @ts-ignore: decorator
@inline
function even(n: u32, most: u32, grain: u32): u32 {
  const blocks = (n + most - 1) / most
  const size = (n + blocks - 1) / blocks
  return ((size + grain - 1) / grain) * grain
}

/** Width of the columns a micro-kernel does at once. */
// @ts-ignore: decorator
@inline
function widthOf(tile: u32, m: u32, packed: bool): u32 {
  if (packed || m > 3) return tile == TILE_6X16 ? 16 : 8
  return m == 1 ? 32 : 16
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
  for (let i: usize = 0; i < TILE; i += 16) v128.store(scratch + i, f32x4.splat(0))
  const packA = (flags & GEMM_PACK_A) != 0
  const transA = (flags & GEMM_TRANS_A) != 0
  const transB = (flags & GEMM_TRANS_B) != 0
  const packB = (flags & GEMM_PACK_B) != 0 || transB
  const act = flags >> GEMM_ACTIVATION_SHIFT
  if ((flags & GEMM_BIAS) == 0) bias = 0
  const width = widthOf(tile, m, packB)
  const mr: u32 = tile == TILE_4X8 ? 4 : 6
  // few rows read B in place once: short blocks of k walk along its rows
  const kMost: u32 = m <= 3 && !packB ? 16 : tile == TILE_6X16 ? 256 : GEMM_KC
  const nc = even(n, GEMM_NC, 16)
  const kc = even(k, kMost, 4)
  const mc = even(m, GEMM_MC, 12)
  const aRow: usize = packA || transA ? 4 : lda
  const aStep: usize = packA ? (<usize>mr) << 2 : transA ? lda : 4
  const bStep: usize = packB ? (<usize>width) << 2 : ldb

  for (let jc: u32 = 0; jc < n; jc += nc) {
    const nb = min<u32>(nc, n - jc)
    for (let pc: u32 = 0; pc < k; pc += kc) {
      const kb = min<u32>(kc, k - pc)
      const add = pc > 0 || (flags & GEMM_ACCUMULATE) != 0
      const last = pc + kb == k && (bias != 0 || act != 0)
      const bAt = transB ? b + <usize>jc * ldb + ((<usize>pc) << 2) : b + <usize>pc * ldb + ((<usize>jc) << 2)
      if (packB) packPanels(bAt, ldb, !transB, nb, kb, scratch + PANELS_B, width)
      for (let ic: u32 = 0; ic < m; ic += mc) {
        const mb = min<u32>(mc, m - ic)
        let aAt = transA ? a + <usize>pc * lda + ((<usize>ic) << 2) : a + <usize>ic * lda + ((<usize>pc) << 2)
        if (packA) {
          packPanels(aAt, lda, transA, mb, kb, scratch + PANELS_A, mr)
          aAt = scratch + PANELS_A
        }
        const aNext = packA ? (<usize>(mr * kb)) << 2 : aRow * mr
        const cAt = c + <usize>ic * ldc
        for (let jr: u32 = 0; jr < nb; jr += width) {
          const nr = min<u32>(width, nb - jr)
          let panel = packB ? scratch + PANELS_B + ((<usize>(jr * kb)) << 2) : bAt + ((<usize>jr) << 2)
          let step = bStep
          if (!packB && nr < width) {
            packStraight(panel, ldb, nr, kb, scratch + PANELS_B, width)
            panel = scratch + PANELS_B
            step = (<usize>width) << 2
          }
          const j = jc + jr
          strip(
            mr,
            width,
            kb,
            aAt,
            aRow,
            aStep,
            aNext,
            panel,
            step,
            cAt + ((<usize>j) << 2),
            ldc,
            mb,
            nr,
            add,
            last,
            bias == 0 ? 0 : bias + ((<usize>j) << 2),
            act,
            scratch,
          )
        }
      }
    }
  }
}

/** One panel of op(B) against all rows of a block of A. */
function strip(
  mr: u32,
  width: u32,
  k: u32,
  a: usize,
  aRow: usize,
  aStep: usize,
  aNext: usize,
  b: usize,
  bStep: usize,
  c: usize,
  cRow: usize,
  m: u32,
  nr: u32,
  add: bool,
  last: bool,
  bias: usize,
  act: u32,
  scratch: usize,
): void {
  const whole = nr == width
  const out: usize = whole ? 0 : scratch + TILE
  const outRow = whole ? cRow : (<usize>width) << 2
  const cNext = cRow * mr
  for (; ; m -= mr) {
    const rows = min<u32>(mr, m)
    const to = whole ? c : out
    if (add && !whole) copyTile(c, cRow, to, outRow, rows, nr)
    const from = add ? to : scratch
    const fromRow = add ? outRow : 0
    if (nr <= 8 && width < 32) rows8(rows, k, a, aRow, aStep, b, bStep, to, outRow, from, fromRow)
    else if (width == 32) f32_1x32(k, a, aStep, b, bStep, to, from)
    else rows16(rows, k, a, aRow, aStep, b, bStep, to, outRow, from, fromRow)
    if (!whole) copyTile(to, outRow, c, cRow, rows, nr)
    if (last) finish(c, cRow, rows, nr, bias, act)
    if (m <= mr) break
    a += aNext
    c += cNext
  }
}

function packPanels(x: usize, row: usize, straight: bool, n: u32, k: u32, to: usize, width: u32): void {
  const size = (<usize>(k * width)) << 2
  for (let i: u32 = 0; i < n; i += width) {
    const valid = min<u32>(width, n - i)
    if (!straight) packTransposed(x + <usize>i * row, row, valid, k, to, width)
    else if (width == 8 && n - i >= 16) {
      packStraight8x2(x + ((<usize>i) << 2), row, k, to)
      i += 8
      to += size
    } else packStraight(x + ((<usize>i) << 2), row, valid, k, to, width)
    to += size
  }
}
