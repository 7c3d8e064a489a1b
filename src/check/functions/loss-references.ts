import type { Reduction } from '../../ops/reduction.ts'
import type { RefTensor } from '../../reference/index.ts'

// Losses in f64, written from their definitions.

export const total = (x: readonly number[] | Float64Array): number => {
  let sum = 0
  for (const v of x) sum += v
  return sum
}

/** One loss for each place, reduced; the mean is over `count`. */
export function reducedTo(
  losses: readonly number[],
  shape: readonly number[],
  reduction: Reduction = 'mean',
  count: number = losses.length,
): RefTensor {
  if (reduction === 'none') return { shape, data: Float64Array.from(losses) }
  const sum = total(losses)
  return { shape: [], data: Float64Array.of(reduction === 'sum' ? sum : sum / count) }
}

/** The vectors along the last axis. */
export function rowsOf({ shape, data }: RefTensor): number[][] {
  const n = shape.at(-1) as number
  return Array.from({ length: data.length / n }, (_, i) => Array.from(data.subarray(i * n, (i + 1) * n)))
}

/** The vectors along axis 1 of [N, C, ..], in the order of [N, ..]. */
export function columnsOf({ shape, data }: RefTensor): number[][] {
  const [n, c, ...rest] = shape as [number, number, ...number[]]
  const area = rest.reduce((p, size) => p * size, 1)
  return Array.from({ length: n * area }, (_, at) =>
    Array.from({ length: c }, (_c, j) => data[(Math.floor(at / area) * c + j) * area + (at % area)] as number),
  )
}

/** An element of an operand that is stretched along leading axes. */
export const stretched = (t: RefTensor | undefined, i: number): number =>
  t === undefined ? 1 : (t.data[i % t.data.length] as number)

export const sigmoid = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)))
/** ln(1 + e^x) */
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))

/** -positive t ln p - (1 - t) ln(1 - p) with p = sigmoid(x). */
export const binary = (x: number, t: number, positive = 1): number =>
  positive * t * softplus(-x) + (1 - t) * softplus(x)

export function focalOf(x: number, t: number, gamma: number, alpha: number | null): number {
  const missed = t * sigmoid(-x) + (1 - t) * sigmoid(x)
  const balance = alpha === null ? 1 : alpha * t + (1 - alpha) * (1 - t)
  return balance * missed ** gamma * binary(x, t)
}

export const huberOf = (d: number, delta: number): number =>
  Math.abs(d) <= delta ? d ** 2 / 2 : delta * (Math.abs(d) - delta / 2)

export const norm = (x: readonly number[]): number => Math.sqrt(total(x.map((v) => v * v)))
export const cosine = (a: readonly number[], b: readonly number[], eps = 1e-8): number =>
  total(a.map((v, i) => v * (b[i] as number))) / (Math.max(norm(a), eps) * Math.max(norm(b), eps))
/** With the small difference that PyTorch has, too. */
export const distance = (a: readonly number[], b: readonly number[]): number =>
  norm(a.map((v, i) => v - (b[i] as number) + 1e-6))

export function logSoftmaxOf(x: readonly number[]): number[] {
  const top = Math.max(...x)
  const sum = Math.log(total(x.map((v) => Math.exp(v - top))))
  return x.map((v) => v - top - sum)
}

/**
 * -ln of the sum over all ways to read `target` of e^(sum of x): x [time][classes]. Probabilities of beginnings, not
 * their logarithms; the places of a target are its symbols with blanks around them.
 */
export function ctcOf(x: readonly (readonly number[])[], target: readonly number[], blank: number): number {
  const places = [blank, ...target.flatMap((symbol) => [symbol, blank])]
  let at: number[] = places.map((_, i) => (i < 2 ? 1 : 0))
  for (const [t, row] of x.entries()) {
    const before = at
    at = places.map((symbol, i) => {
      const skips = i >= 2 && symbol !== blank && symbol !== places[i - 2]
      const from = t === 0 ? before[i] : total([i, i - 1, ...(skips ? [i - 2] : [])].map((j) => before[j] ?? 0))
      return (from as number) * Math.exp(row[symbol] as number)
    })
  }
  return -Math.log(total(at.slice(-2)))
}
