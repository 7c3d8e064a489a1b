import { fma } from '../../simd/f32x4'

/** c[6][16] = from[6][16] + a b over k >= 1 columns of a, rising. a is column after column, aStep bytes apart, rows in neighbouring words. */
export function f32_6x16(
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
  let c02 = v128.load(from, 32)
  let c03 = v128.load(from, 48)
  from += fromRow
  let c10 = v128.load(from)
  let c11 = v128.load(from, 16)
  let c12 = v128.load(from, 32)
  let c13 = v128.load(from, 48)
  from += fromRow
  let c20 = v128.load(from)
  let c21 = v128.load(from, 16)
  let c22 = v128.load(from, 32)
  let c23 = v128.load(from, 48)
  from += fromRow
  let c30 = v128.load(from)
  let c31 = v128.load(from, 16)
  let c32 = v128.load(from, 32)
  let c33 = v128.load(from, 48)
  from += fromRow
  let c40 = v128.load(from)
  let c41 = v128.load(from, 16)
  let c42 = v128.load(from, 32)
  let c43 = v128.load(from, 48)
  from += fromRow
  let c50 = v128.load(from)
  let c51 = v128.load(from, 16)
  let c52 = v128.load(from, 32)
  let c53 = v128.load(from, 48)
  do {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    const b2 = v128.load(b, 32)
    const b3 = v128.load(b, 48)
    const x0 = v128.load_splat<f32>(a)
    c00 = fma(x0, b0, c00)
    c01 = fma(x0, b1, c01)
    c02 = fma(x0, b2, c02)
    c03 = fma(x0, b3, c03)
    const x1 = v128.load_splat<f32>(a, 4)
    c10 = fma(x1, b0, c10)
    c11 = fma(x1, b1, c11)
    c12 = fma(x1, b2, c12)
    c13 = fma(x1, b3, c13)
    const x2 = v128.load_splat<f32>(a, 8)
    c20 = fma(x2, b0, c20)
    c21 = fma(x2, b1, c21)
    c22 = fma(x2, b2, c22)
    c23 = fma(x2, b3, c23)
    const x3 = v128.load_splat<f32>(a, 12)
    c30 = fma(x3, b0, c30)
    c31 = fma(x3, b1, c31)
    c32 = fma(x3, b2, c32)
    c33 = fma(x3, b3, c33)
    const x4 = v128.load_splat<f32>(a, 16)
    c40 = fma(x4, b0, c40)
    c41 = fma(x4, b1, c41)
    c42 = fma(x4, b2, c42)
    c43 = fma(x4, b3, c43)
    const x5 = v128.load_splat<f32>(a, 20)
    c50 = fma(x5, b0, c50)
    c51 = fma(x5, b1, c51)
    c52 = fma(x5, b2, c52)
    c53 = fma(x5, b3, c53)
    a += aStep
    b += bStep
  } while (--k)
  v128.store(c, c00)
  v128.store(c, c01, 16)
  v128.store(c, c02, 32)
  v128.store(c, c03, 48)
  c += cRow
  v128.store(c, c10)
  v128.store(c, c11, 16)
  v128.store(c, c12, 32)
  v128.store(c, c13, 48)
  c += cRow
  v128.store(c, c20)
  v128.store(c, c21, 16)
  v128.store(c, c22, 32)
  v128.store(c, c23, 48)
  c += cRow
  v128.store(c, c30)
  v128.store(c, c31, 16)
  v128.store(c, c32, 32)
  v128.store(c, c33, 48)
  c += cRow
  v128.store(c, c40)
  v128.store(c, c41, 16)
  v128.store(c, c42, 32)
  v128.store(c, c43, 48)
  c += cRow
  v128.store(c, c50)
  v128.store(c, c51, 16)
  v128.store(c, c52, 32)
  v128.store(c, c53, 48)
}

