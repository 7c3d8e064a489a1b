import { fma } from '../simd/f32x4'
import { loadLanes, storeLanes } from '../simd/lanes'

/**
 * c = [c +] a B for one row a of k numbers, aStep bytes apart: four rows of B (k x n, ldb bytes apart) at a time
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
  const aNext = aStep << 2
  const bNext = ldb << 2
  for (; k >= 4; k -= 4) {
    fourRows(a, aStep, b, ldb, c, n)
    a += aNext
    b += bNext
  }
  for (; k > 0; k--) {
    oneRow(v128.load_splat<f32>(a), b, c, n)
    a += aStep
    b += ldb
  }
}

function fourRows(a: usize, aStep: usize, b0: usize, ldb: usize, c: usize, n: u32): void {
  const x0 = v128.load_splat<f32>(a)
  const x1 = v128.load_splat<f32>(a + aStep)
  const x2 = v128.load_splat<f32>(a + aStep * 2)
  const x3 = v128.load_splat<f32>(a + aStep * 3)
  let b1 = b0 + ldb
  let b2 = b1 + ldb
  let b3 = b2 + ldb
  for (; n >= 8; n -= 8) {
    let c0 = v128.load(c)
    let c1 = v128.load(c, 16)
    c0 = fma(x0, v128.load(b0), c0)
    c1 = fma(x0, v128.load(b0, 16), c1)
    c0 = fma(x1, v128.load(b1), c0)
    c1 = fma(x1, v128.load(b1, 16), c1)
    c0 = fma(x2, v128.load(b2), c0)
    c1 = fma(x2, v128.load(b2, 16), c1)
    c0 = fma(x3, v128.load(b3), c0)
    c1 = fma(x3, v128.load(b3, 16), c1)
    v128.store(c, c0)
    v128.store(c, c1, 16)
    c += 32
    b0 += 32
    b1 += 32
    b2 += 32
    b3 += 32
  }
  while (n > 0) {
    const lanes = min<u32>(4, n)
    let v = loadLanes(c, lanes)
    v = fma(x0, loadLanes(b0, lanes), v)
    v = fma(x1, loadLanes(b1, lanes), v)
    v = fma(x2, loadLanes(b2, lanes), v)
    v = fma(x3, loadLanes(b3, lanes), v)
    storeLanes(c, v, lanes)
    c += 16
    b0 += 16
    b1 += 16
    b2 += 16
    b3 += 16
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
