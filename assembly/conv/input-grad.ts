import { GEMM_KC, GEMM_TRANS_A, GEMM_VARIANT } from '../../src/abi/constants'
import { block, even, PANELS_B } from '../gemm/macrokernel'
import { loadLanes, storeLanes } from '../simd/lanes'

/** Pixels of a block of columns at most; words of its products, which lie behind the panels of B. */
const PIXELS: u32 = 512
const WORDS: u32 = 48 * 1024
const PRODUCTS: usize = PANELS_B + 4 * GEMM_KC * 512

/**
 * dx[i, c, .] = sum over filters o and taps of w[o, tap] dy[i, o, p] at the input of tap and pixel: a product of the
 * transposed filters with dy, block by block into scratch memory, added up into dx. Sums over o rise; then taps and
 * pixels are added in the order of blocks that depend on the shape alone.
 *
 * Split by images, groups and blocks of channels.
 */
export function conv2dInputGrad(
  dy: usize,
  w: usize,
  dx: usize,
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
  top: u32,
  left: u32,
  scratch: usize,
  part: u32,
  parts: u32,
): void {
  const tile = load<u32>(GEMM_VARIANT)
  const taps = kernelH * kernelW
  const area = outH * outW
  const depth = channels * taps
  const plane = (<usize>height * width) << 2
  const many = even(channels, max<u32>(1, 288 / taps), 1)
  const blocks = (channels + many - 1) / many
  const total = <u64>images * groups * blocks
  const end = <u32>((total * (part + 1)) / parts)
  const products = scratch + PRODUCTS
  for (let unit = <u32>((total * part) / parts); unit < end; unit++) {
    const ig = unit / blocks
    const c = (unit - ig * blocks) * many
    const g = ig % groups
    const rows = min<u32>(many, channels - c) * taps
    const dxAt = dx + (<usize>ig * channels + c) * plane
    const wAt = w + ((<usize>g * filters * depth + c * taps) << 2)
    const dyAt = dy + ((<usize>ig * filters * area) << 2)
    memory.fill(dxAt, 0, <usize>(rows / taps) * plane)
    const most = min<u32>(rows, 576)
    const pixels = min<u32>(PIXELS, (WORDS / most) & ~15)
    for (let p: u32 = 0; p < area; p += pixels) {
      const n = min<u32>(pixels, area - p)
      for (let r: u32 = 0; r < rows; r += most) {
        const m = min<u32>(most, rows - r)
        block(
          tile,
          wAt + ((<usize>r) << 2),
          dyAt + ((<usize>p) << 2),
          products,
          0,
          m,
          n,
          filters,
          (<usize>depth) << 2,
          (<usize>area) << 2,
          (<usize>n) << 2,
          GEMM_TRANS_A,
          scratch,
        )
        for (let t: u32 = 0; t < m; t++) {
          const channel = (r + t) / taps
          const tap = r + t - channel * taps
          const i = tap / kernelW
          addTap(
            products + ((<usize>t * n) << 2),
            p,
            n,
            dxAt + <usize>channel * plane,
            height,
            width,
            outW,
            strideH,
            strideW,
            <i32>(i * dilationH) - <i32>top,
            <i32>((tap - i * kernelW) * dilationW) - <i32>left,
          )
        }
      }
    }
  }
}

/** Adds the products of one tap and of pixels p .. p + n - 1 to the inputs that the tap read. */
function addTap(
  from: usize,
  p: u32,
  n: u32,
  to: usize,
  height: u32,
  width: u32,
  outW: u32,
  strideH: u32,
  strideW: u32,
  i: i32,
  j: i32,
): void {
  // columns of the output whose input lies inside of the image
  const low: u32 = j >= 0 ? 0 : (<u32>-j + strideW - 1) / strideW
  const high: u32 = j >= <i32>width ? 0 : <u32>(<i32>width - 1 - j) / strideW + 1
  let line = p / outW
  let at = p - line * outW
  while (n > 0) {
    const run = min<u32>(outW - at, n)
    const y = <i32>(line * strideH) + i
    const begin = max<u32>(at, low)
    const end = min<u32>(at + run, high)
    if (<u32>y < height && begin < end) {
      const x = <u32>(<i32>(begin * strideW) + j)
      addLine(from + ((<usize>(begin - at)) << 2), to + ((<usize>y * width + x) << 2), end - begin, strideW)
    }
    from += (<usize>run) << 2
    n -= run
    at = 0
    line++
  }
}

/** y[i step] += x[i]. */
function addLine(x: usize, y: usize, n: u32, step: u32): void {
  if (step == 1) {
    for (; n >= 4; n -= 4, x += 16, y += 16) v128.store(y, f32x4.add(v128.load(y), v128.load(x)))
    if (n > 0) storeLanes(y, f32x4.add(loadLanes(y, n), loadLanes(x, n)), n)
    return
  }
  const by = (<usize>step) << 2
  for (; n > 0; n--, x += 4, y += by) store<f32>(y, load<f32>(y) + load<f32>(x))
}
