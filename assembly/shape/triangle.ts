import { shareBegin, shareEnd } from '../vm/partition'

/**
 * y[r, j] = x[r, j] where j - i >= diagonal (upper) or j - i <= diagonal (lower), else 0, for rows r of matrices of m
 * rows, i = r mod m. Split by rows.
 */
export function triangle(
  x: usize,
  y: usize,
  rows: u32,
  m: u32,
  n: u32,
  diagonal: i32,
  upper: u32,
  part: u32,
  parts: u32,
): void {
  const end = shareEnd(rows, 1, part, parts)
  for (let r = shareBegin(rows, 1, part, parts); r < end; r++) {
    // first column above the lower triangle, or of the upper one
    const edge = <i32>(r % m) + diagonal + (upper != 0 ? 0 : 1)
    const cut = <usize>min<i32>(max<i32>(edge, 0), n)
    const row = (<usize>(r * n)) << 2
    const bytes = cut << 2
    const rest = ((<usize>n) << 2) - bytes
    if (upper != 0) {
      memory.fill(y + row, 0, bytes)
      memory.copy(y + row + bytes, x + row + bytes, rest)
    } else {
      memory.copy(y + row, x + row, bytes)
      memory.fill(y + row + bytes, 0, rest)
    }
  }
}
