import { loadLanes, storeLanes } from '../simd/lanes'
import { sigmoid, tanh } from '../simd/math'

/** y = sigmoid(a + b), n words. */
export function sigmoidRow(a: usize, b: usize, y: usize, n: u32): void {
  for (let left = <i32>n; left > 0; left -= 4, a += 16, b += 16, y += 16)
    storeLanes(y, sigmoid(f32x4.add(loadLanes(a, left), loadLanes(b, left))), left)
}

/** y = tanh(a + r b), n words; r at 0 is 1. y may be an operand. */
export function tanhRow(a: usize, r: usize, b: usize, y: usize, n: u32): void {
  const one = f32x4.splat(1)
  for (let left = <i32>n; left > 0; left -= 4, a += 16, b += 16, y += 16) {
    let factor = one
    if (r != 0) {
      factor = loadLanes(r, left)
      r += 16
    }
    storeLanes(y, tanh(f32x4.add(loadLanes(a, left), f32x4.mul(factor, loadLanes(b, left)))), left)
  }
}
