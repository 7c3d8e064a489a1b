import {
  UNARY_ABS, UNARY_AFFINE, UNARY_CLIP, UNARY_ELU, UNARY_ERF, UNARY_EXP, UNARY_GELU, UNARY_GELU_TANH, UNARY_I32_TO_F32,
  UNARY_LEAKY_RELU, UNARY_LOG, UNARY_LOG_SIGMOID, UNARY_NEG, UNARY_RECIPROCAL, UNARY_RELU, UNARY_RSQRT, UNARY_SIGMOID,
  UNARY_SIGN, UNARY_SILU, UNARY_SOFTPLUS, UNARY_SQRT, UNARY_SQUARE, UNARY_TANH,
} from '../../src/abi/constants'
import { loadLanes, storeLanes } from '../simd/lanes'
import { shareBegin, shareEnd } from '../vm/partition'
import { unaryOf } from './unary-functions'

/** y[i] = fn(x[i]); y may be x. Split in lines of 16 words. */
export function unary(fn: u32, x: usize, y: usize, n: u32, p0: f32, p1: f32, part: u32, parts: u32): void {
  const begin = shareBegin(n, 16, part, parts)
  const end = shareEnd(n, 16, part, parts)
  if (end > begin) unaryRow(fn, x + (<usize>begin << 2), y + (<usize>begin << 2), end - begin, p0, p1)
}

function unaryRow(fn: u32, x: usize, y: usize, n: u32, p0: f32, p1: f32): void {
  const a = f32x4.splat(p0)
  const b = f32x4.splat(p1)
  const bytes = <usize>(n >> 3) << 5
  switch (fn) {
    case UNARY_NEG: return loop(UNARY_NEG, x, y, bytes, n & 7, a, b)
    case UNARY_ABS: return loop(UNARY_ABS, x, y, bytes, n & 7, a, b)
    case UNARY_SQUARE: return loop(UNARY_SQUARE, x, y, bytes, n & 7, a, b)
    case UNARY_SQRT: return loop(UNARY_SQRT, x, y, bytes, n & 7, a, b)
    case UNARY_RSQRT: return loop(UNARY_RSQRT, x, y, bytes, n & 7, a, b)
    case UNARY_RECIPROCAL: return loop(UNARY_RECIPROCAL, x, y, bytes, n & 7, a, b)
    case UNARY_EXP: return loop(UNARY_EXP, x, y, bytes, n & 7, a, b)
    case UNARY_LOG: return loop(UNARY_LOG, x, y, bytes, n & 7, a, b)
    case UNARY_TANH: return loop(UNARY_TANH, x, y, bytes, n & 7, a, b)
    case UNARY_SIGMOID: return loop(UNARY_SIGMOID, x, y, bytes, n & 7, a, b)
    case UNARY_ERF: return loop(UNARY_ERF, x, y, bytes, n & 7, a, b)
    case UNARY_RELU: return loop(UNARY_RELU, x, y, bytes, n & 7, a, b)
    case UNARY_GELU: return loop(UNARY_GELU, x, y, bytes, n & 7, a, b)
    case UNARY_GELU_TANH: return loop(UNARY_GELU_TANH, x, y, bytes, n & 7, a, b)
    case UNARY_SILU: return loop(UNARY_SILU, x, y, bytes, n & 7, a, b)
    case UNARY_SOFTPLUS: return loop(UNARY_SOFTPLUS, x, y, bytes, n & 7, a, b)
    case UNARY_LEAKY_RELU: return loop(UNARY_LEAKY_RELU, x, y, bytes, n & 7, a, b)
    case UNARY_ELU: return loop(UNARY_ELU, x, y, bytes, n & 7, a, b)
    case UNARY_CLIP: return loop(UNARY_CLIP, x, y, bytes, n & 7, a, b)
    case UNARY_AFFINE: return loop(UNARY_AFFINE, x, y, bytes, n & 7, a, b)
    case UNARY_SIGN: return loop(UNARY_SIGN, x, y, bytes, n & 7, a, b)
    case UNARY_I32_TO_F32: return loop(UNARY_I32_TO_F32, x, y, bytes, n & 7, a, b)
    case UNARY_LOG_SIGMOID: return loop(UNARY_LOG_SIGMOID, x, y, bytes, n & 7, a, b)
    default: unreachable()
  }
}

/** Two vectors a turn for `bytes`, a multiple of 32, then `rest` words. */
// @ts-ignore: decorator
@inline
function loop(fn: u32, x: usize, y: usize, bytes: usize, rest: u32, p0: v128, p1: v128): void {
  const end = x + bytes
  for (; x < end; x += 32, y += 32) {
    const u = unaryOf(fn, v128.load(x), p0, p1)
    const v = unaryOf(fn, v128.load(x, 16), p0, p1)
    v128.store(y, u)
    v128.store(y, v, 16)
  }
  if (rest != 0) unaryRest(fn, x, y, rest, p0, p1)
}

/** The last 1 to 7 words, lane by lane in and out, through the same functions. */
function unaryRest(fn: u32, x: usize, y: usize, n: u32, p0: v128, p1: v128): void {
  for (let left = <i32>n; left > 0; left -= 4, x += 16, y += 16) {
    storeLanes(y, unaryVector(fn, loadLanes(x, left), p0, p1), left)
  }
}

function unaryVector(fn: u32, x: v128, p0: v128, p1: v128): v128 {
  return unaryOf(fn, x, p0, p1)
}
