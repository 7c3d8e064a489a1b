import { fromF64, highToF64, lowToF64, splat64 } from './f32x4'
import * as pool from './pool'

// x = n pi/2 + r with |r| <= pi/4, all in f64 (Cody and Waite: pi/2 in two parts, n times the high one is exact). From
// 2^20 on the lanes take r from the bits of 2/pi that matter for them (Payne and Hanek).

/** sin(x); NaN for infinities. */
// @ts-ignore: decorator
@inline
export function sin(x: v128): v128 {
  return fromF64(shifted(lowToF64(x), 0), shifted(highToF64(x), 0))
}

/** cos(x) = sin(x + pi/2). */
// @ts-ignore: decorator
@inline
export function cos(x: v128): v128 {
  return fromF64(shifted(lowToF64(x), 1), shifted(highToF64(x), 1))
}

/** sin(x + quarter pi/2) of two f64 that hold f32. Not inlined: it is long. */
function shifted(x: v128, quarter: i64): v128 {
  const magic = splat64(pool.TRIG_MAGIC)
  let t = f64x2.add(f64x2.mul(x, splat64(pool.TRIG_TWO_OVER_PI)), magic)
  const n = f64x2.sub(t, magic)
  let r = f64x2.sub(f64x2.sub(x, f64x2.mul(n, splat64(pool.TRIG_HIGH))), f64x2.mul(n, splat64(pool.TRIG_LOW)))
  const a = f64x2.abs(x)
  const large = v128.and(f64x2.ge(a, splat64(pool.TRIG_LARGE)), f64x2.lt(a, splat64(pool.INFINITY_F64)))
  if (v128.any_true(large)) {
    if (i64x2.extract_lane(large, 0) != 0) {
      const turn = turnOf(f64x2.extract_lane(x, 0))
      t = i64x2.replace_lane(t, 0, quadrant(turn))
      r = f64x2.replace_lane(r, 0, rest(turn))
    }
    if (i64x2.extract_lane(large, 1) != 0) {
      const turn = turnOf(f64x2.extract_lane(x, 1))
      t = i64x2.replace_lane(t, 1, quadrant(turn))
      r = f64x2.replace_lane(r, 1, rest(turn))
    }
  }
  t = i64x2.add(t, i64x2.splat(quarter))
  const u = f64x2.mul(r, r)
  let p = f64x2.add(f64x2.mul(splat64(pool.SIN_9), u), splat64(pool.SIN_7))
  p = f64x2.add(f64x2.mul(p, u), splat64(pool.SIN_5))
  p = f64x2.add(f64x2.mul(p, u), splat64(pool.SIN_3))
  const sine = f64x2.add(f64x2.mul(f64x2.mul(p, u), r), r)
  let q = f64x2.add(f64x2.mul(splat64(pool.COS_8), u), splat64(pool.COS_6))
  q = f64x2.add(f64x2.mul(q, u), splat64(pool.COS_4))
  q = f64x2.add(f64x2.mul(q, u), splat64(pool.COS_2))
  const cosine = f64x2.add(f64x2.mul(q, u), splat64(pool.ONE_F64))
  const odd = i64x2.shr_s(i64x2.shl(t, 63), 63)
  const minus = i64x2.shl(i64x2.shr_u(t, 1), 63)
  return v128.xor(v128.bitselect(cosine, sine, odd), minus)
}

/**
 * x * 2/pi modulo 4, in units of 2^-62, for x = m 2^e with m of 24 bits: bits of 2/pi that m 2^e makes multiples of 4
 * are left out, and the 96 that follow times m decide the rest to 2^-68.
 */
function turnOf(x: f64): u64 {
  const bits = reinterpret<u64>(x)
  const e = <u32>((bits >> 52) & 0x7ff) - 1046
  const m = ((bits >> 29) & 0x7fffff) | 0x800000
  const at = e + 30
  const words = pool.TRIG_BITS + ((<usize>(at >> 5)) << 2)
  const shift = <u64>(at & 31)
  const high = window(words, shift)
  const middle = window(words + 4, shift)
  const low = window(words + 8, shift)
  const turn = ((m * high) << 32) + m * middle + ((m * low) >> 32)
  return x < 0 ? 0 - turn : turn
}

/** 32 bits from `shift` bits after the beginning of a word. */
// @ts-ignore: decorator
@inline
function window(words: usize, shift: u64): u64 {
  return ((((<u64>load<u32>(words)) << 32) | load<u32>(words, 4)) << shift) >> 32
}

// @ts-ignore: decorator
@inline
function quadrant(turn: u64): u64 {
  return (turn + (1 << 61)) >> 62
}

// @ts-ignore: decorator
@inline
function rest(turn: u64): f64 {
  return <f64>(<i64>(turn - (quadrant(turn) << 62))) * load<f64>(pool.TRIG_UNIT)
}
