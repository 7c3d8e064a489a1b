// exp, log, pow and cos of f64 control scalars, below 1 ULP, from f64 additions, multiplications and divisions alone:
// wasm rounds those alike everywhere, so the bits are the same in every engine. Plain Taylor series on reduced
// arguments; sums that need more than 53 bits are kept in two numbers, (high, low).

const LOG2E: f64 = Math.LOG2E
/** ln 2 = LN2_HIGH + LN2_LOW; the first has 42 bits, so that k * LN2_HIGH is exact for every exponent k. */
const LN2_HIGH: f64 = 0.6931471805598903
const LN2_LOW: f64 = 5.497923018708371e-14
const SQRT_HALF: f64 = Math.SQRT1_2
const TWO_OVER_PI: f64 = 0.6366197723675814
/** pi / 2 in three numbers, 160 bits. */
const PIO2_1: f64 = 1.5707963267948966
const PIO2_2: f64 = 6.123233995736766e-17
const PIO2_3: f64 = -1.4973849048591698e-33
const COS_LIMIT: f64 = 35184372088832 // 2^45

/** What a * b lacks of the exact product, given p = a * b rounded (Dekker; no FMA). |a|, |b| < 2^990. */
// @ts-ignore: decorator
@inline
function productError(a: f64, b: f64, p: f64): f64 {
  const ca = 134217729.0 * a
  const a1 = ca - (ca - a)
  const a2 = a - a1
  const cb = 134217729.0 * b
  const b1 = cb - (cb - b)
  const b2 = b - b1
  return a2 * b2 - (p - a1 * b1 - a2 * b1 - a1 * b2)
}

/** What a + b lacks of the exact sum, given s = a + b rounded (Knuth). */
// @ts-ignore: decorator
@inline
function sumError(a: f64, b: f64, s: f64): f64 {
  const t = s - a
  return a - (s - t) + (b - t)
}

/** x * 2^k for |k| <= 2000 and x near 1: one rounding, also where the result is subnormal. */
// @ts-ignore: decorator
@inline
function scale(x: f64, k: i32): f64 {
  const half = k >> 1
  return x * reinterpret<f64>((<i64>(half + 1023)) << 52) * reinterpret<f64>((<i64>(k - half + 1023)) << 52)
}

/** The binary exponent k with x = 2^k m, m in [sqrt(1/2), sqrt 2), of a positive normal number. */
// @ts-ignore: decorator
@inline
function exponentOf(x: f64): i32 {
  const bits = reinterpret<i64>(x)
  const k = <i32>(bits >> 52) - 1022
  return reinterpret<f64>((bits & 0x000fffffffffffff) | 0x3fe0000000000000) < SQRT_HALF ? k - 1 : k
}

// @ts-ignore: decorator
@inline
function mantissaOf(x: f64, k: i32): f64 {
  return reinterpret<f64>(reinterpret<i64>(x) - ((<i64>k) << 52))
}

/** exp(high + low) for |high| <= 800. */
function expOf(high: f64, low: f64): f64 {
  const k = nearest<f64>(high * LOG2E)
  const h = high - k * LN2_HIGH
  const l = low - k * LN2_LOW
  const r = h + l
  const c = sumError(h, l, r)
  let q = 1.1470745597729725e-11
  q = 1.6059043836821613e-10 + r * q
  q = 2.08767569878681e-9 + r * q
  q = 2.505210838544172e-8 + r * q
  q = 2.755731922398589e-7 + r * q
  q = 2.7557319223985893e-6 + r * q
  q = 2.48015873015873e-5 + r * q
  q = 0.0001984126984126984 + r * q
  q = 0.001388888888888889 + r * q
  q = 0.008333333333333333 + r * q
  q = 0.041666666666666664 + r * q
  q = 0.16666666666666666 + r * q
  q = r * r * (0.5 + r * q)
  const s = 1 + r
  return scale(s + (r - (s - 1) + (c + c * r + q)), <i32>k)
}

export function exp(x: f64): f64 {
  if (!(x <= 710)) return x > 710 ? Infinity : x
  if (x < -746) return 0
  return expOf(x, 0)
}

/** log m = 2 atanh(f / (2 + f)) with f = m - 1, written so that the large term f is exact. */
export function log(x: f64): f64 {
  if (!(x > 0)) return x == 0 ? -Infinity : NaN
  if (x == Infinity) return x
  let k = 0
  if (x < 2.2250738585072014e-308) {
    x *= 18014398509481984.0 // 2^54
    k = -54
  }
  const e = exponentOf(x)
  const f = mantissaOf(x, e) - 1
  k += e
  const s = f / (2 + f)
  const z = s * s
  let r = 0.08695652173913043 // 2/23
  r = 0.09523809523809523 + z * r
  r = 0.10526315789473684 + z * r
  r = 0.11764705882352941 + z * r
  r = 0.13333333333333333 + z * r
  r = 0.15384615384615385 + z * r
  r = 0.18181818181818182 + z * r
  r = 0.2222222222222222 + z * r
  r = 0.2857142857142857 + z * r
  r = 0.4 + z * r
  r = z * (0.6666666666666666 + z * r)
  const half = 0.5 * f * f
  return k * LN2_HIGH - (half - (s * (half + r) + k * LN2_LOW) - f)
}

