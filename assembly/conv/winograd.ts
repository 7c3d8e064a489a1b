import {
  ACT_RELU,
  GEMM_ACCUMULATE,
  GEMM_KC,
  GEMM_PACK_A,
  GEMM_PACK_SET,
  GEMM_TRANS_A,
  GEMM_TRANS_B,
  GEMM_VARIANT,
} from '../../src/abi/constants'
import { block, PANELS_B } from '../gemm/macrokernel'
import { fma } from '../simd/f32x4'
import { loadLanes, storeLanes } from '../simd/lanes'

// Winograd's F(2x2, 3x3): tiles of 2 x 2 results from 4 x 4 inputs with 16 products in place of 36. Everything is
// transformed to 16 matrices of its own, which are multiplied one by one: filters [16][filter][channel], tiles
// [16][plane][tile]. A line is a row of tiles; lines are counted through all images.

/** Scratch: what products of at most 256 columns take, the filters' transform and zeros, filters, tiles. */
const GRAM: usize = PANELS_B + 4 * GEMM_KC * 256
const ZEROS: usize = GRAM + 1024
const FILTERS: usize = ZEROS + 8192
const TILES: usize = FILTERS + 1024 * 1024 + 65536
const TILES_SIZE: u32 = 640 * 1024

/** Bytes from one of 16 matrices of n words to the next: not on the same sets of the cache. */
function apartOf(n: u32): usize {
  return ((((<usize>n) << 2) + 4095) & ~4095) + 320
}

/**
 * y = act(conv2d(x, w) + bias) for filters of 3 x 3, x padded already: split by blocks of lines. With `gradient`, w is
 * the gradient for the results and y that for the filters, a sum over rising tiles: split by filters.
 */
export function winograd(
  x: usize,
  w: usize,
  bias: usize,
  y: usize,
  images: u32,
  channels: u32,
  filters: u32,
  height: u32,
  width: u32,
  activation: u32,
  gradient: u32,
  scratch: usize,
  part: u32,
  parts: u32,
): void {
  const tile = load<u32>(GEMM_VARIANT)
  const outH = height - 2
  const outW = width - 2
  const tilesH = (outH + 1) >> 1
  const tilesW = (outW + 1) >> 1
  const many = min<u32>(128, (16384 / channels) & ~3)
  const step = min<u32>(192, TILES_SIZE / (64 * (channels + many))) / tilesW
  const lines = images * tilesH
  const units = gradient != 0 ? (filters + 3) / 4 : (lines + step - 1) / step
  const begin = <u32>((<u64>units * part) / parts)
  const end = <u32>((<u64>units * (part + 1)) / parts)
  const f1 = gradient != 0 ? min<u32>(filters, end * 4) : filters
  const u = scratch + FILTERS
  const v = scratch + TILES
  const zeros = scratch + ZEROS
  const low = f32x4.splat(activation == ACT_RELU ? 0 : -Infinity)
  const pitch = (<usize>outW) << 2
  if (begin == end) return
  const ends: f32 = gradient != 0 ? -1 : 1
  memory.fill(zeros, 0, (<usize>width) << 2)
  for (let i: u32 = 0; i < 16; i++)
    for (let j: u32 = 0; j < 9; j++)
      store<f32>(scratch + GRAM + ((<usize>(i * 9 + j)) << 2), gram(i >> 2, j / 3, ends) * gram(i & 3, j % 3, ends))

  for (let f: u32 = gradient != 0 ? begin * 4 : 0; f < f1; f += many) {
    const m = min<u32>(many, f1 - f)
    const weights = m * channels
    const uApart = apartOf(weights)
    const filterAt = (<usize>(f * channels * 9)) << 2
    if (gradient == 0)
      block(tile, scratch + GRAM, w + filterAt, u, 0, 16, weights, 9, 36, 36, uApart, GEMM_TRANS_B, scratch)
    const past = gradient != 0 ? lines : min<u32>(lines, end * step)
    for (let first: u32 = gradient != 0 ? 0 : begin * step; first < past; first += step) {
      const count = min<u32>(step, past - first)
      const n = count * tilesW
      const row = (<usize>n) << 2
      const vApart = apartOf(channels * n)
      const apart = apartOf(m * n)
      const products = v + 16 * vApart
      transform(x, v, 0, channels, channels, height, width, tilesH, tilesW, first, count, false, zeros)
      if (gradient != 0) transform(w, products, f, m, filters, outH, outW, tilesH, tilesW, first, count, true, zeros)
      for (let i: u32 = 0; i < 16; i++) {
        const p = products + i * apart
        const q = u + i * uApart
        const flags = gradient == 0 ? GEMM_PACK_SET | GEMM_PACK_A : GEMM_TRANS_B | (first > 0 ? GEMM_ACCUMULATE : 0)
        const k = (<usize>channels) << 2
        const a = gradient == 0 ? q : p
        const c = gradient == 0 ? p : q
        const lda = gradient == 0 ? k : row
        const ldc = gradient == 0 ? row : k
        const columns = gradient == 0 ? n : channels
        block(tile, a, v + i * vApart, c, 0, m, columns, gradient == 0 ? channels : n, lda, row, ldc, flags, scratch)
      }
      if (gradient != 0) continue
      for (let r: u32 = 0; r < m; r++) {
        const add = bias == 0 ? i32x4.splat(0) : v128.load32_splat(bias + ((<usize>(f + r)) << 2))
        let from = products + r * row
        let i = first / tilesH
        let h = (first - i * tilesH) * 2
        for (let k: u32 = 0; k < count; k++) {
          const to = y + <usize>((i * filters + f + r) * outH + h) * pitch
          for (let t: u32 = 0; t < tilesW; t += 4) {
            t = min<u32>(t, tilesW - 4)
            const at = to + ((<usize>t) << 3)
            results(from + ((<usize>t) << 2), apart, at, h + 1 < outH ? pitch : 0, outW - 2 * t, add, low)
          }
          from += (<usize>tilesW) << 2
          h += 2
          if (h >= outH) {
            h = 0
            i++
          }
        }
      }
    }
    if (gradient != 0)
      block(tile, u, scratch + GRAM, y + filterAt, 0, weights, 9, 16, uApart, 36, 36, GEMM_TRANS_A, scratch)
  }
}

