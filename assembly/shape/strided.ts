import { shareBegin, shareEnd } from '../vm/partition'
import { bytes, copyWords, transposeWords } from './words'

// A record of dims is the rank, then (size, stride in words) an axis, outermost first. Both kernels walk the axes from
// the outside; neighbours that are one run in memory count as one axis, and the innermost two are moved as a plane.
// Split in lines of 16 words of the contiguous side.

/** y (contiguous, n words) = x at strides. */
export function stridedRead(x: usize, y: usize, n: u32, dims: usize, part: u32, parts: u32): void {
  const begin = shareBegin(n, 16, part, parts)
  const end = shareEnd(n, 16, part, parts)
  if (begin < end) walk(x, y, n, dims + 4, axesEnd(dims), begin, end, false)
}

/** y at strides = x (contiguous, n words). No two elements may share a word of y. */
export function stridedWrite(x: usize, y: usize, n: u32, dims: usize, part: u32, parts: u32): void {
  const begin = shareBegin(n, 16, part, parts)
  const end = shareEnd(n, 16, part, parts)
  if (begin < end) walk(y, x, n, dims + 4, axesEnd(dims), begin, end, true)
}

// @ts-ignore: decorator
@inline
function axesEnd(dims: usize): usize {
  return dims + 4 + (load<u32>(dims) << 3)
}

/** Moves elements begin .. end - 1 of the n that the axes from `axis` to `last` span between s (strided) and c. */
function walk(s: usize, c: usize, n: u32, axis: usize, last: usize, begin: u32, end: u32, write: bool): void {
  const inner = runEnd(axis, last)
  const size = runSize(axis, inner)
  const stride = runStride(axis, inner)
  if (inner == last) {
    plane(s, 0, stride, c, size, 0, begin, end - begin, write)
    return
  }
  const block = n / size
  if (runEnd(inner, last) == last) {
    const columnStride = runStride(inner, last)
    let row = begin / block
    let column = begin - row * block
    while (begin < end) {
      // whole rows together; a row cut by the partition alone
      const rows = column == 0 ? (end - begin) / block : 0
      const count = rows != 0 ? rows * block : min<u32>(block - column, end - begin)
      const at = s + <usize>row * bytes(stride)
      plane(at, stride, columnStride, c + ((row * block) << 2), block, rows, column, count, write)
      begin += count
      row += max<u32>(rows, 1)
      column = 0
    }
    return
  }
  for (let i = begin / block; i * block < end; i++) {
    const from = i * block
    walk(
      s + <usize>i * bytes(stride),
      c + (from << 2),
      block,
      inner,
      last,
      max<u32>(begin, from) - from,
      min<u32>(end - from, block),
      write,
    )
  }
}

/** Rows of `columns` words (rows = 0: `count` words of one row from `column` on) between the two sides. */
function plane(
  s: usize,
  rowStride: i32,
  columnStride: i32,
  c: usize,
  columns: u32,
  rows: u32,
  column: u32,
  count: u32,
  write: bool,
): void {
  if (rows == 0) {
    s += <usize>column * bytes(columnStride)
    c += column << 2
    rows = 1
    columns = count
  }
  if (columnStride == 1) {
    for (let i: u32 = 0; i < rows; i++) {
      if (write) copyWords(c, s, columns)
      else copyWords(s, c, columns)
      s += bytes(rowStride)
      c += columns << 2
    }
  } else if (rowStride == 1 && rows >= 4) {
    if (write) transposeWords(c, columns, s, columnStride, rows, columns)
    else transposeWords(s, columnStride, c, columns, columns, rows)
  } else if (write) scatterPlane(s, bytes(rowStride), bytes(columnStride), c, rows, columns)
  else gatherPlane(s, bytes(rowStride), bytes(columnStride), c, rows, columns)
}

/** Columns that one sweep over the rows takes, so that lines met in one row are still in the cache for the next. */
const SWEEP: u32 = 64

function gatherPlane(s: usize, rowStep: usize, step: usize, c: usize, rows: u32, columns: u32): void {
  for (let j: u32 = 0; j < columns; j += SWEEP) {
    const width = min<u32>(columns - j, SWEEP)
    for (let i: u32 = 0; i < rows; i++) {
      let from = s + <usize>i * rowStep + <usize>j * step
      let to = c + ((i * columns + j) << 2)
      for (const end = to + ((width & ~3) << 2); to < end; to += 16) {
        let v = v128.load32_zero(from)
        v = v128.load32_lane(from + step, v, 1)
        v = v128.load32_lane(from + 2 * step, v, 2)
        v = v128.load32_lane(from + 3 * step, v, 3)
        v128.store(to, v)
        from += 4 * step
      }
      for (let k = width & 3; k != 0; k--) {
        store<u32>(to, load<u32>(from))
        from += step
        to += 4
      }
    }
  }
}

function scatterPlane(s: usize, rowStep: usize, step: usize, c: usize, rows: u32, columns: u32): void {
  for (let j: u32 = 0; j < columns; j += SWEEP) {
    const width = min<u32>(columns - j, SWEEP)
    for (let i: u32 = 0; i < rows; i++) {
      let to = s + <usize>i * rowStep + <usize>j * step
      let from = c + ((i * columns + j) << 2)
      for (const end = from + ((width & ~3) << 2); from < end; from += 16) {
        store<u32>(to, load<u32>(from))
        store<u32>(to + step, load<u32>(from, 4))
        store<u32>(to + 2 * step, load<u32>(from, 8))
        store<u32>(to + 3 * step, load<u32>(from, 12))
        to += 4 * step
      }
      for (let k = width & 3; k != 0; k--) {
        store<u32>(to, load<u32>(from))
        to += step
        from += 4
      }
    }
  }
}

/** One past the axes that make up the run at `axis`: axes of size 1 and those that continue the stride. */
function runEnd(axis: usize, last: usize): usize {
  if (axis == last) return last
  let size = load<u32>(axis)
  let stride = load<i32>(axis, 4)
  for (axis += 8; axis < last; axis += 8) {
    const nextSize = load<u32>(axis)
    const nextStride = load<i32>(axis, 4)
    if (nextSize == 1) continue
    if (size != 1 && stride != <i32>nextSize * nextStride) break
    size = nextSize
    stride = nextStride
  }
  return axis
}

function runSize(axis: usize, end: usize): u32 {
  let size: u32 = 1
  for (; axis < end; axis += 8) size *= load<u32>(axis)
  return size
}

/** The stride of the innermost axis of a run that is longer than 1. */
function runStride(axis: usize, end: usize): i32 {
  let stride = 1
  for (; axis < end; axis += 8) if (load<u32>(axis) != 1) stride = load<i32>(axis, 4)
  return stride
}
