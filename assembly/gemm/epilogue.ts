import { ACT_RELU, ACT_TANH } from '../../src/abi/constants'
import { loadLanes, storeLanes } from '../simd/lanes'
import { tanh } from '../simd/math'

// @ts-ignore: decorator
@inline
function columns(tanhs: bool, c: usize, cRow: usize, rows: u32, cols: u32, bias: usize, act: u32): void {
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
      const u = f32x4.add(v128.load(at), add)
      const v = f32x4.add(v128.load(at, 16), more)
      v128.store(at, tanhs ? tanh(u) : f32x4.pmax(u, least))
      v128.store(at, tanhs ? tanh(v) : f32x4.pmax(v, least), 16)
    }
  }
  for (; <i32>cols > 0; cols -= 4, c += 16) {
    if (bias != 0) {
      add = loadLanes(bias, cols)
      bias += 16
    }
    let at = c
    for (let i = rows; i > 0; i--, at += cRow) {
      const u = f32x4.add(loadLanes(at, cols), add)
      storeLanes(at, tanhs ? tanh(u) : f32x4.pmax(u, least), cols)
    }
  }
}

/**
 * c = act(c + bias) in place for rows x cols words; bias (0: none) is one row for all rows of c. The functions are those
 * of the element-wise kernels, so that fusing never changes a bit.
 */
export function finish(c: usize, cRow: usize, rows: u32, cols: u32, bias: usize, act: u32): void {
  if (act == ACT_TANH) columns(true, c, cRow, rows, cols, bias, act)
  else if (act != 0 || bias != 0) columns(false, c, cRow, rows, cols, bias, act)
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
