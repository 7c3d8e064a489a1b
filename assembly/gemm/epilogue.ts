import { ACT_RELU } from '../../src/abi/constants'
import { loadLanes, storeLanes } from '../simd/lanes'

/**
 * c = act(c + bias) in place for rows x cols words (at least one); bias (0: none) is one row for all rows of c. ReLU is
 * that of the element-wise kernel, so that fusing never changes a bit.
 */
export function finish(c: usize, cRow: usize, rows: u32, cols: u32, bias: usize, act: u32): void {
  if (bias != 0 || act == ACT_RELU) columns(c, cRow, rows, cols, bias, act == ACT_RELU)
}

/** Bias (0: none) and ReLU of rows x cols words. */
export function columns(c: usize, cRow: usize, rows: u32, cols: u32, bias: usize, relu: bool): void {
  const low = f32x4.splat(relu ? 0 : -Infinity)
  // x + -0 is x, even for x = -0
  let a = f32x4.splat(-0.0)
  let b = a
  for (; cols >= 8; cols -= 8, c += 32) {
    if (bias != 0) {
      a = v128.load(bias)
      b = v128.load(bias, 16)
      bias += 32
    }
    let at = c
    for (let i = rows; i > 0; i--, at += cRow) {
      const u = f32x4.add(v128.load(at), a)
      const v = f32x4.add(v128.load(at, 16), b)
      v128.store(at, f32x4.pmax(u, low))
      v128.store(at, f32x4.pmax(v, low), 16)
    }
  }
  for (let left = <i32>cols; left > 0; left -= 4, c += 16) {
    if (bias != 0) {
      a = loadLanes(bias, left)
      bias += 16
    }
    let at = c
    for (let i = rows; i > 0; i--, at += cRow) storeLanes(at, f32x4.pmax(f32x4.add(loadLanes(at, left), a), low), left)
  }
}

/** rows x cols words from `x` to `y`. */
export function copyTile(x: usize, xRow: usize, y: usize, yRow: usize, rows: u32, cols: u32): void {
  const full = (<usize>(cols >> 2)) << 4
  const rest = cols & 3
  for (; rows > 0; rows--) {
    let j: usize = 0
    for (; j < full; j += 16) v128.store(y + j, v128.load(x + j))
    if (rest != 0) storeLanes(y + j, loadLanes(x + j, rest), rest)
    x += xRow
    y += yRow
  }
}
