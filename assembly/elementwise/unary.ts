import * as code from '../../src/abi/constants'
import { loadLanes, storeLanes } from '../simd/lanes'
import { shareBegin, shareEnd } from '../vm/partition'
import { unaryOf } from './unary-functions'

/** y[i] = fn(x[i]); y may be x. Split in lines of 16 words. */
export function unary(fn: u32, x: usize, y: usize, n: u32, p0: f32, p1: f32, part: u32, parts: u32): void {
  const begin = shareBegin(n, 16, part, parts)
  const end = shareEnd(n, 16, part, parts)
  if (end > begin) unaryRow(fn, x + ((<usize>begin) << 2), y + ((<usize>begin) << 2), end - begin, p0, p1)
}

function unaryRow(fn: u32, x: usize, y: usize, n: u32, p0: f32, p1: f32): void {
  const a = f32x4.splat(p0)
  const b = f32x4.splat(p1)
  switch (fn) {
    case code.UNARY_NEG:
      negRow(x, y, n, a, b)
      break
    case code.UNARY_ABS:
      absRow(x, y, n, a, b)
      break
    case code.UNARY_SQUARE:
      squareRow(x, y, n, a, b)
      break
    case code.UNARY_SQRT:
      sqrtRow(x, y, n, a, b)
      break
    case code.UNARY_RSQRT:
      rsqrtRow(x, y, n, a, b)
      break
    case code.UNARY_RECIPROCAL:
      reciprocalRow(x, y, n, a, b)
      break
    case code.UNARY_EXP:
      expRow(x, y, n, a, b)
      break
    case code.UNARY_LOG:
      logRow(x, y, n, a, b)
      break
    case code.UNARY_TANH:
      tanhRow(x, y, n, a, b)
      break
    case code.UNARY_SIGMOID:
      sigmoidRow(x, y, n, a, b)
      break
    case code.UNARY_ERF:
      erfRow(x, y, n, a, b)
      break
    case code.UNARY_RELU:
      reluRow(x, y, n, a, b)
      break
    case code.UNARY_GELU:
      geluRow(x, y, n, a, b)
      break
    case code.UNARY_GELU_TANH:
      geluTanhRow(x, y, n, a, b)
      break
    case code.UNARY_SILU:
      siluRow(x, y, n, a, b)
      break
    case code.UNARY_SOFTPLUS:
      softplusRow(x, y, n, a, b)
      break
    case code.UNARY_LEAKY_RELU:
      leakyReluRow(x, y, n, a, b)
      break
    case code.UNARY_ELU:
      eluRow(x, y, n, a, b)
      break
    case code.UNARY_CLIP:
      clipRow(x, y, n, a, b)
      break
    case code.UNARY_AFFINE:
      affineRow(x, y, n, a, b)
      break
    case code.UNARY_SIGN:
      signRow(x, y, n, a, b)
      break
    case code.UNARY_I32_TO_F32:
      i32ToF32Row(x, y, n, a, b)
      break
    case code.UNARY_LOG_SIGMOID:
      logSigmoidRow(x, y, n, a, b)
      break
    default:
      unreachable()
  }
}

/** Two vectors a turn, then the rest. */
// @ts-ignore: decorator
@inline
function row(fn: u32, x: usize, y: usize, n: u32, a: v128, b: v128): void {
  const end = x + ((<usize>(n >> 3)) << 5)
  for (; x < end; x += 32, y += 32) {
    const u = unaryOf(fn, v128.load(x), a, b)
    const v = unaryOf(fn, v128.load(x, 16), a, b)
    v128.store(y, u)
    v128.store(y, v, 16)
  }
  if ((n & 7) != 0) unaryRest(fn, x, y, n & 7, a, b)
}

// A function of its own for each code: in one function, the optimizer folds the loops together before it sees that they
// differ in a constant.
function negRow(x: usize, y: usize, n: u32, a: v128, b: v128): void {
  row(code.UNARY_NEG, x, y, n, a, b)
}
function absRow(x: usize, y: usize, n: u32, a: v128, b: v128): void {
  row(code.UNARY_ABS, x, y, n, a, b)
}
function squareRow(x: usize, y: usize, n: u32, a: v128, b: v128): void {
  row(code.UNARY_SQUARE, x, y, n, a, b)
}
function sqrtRow(x: usize, y: usize, n: u32, a: v128, b: v128): void {
  row(code.UNARY_SQRT, x, y, n, a, b)
}
function rsqrtRow(x: usize, y: usize, n: u32, a: v128, b: v128): void {
  row(code.UNARY_RSQRT, x, y, n, a, b)
}
function reciprocalRow(x: usize, y: usize, n: u32, a: v128, b: v128): void {
  row(code.UNARY_RECIPROCAL, x, y, n, a, b)
}
function expRow(x: usize, y: usize, n: u32, a: v128, b: v128): void {
  row(code.UNARY_EXP, x, y, n, a, b)
}
function logRow(x: usize, y: usize, n: u32, a: v128, b: v128): void {
  row(code.UNARY_LOG, x, y, n, a, b)
}
function tanhRow(x: usize, y: usize, n: u32, a: v128, b: v128): void {
  row(code.UNARY_TANH, x, y, n, a, b)
}
function sigmoidRow(x: usize, y: usize, n: u32, a: v128, b: v128): void {
  row(code.UNARY_SIGMOID, x, y, n, a, b)
}
function erfRow(x: usize, y: usize, n: u32, a: v128, b: v128): void {
  row(code.UNARY_ERF, x, y, n, a, b)
}
function reluRow(x: usize, y: usize, n: u32, a: v128, b: v128): void {
  row(code.UNARY_RELU, x, y, n, a, b)
}
function geluRow(x: usize, y: usize, n: u32, a: v128, b: v128): void {
  row(code.UNARY_GELU, x, y, n, a, b)
}
function geluTanhRow(x: usize, y: usize, n: u32, a: v128, b: v128): void {
  row(code.UNARY_GELU_TANH, x, y, n, a, b)
}
function siluRow(x: usize, y: usize, n: u32, a: v128, b: v128): void {
  row(code.UNARY_SILU, x, y, n, a, b)
}
function softplusRow(x: usize, y: usize, n: u32, a: v128, b: v128): void {
  row(code.UNARY_SOFTPLUS, x, y, n, a, b)
}
function leakyReluRow(x: usize, y: usize, n: u32, a: v128, b: v128): void {
  row(code.UNARY_LEAKY_RELU, x, y, n, a, b)
}
function eluRow(x: usize, y: usize, n: u32, a: v128, b: v128): void {
  row(code.UNARY_ELU, x, y, n, a, b)
}
function clipRow(x: usize, y: usize, n: u32, a: v128, b: v128): void {
  row(code.UNARY_CLIP, x, y, n, a, b)
}
function affineRow(x: usize, y: usize, n: u32, a: v128, b: v128): void {
  row(code.UNARY_AFFINE, x, y, n, a, b)
}
function signRow(x: usize, y: usize, n: u32, a: v128, b: v128): void {
  row(code.UNARY_SIGN, x, y, n, a, b)
}
function i32ToF32Row(x: usize, y: usize, n: u32, a: v128, b: v128): void {
  row(code.UNARY_I32_TO_F32, x, y, n, a, b)
}
function logSigmoidRow(x: usize, y: usize, n: u32, a: v128, b: v128): void {
  row(code.UNARY_LOG_SIGMOID, x, y, n, a, b)
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
