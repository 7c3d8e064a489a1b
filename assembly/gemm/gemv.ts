import { GEMM_ACCUMULATE, GEMM_ACTIVATION_SHIFT, GEMM_BIAS } from '../../src/abi/constants'
import { fma } from '../simd/f32x4'
import { loadLanes } from '../simd/lanes'
import { finish } from './epilogue'

/**
 * y[i] = act(dot(a[i], x) [+ y[i]] [+ bias[i * biasStep]]): rows of k neighbouring words. A dot product is 8 sums
 * (k modulo 8) added as ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7)), then y, then the bias. Four rows go at
 * once; the parts take whole fours of the rows of all matrices.
 */
export function gemv(
  a: usize,
  x: usize,
  y: usize,
  bias: usize,
  m: u32,
  k: u32,
  lda: u32,
  yStep: u32,
  biasStep: u32,
  flags: u32,
  batch: u32,
  aStride: u32,
  xStride: u32,
  yStride: u32,
  scratch: usize,
  part: u32,
  parts: u32,
): void {
  const fours = (m + 3) >> 2
  const total = <u64>fours * batch
  const end = <u32>((total * (part + 1)) / parts)
  for (let at = <u32>((total * part) / parts); at < end; at++) {
    const i = at / fours
    const row = (at - i * fours) << 2
    const rows = min<u32>(4, m - row)
    const sums = dots(
      a + ((<usize>i * aStride + <usize>row * lda) << 2),
      (<usize>lda) << 2,
      rows,
      x + ((<usize>i * xStride) << 2),
      k,
    )
    store4(
      sums,
      y + ((<usize>i * yStride + <usize>row * yStep) << 2),
      yStep,
      rows,
      bias + ((<usize>row * biasStep) << 2),
      biasStep,
      flags,
      scratch,
    )
  }
}

/** Dot products of up to four rows with x. */
// @ts-ignore: decorator
@inline
function dots(a: usize, lda: usize, rows: u32, x: usize, k: u32): v128 {
  // rows that are not there repeat the last one
  let b = rows > 1 ? a + lda : a
  let c = rows > 2 ? b + lda : b
  let d = rows > 3 ? c + lda : c
  let a0 = f32x4.splat(0)
  let a1 = a0
  let b0 = a0
  let b1 = a0
  let c0 = a0
  let c1 = a0
  let d0 = a0
  let d1 = a0
  for (let n = k >> 3; n > 0; n--) {
    const x0 = v128.load(x)
    const x1 = v128.load(x, 16)
    a0 = fma(v128.load(a), x0, a0)
    a1 = fma(v128.load(a, 16), x1, a1)
    b0 = fma(v128.load(b), x0, b0)
    b1 = fma(v128.load(b, 16), x1, b1)
    c0 = fma(v128.load(c), x0, c0)
    c1 = fma(v128.load(c, 16), x1, c1)
    d0 = fma(v128.load(d), x0, d0)
    d1 = fma(v128.load(d, 16), x1, d1)
    x += 32
    a += 32
    b += 32
    c += 32
    d += 32
  }
  for (let left = <i32>(k & 7); left > 0; left -= 4) {
    const x0 = loadLanes(x, left)
    const a2 = fma(loadLanes(a, left), x0, a0)
    const b2 = fma(loadLanes(b, left), x0, b0)
    const c2 = fma(loadLanes(c, left), x0, c0)
    const d2 = fma(loadLanes(d, left), x0, d0)
    // what is left after four words belongs to the other sums
    a0 = a1
    b0 = b1
    c0 = c1
    d0 = d1
    a1 = a2
    b1 = b2
    c1 = c2
    d1 = d2
    x += 16
    a += 16
    b += 16
    c += 16
    d += 16
  }
  a0 = f32x4.add(a0, a1)
  b0 = f32x4.add(b0, b1)
  c0 = f32x4.add(c0, c1)
  d0 = f32x4.add(d0, d1)
  // lanes 0 + 2 and 1 + 3 of each, then their sum
  const ab = f32x4.add(v128.shuffle<f32>(a0, b0, 0, 1, 4, 5), v128.shuffle<f32>(a0, b0, 2, 3, 6, 7))
  const cd = f32x4.add(v128.shuffle<f32>(c0, d0, 0, 1, 4, 5), v128.shuffle<f32>(c0, d0, 2, 3, 6, 7))
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 2, 4, 6), v128.shuffle<f32>(ab, cd, 1, 3, 5, 7))
}

// @ts-ignore: decorator
@inline
function gather(at: usize, step: u32, n: u32, scratch: usize): v128 {
  for (let i: u32 = 0; i < 4; i++)
    store<f32>(scratch + ((<usize>i) << 2), i < n ? load<f32>(at + ((<usize>i * step) << 2)) : 0)
  return v128.load(scratch)
}

function store4(
  sums: v128,
  y: usize,
  yStep: u32,
  rows: u32,
  bias: usize,
  biasStep: u32,
  flags: u32,
  scratch: usize,
): void {
  const plain = yStep == 1 && rows == 4
  if ((flags & GEMM_ACCUMULATE) != 0) sums = f32x4.add(sums, plain ? v128.load(y) : gather(y, yStep, rows, scratch))
  if ((flags & GEMM_BIAS) != 0)
    sums = f32x4.add(sums, plain && biasStep == 1 ? v128.load(bias) : gather(bias, biasStep, rows, scratch))
  const act = flags >> GEMM_ACTIVATION_SHIFT
  if (act != 0) {
    v128.store(scratch, sums)
    finish(scratch, 0, 1, 4, 0, act)
    sums = v128.load(scratch)
  }
  if (plain) v128.store(y, sums)
  else {
    v128.store_lane<f32>(y, sums, 0)
    if (rows > 1) v128.store_lane<f32>(y + ((<usize>yStep) << 2), sums, 1)
    if (rows > 2) v128.store_lane<f32>(y + ((<usize>yStep) << 3), sums, 2)
    if (rows > 3) v128.store_lane<f32>(y + <usize>yStep * 12, sums, 3)
  }
}
