import { shareBegin, shareEnd } from '../vm/partition'

/** y = x; n words. Split in lines of 16 words. */
export function copy(x: usize, y: usize, n: u32, part: u32, parts: u32): void {
  const begin = shareBegin(n, 16, part, parts)
  const end = shareEnd(n, 16, part, parts)
  if (end > begin) memory.copy(y + begin * 4, x + begin * 4, (end - begin) * 4)
}
