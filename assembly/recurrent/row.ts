import { UNARY_SIGMOID, UNARY_TANH } from '../../src/abi/constants'
import { unary } from '../elementwise/unary'
import { loadLanes, storeLanes } from '../simd/lanes'

/** y = sigmoid(a + b), n words; 32 bytes at `free`. */
export function sigmoidRow(a: usize, b: usize, y: usize, n: u32, free: usize): void {
  sums(a, 0, b, y, n)
  unary(UNARY_SIGMOID, y, y, n, 0, 0, free, 0, 1)
}

/** y = tanh(a + r b), n words; r at 0 is 1. */
export function tanhRow(a: usize, r: usize, b: usize, y: usize, n: u32, free: usize): void {
  sums(a, r, b, y, n)
  tanhOf(y, y, n, free)
}

/** y = tanh(x), n words; y may be x. */
export function tanhOf(x: usize, y: usize, n: u32, free: usize): void {
  unary(UNARY_TANH, x, y, n, 0, 0, free, 0, 1)
}

function sums(a: usize, r: usize, b: usize, y: usize, n: u32): void {
  for (let left = <i32>n, i: usize = 0; left > 0; left -= 4, i += 16) {
    let v = loadLanes(b + i, left)
    if (r != 0) v = f32x4.mul(loadLanes(r + i, left), v)
    storeLanes(y + i, f32x4.add(loadLanes(a + i, left), v), left)
  }
}
