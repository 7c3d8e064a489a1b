// Constants that kernels load from memory, because engines build a constant vector anew in each turn of a loop.
// `npm run gen` writes the address of each to assembly/simd/pool.ts; the runtime writes the words at POOL before any
// thread starts. A kernel broadcasts a 4-byte constant with v128.load32_splat, an f64 with v128.load64_splat.
import { POOL } from './constants.ts'

const scratch = new DataView(new ArrayBuffer(8))
function f32(value: number): readonly number[] {
  scratch.setFloat32(0, value)
  return [scratch.getUint32(0)]
}
function f64(value: number): readonly number[] {
  scratch.setFloat64(0, value)
  return [scratch.getUint32(4), scratch.getUint32(0)]
}
const u32 = (value: number): readonly number[] => [value >>> 0]

/** Words of each constant by name. Polynomials are minimax fits, rounded to f32 with the rest refitted each time. */
const constants: Readonly<Record<string, readonly number[]>> = {
  // log2(m) / s in s^2, s = (m - 1) / (m + 1), for m from sqrt(1/2) to sqrt(2): 2.7e-14 relative
  LOG2_0: f64(2.88539008177785),
  LOG2_1: f64(0.9617966941133284),
  LOG2_2: f64(0.577077942370372),
  LOG2_3: f64(0.4122092517332159),
  LOG2_4: f64(0.3199057259777071),
  LOG2_5: f64(0.28289971464347463),
  LOG2_ROOT: [0x667f3bcd, 0x3fe6a09e], // bits of sqrt(1/2)
  LOG2_OFFSET: [0x9980c433, 0x00095f61], // bits of 1, less those of sqrt(1/2)
  LOG2_MANTISSA: [0xffffffff, 0x000fffff],
  LOG2_MAGIC: [0, 0x43300000], // 2^52
  LOG2_MAGIC_BIAS: f64(2 ** 52 + 1023),
  LN2_F64: f64(Math.LN2),
  // (2^f - 1) / f for |f| <= 1/2: 2.4e-10 relative
  EXP2_1: f64(0.693147183821069),
  EXP2_2: f64(0.2402265092104743),
  EXP2_3: f64(0.05550400366281505),
  EXP2_4: f64(0.00961805686384054),
  EXP2_5: f64(0.001334195486381157),
  EXP2_6: f64(0.00015461389908097482),
  EXP2_7: f64(1.3359718597784888e-5),
  EXP2_MIN: f64(-200),
  EXP2_MAX: f64(200),
  EXP2_MAGIC: f64(1.5 * 2 ** 52 + 1023),
  ONE_F64: f64(1),
  // sin(r) = r + r^3 p(r^2), cos(r) = 1 + r^2 p(r^2) for |r| <= pi/4: 2^-35 and 2^-32
  SIN_3: f64(-0.16666666663854163),
  SIN_5: f64(0.008333331874272801),
  SIN_7: f64(-0.00019840086499228532),
  SIN_9: f64(2.7249895192899266e-6),
  COS_2: f64(-0.49999999969106995),
  COS_4: f64(0.0416666506397252),
  COS_6: f64(-0.0013887588896758282),
  COS_8: f64(2.446375473290998e-5),
  TRIG_TWO_OVER_PI: f64(2 / Math.PI),
  TRIG_MAGIC: f64(1.5 * 2 ** 52),
  // pi/2 = high + low; n times the 25 bits of the first is exact
  TRIG_HIGH: f64(1.5707963109016418),
  TRIG_LOW: f64(1.5893254773528196e-8),
  TRIG_LARGE: f64(2 ** 20),
  INFINITY_F64: f64(Number.POSITIVE_INFINITY),
  // 32 zeros and 224 bits of 2/pi
  TRIG_BITS: [0, 0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab],
  TRIG_UNIT: f64(Math.PI / 2 ** 63),

  SIGN: u32(0x80000000),
  HIGH_HALF: u32(0xfffff000),
  ONE: f32(1),
  TWO: f32(2),
  HALF: f32(0.5),
  MINUS_HALF: f32(-0.5),
  INFINITY: f32(Number.POSITIVE_INFINITY),
  MINUS_INFINITY: f32(Number.NEGATIVE_INFINITY),

  // exp: x = n ln2 + r; the magic number leaves n + 254 (or n + 127) in the low bits of the sum
  EXP_MIN: f32(-120),
  EXP_MAX: f32(89),
  EXP_LOG2E: f32(Math.LOG2E),
  EXP_MAGIC: f32(1.5 * 2 ** 23 + 254),
  EXP_MAGIC_NEAR: f32(1.5 * 2 ** 23 + 127),
  EXP_LN2_HIGH: f32(0.69311523),
  EXP_MINUS_LN2_LOW: f32(-3.1946183e-5),
  // (exp(r) - 1 - r) / r^2 for |r| <= ln2 / 2: 3.2e-9 of exp(r)
  EXP_2: f32(0.49999994),
  EXP_3: f32(0.16666517),
  EXP_4: f32(0.041668102),
  EXP_5: f32(0.0083691925),
  EXP_6: f32(0.0013838903),
  // the same, 1.4e-8 of exp(r) - 1
  EXPM1_MIN: f32(-40),
  EXPM1_2: f32(0.49999997),
  EXPM1_3: f32(0.16666539),
  EXPM1_4: f32(0.041667756),
  EXPM1_5: f32(0.008367118),
  EXPM1_6: f32(0.0013835838),

  // log(1 + f) = f - f^2 / 2 + f^3 p(f) for 1 + f from sqrt(1/2) to sqrt(2): 6.2e-9 relative
  LOG_TINY: u32(0x00800000), // the smallest normal number
  LOG_RAISE: f32(2 ** 23),
  LOG_RAISED: f32(23),
  LOG_ROOT: u32(0x3f3504f3), // bits of sqrt(1/2)
  LOG_LN2_HIGH: f32(0.6931381),
  LOG_LN2_LOW: f32(9.058001e-6),
  LOG_3: f32(0.3333333134651184),
  LOG_4: f32(-0.250008225440979),
  LOG_5: f32(0.20001261),
  LOG_6: f32(-0.16623326),
  LOG_7: f32(0.14200936),
  LOG_8: f32(-0.13159628),
  LOG_9: f32(0.12766656),
  LOG_10: f32(-0.07641824),
  // 2 atanh(s) = 2 s + s^3 p(s^2) for 0 <= s <= 1/3: 4.5e-9 relative
  LOG1P_1: f32(0.6666642),
  LOG1P_2: f32(0.40021437),
  LOG1P_3: f32(0.28003025),
  LOG1P_4: f32(0.2800678),

  // tanh(x) = x + x^3 p(x^2) for |x| <= 0.625: 4.5e-9 relative
  TANH_NEAR: f32(0.625),
  TANH_3: f32(-0.3333328),
  TANH_5: f32(0.13331406),
  TANH_7: f32(-0.053736515),
  TANH_9: f32(0.020628167),
  TANH_11: f32(-0.0056922967),

  // erf(x) = x + x p(x^2) for |x| <= 0.9: 1.4e-8 relative
  ERF_NEAR: f32(0.9),
  ERF_1: f32(0.12837915),
  ERF_3: f32(-0.37612504),
  ERF_5: f32(0.11281922),
  ERF_7: f32(-0.026770493),
  ERF_9: f32(0.004998959),
  ERF_11: f32(-0.00060207996),
  // log(1 - erf(x)) for 0.9 <= x <= 3.95: 1.7e-9 of erf(x)
  ERF_MAX: f32(4),
  ERFC_0: f32(-0.00016646388),
  ERFC_1: f32(-1.1277971),
  ERFC_2: f32(-0.63697636),
  ERFC_3: f32(-0.10411336),
  ERFC_4: f32(0.022315027),
  ERFC_5: f32(-0.0030654354),
  ERFC_6: f32(0.00019821317),

  // exp(x^2 / 2) Phi(-x) (x + c) in v = x / (x + 3) - 3 / 8 for 0 <= x <= 14.5: 2.0e-8 relative
  PHI_MAX: f32(15),
  PHI_C: f32(0.75000626),
  PHI_K: f32(3),
  PHI_V: f32(0.375),
  PHI_0: f32(0.46297696),
  PHI_1: f32(-0.018336784),
  PHI_2: f32(-0.39499667),
  PHI_3: f32(0.64178884),
  PHI_4: f32(-0.34803265),
  PHI_5: f32(-0.13838056),
  PHI_6: f32(0.18146205),
  PHI_7: f32(0.079560265),
  PHI_8: f32(-0.0847632),
  PHI_9: f32(-0.04871755),
  PHI_10: f32(0.022504324),
  GAUSS: f32(0.3989422804014327), // 1 / sqrt(2 pi)
  // sqrt(8 / pi) (x + 0.044715 x^3) = x (a + b x^2), a and b as sums, the first part of b of 9 bits
  GELU_TANH_MIN: f32(-11.2),
  GELU_TANH_A: f32(1.5957691216057308),
  GELU_TANH_A_LOW: f32(-4.534068e-8),
  GELU_TANH_B: f32(0.07135481627260025),
  GELU_TANH_B_HIGH: f32(0.0712890625),
  GELU_TANH_B_LOW: f32(6.5753775e-5),
  GELU_TANH_B_3: f32(0.21406444881780073),
  // magic numbers that leave multiples of 1 / 16 and of 1 / 2048; the second with a added
  GELU_TANH_16TH: f32(1.5 * 2 ** 19),
  GELU_TANH_2048TH: f32(1.5 * 2 ** 12),
  GELU_TANH_A_2048TH: f32(1.5 * 2 ** 12 + 1.5957691216057308),
}

/** Address of each constant; an f64 is 8-byte aligned, because those come first. */
export const poolAddresses: Readonly<Record<string, number>> = {}
/** The 32-bit words from POOL on. */
export const pool: readonly number[] = layOut()

function layOut(): number[] {
  const words: number[] = []
  for (const [name, value] of Object.entries(constants)) {
    ;(poolAddresses as Record<string, number>)[name] = POOL + 4 * words.length
    words.push(...value)
  }
  return words
}
