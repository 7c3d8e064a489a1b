import { fma } from '../simd/f32x4'
import { storeLanes } from '../simd/lanes'
import { CONSTANTS } from './philox'

/**
 * Normal numbers from words by Box and Muller: an even word makes the radius sqrt(-2 log u), u = (word + 1/2) / 2^32
 * in f32, the odd word after it the angle 2 pi (word >> 8) / 2^24, and y = p0 + p1 radius (cos, sin). The words are in
 * the thread's scratch, whole multiples of 8, with room for constants behind them. log, sin and cos are this file's
 * own: on these ranges they need no special cases, and work on the general ones never changes what a seed draws.
 */
export function normal(words: usize, y: usize, count: u32, p0: f32, p1: f32): void {
  const k = words + CONSTANTS
  storeConstants(k)
  const mean = f32x4.splat(p0)
  const deviation = f32x4.splat(p1)
  for (let left = <i32>count; left > 0; left -= 8, words += 32, y += 32) {
    const a = v128.load(words)
    const b = v128.load(words, 16)
    const u = fma(
      f32x4.convert_i32x4_u(v128.shuffle<i32>(a, b, 0, 2, 4, 6)),
      v128.load(k, WORD),
      v128.load(k, HALF_WORD),
    )
    const radius = f32x4.mul(deviation, f32x4.sqrt(f32x4.mul(v128.load(k, MINUS_TWO), log(u, k))))
    const turn = i32x4.shr_u(v128.shuffle<i32>(a, b, 1, 3, 5, 7), 8)
    // the nearest quarter turn, and what is left of it in -1/2 .. 1/2 quarters
    const quarter = i32x4.shr_u(i32x4.add(turn, v128.load(k, ROUND)), 22)
    const rest = f32x4.convert_i32x4_s(i32x4.sub(turn, i32x4.shl(quarter, 22)))
    const x = f32x4.mul(rest, v128.load(k, QUARTER))
    const square = f32x4.mul(x, x)
    const s = sine(x, square, k)
    const c = cosine(square, k)
    const swap = i32x4.shr_s(i32x4.shl(quarter, 31), 31)
    const cosSign = i32x4.shl(i32x4.shr_u(i32x4.add(quarter, v128.load(k, ONE)), 1), 31)
    const sinSign = i32x4.shl(i32x4.shr_u(quarter, 1), 31)
    const even = fma(radius, v128.xor(v128.bitselect(s, c, swap), cosSign), mean)
    const odd = fma(radius, v128.xor(v128.bitselect(c, s, swap), sinSign), mean)
    const y0 = v128.shuffle<i32>(even, odd, 0, 4, 1, 5)
    const y1 = v128.shuffle<i32>(even, odd, 2, 6, 3, 7)
    if (left >= 8) {
      v128.store(y, y0)
      v128.store(y, y1, 16)
    } else {
      storeLanes(y, y0, left)
      if (left > 4) storeLanes(y + 16, y1, left - 4)
    }
  }
}

/** log u for a normal 0 < u <= 1: u = 2^e (1 + m) with sqrt(1/2) <= 1 + m < sqrt(2), and a minimax polynomial in m. */
// @ts-ignore: decorator
@inline
function log(u: v128, k: usize): v128 {
  const bits = i32x4.sub(u, v128.load(k, ROOT_HALF))
  const e = f32x4.convert_i32x4_s(i32x4.shr_s(bits, 23))
  const mantissa = i32x4.add(v128.and(bits, v128.load(k, MANTISSA)), v128.load(k, ROOT_HALF))
  const m = f32x4.sub(mantissa, v128.load(k, UNIT))
  let p = fma(v128.load(k, LOG), m, v128.load(k, LOG + 16))
  p = fma(p, m, v128.load(k, LOG + 32))
  p = fma(p, m, v128.load(k, LOG + 48))
  p = fma(p, m, v128.load(k, LOG + 64))
  p = fma(p, m, v128.load(k, LOG + 80))
  p = fma(p, m, v128.load(k, LOG + 96))
  p = fma(p, m, v128.load(k, LOG + 112))
  const square = f32x4.mul(m, m)
  p = fma(e, v128.load(k, LN2_LOW), f32x4.mul(f32x4.mul(p, m), square))
  p = fma(square, v128.load(k, MINUS_HALF), p)
  return fma(e, v128.load(k, LN2_HIGH), f32x4.add(m, p))
}

