// Panels for the micro-kernels: width columns of a, or rows of op(b)'s transpose, as [k][width] words.
// Lanes past `valid` hold copies or zeros: results that grow from them are dropped.

/** Four rows at a, b, c, d of k words each to columns of four words, `step` bytes apart, at `to`. */
// @ts-ignore: decorator
@inline
function transpose4(a: usize, b: usize, c: usize, d: usize, k: u32, to: usize, step: usize): void {
  for (let i = k >> 2; i > 0; i--) {
    const r0 = v128.load(a)
    const r1 = v128.load(b)
    const r2 = v128.load(c)
    const r3 = v128.load(d)
    const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5)
    const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5)
    const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7)
    const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7)
    v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5))
    v128.store(to + step, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7))
    to += 2 * step
    v128.store(to, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5))
    v128.store(to + step, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7))
    to += 2 * step
    a += 16
    b += 16
    c += 16
    d += 16
  }
  for (let i = k & 3; i > 0; i--) {
    store<u32>(to, load<u32>(a))
    store<u32>(to, load<u32>(b), 4)
    store<u32>(to, load<u32>(c), 8)
    store<u32>(to, load<u32>(d), 12)
    to += step
    a += 4
    b += 4
    c += 4
    d += 4
  }
}

/** The same as a function of its own. */
export function transposeFour(a: usize, b: usize, c: usize, d: usize, k: u32, to: usize, step: usize): void {
  transpose4(a, b, c, d, k, to, step)
}

/** Two rows, as transpose4. */
// @ts-ignore: decorator
@inline
function transpose2(a: usize, b: usize, k: u32, to: usize, step: usize): void {
  for (let i = k >> 2; i > 0; i--) {
    const r0 = v128.load(a)
    const r1 = v128.load(b)
    const low = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5)
    const high = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7)
    v128.store_lane<u64>(to, low, 0)
    v128.store_lane<u64>(to + step, low, 1)
    to += 2 * step
    v128.store_lane<u64>(to, high, 0)
    v128.store_lane<u64>(to + step, high, 1)
    to += 2 * step
    a += 16
    b += 16
  }
  for (let i = k & 3; i > 0; i--) {
    store<u32>(to, load<u32>(a))
    store<u32>(to, load<u32>(b), 4)
    to += step
    a += 4
    b += 4
  }
}

/** One panel from rows that are contiguous along k, `row` bytes apart; width is even. */
export function packTransposed(x: usize, row: usize, valid: u32, k: u32, to: usize, width: u32): void {
  const step = (<usize>width) << 2
  const last = x + <usize>(valid - 1) * row
  let i: u32 = 0
  for (; i + 4 <= width; i += 4) {
    const a = x + <usize>min<u32>(i, valid - 1) * row
    const b = i + 1 < valid ? a + row : last
    const c = i + 2 < valid ? b + row : last
    const d = i + 3 < valid ? c + row : last
    transpose4(a, b, c, d, k, to + ((<usize>i) << 2), step)
  }
  if (i < width) {
    const a = x + <usize>min<u32>(i, valid - 1) * row
    transpose2(a, i + 1 < valid ? a + row : last, k, to + ((<usize>i) << 2), step)
  }
}

/** One panel from columns of width contiguous words, `row` bytes apart. */
export function packStraight(x: usize, row: usize, valid: u32, k: u32, to: usize, width: u32): void {
  if (valid < width) packNarrow(x, row, valid, k, to, width)
  else if (width == 8) {
    do {
      v128.store(to, v128.load(x))
      v128.store(to, v128.load(x, 16), 16)
      x += row
      to += 32
    } while (--k)
  } else if (width == 6) {
    do {
      v128.store(to, v128.load(x))
      store<u64>(to, load<u64>(x, 16), 16)
      x += row
      to += 24
    } while (--k)
  } else if (width == 16) {
    do {
      v128.store(to, v128.load(x))
      v128.store(to, v128.load(x, 16), 16)
      v128.store(to, v128.load(x, 32), 32)
      v128.store(to, v128.load(x, 48), 48)
      x += row
      to += 64
    } while (--k)
  } else {
    do {
      v128.store(to, v128.load(x))
      x += row
      to += 16
    } while (--k)
  }
}

/** Two neighbouring panels of width 8: whole cache lines are read once. */
export function packStraight8x2(x: usize, row: usize, k: u32, to: usize): void {
  let next = to + ((<usize>k) << 5)
  do {
    v128.store(to, v128.load(x))
    v128.store(to, v128.load(x, 16), 16)
    v128.store(next, v128.load(x, 32))
    v128.store(next, v128.load(x, 48), 16)
    x += row
    to += 32
    next += 32
  } while (--k)
}

function packNarrow(x: usize, row: usize, valid: u32, k: u32, to: usize, width: u32): void {
  const step = (<usize>width) << 2
  const end = (<usize>valid) << 2
  const zeros = step & ~15
  do {
    // 6 is the width of A's panels, whose missing rows are never read
    for (let i: usize = 0; i < zeros; i += 16) v128.store(to + i, f32x4.splat(0))
    for (let i: usize = 0; i < end; i += 4) store<u32>(to + i, load<u32>(x + i))
    x += row
    to += step
  } while (--k)
}
