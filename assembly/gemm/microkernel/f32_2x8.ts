import { fma } from '../../simd/f32x4'

/** c[2][8] = from[2][8] + a b over k >= 1 columns of a, rising. a is column after column, aStep bytes apart, rows in neighbouring words. */
export function f32_2x8(
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
  do {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    const x0 = v128.load_splat<f32>(a)
    c00 = fma(x0, b0, c00)
    c01 = fma(x0, b1, c01)
    const x1 = v128.load_splat<f32>(a, 4)
    c10 = fma(x1, b0, c10)
    c11 = fma(x1, b1, c11)
    a += aStep
    b += bStep
  } while (--k)
  v128.store(c, c00)
  v128.store(c, c01, 16)
  c += cRow
  v128.store(c, c10)
  v128.store(c, c11, 16)
}

/** The same with the rows of a aRow bytes apart. */
export function f32_2x8_strided(
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
  let a1 = a + aRow
  do {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    const x0 = v128.load_splat<f32>(a)
    c00 = fma(x0, b0, c00)
    c01 = fma(x0, b1, c01)
    const x1 = v128.load_splat<f32>(a1)
    c10 = fma(x1, b0, c10)
    c11 = fma(x1, b1, c11)
    a += aStep
    a1 += aStep
    b += bStep
  } while (--k)
  v128.store(c, c00)
  v128.store(c, c01, 16)
  c += cRow
  v128.store(c, c10)
  v128.store(c, c11, 16)
}
