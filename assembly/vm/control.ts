import { ERROR_RECORD } from '../../src/abi/constants'

/** Keeps the first error that a kernel finds; the step then ends without its updates. */
export function report(code: u32, pc: usize, position: u32, value: i32): void {
  if (atomic.cmpxchg<u32>(ERROR_RECORD, 0, code) != 0) return
  store<u32>(ERROR_RECORD, <u32>pc, 4)
  store<u32>(ERROR_RECORD, position, 8)
  store<i32>(ERROR_RECORD, value, 12)
}
