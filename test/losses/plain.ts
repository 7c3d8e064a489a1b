// Plain float64 losses of rows, written from their definitions.

const sum = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0)
const softmax = (x: readonly number[]): number[] => {
  const top = Math.max(...x)
  const e = x.map((v) => Math.exp(v - top))
  return e.map((v) => v / sum(e))
}
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
const norm = (x: readonly number[]): number => Math.sqrt(sum(x.map((v) => v * v)))
const minus = (a: readonly number[], b: readonly number[]): number[] => a.map((v, i) => v - b[i]!)

export const soft = (x: readonly number[], t: readonly number[], s = 0, w?: readonly number[]): number =>
  -sum(softmax(x).map((p, j) => (w?.[j] ?? 1) * ((1 - s) * t[j]! + s / x.length) * Math.log(p)))
export const oneHot = (label: number, n: number): number[] => Array.from({ length: n }, (_, j) => (j === label ? 1 : 0))

export const bce = (x: number, t: number, pos = 1): number =>
  -(pos * t * Math.log(sigmoid(x)) + (1 - t) * Math.log(1 - sigmoid(x)))
export const focal = (x: number, t: number, gamma: number, alpha: number | null): number => {
  const p = sigmoid(x)
  const balance = alpha === null ? 1 : alpha * t + (1 - alpha) * (1 - t)
  return balance * (1 - (p * t + (1 - p) * (1 - t))) ** gamma * bce(x, t)
}
export const huber = (d: number, delta: number): number =>
  Math.abs(d) <= delta ? (d * d) / 2 : delta * (Math.abs(d) - delta / 2)
export const hinge = (x: number, t: number, margin: number): number => Math.max(0, margin - t * x)
export const multiMargin = (x: readonly number[], label: number, margin: number, power: number): number =>
  sum(x.map((v, j) => (j === label ? 0 : Math.max(0, margin - x[label]! + v) ** power))) / x.length
export const kl = (x: number, t: number): number => (t === 0 ? 0 : t * (Math.log(t) - x))
export const cosine = (a: readonly number[], b: readonly number[]): number =>
  sum(a.map((v, i) => v * b[i]!)) / (Math.max(norm(a), 1e-8) * Math.max(norm(b), 1e-8))
export const cosineEmbedding = (a: readonly number[], b: readonly number[], y: number, margin: number): number =>
  y > 0 ? 1 - cosine(a, b) : Math.max(0, cosine(a, b) - margin)
export const triplet = (a: number[], p: number[], n: number[], margin: number, swap: boolean): number => {
  const distance = (x: number[], y: number[]): number => norm(minus(x, y).map((v) => v + 1e-6))
  const away = swap ? Math.min(distance(a, n), distance(p, n)) : distance(a, n)
  return Math.max(0, distance(a, p) - away + margin)
}

/** -ln of the probability of a target, by going through every sequence of classes. x [time][classes], logarithms. */
export function ctc(x: readonly (readonly number[])[], target: readonly number[], blank: number): number {
  const classes = x[0]!.length
  let total = 0
  for (let code = 0; code < classes ** x.length; code++) {
    const path = x.map((_, t) => Math.floor(code / classes ** t) % classes)
    const read = path.filter((c, t) => c !== blank && c !== path[t - 1])
    if (read.length === target.length && read.every((c, i) => c === target[i]))
      total += Math.exp(sum(path.map((c, t) => x[t]![c]!)))
  }
  return -Math.log(total)
}