/** The same with the rows of a aRow bytes apart. */
export function f32_6x16_strided(
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
  let c02 = v128.load(from, 32)
  let c03 = v128.load(from, 48)
  from += fromRow
  let c10 = v128.load(from)
  let c11 = v128.load(from, 16)
  let c12 = v128.load(from, 32)
  let c13 = v128.load(from, 48)
  from += fromRow
  let c20 = v128.load(from)
  let c21 = v128.load(from, 16)
  let c22 = v128.load(from, 32)
  let c23 = v128.load(from, 48)
  from += fromRow
  let c30 = v128.load(from)
  let c31 = v128.load(from, 16)
  let c32 = v128.load(from, 32)
  let c33 = v128.load(from, 48)
  from += fromRow
  let c40 = v128.load(from)
  let c41 = v128.load(from, 16)
  let c42 = v128.load(from, 32)
  let c43 = v128.load(from, 48)
  from += fromRow
  let c50 = v128.load(from)
  let c51 = v128.load(from, 16)
  let c52 = v128.load(from, 32)
  let c53 = v128.load(from, 48)
  let a1 = a + aRow
  let a2 = a1 + aRow
  let a3 = a2 + aRow
  let a4 = a3 + aRow
  let a5 = a4 + aRow
  do {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    const b2 = v128.load(b, 32)
    const b3 = v128.load(b, 48)
    const x0 = v128.load_splat<f32>(a)
    c00 = fma(x0, b0, c00)
    c01 = fma(x0, b1, c01)
    c02 = fma(x0, b2, c02)
    c03 = fma(x0, b3, c03)
    const x1 = v128.load_splat<f32>(a1)
    c10 = fma(x1, b0, c10)
    c11 = fma(x1, b1, c11)
    c12 = fma(x1, b2, c12)
    c13 = fma(x1, b3, c13)
    const x2 = v128.load_splat<f32>(a2)
    c20 = fma(x2, b0, c20)
    c21 = fma(x2, b1, c21)
    c22 = fma(x2, b2, c22)
    c23 = fma(x2, b3, c23)
    const x3 = v128.load_splat<f32>(a3)
    c30 = fma(x3, b0, c30)
    c31 = fma(x3, b1, c31)
    c32 = fma(x3, b2, c32)
    c33 = fma(x3, b3, c33)
    const x4 = v128.load_splat<f32>(a4)
    c40 = fma(x4, b0, c40)
    c41 = fma(x4, b1, c41)
    c42 = fma(x4, b2, c42)
    c43 = fma(x4, b3, c43)
    const x5 = v128.load_splat<f32>(a5)
    c50 = fma(x5, b0, c50)
    c51 = fma(x5, b1, c51)
    c52 = fma(x5, b2, c52)
    c53 = fma(x5, b3, c53)
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
  v128.store(c, c02, 32)
  v128.store(c, c03, 48)
  c += cRow
  v128.store(c, c10)
  v128.store(c, c11, 16)
  v128.store(c, c12, 32)
  v128.store(c, c13, 48)
  c += cRow
  v128.store(c, c20)
  v128.store(c, c21, 16)
  v128.store(c, c22, 32)
  v128.store(c, c23, 48)
  c += cRow
  v128.store(c, c30)
  v128.store(c, c31, 16)
  v128.store(c, c32, 32)
  v128.store(c, c33, 48)
  c += cRow
  v128.store(c, c40)
  v128.store(c, c41, 16)
  v128.store(c, c42, 32)
  v128.store(c, c43, 48)
  c += cRow
  v128.store(c, c50)
  v128.store(c, c51, 16)
  v128.store(c, c52, 32)
  v128.store(c, c53, 48)
}

/** The first one, which also copies the rows of b to a panel. */
export function f32_6x16_packing(
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
  let c02 = v128.load(from, 32)
  let c03 = v128.load(from, 48)
  from += fromRow
  let c10 = v128.load(from)
  let c11 = v128.load(from, 16)
  let c12 = v128.load(from, 32)
  let c13 = v128.load(from, 48)
  from += fromRow
  let c20 = v128.load(from)
  let c21 = v128.load(from, 16)
  let c22 = v128.load(from, 32)
  let c23 = v128.load(from, 48)
  from += fromRow
  let c30 = v128.load(from)
  let c31 = v128.load(from, 16)
  let c32 = v128.load(from, 32)
  let c33 = v128.load(from, 48)
  from += fromRow
  let c40 = v128.load(from)
  let c41 = v128.load(from, 16)
  let c42 = v128.load(from, 32)
  let c43 = v128.load(from, 48)
  from += fromRow
  let c50 = v128.load(from)
  let c51 = v128.load(from, 16)
  let c52 = v128.load(from, 32)
  let c53 = v128.load(from, 48)
  do {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    const b2 = v128.load(b, 32)
    const b3 = v128.load(b, 48)
    v128.store(panel, b0)
    v128.store(panel, b1, 16)
    v128.store(panel, b2, 32)
    v128.store(panel, b3, 48)
    const x0 = v128.load_splat<f32>(a)
    c00 = fma(x0, b0, c00)
    c01 = fma(x0, b1, c01)
    c02 = fma(x0, b2, c02)
    c03 = fma(x0, b3, c03)
    const x1 = v128.load_splat<f32>(a, 4)
    c10 = fma(x1, b0, c10)
    c11 = fma(x1, b1, c11)
    c12 = fma(x1, b2, c12)
    c13 = fma(x1, b3, c13)
    const x2 = v128.load_splat<f32>(a, 8)
    c20 = fma(x2, b0, c20)
    c21 = fma(x2, b1, c21)
    c22 = fma(x2, b2, c22)
    c23 = fma(x2, b3, c23)
    const x3 = v128.load_splat<f32>(a, 12)
    c30 = fma(x3, b0, c30)
    c31 = fma(x3, b1, c31)
    c32 = fma(x3, b2, c32)
    c33 = fma(x3, b3, c33)
    const x4 = v128.load_splat<f32>(a, 16)
    c40 = fma(x4, b0, c40)
    c41 = fma(x4, b1, c41)
    c42 = fma(x4, b2, c42)
    c43 = fma(x4, b3, c43)
    const x5 = v128.load_splat<f32>(a, 20)
    c50 = fma(x5, b0, c50)
    c51 = fma(x5, b1, c51)
    c52 = fma(x5, b2, c52)
    c53 = fma(x5, b3, c53)
    a += aStep
    b += bStep
    panel += 64
  } while (--k)
  v128.store(c, c00)
  v128.store(c, c01, 16)
  v128.store(c, c02, 32)
  v128.store(c, c03, 48)
  c += cRow
  v128.store(c, c10)
  v128.store(c, c11, 16)
  v128.store(c, c12, 32)
  v128.store(c, c13, 48)
  c += cRow
  v128.store(c, c20)
  v128.store(c, c21, 16)
  v128.store(c, c22, 32)
  v128.store(c, c23, 48)
  c += cRow
  v128.store(c, c30)
  v128.store(c, c31, 16)
  v128.store(c, c32, 32)
  v128.store(c, c33, 48)
  c += cRow
  v128.store(c, c40)
  v128.store(c, c41, 16)
  v128.store(c, c42, 32)
  v128.store(c, c43, 48)
  c += cRow
  v128.store(c, c50)
  v128.store(c, c51, 16)
  v128.store(c, c52, 32)
  v128.store(c, c53, 48)
}
