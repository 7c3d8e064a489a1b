import { ACT_RELU } from '../../src/abi/constants'
import { loadLanes, storeLanes } from '../simd/lanes'

/** act(v); NaN passes. */
// @ts-ignore: decorator
@inline
export function activate(act: u32, v: v128): v128 {
  if (act == ACT_RELU) return f32x4.pmax(v, f32x4.splat(0))
  return v
}

/** c = act(c + bias) in place; bias (0: none) is one row for all rows of c. */
export function finish(c: usize, cRow: usize, rows: u32, cols: u32, bias: usize, act: u32): void {
  const full = (<usize>(cols >> 2)) << 4
  const rest = cols & 3
  for (; rows > 0; rows--) {
    let j: usize = 0
    for (; j < full; j += 16) {
      let v = v128.load(c + j)
      if (bias != 0) v = f32x4.add(v, v128.load(bias + j))
      v128.store(c + j, activate(act, v))
    }
    if (rest != 0) {
      let v = loadLanes(c + j, rest)
      if (bias != 0) v = f32x4.add(v, loadLanes(bias + j, rest))
      storeLanes(c + j, activate(act, v), rest)
    }
    c += cRow
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
