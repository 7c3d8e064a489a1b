import { shareBegin, shareEnd } from '../vm/partition'
import { transposeWords } from './words'

/**
 * y[b, j, i] = x[b, i, j] for batch matrices of m rows and n columns. Split in strips of 16 rows of x or of y,
 * whichever are more, of all matrices in turn.
 */
export function transpose(x: usize, y: usize, batch: u32, m: u32, n: u32, part: u32, parts: u32): void {
  if (m == 0 || n == 0) return
  const byRows = m > n
  const long = byRows ? m : n
  const strips = (long + 15) >> 4
  const units = batch * strips
  let unit = shareBegin(units, 1, part, parts)
  const end = shareEnd(units, 1, part, parts)
  while (unit < end) {
    const matrix = unit / strips
    const first = unit - matrix * strips
    const count = min<u32>(strips - first, end - unit)
    const from = first << 4
    const length = min<u32>(long - from, count << 4)
    const base = (matrix * m * n) << 2
    if (byRows) transposeWords(x + base + ((from * n) << 2), n, y + base + (from << 2), m, length, n)
    else transposeWords(x + base + (from << 2), n, y + base + ((from * m) << 2), m, m, length)
    unit += count
  }
}
