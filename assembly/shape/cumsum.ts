import { fromF64, highToF64, lowToF64 } from '../simd/f32x4'
import { loadLanes, storeLanes } from '../simd/lanes'
import { shareBegin, shareEnd } from '../vm/partition'

/**
 * y[o, j, i] = sum of x[o, k, i] over k <= j, or over k >= j from the end; x and y are [outer, n, inner]. The sums are
 * f64, so that each result is rounded once; whole: those of i32, which wrap around. Split by columns, four neighbours at
 * a time.
 */
export function cumsum(
  x: usize,
  y: usize,
  outer: u32,
  n: u32,
  inner: u32,
  reverse: u32,
  whole: u32,
  part: u32,
  parts: u32,
): void {
  const fours = (inner + 3) >> 2
  const end = shareEnd(outer * fours, 1, part, parts)
  const pitch = (<usize>inner) << 2
  for (let at = shareBegin(outer * fours, 1, part, parts); at < end; at++) {
    const o = at / fours
    const column = (at - o * fours) << 2
    const count = min<u32>(4, inner - column)
    let offset = (<usize>(o * n * inner + column)) << 2
    let step = pitch
    if (reverse != 0) {
      offset += pitch * (n - 1)
      step = 0 - pitch
    }
    let low = f64x2.splat(0)
    let high = f64x2.splat(0)
    for (let j = n; j > 0; j--, offset += step) {
      const v = loadLanes(x + offset, count)
      let sums: v128
      if (whole != 0) {
        low = i32x4.add(low, v)
        sums = low
      } else {
        low = f64x2.add(low, lowToF64(v))
        high = f64x2.add(high, highToF64(v))
        sums = fromF64(low, high)
      }
      storeLanes(y + offset, sums, count)
    }
  }
}
