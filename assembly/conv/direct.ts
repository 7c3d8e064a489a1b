import { ACT_RELU } from '../../src/abi/constants'
import { columns } from '../gemm/epilogue'
import { fma, highToF64, lowToF64 } from '../simd/f32x4'
import { loadLanes, storeLanes } from '../simd/lanes'
import { shareBegin, shareEnd } from '../vm/partition'

// Convolution for filters of few taps over few channels, as depthwise ones have: there is too little to multiply for
// panels to pay, so that the images are read where they are.

/**
 * y as of conv2d, with the same order of each sum. Split by rows of the output, those of all planes.
 */
export function directConv2d(
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
  part: u32,
  parts: u32,
): void {
  const all = groups * filters
  const lines = images * all * outH
  const grain: u32 = outW < 16 ? 16 : 1
  const pitch = (<usize>width) << 2
  const plane = pitch * height
  const depth = channels * kernelH * kernelW
  const row = pitch * dilationH
  const column = (<usize>dilationW) << 2
  const step = (<usize>strideW) << 2
  const end = shareEnd(lines, grain, part, parts)
  for (let line = shareBegin(lines, grain, part, parts); line < end; line++) {
    const p = line / outH
    const i = p / all
    const f = p - i * all
    let q = x + <usize>((i * groups + f / filters) * channels) * plane + <usize>((line - p * outH) * strideH) * pitch
    const at = w + ((<usize>f * depth) << 2)
    const begin = bias == 0 ? i32x4.splat(0) : v128.load32_splat(bias + ((<usize>f) << 2))
    const to = y + ((<usize>line * outW) << 2)
    let o = to
    let left = <i32>outW
    if (step == 4)
      for (; left >= 8; left -= 8, q += 32, o += 32)
        eight(q, at, o, begin, channels, kernelH, kernelW, plane, row, column)
    for (; left > 0; left -= 4, q += step << 2, o += 16)
      storeLanes(o, four(q, at, begin, channels, kernelH, kernelW, plane, row, column, step, left), left)
    if (activation == ACT_RELU) columns(to, 0, 1, outW, 0, true)
  }
}

/** Eight neighbouring pixels of a row. */
function eight(
  x: usize,
  w: usize,
  y: usize,
  begin: v128,
  channels: u32,
  kernelH: u32,
  kernelW: u32,
  plane: usize,
  row: usize,
  column: usize,
): void {
  let a = begin
  let b = begin
  for (; channels > 0; channels--, x += plane) {
    let line = x
    for (let k = kernelH; k > 0; k--, line += row) {
      let q = line
      for (let l = kernelW; l > 0; l--, q += column, w += 4) {
        const v = v128.load32_splat(w)
        a = fma(v128.load(q), v, a)
        b = fma(v128.load(q, 16), v, b)
      }
    }
  }
  v128.store(y, a)
  v128.store(y, b, 16)
}

/** Up to four, whose inputs are `step` bytes apart. */
function four(
  x: usize,
  w: usize,
  begin: v128,
  channels: u32,
  kernelH: u32,
  kernelW: u32,
  plane: usize,
  row: usize,
  column: usize,
  step: usize,
  lanes: u32,
): v128 {
  let a = begin
  for (; channels > 0; channels--, x += plane) {
    let line = x
    for (let k = kernelH; k > 0; k--, line += row) {
      let q = line
      for (let l = kernelW; l > 0; l--, q += column, w += 4) a = fma(apart(q, step, lanes), v128.load32_splat(w), a)
    }
  }
  return a
}

/** Words of 1 to 4 lanes, `step` bytes apart; the other lanes are 0. */
// @ts-ignore: decorator
@inline
function apart(p: usize, step: usize, lanes: u32): v128 {
  if (step == 4) return loadLanes(p, lanes)
  if (step == 8 && lanes >= 4) return v128.shuffle<i32>(v128.load(p), v128.load(p, 12), 0, 2, 5, 7)
  let v = v128.load32_zero(p)
  if (lanes > 1) v = v128.load32_lane(p + step, v, 1)
  if (lanes > 2) v = v128.load32_lane(p + 2 * step, v, 2)
  return lanes > 3 ? v128.load32_lane(p + 3 * step, v, 3) : v
}

/**
 * dw as of conv2dFilterGrad. Each sum runs over the pixels of an image in f32, by lanes, and over images in f64. Split by
 * filters; scratch holds the sums of one.
 */
export function directConv2dFilterGrad(
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
  const all = groups * filters
  const pitch = (<usize>width) << 2
  const taps = kernelH * kernelW
  const depth = channels * taps
  const end = shareEnd(all, 1, part, parts)
  for (let f = shareBegin(all, 1, part, parts); f < end; f++) {
    memory.fill(scratch, 0, (<usize>depth) << 3)
    for (let i: u32 = 0; i < images; i++) {
      const from = x + <usize>((i * groups + f / filters) * channels * height) * pitch
      const slope = dy + ((<usize>(i * all + f) * outH * outW) << 2)
      for (let t: u32 = 0; t < depth; t++) {
        const c = t / taps
        const k = (t - c * taps) / kernelW
        const l = t - c * taps - k * kernelW
        const q = from + <usize>(c * height + k * dilationH) * pitch + ((<usize>(l * dilationW)) << 2)
        const sum = scratch + ((<usize>t) << 3)
        store<f64>(sum, load<f64>(sum) + products(slope, q, outH, outW, pitch * strideH, (<usize>strideW) << 2))
      }
    }
    for (let t: u32 = 0; t < depth; t++)
      store<f32>(dw + ((<usize>(f * depth + t)) << 2), <f32>load<f64>(scratch + ((<usize>t) << 3)))
  }
}

/** The sum of dy x over rows of n pixels; those of x are `step` bytes apart. */
function products(dy: usize, x: usize, rows: u32, n: u32, pitch: usize, step: usize): f64 {
  let a = i32x4.splat(0)
  let b = a
  for (; rows > 0; rows--, x += pitch) {
    let q = x
    let left = <i32>n
    if (step == 4)
      for (; left >= 8; left -= 8, dy += 32, q += 32) {
        a = fma(v128.load(dy), v128.load(q), a)
        b = fma(v128.load(dy, 16), v128.load(q, 16), b)
      }
    for (; left > 0; left -= 4, q += step << 2) {
      a = fma(loadLanes(dy, left), apart(q, step, left), a)
      dy += (<usize>min<u32>(left, 4)) << 2
    }
  }
  const sums = f64x2.add(f64x2.add(lowToF64(a), lowToF64(b)), f64x2.add(highToF64(a), highToF64(b)))
  return f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1)
}
