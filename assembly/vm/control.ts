import { CONTROL } from '../../src/abi/constants'

// Words of the control block, each group on lines of its own (THREAD_BLOCK bytes).
/** Error record: code, byte address of the instruction, position of the element, offending value. */
export const ERROR_RECORD: usize = CONTROL + 128

/** Keeps the first error a kernel finds; the executor ends the step without its updates. */
export function report(code: u32, pc: usize, position: u32, value: i32): void {
  if (atomic.cmpxchg<u32>(ERROR_RECORD, 0, code) != 0) return
  store<u32>(ERROR_RECORD, <u32>pc, 4)
  store<u32>(ERROR_RECORD, position, 8)
  store<i32>(ERROR_RECORD, value, 12)
}
