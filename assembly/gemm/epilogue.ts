import { ACT_RELU } from '../../src/abi/constants'
import { loadLanes, storeLanes } from '../simd/lanes'

/**
 * c = act(c + bias) in place for rows x cols words; bias (0: none) is one row for all rows of c. The functions are those
 * of the element-wise kernels, so that fusing never changes a bit.
 */
export function finish(c: usize, cRow: usize, rows: u32, cols: u32, bias: usize, act: u32): void {
  if (act == 0 && bias == 0) return
  // pmax(x, -Infinity) is x, NaN and all
  const least = f32x4.splat(act == ACT_RELU ? 0 : -Infinity)
  // x + -0 is x, even for x = -0
  let add = f32x4.splat(-0.0)
  let more = add
  for (; cols >= 8; cols -= 8, c += 32) {
    if (bias != 0) {
      add = v128.load(bias)
      more = v128.load(bias, 16)
      bias += 32
    }
    let at = c
    for (let i = rows; i > 0; i--, at += cRow) {
      const u = f32x4.pmax(f32x4.add(v128.load(at), add), least)
      const v = f32x4.pmax(f32x4.add(v128.load(at, 16), more), least)
      v128.store(at, u)
      v128.store(at, v, 16)
    }
  }
  for (; <i32>cols > 0; cols -= 4, c += 16) {
    if (bias != 0) {
      add = loadLanes(bias, cols)
      bias += 16
    }
    let at = c
    for (let i = rows; i > 0; i--, at += cRow)
      storeLanes(at, f32x4.pmax(f32x4.add(loadLanes(at, cols), add), least), cols)
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
