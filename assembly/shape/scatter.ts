import { ERROR_INDEX } from '../../src/abi/constants'
import { loadLanes, storeLanes } from '../simd/lanes'
import { report } from '../vm/control'
import { shareBegin, shareEnd } from '../vm/partition'

// The gradients of gather and takeAlong. Every sum is formed by one thread, in the order of c, so that the bits do not
// depend on how the work is split: by (outer, lines of 16 columns), or, where these are few or clearing x is the larger
// work, by rows of x, with each thread walking the whole index list for its own.

/** x = 0; x[o, index[c], i] += y[o, c, i]; x is [outer, n, inner], y [outer, count, inner]. Bad indices are skipped. */
export function scatterAdd(
  y: usize,
  index: usize,
  x: usize,
  outer: u32,
  n: u32,
  count: u32,
  inner: u32,
  pc: usize,
  part: u32,
  parts: u32,
): void {
  split(y, index, x, outer, n, count, inner, pc, part, parts, false)
}

/** x = 0; x[o, index[o, c, i], i] += y[o, c, i]; index is as large as y. Bad indices are skipped. */
export function takeAlongGrad(
  y: usize,
  index: usize,
  x: usize,
  outer: u32,
  n: u32,
  count: u32,
  inner: u32,
  pc: usize,
  part: u32,
  parts: u32,
): void {
  split(y, index, x, outer, n, count, inner, pc, part, parts, true)
}

function split(
  y: usize,
  index: usize,
  x: usize,
  outer: u32,
  n: u32,
  count: u32,
  inner: u32,
  pc: usize,
  part: u32,
  parts: u32,
  each: bool,
): void {
  if (inner == 0) return
  const lines = (inner + 15) >> 4
  const units = outer * lines
  if (outer < 2 * parts && (units < 2 * parts || n >= 4 * count)) {
    const first = shareBegin(n, 1, part, parts)
    const rows = shareEnd(n, 1, part, parts) - first
    for (let o: u32 = 0; o < outer; o++) slab(y, index, x, o, n, count, inner, first, rows, 0, inner, pc, each)
    return
  }
  let unit = shareBegin(units, 1, part, parts)
  const end = shareEnd(units, 1, part, parts)
  while (unit < end) {
    const o = unit / lines
    const line = unit - o * lines
    const taken = min<u32>(lines - line, end - unit)
    const column = line << 4
    slab(y, index, x, o, n, count, inner, 0, n, column, min<u32>(inner - column, taken << 4), pc, each)
    unit += taken
  }
}

/** Rows first .. first + rows - 1, columns column .. column + width - 1 of matrix o of x. */
// @ts-ignore: decorator
@inline
function slab(
  y: usize,
  index: usize,
  x: usize,
  o: u32,
  n: u32,
  count: u32,
  inner: u32,
  first: u32,
  rows: u32,
  column: u32,
  width: u32,
  pc: usize,
  each: bool,
): void {
  const pitch = inner << 2
  const target = x + (((o * n + first) * inner + column) << 2)
  clear(target, pitch, rows, width << 2)
  const entries = o * count * inner + column
  const source = y + (entries << 2)
  const own = each ? index + (entries << 2) : index
  if (inner == 1) addWords(source, own, each ? entries : 0, target, n, count, first, rows, pc)
  else if (each) addEach(source, own, entries, target, pitch, n, count, first, rows, width, pc)
  else addRows(source, own, target, pitch, n, count, first, rows, width, pc)
}

function clear(x: usize, pitch: usize, rows: u32, width: usize): void {
  if (width == pitch) {
    memory.fill(x, 0, width * rows)
    return
  }
  const zero = i32x4.splat(0)
  for (let r: u32 = 0; r < rows; r++, x += pitch) {
    let at = x
    const end = x + width
    for (; at + 16 <= end; at += 16) v128.store(at, zero)
    for (; at < end; at += 4) store<u32>(at, 0)
  }
}

function addWords(
  y: usize,
  index: usize,
  position: u32,
  x: usize,
  n: u32,
  count: u32,
  first: u32,
  rows: u32,
  pc: usize,
): void {
  for (let c: u32 = 0; c < count; c++) {
    const value = load<u32>(index + (c << 2))
    if (value - first < rows) addWord(x + ((value - first) << 2), y + (c << 2))
    else if (value >= n) report(ERROR_INDEX, pc, position + c, <i32>value)
  }
}

// @ts-ignore: decorator
@inline
function addWord(to: usize, from: usize): void {
  v128.store32_lane(to, f32x4.add(v128.load32_zero(to), v128.load32_zero(from)), 0)
}

function addRows(
  y: usize,
  index: usize,
  x: usize,
  pitch: usize,
  n: u32,
  count: u32,
  first: u32,
  rows: u32,
  width: u32,
  pc: usize,
): void {
  for (let c: u32 = 0; c < count; c++, y += pitch) {
    const value = load<u32>(index + (c << 2))
    if (value - first < rows) {
      let to = x + <usize>(value - first) * pitch
      let from = y
      for (const end = from + ((width & ~3) << 2); from < end; from += 16, to += 16)
        v128.store(to, f32x4.add(v128.load(to), v128.load(from)))
      const rest = width & 3
      if (rest != 0) storeLanes(to, f32x4.add(loadLanes(to, rest), loadLanes(from, rest)), rest)
    } else if (value >= n) report(ERROR_INDEX, pc, c, <i32>value)
  }
}

function addEach(
  y: usize,
  index: usize,
  entries: u32,
  x: usize,
  pitch: usize,
  n: u32,
  count: u32,
  first: u32,
  rows: u32,
  width: u32,
  pc: usize,
): void {
  for (let c: u32 = 0; c < count; c++, y += pitch, index += pitch) {
    for (let i: u32 = 0; i < width; i++) {
      const at = i << 2
      const value = load<u32>(index + at)
      if (value - first < rows) addWord(x + <usize>(value - first) * pitch + at, y + at)
      else if (value >= n) report(ERROR_INDEX, pc, entries + c * (<u32>pitch >> 2) + i, <i32>value)
    }
  }
}
