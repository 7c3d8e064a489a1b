import { loadLanes, storeLanes } from '../simd/lanes'
import { shareBegin, shareEnd } from '../vm/partition'
import { sigmoidRow, tanhRow } from './row'

/**
 * One step of a GRU (Cho et al. 2014, with the reset gate after the product, as in cuDNN) for `rows` sequences of n
 * units: x and u hold the products of the input and of the state before, three gates r, z, n in a row.
 * r, z = sigmoid(x + u), n = tanh(x + r u), h = (1 - z) n + z before. gates keeps r, z, n and the u of n. Split by rows.
 */
export function gruCell(
  x: usize,
  u: usize,
  before: usize,
  gates: usize,
  h: usize,
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
    const wide = <usize>r * width * 3
    const at = <usize>r * width
    const a = gates + at * 4
    sigmoidRow(x + wide, u + wide, a, 2 * n, scratch)
    tanhRow(x + wide + 2 * width, a, u + wide + 2 * width, a + 2 * width, n, scratch)
    for (let left = <i32>n, i: usize = 0; left > 0; left -= 4, i += 16) {
      const z = loadLanes(a + width + i, left)
      const fresh = f32x4.mul(f32x4.sub(one, z), loadLanes(a + 2 * width + i, left))
      storeLanes(h + at + i, f32x4.add(fresh, f32x4.mul(z, loadLanes(before + at + i, left))), left)
      storeLanes(a + 3 * width + i, loadLanes(u + wide + 2 * width + i, left), left)
    }
  }
}

/**
 * The same step backwards. dy is the gradient of h from outside; dh comes in as the one from the step after and leaves
 * as what reaches the state before past the gates. dx and du: gradients of x and u.
 */
export function gruCellGrad(
  dy: usize,
  dh: usize,
  gates: usize,
  before: usize,
  dx: usize,
  du: usize,
  rows: u32,
  n: u32,
  part: u32,
  parts: u32,
): void {
  const one = f32x4.splat(1)
  const width = (<usize>n) << 2
  const end = shareEnd(rows, 1, part, parts)
  for (let row = shareBegin(rows, 1, part, parts); row < end; row++) {
    let at = <usize>row * width
    let p = gates + at * 4
    let q = dx + at * 3
    let w = du + at * 3
    for (let left = <i32>n; left > 0; left -= 4, p += 16, q += 16, w += 16, at += 16) {
      const r = loadLanes(p, left)
      const z = loadLanes(p + width, left)
      const fresh = loadLanes(p + 2 * width, left)
      const d = f32x4.add(loadLanes(dy + at, left), loadLanes(dh + at, left))
      const keep = f32x4.sub(one, z)
      const dn = f32x4.mul(f32x4.mul(d, keep), f32x4.sub(one, f32x4.mul(fresh, fresh)))
      const dr = f32x4.mul(f32x4.mul(f32x4.mul(dn, loadLanes(p + 3 * width, left)), r), f32x4.sub(one, r))
      const dz = f32x4.mul(f32x4.mul(f32x4.mul(d, f32x4.sub(loadLanes(before + at, left), fresh)), z), keep)
      storeLanes(q, dr, left)
      storeLanes(q + width, dz, left)
      storeLanes(q + 2 * width, dn, left)
      storeLanes(w, dr, left)
      storeLanes(w + width, dz, left)
      storeLanes(w + 2 * width, f32x4.mul(dn, r), left)
      storeLanes(dh + at, f32x4.mul(d, z), left)
    }
  }
}
