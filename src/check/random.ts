/** Numbers for directions and trials, the same from one seed everywhere: a hashed counter. */
export function generator(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    let z = state ^ (state >>> 16)
    z = Math.imul(z, 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32
  }
}

/** n random signs. */
export function signs(random: () => number, n: number): Float64Array {
  return Float64Array.from({ length: n }, () => (random() < 0.5 ? -1 : 1))
}
