import { GEMM_KC, GEMM_MC, GEMM_VARIANT, TILE_4X8, TILE_6X16 } from '../../src/abi/constants'
import { even, PANELS_A, PANELS_B, rowsOf, strip, zeroRow } from '../gemm/macrokernel'
import { packTransposed } from '../gemm/pack'
import { gatherTaps, tapOffsets } from './patches'

/**
 * dw[o, t] = sum over images and pixels of dy[i, o, p] x[i, patch(p, t)], x padded already: a product over rising
 * pixels, of which there is one at least, the patches gathered transposed. Split by rows (filters) or columns (taps) of dw, whichever are more.
 */
export function conv2dFilterGrad(
  x: usize,
  dy: usize,
  dw: usize,
  images: u32,
  groups: u32,
  channels: u32,
  filters: u32,
  height: u32,
  width: u32,
  kernelH: u32,
  kernelW: u32,
  outH: u32,
  outW: u32,
  strideH: u32,
  strideW: u32,
  dilationH: u32,
  dilationW: u32,
  scratch: usize,
  part: u32,
  parts: u32,
): void {
  const tile = load<u32>(GEMM_VARIANT)
  const panel: u32 = tile == TILE_6X16 ? 16 : 8
  const mr: u32 = tile == TILE_4X8 ? 4 : 6
  const area = outH * outW
  const depth = channels * kernelH * kernelW
  const plane = (<usize>height * width) << 2
  const image = <usize>groups * channels * plane
  const sums = images * area
  const byRows = filters >= depth
  const grain: u32 = byRows ? 12 : 16
  const side = byRows ? filters : depth
  const pieces = (side + grain - 1) / grain
  const total = <u64>pieces * groups
  let begin = <u32>((total * part) / parts)
  const end = <u32>((total * (part + 1)) / parts)
  const kc = even(sums, tile == TILE_6X16 ? 256 : GEMM_KC, 4)
  const table = scratch + PANELS_B
  const patches = table + 64
  zeroRow(scratch)

  while (begin < end) {
    const g = begin / pieces
    const first = begin - g * pieces
    const past = min<u32>(pieces, first + end - begin)
    const low = first * grain
    const high = min<u32>(side, past * grain)
    const rowsEnd = byRows ? high : filters
    const colsEnd = byRows ? depth : high
    const to = dw + ((<usize>g * filters * depth) << 2)
    for (let ic: u32 = byRows ? low : 0; ic < rowsEnd; ic += GEMM_MC) {
      const mb = min<u32>(GEMM_MC, rowsEnd - ic)
      for (let q: u32 = 0; q < sums; q += kc) {
        const kb = min<u32>(kc, sums - q)
        packRows(dy, groups * filters, g * filters + ic, mb, area, q, kb, scratch + PANELS_A, mr)
        for (let j: u32 = byRows ? 0 : low; j < colsEnd; j += panel) {
          const nr = min<u32>(panel, colsEnd - j)
          tapOffsets(table, j, nr, kernelH, kernelW, plane, (<usize>dilationH * width) << 2, (<usize>dilationW) << 2)
          gatherTaps(
            x + <usize>g * channels * plane,
            image,
            table,
            nr,
            q,
            kb,
            outH,
            outW,
            (<usize>strideH * width) << 2,
            (<usize>strideW) << 2,
            patches,
            (<usize>panel) << 2,
          )
          strip(
            mr,
            panel,
            kb,
            scratch + PANELS_A,
            4,
            (<usize>mr) << 2,
            (<usize>(mr * kb)) << 2,
            patches,
            (<usize>panel) << 2,
            0,
            to + ((<usize>ic * depth + j) << 2),
            (<usize>depth) << 2,
            mb,
            nr,
            q > 0,
            false,
            0,
            0,
            scratch,
            scratch,
            0,
          )
        }
      }
    }
    begin += past - first
  }
}

/** Panels [pixel][filter] of `rows` planes of dy from plane `first` of each image on, k pixels from pixel q on. */
function packRows(
  dy: usize,
  planes: u32,
  first: u32,
  rows: u32,
  area: u32,
  q: u32,
  k: u32,
  to: usize,
  width: u32,
): void {
  const pitch = (<usize>area) << 2
  for (let r: u32 = 0; r < rows; ) {
    const valid = rowsOf(width, rows - r)
    let i = q / area
    let p = q - i * area
    let at = to
    for (let left = k; left > 0; ) {
      const run = min<u32>(area - p, left)
      const from = dy + <usize>(i * planes + first + r) * pitch + ((<usize>p) << 2)
      packTransposed(from, pitch, valid, run, at, width)
      at += (<usize>(run * width)) << 2
      left -= run
      p = 0
      i++
    }
    r += valid
    to += (<usize>(k * width)) << 2
  }
}
