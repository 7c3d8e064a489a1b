/** A curve of a run: `y` over `x`, x ascending. */
export interface Curve {
  readonly name: string
  readonly x: ArrayLike<number>
  readonly y: ArrayLike<number>
}

export interface Scale {
  readonly low: number
  readonly high: number
  readonly log: boolean
  /** 0 at `low`, 1 at `high`. */
  at(value: number): number
}

/** A scale for the finite values of these curves; logarithmic where a linear one would show only the first drop. */
export function scaleOf(curves: readonly Curve[], options: { log?: boolean; low?: number; high?: number } = {}): Scale {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const { y } of curves) {
    for (let i = 0; i < y.length; i++) {
      const value = y[i] as number
      if (!Number.isFinite(value)) continue
      low = Math.min(low, value)
      high = Math.max(high, value)
    }
  }
  if (low > high) [low, high] = [0, 1]
  low = Math.min(low, options.low ?? low)
  high = Math.max(high, options.high ?? high)
  const log = options.log ?? (low > 0 && high / low > 30)
  if (low === high) [low, high] = log ? [low / 2, high * 2] : [low - 0.5, high + 0.5]
  if (!log) return { low, high, log, at: (value) => (value - low) / (high - low) }
  const span = Math.log10(high / low)
  return { low, high, log, at: (value) => Math.log10(Math.max(value, low) / low) / span }
}

/**
 * The curve as `count` means over equal parts of [from, to], NaN where nothing is known:
 * parts without a point lie on the line between their neighbours.
 */
export function resample({ x, y }: Curve, from: number, to: number, count: number): Float64Array {
  const sums = new Float64Array(count)
  const found = new Float64Array(count)
  for (let i = 0; i < x.length; i++) {
    const value = y[i] as number
    if (!Number.isFinite(value)) continue
    const part = to > from ? Math.min(count - 1, Math.floor((((x[i] as number) - from) / (to - from)) * count)) : 0
    if (part < 0) continue
    sums[part] = (sums[part] as number) + value
    found[part] = (found[part] as number) + 1
  }
  const means = sums.map((sum, part) => (found[part] === 0 ? Number.NaN : sum / (found[part] as number)))
  let last = -1
  for (let part = 0; part < count; part++) {
    if (Number.isNaN(means[part])) continue
    for (let gap = last + 1; last >= 0 && gap < part; gap++) {
      const t = (gap - last) / (part - last)
      means[gap] = (means[last] as number) * (1 - t) + (means[part] as number) * t
    }
    last = part
  }
  return means
}

/**
 * Means over a window of `half` points to both sides. At the start it shrinks to the same on both, so that the first
 * drop stays as steep as it is; at the end it goes back only, so that the last points do not jump.
 */
export function smooth(y: ArrayLike<number>, half: number): Float64Array {
  const prefix = new Float64Array(y.length + 1)
  for (let i = 0; i < y.length; i++) prefix[i + 1] = (prefix[i] as number) + (y[i] as number)
  return Float64Array.from({ length: y.length }, (_, i) => {
    const reach = Math.min(half, i)
    const [from, to] = [i - reach, Math.min(i + reach, y.length - 1)]
    return ((prefix[to + 1] as number) - (prefix[from] as number)) / (to - from + 1)
  })
}
