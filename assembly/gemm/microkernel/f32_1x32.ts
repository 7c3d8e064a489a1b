import { fma } from '../../simd/f32x4'

/** c[32] = from[32] + a b over k >= 1 values of a, rising. a is column after column, aStep bytes apart. */
export function f32_1x32(k: u32, a: usize, aStep: usize, b: usize, bStep: usize, c: usize, from: usize): void {
  let c00 = v128.load(from)
  let c01 = v128.load(from, 16)
  let c02 = v128.load(from, 32)
  let c03 = v128.load(from, 48)
  let c04 = v128.load(from, 64)
  let c05 = v128.load(from, 80)
  let c06 = v128.load(from, 96)
  let c07 = v128.load(from, 112)
  do {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    const b2 = v128.load(b, 32)
    const b3 = v128.load(b, 48)
    const b4 = v128.load(b, 64)
    const b5 = v128.load(b, 80)
    const b6 = v128.load(b, 96)
    const b7 = v128.load(b, 112)
    const x0 = v128.load_splat<f32>(a)
    c00 = fma(x0, b0, c00)
    c01 = fma(x0, b1, c01)
    c02 = fma(x0, b2, c02)
    c03 = fma(x0, b3, c03)
    c04 = fma(x0, b4, c04)
    c05 = fma(x0, b5, c05)
    c06 = fma(x0, b6, c06)
    c07 = fma(x0, b7, c07)
    a += aStep
    b += bStep
  } while (--k)
  v128.store(c, c00)
  v128.store(c, c01, 16)
  v128.store(c, c02, 32)
  v128.store(c, c03, 48)
  v128.store(c, c04, 64)
  v128.store(c, c05, 80)
  v128.store(c, c06, 96)
  v128.store(c, c07, 112)
}