/** G[i, j], its ends times a sign. */
function gram(i: u32, j: u32, ends: f32): f32 {
  if (i == 0 || i == 3) return i == j + (j >> 1) ? ends : 0
  return i == 2 && j == 1 ? -0.5 : 0.5
}

/** Results of four tiles, A^T M A: two rows of up to 8 words; a pitch of 0 leaves the second one out. */
// @ts-ignore: decorator
@inline
function results(m: usize, apart: usize, y: usize, pitch: usize, words: u32, add: v128, low: v128): void {
  const row = apart << 2
  let a = i32x4.splat(0)
  let b = a
  let c = a
  let d = a
  for (let j: u32 = 0; j < 4; j++, m += apart) {
    const m1 = v128.load(m + row)
    const m2 = v128.load(m + 2 * row)
    const p = f32x4.add(f32x4.add(v128.load(m), m1), m2)
    const q = f32x4.sub(f32x4.sub(m1, m2), v128.load(m + 3 * row))
    if (j < 3) {
      a = f32x4.add(a, p)
      c = f32x4.add(c, q)
    }
    if (j == 1) {
      b = p
      d = q
    } else if (j > 1) {
      b = f32x4.sub(b, p)
      d = f32x4.sub(d, q)
    }
  }
  if (pitch != 0) interleave(c, d, y + pitch, words, add, low)
  interleave(a, b, y, words, add, low)
}

/** Words of even and of odd columns, at least 7 of them. */
function interleave(a: v128, b: v128, y: usize, words: u32, add: v128, low: v128): void {
  a = f32x4.pmax(f32x4.add(a, add), low)
  b = f32x4.pmax(f32x4.add(b, add), low)
  v128.store(y, v128.shuffle<f32>(a, b, 0, 4, 1, 5))
  storeLanes(y + 16, v128.shuffle<f32>(a, b, 2, 6, 3, 7), words - 4)
}

/**
 * The tiles of some lines of m planes from plane f of each image on: B^T d B of 4 x 4 inputs. Slopes are the middle of
 * such tiles, with both axes turned round, which gives A s A^T but for the signs at the ends of both axes. Beyond the
 * planes are zeros.
 */
function transform(
  x: usize,
  v: usize,
  f: u32,
  m: u32,
  planes: u32,
  height: u32,
  width: u32,
  tilesH: u32,
  tilesW: u32,
  first: u32,
  count: u32,
  slopes: bool,
  zeros: usize,
): void {
  const pitch = (<usize>width) << 2
  const apart = apartOf(m * count * tilesW)
  const next = apart << 2
  for (let p: u32 = 0; p < m; p++) {
    let i = first / tilesH
    let row = (first - i * tilesH) * 2
    for (let k: u32 = 0; k < count; k++) {
      const at = x + <usize>((i * planes + f + p) * height + row) * pitch
      for (let t: u32 = 0; t < tilesW; t += 4) {
        t = min<u32>(t, tilesW - 4)
        const q = (<usize>t) << 3
        const o = v + ((<usize>t) << 2)
        const words = width - 2 * t
        let a = at + q
        let b = a + pitch
        let c = b + pitch
        let d = row + 3 < height ? c + pitch : zeros
        if (slopes) {
          c = a
          if (row + 1 >= height) b = zeros
          a = zeros
          d = zeros
        }
        four(a, c, -1, words, o, apart, slopes)
        four(b, c, 1, words, o + next, apart, slopes)
        four(c, b, -1, words, o + 2 * next, apart, slopes)
        four(b, d, -1, words, o + 3 * next, apart, slopes)
      }
      v += (<usize>tilesW) << 2
      row += 2
      if (row >= 2 * tilesH) {
        row = 0
        i++
      }
    }
  }
}

/** Of four tiles: p + sign q, of rows of 10 words (9 at the end of an odd image; of slopes 8 or 7), times B. */
function four(p: usize, q: usize, sign: f32, words: u32, to: usize, apart: usize, slopes: bool): void {
  const s = f32x4.splat(sign)
  const a = fma(s, v128.load(q), v128.load(p))
  const whole = words >= 10
  const b = whole
    ? fma(s, v128.load(q, 16), v128.load(p, 16))
    : fma(s, loadLanes(q + 16, words - 4), loadLanes(p + 16, words - 4))
  let d0 = i32x4.splat(0)
  const d1 = v128.shuffle<f32>(a, b, 1, 3, 5, 7)
  let d2 = v128.shuffle<f32>(a, b, 0, 2, 4, 6)
  let d3 = d0
  if (!slopes) {
    const c = whole
      ? fma(s, v128.load64_zero(q, 32), v128.load64_zero(p, 32))
      : fma(s, v128.load32_zero(q, 32), v128.load32_zero(p, 32))
    d0 = d2
    d2 = v128.shuffle<f32>(d0, c, 1, 2, 3, 4)
    d3 = v128.shuffle<f32>(d1, c, 1, 2, 3, 5)
  }
  v128.store(to, f32x4.sub(d0, d2))
  v128.store(to + apart, f32x4.add(d1, d2))
  v128.store(to + 2 * apart, f32x4.sub(d2, d1))
  v128.store(to + 3 * apart, f32x4.sub(d1, d3))
}
