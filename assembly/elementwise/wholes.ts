import * as code from '../../src/abi/constants'
import { loadLanes, storeLanes } from '../simd/lanes'
import { shareBegin, shareEnd } from '../vm/partition'

/**
 * y[i] = fn(a[i * aStep], b[i * bStep]) on i32; steps are 0 or 1, y may be a or b. Comparisons give f32, 0 or 1. Split in
 * lines of 16 words.
 */
export function wholes(
  fn: u32,
  a: usize,
  b: usize,
  y: usize,
  n: u32,
  aStep: u32,
  bStep: u32,
  part: u32,
  parts: u32,
): void {
  const begin = shareBegin(n, 16, part, parts)
  let left = <i32>(shareEnd(n, 16, part, parts) - begin)
  if (left <= 0) return
  const at = (<usize>begin) << 2
  const one = v128.load32_splat(aStep == 0 ? a : b)
  a += at * aStep
  b += at * bStep
  y += at
  for (; left > 0; left -= 4, a += 16, b += 16, y += 16) {
    const u = aStep == 0 ? one : loadLanes(a, left)
    const v = bStep != 0 ? loadLanes(b, left) : aStep == 0 ? v128.load32_splat(b) : one
    storeLanes(y, wholeOf(fn, u, v), left)
  }
}

function wholeOf(fn: u32, a: v128, b: v128): v128 {
  switch (fn) {
    case code.WHOLE_ADD:
      return i32x4.add(a, b)
    case code.WHOLE_SUB:
      return i32x4.sub(a, b)
    case code.WHOLE_MUL:
      return i32x4.mul(a, b)
    case code.WHOLE_MAXIMUM:
      return i32x4.max_s(a, b)
    case code.WHOLE_MINIMUM:
      return i32x4.min_s(a, b)
    case code.WHOLE_GREATER:
      return truth(i32x4.gt_s(a, b))
    case code.WHOLE_EQUAL:
      return truth(i32x4.eq(a, b))
    case code.WHOLE_GREATER_EQUAL:
      return truth(i32x4.ge_s(a, b))
    default:
      return truth(i32x4.ne(a, b))
  }
}

function truth(mask: v128): v128 {
  return v128.and(mask, f32x4.splat(1))
}
