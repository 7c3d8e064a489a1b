import { shareBegin, shareEnd } from '../vm/partition'

/**
 * y[i] = condition[i * cStep] != 0 ? a[i * aStep] : b[i * bStep]; steps are 0 or 1, y may be any operand. The bits of a
 * and b pass as they are, whatever the other holds. Split in lines of 16 words.
 */
export function where(
  condition: usize,
  a: usize,
  b: usize,
  y: usize,
  n: u32,
  cStep: u32,
  aStep: u32,
  bStep: u32,
  part: u32,
  parts: u32,
): void {
  const begin = (<usize>shareBegin(n, 16, part, parts)) << 2
  const end = (<usize>shareEnd(n, 16, part, parts)) << 2
  // the first words are read at once below
  if (begin >= end) return
  condition += begin * cStep
  a += begin * aStep
  b += begin * bStep
  const last = y + end
  y += begin
  const zero = i32x4.splat(0)
  if ((cStep & aStep & bStep) != 0) {
    for (; y + 16 <= last; condition += 16, a += 16, b += 16, y += 16)
      v128.store(y, v128.bitselect(v128.load(a), v128.load(b), f32x4.ne(v128.load(condition), zero)))
  } else {
    const fixedC = v128.load32_splat(condition)
    const fixedA = v128.load32_splat(a)
    const fixedB = v128.load32_splat(b)
    for (; y + 16 <= last; condition += 16 * cStep, a += 16 * aStep, b += 16 * bStep, y += 16) {
      const c = cStep != 0 ? v128.load(condition) : fixedC
      const u = aStep != 0 ? v128.load(a) : fixedA
      const v = bStep != 0 ? v128.load(b) : fixedB
      v128.store(y, v128.bitselect(u, v, f32x4.ne(c, zero)))
    }
  }
  for (; y < last; condition += 4 * cStep, a += 4 * aStep, b += 4 * bStep, y += 4)
    store<u32>(y, load<f32>(condition) != 0 ? load<u32>(a) : load<u32>(b))
}
