// exp, log, pow and cos to hundreds of bits in integers, as an oracle for double precision.

const P = 480n
const ONE = 1n << P
/** An exact value m 2^e. */
export interface Exact {
  readonly m: bigint
  readonly e: number
}

const view = new DataView(new ArrayBuffer(8))
/** A finite double as an integer times a power of two; integers have 53 bits where the number is normal. */
export function parts(x: number): { m: bigint; e: number } {
  view.setFloat64(0, x)
  const bits = view.getBigUint64(0)
  const exponent = Number((bits >> 52n) & 0x7ffn)
  const fraction = bits & 0xfffffffffffffn
  const m = exponent === 0 ? fraction : fraction | (1n << 52n)
  return { m: x < 0 ? -m : m, e: (exponent === 0 ? 1 : exponent) - 1075 }
}

const shift = (m: bigint, by: number): bigint => (by >= 0 ? m << BigInt(by) : m >> BigInt(-by))
const fixed = (x: number): bigint => {
  const { m, e } = parts(x)
  return shift(m, e + Number(P))
}
const mul = (a: bigint, b: bigint): bigint => (a * b) >> P

function atanh2(s: bigint): bigint {
  const square = mul(s, s)
  let sum = 0n
  for (let k = 1n, term = s; term !== 0n && term !== -1n; k += 2n, term = mul(term, square)) sum += term / k
  return 2n * sum
}
function arctan(inverse: bigint): bigint {
  let sum = 0n
  for (let k = 1n, term = ONE / inverse; term !== 0n; k += 2n, term /= inverse * inverse) {
    sum += (k & 3n) === 1n ? term / k : -term / k
  }
  return sum
}
const LN2 = atanh2(ONE / 3n)
const HALF_PI = 2n * (4n * arctan(5n) - arctan(239n))
const nearest = (a: bigint, b: bigint): bigint => {
  const q = (2n * a + b) / (2n * b)
  return 2n * a + b < 0n && q * 2n * b !== 2n * a + b ? q - 1n : q
}

function expFixed(x: bigint): Exact {
  const k = nearest(x, LN2)
  const r = x - k * LN2
  let sum = 0n
  for (let n = 1n, term = ONE; term !== 0n && term !== -1n; n++) {
    sum += term
    term = mul(term, r) / n
  }
  return { m: sum, e: Number(k - P) }
}
function logFixed(x: number): bigint {
  const { m, e } = parts(x)
  const length = m.toString(2).length
  const mantissa = shift(m, Number(P) - length)
  return BigInt(e + length) * LN2 + atanh2(((mantissa - ONE) << P) / (mantissa + ONE))
}

export const exactExp = (x: number): Exact => expFixed(fixed(x))
export const exactLog = (x: number): Exact => ({ m: logFixed(x), e: Number(-P) })
export function exactPow(x: number, y: number): Exact {
  const { m, e } = parts(y)
  return expFixed(shift(logFixed(x) * m, e))
}
export function exactCos(x: number): Exact {
  const f = fixed(Math.abs(x))
  const n = nearest(f, HALF_PI)
  const r = f - n * HALF_PI
  const square = mul(r, r)
  const odd = (n & 1n) === 1n
  let sum = 0n
  for (let k = odd ? 2n : 1n, term = odd ? r : ONE; term !== 0n && term !== -1n; k += 2n) {
    sum += term
    term = -mul(term, square) / (k * (k + 1n))
  }
  const quadrant = n & 3n
  return { m: quadrant === 1n || quadrant === 2n ? -sum : sum, e: Number(-P) }
}

/** How far a double is from the exact value, in units of its last place. */
export function ulps(actual: number, { m, e }: Exact): number {
  const { m: integer, e: exponent } = parts(actual)
  return Math.abs(Number(shift(m, e - exponent + 20) - (integer << 20n)) / 2 ** 20)
}
