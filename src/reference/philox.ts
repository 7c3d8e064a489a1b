/**
 * The random numbers of the engine in plain TypeScript: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random
 * numbers: as easy as 1, 2, 3", 2011). A generator is four words: key low, key high, counter low, counter high. Draw
 * `draw` of it uses the counter blocks (i, 0, c low, c high) with the 64-bit c = counter + draw; element e is word
 * e % 4 of block e / 4. Uniform, Bernoulli and dropout draws and permutations are those of the kernels bit for bit,
 * normal ones up to rounding.
 */
export type GeneratorWords = readonly [number, number, number, number]

const M0 = 0xd2511f53
const M1 = 0xcd9e8d57
const W0 = 0x9e3779b9
const W1 = 0xbb67ae85
const f32 = Math.fround

/** The upper 32 bits of the product of two 32-bit words. */
function mulHigh(a: number, b: number): number {
  const low = (a & 0xffff) * b
  const high = (a >>> 16) * b + Math.floor(low / 65536)
  return Math.floor(high / 65536) >>> 0
}

/** One block: four random words from a counter of four words and a key of two. */
export function philox(counter: GeneratorWords, key: readonly [number, number]): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter
  let [k0, k1] = key
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = [mulHigh(M0, c0), Math.imul(M0, c0)]
    const [high1, low1] = [mulHigh(M1, c2), Math.imul(M1, c2)]
    c0 = (high1 ^ c1 ^ k0) >>> 0
    c1 = low1 >>> 0
    c2 = (high0 ^ c3 ^ k1) >>> 0
    c3 = low0 >>> 0
    k0 = (k0 + W0) >>> 0
    k1 = (k1 + W1) >>> 0
  }
  return [c0, c1, c2, c3]
}

/** The first n words of a draw. */
export function philoxWords(generator: GeneratorWords, draw: number, n: number): Uint32Array {
  const [k0, k1, low, high] = generator
  const counter = BigInt.asUintN(64, BigInt(low >>> 0) + (BigInt(high >>> 0) << 32n) + BigInt(draw))
  const c2 = Number(counter & 0xffffffffn)
  const c3 = Number(counter >> 32n)
  const words = new Uint32Array(n)
  for (let i = 0; i < n; i += 4)
    words.set(philox([i / 4, 0, c2, c3], [k0 >>> 0, k1 >>> 0]).slice(0, Math.min(4, n - i)), i)
  return words
}

/** The largest f32 below a finite x. */
function below(x: number): number {
  const value = Float32Array.of(x)
  const bits = new Int32Array(value.buffer)
  const word = bits[0] as number
  bits[0] = x > 0 ? word - 1 : x < 0 ? word + 1 : -0x7fffffff
  return value[0] as number
}

/** min <= u < max (min where that is empty), in steps of (max - min) / 2^24. */
export function philoxUniform(generator: GeneratorWords, draw: number, n: number, min = 0, max = 1): Float32Array {
  const [p0, range] = [f32(min), f32(f32(max) - f32(min))]
  const top = Math.max(p0, below(f32(max)))
  const unit = 2 ** -24
  return Float32Array.from(philoxWords(generator, draw, n), (word) =>
    Math.min(top, f32(p0 + f32((word >>> 8) * unit * range))),
  )
}

/**
 * Normal numbers by Box and Muller: words 0 and 1 of a block make its elements 0 and 1, words 2 and 3 the others. No
 * number is beyond 6.8 standard deviations.
 */
export function philoxNormal(
  generator: GeneratorWords,
  draw: number,
  n: number,
  mean = 0,
  deviation = 1,
): Float32Array {
  const words = philoxWords(generator, draw, n + (n & 1))
  const y = new Float32Array(n)
  for (let i = 0; i < n; i += 2) {
    const u = f32(f32(words[i] as number) * 2 ** -32 + 2 ** -33)
    const radius = Math.sqrt(-2 * Math.log(u))
    const angle = 2 * Math.PI * ((words[i + 1] as number) >>> 8) * 2 ** -24
    y[i] = mean + deviation * radius * Math.cos(angle)
    if (i + 1 < n) y[i + 1] = mean + deviation * radius * Math.sin(angle)
  }
  return y
}

/** 1 with probability p (to 2^-24), else 0. */
export function philoxBernoulli(generator: GeneratorWords, draw: number, n: number, p: number): Float32Array {
  return philoxUniform(generator, draw, n).map((u) => (u < f32(p) ? 1 : 0))
}

/** What dropout multiplies element i by: 0 with probability p, else 1 / (1 - p). */
export function philoxDropout(generator: GeneratorWords, draw: number, n: number, p: number): Float32Array {
  const scale = f32(1 / (1 - f32(p)))
  return philoxUniform(generator, draw, n).map((u) => (u >= f32(p) ? scale : 0))
}

/**
 * A random permutation of 0 .. n - 1 by Fisher and Yates, inside out: element i goes to place j <= i, and what was there
 * to i. j = floor(r (i + 1) / 2^64) of the 64-bit number r made of words 2 i (low) and 2 i + 1; the probabilities of the
 * places differ by less than 2^-32 relative.
 */
export function philoxPermutation(generator: GeneratorWords, draw: number, n: number): Int32Array {
  const words = philoxWords(generator, draw, 2 * n)
  const y = new Int32Array(n)
  for (let i = 0; i < n; i++) {
    const [low, high] = [words[2 * i] as number, words[2 * i + 1] as number]
    const sum = (Math.imul(high, i + 1) >>> 0) + mulHigh(low, i + 1)
    const j = mulHigh(high, i + 1) + (sum >= 2 ** 32 ? 1 : 0)
    y[i] = y[j] as number
    y[j] = i
  }
  return y
}
