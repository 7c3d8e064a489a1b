import { highToF64, lowToF64 } from '../simd/f32x4'
import { loadLanes, storeLanes } from '../simd/lanes'
import { exp } from '../simd/math'

/**
 * Sum of e^(x - max) over a row of n words, in f64 from the first addition on: where one term is 1 and the others are
 * tiny, they are the loss. Keeps the terms at y (0: nowhere); y may be x.
 */
export function expRow(x: usize, y: usize, n: u32, max: f32): f64 {
  const m = f32x4.splat(max)
  let low = i32x4.splat(0)
  let high = low
  for (; n >= 8; n -= 8, x += 32) {
    const u = exp(f32x4.sub(v128.load(x), m))
    const v = exp(f32x4.sub(v128.load(x, 16), m))
    low = f64x2.add(f64x2.add(low, lowToF64(u)), lowToF64(v))
    high = f64x2.add(f64x2.add(high, highToF64(u)), highToF64(v))
    if (y != 0) {
      v128.store(y, u)
      v128.store(y, v, 16)
      y += 32
    }
  }
  for (let left = <i32>n; left > 0; left -= 4, x += 16) {
    let e = exp(f32x4.sub(loadLanes(x, left), m))
    if (y != 0) {
      storeLanes(y, e, left)
      y += 16
    }
    // lanes beyond the row count for nothing
    e = v128.and(e, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(left)))
    low = f64x2.add(low, lowToF64(e))
    high = f64x2.add(high, highToF64(e))
  }
  low = f64x2.add(low, high)
  return f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1)
}
