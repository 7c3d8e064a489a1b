import * as code from '../../src/abi/constants'
import { loadRest, storeRest } from '../simd/lanes'
import { binaryOf } from './binary-functions'

/** Bytes of scratch: copies of single elements, and what is left of the turns. */
export const ROW_SCRATCH: usize = 128

/**
 * y[i] = fn(a[i * aStep], b[i * bStep]) for n words; steps are 0 or 1. Turns of 8 words; what is left of them goes
 * through scratch and the same code.
 */
export function binaryRow(
  fn: u32,
  a: usize,
  aStep: u32,
  b: usize,
  bStep: u32,
  y: usize,
  n: u32,
  p0: f32,
  p1: f32,
  scratch: usize,
): void {
  // one element is read again and again from 8 copies
  if (aStep == 0) a = spread(a, scratch)
  if (bStep == 0) b = spread(b, scratch + 32)
  const s = (<usize>aStep) << 5
  const t = (<usize>bStep) << 5
  const bytes = (<usize>(n >> 3)) << 5
  if (bytes != 0) turns(fn, a, s, b, t, y, bytes, p0, p1)
  const rest = n & 7
  if (rest == 0) return
  loadRest(aStep == 0 ? a : a + bytes, rest, scratch + 64)
  loadRest(bStep == 0 ? b : b + bytes, rest, scratch + 96)
  turns(fn, scratch + 64, 32, scratch + 96, 32, scratch + 64, 32, p0, p1)
  storeRest(scratch + 64, rest, y + bytes)
}

/** a and b move by s and t bytes a turn; `bytes` is a multiple of 32. */
function turns(fn: u32, a: usize, s: usize, b: usize, t: usize, y: usize, bytes: usize, p0: f32, p1: f32): void {
  const p = f32x4.splat(p0)
  const q = f32x4.splat(p1)
  switch (fn) {
    case code.BINARY_ADD:
      addRow(a, s, b, t, y, bytes, p, q)
      break
    case code.BINARY_SUB:
      subRow(a, s, b, t, y, bytes, p, q)
      break
    case code.BINARY_MUL:
      mulRow(a, s, b, t, y, bytes, p, q)
      break
    case code.BINARY_DIV:
      divRow(a, s, b, t, y, bytes, p, q)
      break
    case code.BINARY_MAXIMUM:
      maximumRow(a, s, b, t, y, bytes, p, q)
      break
    case code.BINARY_MINIMUM:
      minimumRow(a, s, b, t, y, bytes, p, q)
      break
    case code.BINARY_POW:
      powRow(a, s, b, t, y, bytes, p, q)
      break
    case code.BINARY_SQUARED_DIFFERENCE:
      squaredDifferenceRow(a, s, b, t, y, bytes, p, q)
      break
    case code.BINARY_RELU_GRAD:
      reluGradRow(a, s, b, t, y, bytes, p, q)
      break
    case code.BINARY_TANH_GRAD:
      tanhGradRow(a, s, b, t, y, bytes, p, q)
      break
    case code.BINARY_SIGMOID_GRAD:
      sigmoidGradRow(a, s, b, t, y, bytes, p, q)
      break
    case code.BINARY_GELU_GRAD:
      geluGradRow(a, s, b, t, y, bytes, p, q)
      break
    case code.BINARY_SILU_GRAD:
      siluGradRow(a, s, b, t, y, bytes, p, q)
      break
    case code.BINARY_SOFTPLUS_GRAD:
      softplusGradRow(a, s, b, t, y, bytes, p, q)
      break
    case code.BINARY_LEAKY_RELU_GRAD:
      leakyReluGradRow(a, s, b, t, y, bytes, p, q)
      break
    case code.BINARY_ELU_GRAD:
      eluGradRow(a, s, b, t, y, bytes, p, q)
      break
    case code.BINARY_CLIP_GRAD:
      clipGradRow(a, s, b, t, y, bytes, p, q)
      break
    case code.BINARY_ABS_GRAD:
      absGradRow(a, s, b, t, y, bytes, p, q)
      break
    case code.BINARY_GREATER:
      greaterRow(a, s, b, t, y, bytes, p, q)
      break
    case code.BINARY_EQUAL:
      equalRow(a, s, b, t, y, bytes, p, q)
      break
    case code.BINARY_GREATER_EQUAL:
      greaterEqualRow(a, s, b, t, y, bytes, p, q)
      break
    case code.BINARY_NOT_EQUAL:
      notEqualRow(a, s, b, t, y, bytes, p, q)
      break
    case code.BINARY_HARDTANH_GRAD:
      hardtanhGradRow(a, s, b, t, y, bytes, p, q)
      break
    default:
      unreachable()
  }
}

// @ts-ignore: decorator
@inline
function spread(x: usize, copies: usize): usize {
  const v = v128.load32_splat(x)
  v128.store(copies, v)
  v128.store(copies, v, 16)
  return copies
}

// @ts-ignore: decorator
@inline
function row(fn: u32, a: usize, s: usize, b: usize, t: usize, y: usize, bytes: usize, p: v128, q: v128): void {
  const end = y + bytes
  if (fn == code.BINARY_POW) {
    // in f64, which V8 cannot make wide: a vector a turn
    for (; y < end; a += s >> 1, b += t >> 1, y += 16) v128.store(y, binaryOf(fn, v128.load(a), v128.load(b), p, q))
    return
  }
  for (; y < end; a += s, b += t, y += 32) {
    const u = binaryOf(fn, v128.load(a), v128.load(b), p, q)
    const v = binaryOf(fn, v128.load(a, 16), v128.load(b, 16), p, q)
    v128.store(y, u)
    v128.store(y, v, 16)
  }
}

