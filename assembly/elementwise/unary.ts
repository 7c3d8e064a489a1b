import * as code from '../../src/abi/constants'
import { loadRest, storeRest } from '../simd/lanes'
import { shareBegin, shareEnd } from '../vm/partition'
import { turns as geluTurns } from './gelu-slope'
import { unaryOf } from './unary-functions'

/** y[i] = fn(x[i]); y may be x. */
export function unary(
  fn: u32,
  x: usize,
  y: usize,
  n: u32,
  p0: f32,
  p1: f32,
  scratch: usize,
  part: u32,
  parts: u32,
): void {
  share(fn, x, y, y, n, p0, p1, scratch, part, parts)
}

/**
 * Split in lines of 16 words. Turns of 8 words; what is left of them goes through scratch and the same code, so that the
 * bits do not depend on where a part ends. `slope` is y or, for GELU, where its derivative goes.
 */
export function share(
  fn: u32,
  x: usize,
  y: usize,
  slope: usize,
  n: u32,
  p0: f32,
  p1: f32,
  scratch: usize,
  part: u32,
  parts: u32,
): void {
  const begin = shareBegin(n, 16, part, parts)
  const end = shareEnd(n, 16, part, parts)
  if (end <= begin) return
  const at = (<usize>begin) << 2
  const bytes = (<usize>((end - begin) >> 3)) << 5
  if (bytes != 0) turns(fn, x + at, y + at, slope + at, bytes, p0, p1)
  const rest = (end - begin) & 7
  if (rest == 0) return
  const last = at + bytes
  loadRest(x + last, rest, scratch)
  turns(fn, scratch, scratch, scratch + 32, 32, p0, p1)
  if (slope != y) storeRest(scratch + 32, rest, slope + last)
  storeRest(scratch, rest, y + last)
}

/** `bytes` is a multiple of 32. */
function turns(fn: u32, x: usize, y: usize, slope: usize, bytes: usize, p0: f32, p1: f32): void {
  const a = f32x4.splat(p0)
  const b = f32x4.splat(p1)
  switch (fn) {
    case code.UNARY_NEG:
      negRow(x, y, bytes, a, b)
      break
    case code.UNARY_ABS:
      absRow(x, y, bytes, a, b)
      break
    case code.UNARY_SQUARE:
      squareRow(x, y, bytes, a, b)
      break
    case code.UNARY_SQRT:
      sqrtRow(x, y, bytes, a, b)
      break
    case code.UNARY_RSQRT:
      rsqrtRow(x, y, bytes, a, b)
      break
    case code.UNARY_RECIPROCAL:
      reciprocalRow(x, y, bytes, a, b)
      break
    case code.UNARY_EXP:
      expRow(x, y, bytes, a, b)
      break
    case code.UNARY_LOG:
      logRow(x, y, bytes, a, b)
      break
    case code.UNARY_TANH:
      tanhRow(x, y, bytes, a, b)
      break
    case code.UNARY_SIGMOID:
      sigmoidRow(x, y, bytes, a, b)
      break
    case code.UNARY_ERF:
      erfRow(x, y, bytes, a, b)
      break
    case code.UNARY_RELU:
      reluRow(x, y, bytes, a, b)
      break
    case code.UNARY_GELU:
      geluRow(x, y, bytes, a, b)
      break
    case code.UNARY_GELU_TANH:
      geluTurns(x, y, slope, bytes)
      break
    case code.UNARY_SILU:
      siluRow(x, y, bytes, a, b)
      break
    case code.UNARY_SOFTPLUS:
      softplusRow(x, y, bytes, a, b)
      break
    case code.UNARY_LEAKY_RELU:
      leakyReluRow(x, y, bytes, a, b)
      break
    case code.UNARY_ELU:
      eluRow(x, y, bytes, a, b)
      break
    case code.UNARY_CLIP:
      clipRow(x, y, bytes, a, b)
      break
    case code.UNARY_AFFINE:
      affineRow(x, y, bytes, a, b)
      break
    case code.UNARY_SIGN:
      signRow(x, y, bytes, a, b)
      break
    case code.UNARY_I32_TO_F32:
      i32ToF32Row(x, y, bytes, a, b)
      break
    case code.UNARY_F32_TO_I32:
      f32ToI32Row(x, y, bytes, a, b)
      break
    case code.UNARY_LOG_SIGMOID:
      logSigmoidRow(x, y, bytes, a, b)
      break
    case code.UNARY_LOG1P:
      log1pRow(x, y, bytes, a, b)
      break
    case code.UNARY_EXPM1:
      expm1Row(x, y, bytes, a, b)
      break
    case code.UNARY_SIN:
      sinRow(x, y, bytes, a, b)
      break
    case code.UNARY_COS:
      cosRow(x, y, bytes, a, b)
      break
    case code.UNARY_FLOOR:
      floorRow(x, y, bytes, a, b)
      break
    case code.UNARY_CEIL:
      ceilRow(x, y, bytes, a, b)
      break
    case code.UNARY_ROUND:
      roundRow(x, y, bytes, a, b)
      break
    default:
      unreachable()
  }
}

