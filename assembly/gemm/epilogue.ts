import { ACT_GELU, ACT_GELU_TANH, ACT_NONE, ACT_RELU, ACT_SIGMOID, ACT_SILU, ACT_TANH } from '../../src/abi/constants'
import { loadLanes, storeLanes } from '../simd/lanes'
import { gelu, geluTanh, sigmoid, silu, tanh } from '../simd/math'

// @ts-ignore: decorator
@inline
function apply(act: u32, v: v128): v128 {
  if (act == ACT_RELU) return f32x4.pmax(v, f32x4.splat(0))
  if (act == ACT_TANH) return tanh(v)
  if (act == ACT_SIGMOID) return sigmoid(v)
  if (act == ACT_GELU) return gelu(v)
  if (act == ACT_GELU_TANH) return geluTanh(v)
  if (act == ACT_SILU) return silu(v)
  return v
}

// @ts-ignore: decorator
@inline
function columns(act: u32, c: usize, cRow: usize, rows: u32, cols: u32, bias: usize): void {
  for (; ; cols -= 4) {
    const lanes = min<u32>(4, cols)
    // x + -0 is x, even for x = -0
    let add = f32x4.splat(-0.0)
    if (bias != 0) {
      add = loadLanes(bias, lanes)
      bias += 16
    }
    let at = c
    for (let i = rows; i > 0; i--) {
      storeLanes(at, apply(act, f32x4.add(loadLanes(at, lanes), add)), lanes)
      at += cRow
    }
    if (cols <= 4) break
    c += 16
  }
}

/**
 * c = act(c + bias) in place for rows x cols words (at least one); bias (0: none) is one row for all rows of c. The
 * functions are those of the element-wise kernels, so that fusing never changes a bit.
 */
export function finish(c: usize, cRow: usize, rows: u32, cols: u32, bias: usize, act: u32): void {
  switch (act) {
    case ACT_NONE:
      if (bias != 0) columns(ACT_NONE, c, cRow, rows, cols, bias)
      break
    case ACT_RELU:
      columns(ACT_RELU, c, cRow, rows, cols, bias)
      break
    case ACT_TANH:
      columns(ACT_TANH, c, cRow, rows, cols, bias)
      break
    case ACT_SIGMOID:
      columns(ACT_SIGMOID, c, cRow, rows, cols, bias)
      break
    case ACT_GELU:
      columns(ACT_GELU, c, cRow, rows, cols, bias)
      break
    case ACT_GELU_TANH:
      columns(ACT_GELU_TANH, c, cRow, rows, cols, bias)
      break
    case ACT_SILU:
      columns(ACT_SILU, c, cRow, rows, cols, bias)
      break
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