// A function of its own for each code: in one function, the optimizer folds the loops together before it sees that they
// differ in a constant.
function addRow(a: usize, s: usize, b: usize, t: usize, y: usize, bytes: usize, p: v128, q: v128): void {
  row(code.BINARY_ADD, a, s, b, t, y, bytes, p, q)
}
function subRow(a: usize, s: usize, b: usize, t: usize, y: usize, bytes: usize, p: v128, q: v128): void {
  row(code.BINARY_SUB, a, s, b, t, y, bytes, p, q)
}
function mulRow(a: usize, s: usize, b: usize, t: usize, y: usize, bytes: usize, p: v128, q: v128): void {
  row(code.BINARY_MUL, a, s, b, t, y, bytes, p, q)
}
function divRow(a: usize, s: usize, b: usize, t: usize, y: usize, bytes: usize, p: v128, q: v128): void {
  row(code.BINARY_DIV, a, s, b, t, y, bytes, p, q)
}
function maximumRow(a: usize, s: usize, b: usize, t: usize, y: usize, bytes: usize, p: v128, q: v128): void {
  row(code.BINARY_MAXIMUM, a, s, b, t, y, bytes, p, q)
}
function minimumRow(a: usize, s: usize, b: usize, t: usize, y: usize, bytes: usize, p: v128, q: v128): void {
  row(code.BINARY_MINIMUM, a, s, b, t, y, bytes, p, q)
}
function powRow(a: usize, s: usize, b: usize, t: usize, y: usize, bytes: usize, p: v128, q: v128): void {
  row(code.BINARY_POW, a, s, b, t, y, bytes, p, q)
}
function squaredDifferenceRow(a: usize, s: usize, b: usize, t: usize, y: usize, bytes: usize, p: v128, q: v128): void {
  row(code.BINARY_SQUARED_DIFFERENCE, a, s, b, t, y, bytes, p, q)
}
function reluGradRow(a: usize, s: usize, b: usize, t: usize, y: usize, bytes: usize, p: v128, q: v128): void {
  row(code.BINARY_RELU_GRAD, a, s, b, t, y, bytes, p, q)
}
function tanhGradRow(a: usize, s: usize, b: usize, t: usize, y: usize, bytes: usize, p: v128, q: v128): void {
  row(code.BINARY_TANH_GRAD, a, s, b, t, y, bytes, p, q)
}
function sigmoidGradRow(a: usize, s: usize, b: usize, t: usize, y: usize, bytes: usize, p: v128, q: v128): void {
  row(code.BINARY_SIGMOID_GRAD, a, s, b, t, y, bytes, p, q)
}
function geluGradRow(a: usize, s: usize, b: usize, t: usize, y: usize, bytes: usize, p: v128, q: v128): void {
  row(code.BINARY_GELU_GRAD, a, s, b, t, y, bytes, p, q)
}
function siluGradRow(a: usize, s: usize, b: usize, t: usize, y: usize, bytes: usize, p: v128, q: v128): void {
  row(code.BINARY_SILU_GRAD, a, s, b, t, y, bytes, p, q)
}
function softplusGradRow(a: usize, s: usize, b: usize, t: usize, y: usize, bytes: usize, p: v128, q: v128): void {
  row(code.BINARY_SOFTPLUS_GRAD, a, s, b, t, y, bytes, p, q)
}
function leakyReluGradRow(a: usize, s: usize, b: usize, t: usize, y: usize, bytes: usize, p: v128, q: v128): void {
  row(code.BINARY_LEAKY_RELU_GRAD, a, s, b, t, y, bytes, p, q)
}
function eluGradRow(a: usize, s: usize, b: usize, t: usize, y: usize, bytes: usize, p: v128, q: v128): void {
  row(code.BINARY_ELU_GRAD, a, s, b, t, y, bytes, p, q)
}
function clipGradRow(a: usize, s: usize, b: usize, t: usize, y: usize, bytes: usize, p: v128, q: v128): void {
  row(code.BINARY_CLIP_GRAD, a, s, b, t, y, bytes, p, q)
}
function absGradRow(a: usize, s: usize, b: usize, t: usize, y: usize, bytes: usize, p: v128, q: v128): void {
  row(code.BINARY_ABS_GRAD, a, s, b, t, y, bytes, p, q)
}
function greaterRow(a: usize, s: usize, b: usize, t: usize, y: usize, bytes: usize, p: v128, q: v128): void {
  row(code.BINARY_GREATER, a, s, b, t, y, bytes, p, q)
}
function equalRow(a: usize, s: usize, b: usize, t: usize, y: usize, bytes: usize, p: v128, q: v128): void {
  row(code.BINARY_EQUAL, a, s, b, t, y, bytes, p, q)
}
function greaterEqualRow(a: usize, s: usize, b: usize, t: usize, y: usize, bytes: usize, p: v128, q: v128): void {
  row(code.BINARY_GREATER_EQUAL, a, s, b, t, y, bytes, p, q)
}
function notEqualRow(a: usize, s: usize, b: usize, t: usize, y: usize, bytes: usize, p: v128, q: v128): void {
  row(code.BINARY_NOT_EQUAL, a, s, b, t, y, bytes, p, q)
}
function hardtanhGradRow(a: usize, s: usize, b: usize, t: usize, y: usize, bytes: usize, p: v128, q: v128): void {
  row(code.BINARY_HARDTANH_GRAD, a, s, b, t, y, bytes, p, q)
}