/** IEEE 754 pow: pow(x, 0) and pow(1, y) are 1 whatever the other is. */
export function pow(x: f64, y: f64): f64 {
  if (y == 0 || x == 1) return 1
  if (!(abs<f64>(x) >= 0 && abs<f64>(y) >= 0)) return NaN
  const whole = nearest<f64>(y) == y
  const odd = whole && abs<f64>(y) < 9007199254740992.0 && (<i64>y & 1) == 1
  const magnitude = abs<f64>(x)
  const negative = odd && reinterpret<i64>(x) < 0
  if (magnitude == 0 || magnitude == Infinity) {
    const result: f64 = (magnitude == 0) == y < 0 ? Infinity : 0
    return negative ? -result : result
  }
  if (x < 0 && !whole && abs<f64>(y) != Infinity) return NaN
  if (magnitude == 1) return negative ? -1 : 1
  const grows = magnitude > 1 == y > 0
  // |log x| >= 2^-53, so |y| > 2^64 always over- or underflows.
  if (abs<f64>(y) > 18446744073709552000.0) return grows ? Infinity : 0
  const result = powOf(magnitude, y, grows)
  return negative ? -result : result
}

/** exp(y log x), x positive and finite: log x to 64 bits or more, in two numbers. */
function powOf(x: f64, y: f64, grows: bool): f64 {
  let k = 0
  if (x < 2.2250738585072014e-308) {
    x *= 18014398509481984.0
    k = -54
  }
  const e = exponentOf(x)
  const f = mantissaOf(x, e) - 1
  k += e
  // s = f / (2 + f)
  const t = 2 + f
  const tLow = f - (t - 2)
  const s = f / t
  const st = s * t
  const sLow = (f - st - productError(s, t, st) - s * tLow) / t
  // z = s * s
  const z = s * s
  const zLow = productError(s, s, z) + 2 * s * sLow
  // p = z / 3 + z^2 / 5 + z^3 / 7 + ...; the first term counts 2^-6 of the result, the others 2^-12
  let q = 0.037037037037037035 // 1/27
  q = 0.04 + z * q
  q = 0.043478260869565216 + z * q
  q = 0.047619047619047616 + z * q
  q = 0.05263157894736842 + z * q
  q = 0.058823529411764705 + z * q
  q = 0.06666666666666667 + z * q
  q = 0.07692307692307693 + z * q
  q = 0.09090909090909091 + z * q
  q = 0.1111111111111111 + z * q
  q = 0.14285714285714285 + z * q
  q = z * z * (0.2 + z * q)
  const third = 0.3333333333333333
  const z3 = z * third
  const p = z3 + q
  const pLow = q - (p - z3) + (productError(z, third, z3) + z * 1.850371707708594e-17 + zLow * third)
  // log m = 2 (s + s p)
  const sp = s * p
  const m = s + sp
  const mLow = sp - (m - s) + (productError(s, p, sp) + s * pLow + sLow * p + sLow)
  // + k log 2
  const big = k * LN2_HIGH
  const high = big + 2 * m
  const low = sumError(big, 2 * m, high) + (2 * mLow + k * LN2_LOW)
  const l = high + low
  const lLow = low - (l - high)
  const h = y * l
  if (!(abs<f64>(h) < 800)) return grows ? Infinity : 0
  return expOf(h, productError(y, l, h) + y * lLow)
}

/** Below 1 ULP up to |x| = 2^45; beyond, where an ulp of x is a good part of a period, NaN. */
export function cos(x: f64): f64 {
  x = abs<f64>(x)
  if (!(x <= COS_LIMIT)) return NaN
  const n = nearest<f64>(x * TWO_OVER_PI)
  const p = n * PIO2_1
  const e = -productError(n, PIO2_1, p)
  const t = x - p
  const s = t + e
  const q = -n * PIO2_2
  const u = s + q
  const low = sumError(t, e, s) + sumError(s, q, u) + (productError(n, -PIO2_2, q) - n * PIO2_3)
  const r = u + low
  const c = low - (r - u)
  const quadrant = <i32>(<i64>n & 3)
  const y = quadrant & 1 ? sinOf(r, c) : cosOf(r, c)
  return quadrant == 1 || quadrant == 2 ? -y : y
}

/** cos(r + c), |r| <= pi / 4 and a little. */
function cosOf(r: f64, c: f64): f64 {
  const z = r * r
  let q = 4.110317623312165e-19
  q = -1.5619206968586225e-16 + z * q
  q = 4.779477332387385e-14 + z * q
  q = -1.1470745597729725e-11 + z * q
  q = 2.08767569878681e-9 + z * q
  q = -2.755731922398589e-7 + z * q
  q = 2.48015873015873e-5 + z * q
  q = -0.001388888888888889 + z * q
  q = 0.041666666666666664 + z * q
  const half = 0.5 * z
  const w = 1 - half
  return w + (1 - w - half + (z * z * q - r * c))
}

/** sin(r + c), |r| <= pi / 4 and a little. */
function sinOf(r: f64, c: f64): f64 {
  const z = r * r
  let q = -8.22063524662433e-18
  q = 2.8114572543455206e-15 + z * q
  q = -7.647163731819816e-13 + z * q
  q = 1.6059043836821613e-10 + z * q
  q = -2.505210838544172e-8 + z * q
  q = 2.7557319223985893e-6 + z * q
  q = -0.0001984126984126984 + z * q
  q = 0.008333333333333333 + z * q
  q = -0.16666666666666666 + z * q
  return r + (r * z * q + c * (1 - 0.5 * z))
}