// sin and cos of x quarter turns for |x| <= 1/2: minimax polynomials in x^2.

// @ts-ignore: decorator
@inline
function sine(x: v128, square: v128, k: usize): v128 {
  let s = fma(v128.load(k, SIN), square, v128.load(k, SIN + 16))
  s = fma(s, square, v128.load(k, SIN + 32))
  s = fma(s, square, v128.load(k, SIN + 48))
  return f32x4.mul(s, x)
}

// @ts-ignore: decorator
@inline
function cosine(square: v128, k: usize): v128 {
  let c = fma(v128.load(k, COS), square, v128.load(k, COS + 16))
  c = fma(c, square, v128.load(k, COS + 32))
  c = fma(c, square, v128.load(k, COS + 48))
  return fma(c, square, v128.load(k, UNIT))
}

// Offsets in bytes of the vectors of constants.
const WORD: usize = 0
const HALF_WORD: usize = 16
const MINUS_TWO: usize = 32
const ROUND: usize = 48
const QUARTER: usize = 64
const ONE: usize = 80
const UNIT: usize = 96
const ROOT_HALF: usize = 112
const MANTISSA: usize = 128
const LN2_LOW: usize = 144
const LN2_HIGH: usize = 160
const MINUS_HALF: usize = 176
const SIN: usize = 192
const COS: usize = 256
const LOG: usize = 320

/** Constants pass through memory, as engines build a constant vector anew in each round of a loop. */
function storeConstants(k: usize): void {
  v128.store(k, f32x4.splat(1 / <f32>4294967296), WORD)
  v128.store(k, f32x4.splat(1 / <f32>8589934592), HALF_WORD)
  v128.store(k, f32x4.splat(-2), MINUS_TWO)
  v128.store(k, i32x4.splat(1 << 21), ROUND)
  v128.store(k, f32x4.splat(1 / <f32>4194304), QUARTER)
  v128.store(k, i32x4.splat(1), ONE)
  v128.store(k, f32x4.splat(1), UNIT)
  v128.store(k, i32x4.splat(0x3f3504f3), ROOT_HALF)
  v128.store(k, i32x4.splat(0x7fffff), MANTISSA)
  v128.store(k, f32x4.splat(-0.00021219444005471377), LN2_LOW)
  v128.store(k, f32x4.splat(0.693359375), LN2_HIGH)
  v128.store(k, f32x4.splat(-0.5), MINUS_HALF)
  v128.store(k, f32x4.splat(-0.00460165785625577), SIN)
  v128.store(k, f32x4.splat(0.07968003302812576), SIN + 16)
  v128.store(k, f32x4.splat(-0.6459634900093079), SIN + 32)
  v128.store(k, f32x4.splat(1.5707963705062866), SIN + 48)
  v128.store(k, f32x4.splat(0.0009040216682478786), COS)
  v128.store(k, f32x4.splat(-0.02086028829216957), COS + 16)
  v128.store(k, f32x4.splat(0.25366923213005066), COS + 32)
  v128.store(k, f32x4.splat(-1.2337005138397217), COS + 48)
  v128.store(k, f32x4.splat(-0.07634498924016953), LOG)
  v128.store(k, f32x4.splat(0.1276157796382904), LOG + 16)
  v128.store(k, f32x4.splat(-0.13160182535648346), LOG + 32)
  v128.store(k, f32x4.splat(0.14201757311820984), LOG + 48)
  v128.store(k, f32x4.splat(-0.16623356938362122), LOG + 64)
  v128.store(k, f32x4.splat(0.20001226663589478), LOG + 80)
  v128.store(k, f32x4.splat(-0.2500081956386566), LOG + 96)
  v128.store(k, f32x4.splat(0.3333333134651184), LOG + 112)
}
