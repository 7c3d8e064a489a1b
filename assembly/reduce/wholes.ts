import { REDUCE_MAX, REDUCE_MIN, REDUCE_PROD } from '../../src/abi/constants'
import { shareBegin, shareEnd } from '../vm/partition'

/**
 * y[o, i] = the sum or product (they wrap around), maximum or minimum over j of x[o, j, i], i32; arg: the first j that
 * attains the extremum. Split over the results, in lines of 16.
 */
export function reduceWholes(
  fn: u32,
  arg: u32,
  x: usize,
  y: usize,
  outer: u32,
  n: u32,
  inner: u32,
  part: u32,
  parts: u32,
): void {
  const pitch = (<usize>inner) << 2
  const end = shareEnd(outer * inner, 16, part, parts)
  for (let at = shareBegin(outer * inner, 16, part, parts); at < end; at++) {
    const o = at / inner
    let p = x + ((<usize>(o * n * inner + at - o * inner)) << 2)
    let value: i32 = n > 0 ? load<i32>(p) : <i32>(fn == REDUCE_PROD)
    let first: u32 = 0
    for (let j: u32 = 1; j < n; j++) {
      p += pitch
      const w = load<i32>(p)
      if (fn == REDUCE_MAX ? w > value : fn == REDUCE_MIN ? w < value : false) {
        value = w
        first = j
      } else if (fn == REDUCE_PROD) value *= w
      else if (fn != REDUCE_MAX && fn != REDUCE_MIN) value += w
    }
    store<u32>(y + ((<usize>at) << 2), arg != 0 ? first : <u32>value)
  }
}