/** Functions that V8 cannot make wide, or that are rare: they take a vector a turn, which is shorter code. */
// @ts-ignore: decorator
@inline
function single(fn: u32): bool {
  if (fn == code.UNARY_LOG1P || fn == code.UNARY_EXPM1 || fn == code.UNARY_ERF || fn == code.UNARY_LOG_SIGMOID)
    return true
  return fn == code.UNARY_SIN || fn == code.UNARY_COS || fn == code.UNARY_FLOOR || fn == code.UNARY_CEIL
}

// @ts-ignore: decorator
@inline
function row(fn: u32, x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  const end = x + bytes
  if (single(fn)) {
    for (; x < end; x += 16, y += 16) v128.store(y, unaryOf(fn, v128.load(x), a, b))
    return
  }
  for (; x < end; x += 32, y += 32) {
    const u = unaryOf(fn, v128.load(x), a, b)
    const v = unaryOf(fn, v128.load(x, 16), a, b)
    v128.store(y, u)
    v128.store(y, v, 16)
  }
}

// A function of its own for each code: in one function, the optimizer folds the loops together before it sees that they
// differ in a constant.
function negRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_NEG, x, y, bytes, a, b)
}
function absRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_ABS, x, y, bytes, a, b)
}
function squareRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_SQUARE, x, y, bytes, a, b)
}
function sqrtRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_SQRT, x, y, bytes, a, b)
}
function rsqrtRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_RSQRT, x, y, bytes, a, b)
}
function reciprocalRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_RECIPROCAL, x, y, bytes, a, b)
}
function expRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_EXP, x, y, bytes, a, b)
}
function logRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_LOG, x, y, bytes, a, b)
}
function tanhRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_TANH, x, y, bytes, a, b)
}
function sigmoidRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_SIGMOID, x, y, bytes, a, b)
}
function erfRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_ERF, x, y, bytes, a, b)
}
function reluRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_RELU, x, y, bytes, a, b)
}
function geluRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_GELU, x, y, bytes, a, b)
}
function siluRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_SILU, x, y, bytes, a, b)
}
function softplusRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_SOFTPLUS, x, y, bytes, a, b)
}
function leakyReluRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_LEAKY_RELU, x, y, bytes, a, b)
}
function eluRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_ELU, x, y, bytes, a, b)
}
function clipRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_CLIP, x, y, bytes, a, b)
}
function affineRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_AFFINE, x, y, bytes, a, b)
}
function signRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_SIGN, x, y, bytes, a, b)
}
function i32ToF32Row(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_I32_TO_F32, x, y, bytes, a, b)
}
function f32ToI32Row(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_F32_TO_I32, x, y, bytes, a, b)
}
function logSigmoidRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_LOG_SIGMOID, x, y, bytes, a, b)
}
function log1pRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_LOG1P, x, y, bytes, a, b)
}
function expm1Row(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_EXPM1, x, y, bytes, a, b)
}
function sinRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_SIN, x, y, bytes, a, b)
}
function cosRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_COS, x, y, bytes, a, b)
}
function floorRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_FLOOR, x, y, bytes, a, b)
}
function ceilRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_CEIL, x, y, bytes, a, b)
}
function roundRow(x: usize, y: usize, bytes: usize, a: v128, b: v128): void {
  row(code.UNARY_ROUND, x, y, bytes, a, b)
}
