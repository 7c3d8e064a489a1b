// SHA-256 (FIPS 180-4) in plain integer arithmetic: crypto.subtle is missing in pages that are not secure contexts.

/** The first 32 bits of the fractional part of the n-th root of the first primes, as the standard defines them. */
function rootBits(count: number, root: (n: bigint) => bigint): Int32Array {
  const words = new Int32Array(count)
  for (let prime = 2n, i = 0; i < count; prime++) {
    let divisor = 2n
    while (divisor * divisor <= prime && prime % divisor !== 0n) divisor++
    if (divisor * divisor <= prime) continue
    words[i++] = Number(BigInt.asIntN(32, root(prime)))
  }
  return words
}

/** floor(x ^ (1 / degree)) by bisection. */
function integerRoot(x: bigint, degree: bigint): bigint {
  let low = 0n
  let high = 1n << 40n
  while (high - low > 1n) {
    const middle = (low + high) >> 1n
    if (middle ** degree <= x) low = middle
    else high = middle
  }
  return low
}

let tables: { start: Int32Array; k: Int32Array } | undefined

export class Sha256 {
  readonly #state: Int32Array
  readonly #k: Int32Array
  readonly #block = new Uint8Array(64)
  readonly #view: DataView = new DataView(this.#block.buffer)
  readonly #w: Int32Array = new Int32Array(64)
  #filled = 0
  #bytes = 0

  constructor() {
    tables ??= {
      start: rootBits(8, (p) => integerRoot(p << 64n, 2n)),
      k: rootBits(64, (p) => integerRoot(p << 96n, 3n)),
    }
    this.#state = tables.start.slice()
    this.#k = tables.k
  }

  update(bytes: Uint8Array): this {
    this.#bytes += bytes.length
    let at = 0
    while (at < bytes.length) {
      const n = Math.min(64 - this.#filled, bytes.length - at)
      this.#block.set(bytes.subarray(at, at + n), this.#filled)
      this.#filled += n
      at += n
      if (this.#filled === 64) this.#compress()
    }
    return this
  }

  /** The digest in hexadecimal; the object is used up. */
  hex(): string {
    const bits = this.#bytes * 8
    this.update(Uint8Array.of(0x80))
    if (this.#filled > 56) this.update(new Uint8Array(64 - this.#filled))
    this.#block.fill(0, this.#filled)
    this.#view.setUint32(56, Math.floor(bits / 2 ** 32))
    this.#view.setUint32(60, bits >>> 0)
    this.#compress()
    return Array.from(this.#state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
  }

  #compress(): void {
    const w = this.#w
    const k = this.#k
    for (let i = 0; i < 16; i++) w[i] = this.#view.getInt32(i * 4)
    for (let i = 16; i < 64; i++) {
      const x = w[i - 15] as number
      const y = w[i - 2] as number
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)
      w[i] = (w[i - 16] as number) + s0 + (w[i - 7] as number) + s1
    }
    let [a, b, c, d, e, f, g, h] = this.#state as unknown as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ]
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (k[i] as number) + (w[i] as number)) | 0
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
      h = g
      g = f
      f = e
      e = (d + t1) | 0
      d = c
      c = b
      b = a
      a = (t1 + t2) | 0
    }
    const next = [a, b, c, d, e, f, g, h]
    for (let i = 0; i < 8; i++) this.#state[i] = (this.#state[i] as number) + (next[i] as number)
    this.#filled = 0
  }
}
