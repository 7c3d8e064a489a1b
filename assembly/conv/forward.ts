import { ACT_RELU, GEMM_KC, GEMM_MC, GEMM_VARIANT, TILE_4X8, TILE_6X16 } from '../../src/abi/constants'
import { columns } from '../gemm/epilogue'
import { even, PANELS_A, PANELS_B, packPanels, strip, zeroRow } from '../gemm/macrokernel'
import { gatherPanel, tapOffsets } from './patches'

/**
 * y[i, o, p] = act(bias[o] + sum over taps t of w[o, t] x[i, patch(p, t)]): an implicit product of the filters with the
 * patches of each image, which are gathered panel by panel into the form that the micro-kernels of gemm take. x is
 * padded already. A sum starts from the bias and runs over rising taps (channel, row, column).
 *
 * Split by pieces of 16 pixels, those of all images and groups in a row.
 */
export function conv2d(
  x: usize,
  w: usize,
  bias: usize,
  y: usize,
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
  activation: u32,
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
  const row = (<usize>strideH * width) << 2
  const column = (<usize>strideW) << 2
  const pieces = (area + 15) / 16
  const each = pieces * images
  const total = <u64>each * groups
  let begin = <u32>((total * part) / parts)
  const end = <u32>((total * (part + 1)) / parts)
  const kc = even(depth, tile == TILE_6X16 ? 256 : GEMM_KC, 4)
  const mc = even(filters, GEMM_MC, 12)
  const table = scratch + PANELS_B
  const patches = table + 4 * GEMM_KC
  // a row of its bias for each filter of a block
  const biases = patches + 64 * GEMM_KC
  const relu = activation == ACT_RELU
  zeroRow(scratch)

  while (begin < end) {
    const g = begin / each
    const first = begin - g * each
    const past = min<u32>(each, first + end - begin)
    const wAt = w + ((<usize>g * filters * depth) << 2)
    for (let ic: u32 = 0; ic < filters; ic += mc) {
      const mb = min<u32>(mc, filters - ic)
      if (bias != 0)
        for (let f: u32 = 0; f < mb; f++) {
          const v = v128.load32_splat(bias + ((<usize>(g * filters + ic + f)) << 2))
          for (let j: usize = 0; j < 64; j += 16) v128.store(biases + ((<usize>f) << 6) + j, v)
        }
      for (let pc: u32 = 0; pc < depth; pc += kc) {
        const kb = min<u32>(kc, depth - pc)
        packPanels(wAt + ((<usize>ic * depth + pc) << 2), (<usize>depth) << 2, false, mb, kb, scratch + PANELS_A, mr)
        tapOffsets(table, pc, kb, kernelH, kernelW, plane, (<usize>dilationH * width) << 2, (<usize>dilationW) << 2)
        for (let unit = first; unit < past; ) {
          const i = unit / pieces
          const from = unit - i * pieces
          const to = min<u32>(pieces, from + past - unit)
          const xAt = x + <usize>(i * groups + g) * channels * plane
          const yAt = y + ((<usize>((i * groups + g) * filters + ic) * area) << 2)
          const stop = min<u32>(area, to * 16)
          for (let j = from * 16; j < stop; j += panel) {
            const nr = min<u32>(panel, stop - j)
            const at = yAt + ((<usize>j) << 2)
            gatherPanel(xAt, table, kb, j, nr, outW, row, column, patches, (<usize>panel) << 2)
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
              at,
              (<usize>area) << 2,
              mb,
              nr,
              pc > 0,
              false,
              0,
              0,
              scratch,
              bias == 0 ? scratch : biases,
              bias == 0 ? 0 : 64,
            )
            if (relu && pc + kb == depth) columns(at, (<usize>area) << 2, mb, nr, 0, true)
          }
          unit += to - from
        }
      }
    }
    begin += past - first
  }
}
