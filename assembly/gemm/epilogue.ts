import { ACT_RELU } from '../../src/abi/constants'

/** act(v); NaN passes. */
// @ts-ignore: decorator
@inline
export function activate(act: u32, v: v128): v128 {
  if (act == ACT_RELU) return f32x4.pmax(v, f32x4.splat(0))
  return v
}

/** The first n < 4 words at `x`, then zeros. */
// @ts-ignore: decorator
@inline
export function loadPart(x: usize, n: u32): v128 {
  let v = f32x4.splat(0)
  if (n > 0) v = v128.load_zero<f32>(x)
  if (n > 1) v = v128.load_lane<f32>(x, v, 1, 4)
  if (n > 2) v = v128.load_lane<f32>(x, v, 2, 8)
  return v
}

/** The first n < 4 lanes to `x`. */
// @ts-ignore: decorator
@inline
export function storePart(x: usize, v: v128, n: u32): void {
  if (n > 0) v128.store_lane<f32>(x, v, 0)
  if (n > 1) v128.store_lane<f32>(x, v, 1, 4)
  if (n > 2) v128.store_lane<f32>(x, v, 2, 8)
}

/** c = act(c + bias) in place; bias (0: none) is one row for all rows of c. */
export function finish(c: usize, cRow: usize, rows: u32, cols: u32, bias: usize, act: u32): void {
  const full = <usize>(cols >> 2) << 4
  const rest = cols & 3
  for (; rows > 0; rows--) {
    let j: usize = 0
    for (; j < full; j += 16) {
      let v = v128.load(c + j)
      if (bias != 0) v = f32x4.add(v, v128.load(bias + j))
      v128.store(c + j, activate(act, v))
    }
    if (rest != 0) {
      let v = loadPart(c + j, rest)
      if (bias != 0) v = f32x4.add(v, loadPart(bias + j, rest))
      storePart(c + j, activate(act, v), rest)
    }
    c += cRow
  }
}

/** rows x cols words from `x` to `y`. */
export function copyTile(x: usize, xRow: usize, y: usize, yRow: usize, rows: u32, cols: u32): void {
  const full = <usize>(cols >> 2) << 4
  const rest = cols & 3
  for (; rows > 0; rows--) {
    let j: usize = 0
    for (; j < full; j += 16) v128.store(y + j, v128.load(x + j))
    if (rest != 0) storePart(y + j, loadPart(x + j, rest), rest)
    x += xRow
    y += yRow
  }
}
