import { loadLanes, storeLanes } from '../simd/lanes'
import { shareBegin, shareEnd } from '../vm/partition'
import { sigmoidRow, tanhOf, tanhRow } from './row'

/**
 * One step of an LSTM (Hochreiter and Schmidhuber 1997, with forget gate) for `rows` sequences of n units: x and u hold
 * the products of the input and of the state before, four gates i, f, g, o in a row.
 * i, f, o = sigmoid(x + u), g = tanh(x + u), c = f before + i g, h = o tanh(c). Split by rows.
 */
export function lstmCell(
  x: usize,
  u: usize,
  before: usize,
  gates: usize,
  c: usize,
  h: usize,
  rows: u32,
  n: u32,
  scratch: usize,
  part: u32,
  parts: u32,
): void {
  const width = (<usize>n) << 2
  const end = shareEnd(rows, 1, part, parts)
  for (let r = shareBegin(rows, 1, part, parts); r < end; r++) {
    const wide = <usize>r * width * 4
    const at = <usize>r * width
    const a = gates + wide
    sigmoidRow(x + wide, u + wide, a, 2 * n, scratch)
    tanhRow(x + wide + 2 * width, 0, u + wide + 2 * width, a + 2 * width, n, scratch)
    sigmoidRow(x + wide + 3 * width, u + wide + 3 * width, a + 3 * width, n, scratch)
    for (let left = <i32>n, i: usize = 0; left > 0; left -= 4, i += 16) {
      const kept = f32x4.mul(loadLanes(a + width + i, left), loadLanes(before + at + i, left))
      const added = f32x4.mul(loadLanes(a + i, left), loadLanes(a + 2 * width + i, left))
      storeLanes(c + at + i, f32x4.add(kept, added), left)
    }
    tanhOf(c + at, h + at, n, scratch)
    for (let left = <i32>n, i: usize = 0; left > 0; left -= 4, i += 16)
      storeLanes(h + at + i, f32x4.mul(loadLanes(a + 3 * width + i, left), loadLanes(h + at + i, left)), left)
  }
}

/**
 * The same step backwards. dy is the gradient of h from outside, dh the one from the step after; dc comes in as the
 * gradient of c from the step after and leaves as that of the cell before. dx: gradient of x and of u.
 */
export function lstmCellGrad(
  dy: usize,
  dh: usize,
  dc: usize,
  gates: usize,
  before: usize,
  c: usize,
  dx: usize,
  rows: u32,
  n: u32,
  scratch: usize,
  part: u32,
  parts: u32,
): void {
  const one = f32x4.splat(1)
  const width = (<usize>n) << 2
  const end = shareEnd(rows, 1, part, parts)
  for (let r = shareBegin(rows, 1, part, parts); r < end; r++) {
    let p = gates + <usize>r * width * 4
    let q = dx + <usize>r * width * 4
    let at = <usize>r * width
    tanhOf(c + at, q + 3 * width, n, scratch)
    for (let left = <i32>n; left > 0; left -= 4, p += 16, q += 16, at += 16) {
      const i = loadLanes(p, left)
      const f = loadLanes(p + width, left)
      const g = loadLanes(p + 2 * width, left)
      const o = loadLanes(p + 3 * width, left)
      const d = f32x4.add(loadLanes(dy + at, left), loadLanes(dh + at, left))
      const t = loadLanes(q + 3 * width, left)
      const slope = f32x4.sub(one, f32x4.mul(t, t))
      const dcell = f32x4.add(loadLanes(dc + at, left), f32x4.mul(f32x4.mul(d, o), slope))
      const di = f32x4.mul(f32x4.mul(f32x4.mul(dcell, g), i), f32x4.sub(one, i))
      const df = f32x4.mul(f32x4.mul(f32x4.mul(dcell, loadLanes(before + at, left)), f), f32x4.sub(one, f))
      storeLanes(q, di, left)
      storeLanes(q + width, df, left)
      storeLanes(q + 2 * width, f32x4.mul(f32x4.mul(dcell, i), f32x4.sub(one, f32x4.mul(g, g))), left)
      storeLanes(q + 3 * width, f32x4.mul(f32x4.mul(f32x4.mul(d, t), o), f32x4.sub(one, o)), left)
      storeLanes(dc + at, f32x4.mul(dcell, f), left)
    }
  }
}
