/** The loss at a distance t from the parameters along a direction. */
export interface Sample {
  readonly loss: number
  /** Whether every piecewise operation is on the piece that it is on at t = 0. */
  readonly smooth: boolean
}

export type Probe = (t: number) => Sample

/** A derivative along a direction, by central differences. */
export interface Slope {
  readonly value: number
  /** How far off the value may be: what the last extrapolation changed, and the rounding of the loss. */
  readonly error: number
  /** `kink`: however small the step, its two ends lie on different pieces, or one has no finite loss. */
  readonly kind: 'smooth' | 'kink'
}

/** (L(t) - L(-t)) / 2t. */
export function centralDifference(probe: Probe, step: number): number {
  return (probe(step).loss - probe(-step).loss) / (2 * step)
}

const LEVELS = 8
const NEAREST = 2 ** -24

/**
 * Richardson extrapolation of central differences, Ridders' way: the step is halved and each row of the table removes
 * one more even power of it; the entry that its neighbours agree with best is the result. A step that straddles a kink
 * is never used: a smaller one is tried, down to 2^-24 of `scale`.
 */
export function slopeAlong(probe: Probe, scale: number): Slope {
  // next to an infinite parameter there is no other
  if (!Number.isFinite(scale)) return { value: Number.NaN, error: Infinity, kind: 'kink' }
  const magnitude = Math.abs(probe(0).loss)
  let step = scale / 128
  let row: number[] = []
  let best = Number.NaN
  let error = Infinity
  for (let level = 0; level < LEVELS; ) {
    const ahead = probe(step)
    const behind = probe(-step)
    if (!(ahead.smooth && behind.smooth && Number.isFinite(ahead.loss - behind.loss))) {
      step /= 8
      if (step < NEAREST * scale) return { value: Number.NaN, error: Infinity, kind: 'kink' }
      continue
    }
    const noise = (2 ** -51 * Math.max(magnitude, Math.abs(ahead.loss))) / step
    const next = [(ahead.loss - behind.loss) / (2 * step)]
    for (let j = 1; j <= row.length; j++) {
      const [coarse, fine] = [row[j - 1] as number, next[j - 1] as number]
      next.push(fine + (fine - coarse) / (4 ** j - 1))
      const change = Math.max(Math.abs((next[j] as number) - fine), Math.abs((next[j] as number) - coarse)) + noise
      if (change < error) [best, error] = [next[j] as number, change]
    }
    if (row.length === 0) best = next[0] as number
    // the table has converged, or rounding has taken over
    if (error <= 1e-10 * Math.abs(best) + 2 * noise) break
    row = next
    step /= 2
    level++
  }
  return { value: best, error, kind: 'smooth' }
}
