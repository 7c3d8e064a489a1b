import { shareBegin, shareEnd } from '../vm/partition'
import { binaryRow, ROW_SCRATCH } from './binary-row'

/** y[i] = fn(a[i * aStep], b[i * bStep]); y may be a or b. Split in lines of 16 words. */
export function binary(
  fn: u32,
  a: usize,
  b: usize,
  y: usize,
  n: u32,
  aStep: u32,
  bStep: u32,
  p0: f32,
  p1: f32,
  scratch: usize,
  part: u32,
  parts: u32,
): void {
  const begin = shareBegin(n, 16, part, parts)
  const end = shareEnd(n, 16, part, parts)
  if (end <= begin) return
  const at = (<usize>begin) << 2
  binaryRow(fn, a + at * aStep, aStep, b + at * bStep, bStep, y + at, end - begin, p0, p1, scratch)
}

/** Bytes of an axis in dims: size, stride of a, stride of b. */
const AXIS: usize = 12
/** Words of an operand gathered at a time, and where in scratch they go. */
const CHUNK: u32 = 256
const CHUNK_A: usize = ROW_SCRATCH
const CHUNK_B: usize = ROW_SCRATCH + 1024
/** From here on a row is worth a call of its own. */
const LONG_ROW: u32 = 32

/** y = fn(a, b) with broadcasting. Split in lines of 16 words of y. */
export function binaryStrided(
  fn: u32,
  a: usize,
  b: usize,
  y: usize,
  n: u32,
  p0: f32,
  p1: f32,
  dims: usize,
  scratch: usize,
  part: u32,
  parts: u32,
): void {
  let at = shareBegin(n, 16, part, parts)
  const end = shareEnd(n, 16, part, parts)
  if (end <= at) return
  let rank = load<u32>(dims)
  if (rank == 0) {
    binaryRow(fn, a, 1, b, 1, y, 1, p0, p1, scratch)
    return
  }
  while (rank > 1 && load<u32>(axis(dims, rank - 1)) == 1) rank--
  const last = axis(dims, rank - 1)
  const inner = load<u32>(last)
  const aStep = load<u32>(last, 4)
  const bStep = load<u32>(last, 8)
  if (inner >= LONG_ROW && aStep < 2 && bStep < 2) {
    let row = at / inner
    let column = at - row * inner
    while (at < end) {
      const count = min<u32>(inner - column, end - at)
      const x = a + offset(dims, rank - 1, row, 4) + ((<usize>(column * aStep)) << 2)
      const z = b + offset(dims, rank - 1, row, 8) + ((<usize>(column * bStep)) << 2)
      binaryRow(fn, x, aStep, z, bStep, y + ((<usize>at) << 2), count, p0, p1, scratch)
      at += count
      row++
      column = 0
    }
    return
  }
  const aWhole = contiguous(dims, rank, 4)
  const bWhole = contiguous(dims, rank, 8)
  while (at < end) {
    const count = min<u32>(CHUNK, end - at)
    const words = (<usize>at) << 2
    if (!aWhole) gather(a, dims, rank, 4, at, count, scratch + CHUNK_A)
    if (!bWhole) gather(b, dims, rank, 8, at, count, scratch + CHUNK_B)
    const x = aWhole ? a + words : scratch + CHUNK_A
    const z = bWhole ? b + words : scratch + CHUNK_B
    binaryRow(fn, x, 1, z, 1, y + words, count, p0, p1, scratch)
    at += count
  }
}

// @ts-ignore: decorator
@inline
function axis(dims: usize, i: u32): usize {
  return dims + 4 + <usize>i * AXIS
}

/** Bytes from an operand's first word to element `index` of its `rank` outer axes; its strides are at `operand`. */
function offset(dims: usize, rank: u32, index: u32, operand: usize): usize {
  let words = 0
  for (let i = rank; i > 0; i--) {
    const at = axis(dims, i - 1)
    const size = load<u32>(at)
    const quotient = index / size
    words += <i32>(index - quotient * size) * load<i32>(at + operand)
    index = quotient
  }
  return <usize>(words << 2)
}

function contiguous(dims: usize, rank: u32, operand: usize): bool {
  let words: u32 = 1
  for (let i = rank; i > 0; i--) {
    const at = axis(dims, i - 1)
    const size = load<u32>(at)
    if (size != 1 && load<u32>(at + operand) != words) return false
    words *= size
  }
  return true
}

/** Words first .. first + count - 1 of an operand in the order of y. */
function gather(x: usize, dims: usize, rank: u32, operand: usize, first: u32, count: u32, to: usize): void {
  const last = axis(dims, rank - 1)
  const inner = load<u32>(last)
  const step = load<i32>(last + operand) << 2
  const rows = rank > 1 ? load<u32>(last - AXIS) : 1
  const rowStep = rank > 1 ? load<i32>(last - AXIS + operand) << 2 : 0
  const i = first / inner
  let column = first - i * inner
  let plane = i / rows
  let row = i - plane * rows
  let start = x + (rank > 2 ? offset(dims, rank - 2, plane, operand) : 0)
  while (count > 0) {
    let at = start + row * rowStep + column * step
    const run = min<u32>(inner - column, count)
    for (let k = run; k > 0; k--, to += 4, at += step) store<u32>(to, load<u32>(at))
    count -= run
    column = 0
    if (++row == rows && count > 0) {
      row = 0
      start = x + (rank > 2 ? offset(dims, rank - 2, ++plane, operand) : 0)
    }
  }
}
