import { fma } from '../../simd/f32x4'

/** c[8] = from[8] + a b over k >= 1 values of a, rising. a is column after column, aStep bytes apart. */
export function f32_1x8(k: u32, a: usize, aStep: usize, b: usize, bStep: usize, c: usize, from: usize): void {
  let c00 = v128.load(from)
  let c01 = v128.load(from, 16)
  do {
    const b0 = v128.load(b)
    const b1 = v128.load(b, 16)
    const x0 = v128.load_splat<f32>(a)
    c00 = fma(x0, b0, c00)
    c01 = fma(x0, b1, c01)
    a += aStep
    b += bStep
  } while (--k)
  v128.store(c, c00)
  v128.store(c, c01, 16)
}
