// Small data sets that tests make up, from a seed and plain arithmetic.

/** Numbers in [0, 1) (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let z = Math.imul(state ^ (state >>> 15), 1 | state)
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Two interleaving half circles with some noise: x [n, 2], y the half circle. */
export function twoMoons(n: number, seed = 1): { x: Float32Array; y: Int32Array } {
  const next = uniform(seed)
  const x = new Float32Array(n * 2)
  const y = new Int32Array(n)
  for (let i = 0; i < n; i++) {
    const moon = i % 2
    const angle = Math.PI * next()
    const noise = (): number => 0.2 * (next() - 0.5)
    x[i * 2] = (moon === 0 ? Math.cos(angle) : 1 - Math.cos(angle)) + noise()
    x[i * 2 + 1] = (moon === 0 ? Math.sin(angle) : 0.5 - Math.sin(angle)) + noise()
    y[i] = moon
  }
  return { x, y }
}

/** `classes` clouds of points around corners that are easy to tell apart. */
export function clouds(n: number, features: number, classes: number, seed = 1): { x: Float32Array; y: Int32Array } {
  const next = uniform(seed)
  const centres = Float32Array.from({ length: classes * features }, () => 2 * next() - 1)
  const y = Int32Array.from({ length: n }, (_, i) => i % classes)
  const x = Float32Array.from(
    { length: n * features },
    (_, i) =>
      (centres[(y[Math.floor(i / features)] as number) * features + (i % features)] as number) + 0.4 * (next() - 0.5),
  )
  return { x, y }
}
