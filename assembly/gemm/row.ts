import { fma } from '../simd/f32x4'
import { loadLanes, storeLanes } from '../simd/lanes'

/**
 * c = [c +] a B for one row a of k numbers, aStep bytes apart: eight rows of B (k x n, ldb bytes apart) at a time
 * stream along c, which suits products too small to use a row of B more than once or twice.
 */
export function rowTimesMatrix(
  a: usize,
  aStep: usize,
  b: usize,
  ldb: usize,
  c: usize,
  n: u32,
  k: u32,
  add: bool,
): void {
  if (!add) memory.fill(c, 0, (<usize>n) << 2)
  const aNext = aStep << 3
  const bNext = ldb << 3
  for (; k >= 8; k -= 8) {
    eightRows(a, aStep, b, ldb, c, n)
    a += aNext
    b += bNext
  }
  for (; k > 0; k--) {
    oneRow(v128.load_splat<f32>(a), b, c, n)
    a += aStep
    b += ldb
  }
}

function eightRows(a: usize, aStep: usize, b0: usize, ldb: usize, c: usize, n: u32): void {
  const a4 = a + (aStep << 2)
  const x0 = v128.load_splat<f32>(a)
  const x1 = v128.load_splat<f32>(a + aStep)
  const x2 = v128.load_splat<f32>(a + aStep * 2)
  const x3 = v128.load_splat<f32>(a + aStep * 3)
  const x4 = v128.load_splat<f32>(a4)
  const x5 = v128.load_splat<f32>(a4 + aStep)
  const x6 = v128.load_splat<f32>(a4 + aStep * 2)
  const x7 = v128.load_splat<f32>(a4 + aStep * 3)
  let b1 = b0 + ldb
  let b2 = b1 + ldb
  let b3 = b2 + ldb
  let b4 = b3 + ldb
  let b5 = b4 + ldb
  let b6 = b5 + ldb
  let b7 = b6 + ldb
  for (; n >= 8; n -= 8) {
    let v = v128.load(c)
    let w = v128.load(c, 16)
    v = fma(x0, v128.load(b0), v)
    w = fma(x0, v128.load(b0, 16), w)
    v = fma(x1, v128.load(b1), v)
    w = fma(x1, v128.load(b1, 16), w)
    v = fma(x2, v128.load(b2), v)
    w = fma(x2, v128.load(b2, 16), w)
    v = fma(x3, v128.load(b3), v)
    w = fma(x3, v128.load(b3, 16), w)
    v = fma(x4, v128.load(b4), v)
    w = fma(x4, v128.load(b4, 16), w)
    v = fma(x5, v128.load(b5), v)
    w = fma(x5, v128.load(b5, 16), w)
    v = fma(x6, v128.load(b6), v)
    w = fma(x6, v128.load(b6, 16), w)
    v = fma(x7, v128.load(b7), v)
    w = fma(x7, v128.load(b7, 16), w)
    v128.store(c, v)
    v128.store(c, w, 16)
    c += 32
    b0 += 32
    b1 += 32
    b2 += 32
    b3 += 32
    b4 += 32
    b5 += 32
    b6 += 32
    b7 += 32
  }
  while (n > 0) {
    const lanes = min<u32>(4, n)
    let v = loadLanes(c, lanes)
    v = fma(x0, loadLanes(b0, lanes), v)
    v = fma(x1, loadLanes(b1, lanes), v)
    v = fma(x2, loadLanes(b2, lanes), v)
    v = fma(x3, loadLanes(b3, lanes), v)
    v = fma(x4, loadLanes(b4, lanes), v)
    v = fma(x5, loadLanes(b5, lanes), v)
    v = fma(x6, loadLanes(b6, lanes), v)
    v = fma(x7, loadLanes(b7, lanes), v)
    storeLanes(c, v, lanes)
    c += 16
    b0 += 16
    b1 += 16
    b2 += 16
    b3 += 16
    b4 += 16
    b5 += 16
    b6 += 16
    b7 += 16
    n -= lanes
  }
}

function oneRow(x: v128, b: usize, c: usize, n: u32): void {
  for (; n >= 4; n -= 4) {
    v128.store(c, fma(x, v128.load(b), v128.load(c)))
    b += 16
    c += 16
  }
  if (n > 0) storeLanes(c, fma(x, loadLanes(b, n), loadLanes(c, n)), n)
}
