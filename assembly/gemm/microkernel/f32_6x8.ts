import { fma } from '../../simd/f32x4'

/** c[6][8] = from[6][8] + a b over k >= 1 columns of a, rising. a is column after column, aStep bytes apart, rows in neighbouring words. */
export function f32_6x8(
  k: u32,
  a: usize,
  aStep: usize,
  b: usize,
  bStep: usize,
  c: usize,
  cRow: usize,
  from: usize,
  fromRow: usize,
): void {
  let c00 = v128.load(from)
  let c01 = v128.load(from, 16)
  from += fromRow
  let c10 = v128.load(from)
  let c11 = v128.load(from, 16)
  from += fromRow
  let c20 = v128.load(from)
  let c21 = v128.load(from, 16)
  from += fromRow
  let c30 = v128.load(from)
  let c31 = v128.load(from, 16)
  from += fromRow
  let c40 = v128.load(from)
  let c41 = v128.load(from, 16)
  from += fromRow
  let c50 = v128.load(from)
  let c51 = v128.load(from, 16)
  do {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    const x0 = v128.load_splat<f32>(a)
    c00 = fma(x0, b0, c00)
    c01 = fma(x0, b1, c01)
    const x1 = v128.load_splat<f32>(a, 4)
    c10 = fma(x1, b0, c10)
    c11 = fma(x1, b1, c11)
    const x2 = v128.load_splat<f32>(a, 8)
    c20 = fma(x2, b0, c20)
    c21 = fma(x2, b1, c21)
    const x3 = v128.load_splat<f32>(a, 12)
    c30 = fma(x3, b0, c30)
    c31 = fma(x3, b1, c31)
    const x4 = v128.load_splat<f32>(a, 16)
    c40 = fma(x4, b0, c40)
    c41 = fma(x4, b1, c41)
    const x5 = v128.load_splat<f32>(a, 20)
    c50 = fma(x5, b0, c50)
    c51 = fma(x5, b1, c51)
    a += aStep
    b += bStep
  } while (--k)
  v128.store(c, c00)
  v128.store(c, c01, 16)
  c += cRow
  v128.store(c, c10)
  v128.store(c, c11, 16)
  c += cRow
  v128.store(c, c20)
  v128.store(c, c21, 16)
  c += cRow
  v128.store(c, c30)
  v128.store(c, c31, 16)
  c += cRow
  v128.store(c, c40)
  v128.store(c, c41, 16)
  c += cRow
  v128.store(c, c50)
  v128.store(c, c51, 16)
}

/** The same with the rows of a aRow bytes apart. */
export function f32_6x8_strided(
  k: u32,
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bStep: usize,
  c: usize,
  cRow: usize,
  from: usize,
  fromRow: usize,
): void {
  let c00 = v128.load(from)
  let c01 = v128.load(from, 16)
  from += fromRow
  let c10 = v128.load(from)
  let c11 = v128.load(from, 16)
  from += fromRow
  let c20 = v128.load(from)
  let c21 = v128.load(from, 16)
  from += fromRow
  let c30 = v128.load(from)
  let c31 = v128.load(from, 16)
  from += fromRow
  let c40 = v128.load(from)
  let c41 = v128.load(from, 16)
  from += fromRow
  let c50 = v128.load(from)
  let c51 = v128.load(from, 16)
  let a1 = a + aRow
  let a2 = a1 + aRow
  let a3 = a2 + aRow
  let a4 = a3 + aRow
  let a5 = a4 + aRow
  do {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    const x0 = v128.load_splat<f32>(a)
    c00 = fma(x0, b0, c00)
    c01 = fma(x0, b1, c01)
    const x1 = v128.load_splat<f32>(a1)
    c10 = fma(x1, b0, c10)
    c11 = fma(x1, b1, c11)
    const x2 = v128.load_splat<f32>(a2)
    c20 = fma(x2, b0, c20)
    c21 = fma(x2, b1, c21)
    const x3 = v128.load_splat<f32>(a3)
    c30 = fma(x3, b0, c30)
    c31 = fma(x3, b1, c31)
    const x4 = v128.load_splat<f32>(a4)
    c40 = fma(x4, b0, c40)
    c41 = fma(x4, b1, c41)
    const x5 = v128.load_splat<f32>(a5)
    c50 = fma(x5, b0, c50)
    c51 = fma(x5, b1, c51)
    a += aStep
    a1 += aStep
    a2 += aStep
    a3 += aStep
    a4 += aStep
    a5 += aStep
    b += bStep
  } while (--k)
  v128.store(c, c00)
  v128.store(c, c01, 16)
  c += cRow
  v128.store(c, c10)
  v128.store(c, c11, 16)
  c += cRow
  v128.store(c, c20)
  v128.store(c, c21, 16)
  c += cRow
  v128.store(c, c30)
  v128.store(c, c31, 16)
  c += cRow
  v128.store(c, c40)
  v128.store(c, c41, 16)
  c += cRow
  v128.store(c, c50)
  v128.store(c, c51, 16)
}

/** The first one, which also copies the rows of b to a panel. */
export function f32_6x8_packing(
  k: u32,
  a: usize,
  aStep: usize,
  b: usize,
  bStep: usize,
  panel: usize,
  c: usize,
  cRow: usize,
  from: usize,
  fromRow: usize,
): void {
  let c00 = v128.load(from)
  let c01 = v128.load(from, 16)
  from += fromRow
  let c10 = v128.load(from)
  let c11 = v128.load(from, 16)
  from += fromRow
  let c20 = v128.load(from)
  let c21 = v128.load(from, 16)
  from += fromRow
  let c30 = v128.load(from)
  let c31 = v128.load(from, 16)
  from += fromRow
  let c40 = v128.load(from)
  let c41 = v128.load(from, 16)
  from += fromRow
  let c50 = v128.load(from)
  let c51 = v128.load(from, 16)
  do {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    v128.store(panel, b0)
    v128.store(panel, b1, 16)
    const x0 = v128.load_splat<f32>(a)
    c00 = fma(x0, b0, c00)
    c01 = fma(x0, b1, c01)
    const x1 = v128.load_splat<f32>(a, 4)
    c10 = fma(x1, b0, c10)
    c11 = fma(x1, b1, c11)
    const x2 = v128.load_splat<f32>(a, 8)
    c20 = fma(x2, b0, c20)
    c21 = fma(x2, b1, c21)
    const x3 = v128.load_splat<f32>(a, 12)
    c30 = fma(x3, b0, c30)
    c31 = fma(x3, b1, c31)
    const x4 = v128.load_splat<f32>(a, 16)
    c40 = fma(x4, b0, c40)
    c41 = fma(x4, b1, c41)
    const x5 = v128.load_splat<f32>(a, 20)
    c50 = fma(x5, b0, c50)
    c51 = fma(x5, b1, c51)
    a += aStep
    b += bStep
    panel += 32
  } while (--k)
  v128.store(c, c00)
  v128.store(c, c01, 16)
  c += cRow
  v128.store(c, c10)
  v128.store(c, c11, 16)
  c += cRow
  v128.store(c, c20)
  v128.store(c, c21, 16)
  c += cRow
  v128.store(c, c30)
  v128.store(c, c31, 16)
  c += cRow
  v128.store(c, c40)
  v128.store(c, c41, 16)
  c += cRow
  v128.store(c, c50)
  v128.store(c, c51, 16)
}
