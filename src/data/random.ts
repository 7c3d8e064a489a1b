// Random numbers of the host's side of data: Philox, as the engine's, so the same in every runtime.
import { type GeneratorWords, philox, philoxPermutation } from '../reference/philox.ts'

/** Counter word that the engine's draws leave 0: what is drawn here is apart from them. */
const HOST = 0x64617461

/** Numbers that follow from a seed, an epoch and the number of an example (or of a batch, and of a part of it). */
export class Random {
  readonly #key: readonly [number, number]
  readonly #epoch: number
  readonly #index: number
  readonly #tag: number
  #block = 0
  #words: readonly number[] = []
  #spare: number | undefined

  constructor(seed: number, epoch = 0, index = 0, part = 0) {
    this.#key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0]
    this.#epoch = epoch >>> 0
    this.#index = index >>> 0
    this.#tag = (HOST + part) >>> 0
  }

  /** 32 random bits. */
  word(): number {
    const at = this.#block & 3
    if (at === 0) this.#words = philox([this.#block >>> 2, this.#tag, this.#epoch, this.#index], this.#key)
    this.#block++
    return this.#words[at] as number
  }

  /** 0 <= u < 1, in steps of 2^-32. */
  uniform(): number {
    return this.word() / 2 ** 32
  }

  /** A whole number below n. */
  below(n: number): number {
    return Math.floor(this.uniform() * n)
  }

  /** From min to max. */
  between(min: number, max: number): number {
    return min + (max - min) * this.uniform()
  }

  /** Of mean 0 and deviation 1, by Marsaglia's polar method. */
  normal(): number {
    const spare = this.#spare
    this.#spare = undefined
    if (spare !== undefined) return spare
    for (;;) {
      const [u, v] = [2 * this.uniform() - 1, 2 * this.uniform() - 1]
      const square = u * u + v * v
      if (square === 0 || square >= 1) continue
      const factor = Math.sqrt((-2 * ln(square)) / square)
      this.#spare = v * factor
      return u * factor
    }
  }
}

/** The natural logarithm of 0 < x <= 1 from exactly rounded operations: Math.log may differ between runtimes. */
export function ln(x: number): number {
  let exponent = 0
  let m = x
  while (m < Math.SQRT1_2) {
    m *= 2
    exponent--
  }
  // ln m = 2 artanh s; s^2 < 0.0295, so twelve terms reach 2^-53.
  const s = (m - 1) / (m + 1)
  const square = s * s
  let sum = 0
  for (let k = 23; k >= 1; k -= 2) sum = sum * square + 1 / k
  return 2 * s * sum + exponent * Math.LN2
}

/** Sine and cosine of |x| <= pi, likewise; within 1e-13. */
export function sinCos(x: number): readonly [sin: number, cos: number] {
  const square = x * x
  let [sin, cos] = [1, 1]
  for (let k = 26; k >= 2; k -= 2) {
    sin = 1 - (sin * square) / (k * (k + 1))
    cos = 1 - (cos * square) / (k * (k - 1))
  }
  return [x * sin, cos]
}

/** The numbers 0 to n - 1 in an order that follows from the seed and the number of the stream, as the engine draws it. */
export function orderOf(n: number, seed: number, stream: number): Int32Array {
  const words: GeneratorWords = [seed | 0, Math.floor(seed / 2 ** 32) ^ Math.imul(stream, 0x9e3779b9), 0, 0]
  return philoxPermutation(words, 0, n)
}
