import type { RefTensor } from '../reference/index.ts'
import { type Bound, bounds, terms, U } from './rounding-basis.ts'

// Bounds of softmax and of what is made of it.

/** One number for each row of the last axis, by the largest distance of a value from the largest one. */
function rowsOf(x: RefTensor): { n: number; drop: (at: number) => number; spread: Float64Array; max: Float64Array } {
  const n = x.shape.at(-1) ?? 1
  const rows = n === 0 ? 0 : x.data.length / n
  const max = new Float64Array(rows)
  const spread = new Float64Array(rows)
  for (let r = 0; r < rows; r++) {
    const row = x.data.subarray(r * n, (r + 1) * n)
    max[r] = row.reduce((a, b) => Math.max(a, b), -Infinity)
    spread[r] = row.reduce((a, b) => Math.max(a, (max[r] as number) - b), 0)
  }
  return { n, max, spread, drop: (at) => (max[Math.floor(at / n)] as number) - (x.data[at] as number) }
}

export const softmax: Bound = (inputs, _attrs, outputs) => {
  const { n, drop } = rowsOf(inputs[0]!)
  return [bounds(outputs[0]!, (y, i) => (8 + terms(n) + 2 * drop(i)) * U * y)]
}

export const logSoftmax: Bound = (inputs, _attrs, outputs) => {
  const { n, drop } = rowsOf(inputs[0]!)
  return [bounds(outputs[0]!, (y, i) => (4 + terms(n) + 2 * drop(i) + 2 * y) * U)]
}

/** Sums of |dy| times the given weights, one for each row. */
function rowSums(dy: RefTensor, weight: (at: number) => number): (at: number) => number {
  const n = dy.shape.at(-1) ?? 1
  const sums = new Float64Array(n === 0 ? 0 : dy.data.length / n)
  dy.data.forEach((v, i) => {
    const r = Math.floor(i / n)
    sums[r] = (sums[r] as number) + Math.abs(v) * weight(i)
  })
  return (at) => sums[Math.floor(at / n)] as number
}

export const softmaxGrad: Bound = ([dy, y], _attrs, outputs) => {
  const n = dy!.shape.at(-1) ?? 1
  const dot = rowSums(dy!, (i) => Math.abs(y!.data[i] as number))
  return [
    bounds(outputs[0]!, (_, i) => {
      const size = 2 * Math.abs(dy!.data[i] as number) + (terms(n) + 2) * dot(i)
      return Math.abs(y!.data[i] as number) * size * U
    }),
  ]
}

export const logSoftmaxGrad: Bound = ([dy, y], _attrs, outputs) => {
  const n = dy!.shape.at(-1) ?? 1
  const sum = rowSums(dy!, () => 1)
  return [bounds(outputs[0]!, (v, i) => (2 * v + Math.exp(y!.data[i] as number) * (terms(n) + 6) * sum(i)) * U)]
}

export const crossEntropy: Bound = (inputs, _attrs, [loss, kept]) => {
  const { n, spread } = rowsOf(inputs[0]!)
  const error = bounds(loss!, (v, r) => (8 + terms(n) + 4 * (spread[r] as number) + 2 * v) * U)
  return [error, new Float64Array(kept!.data.length)]
}

export const crossEntropyGrad: Bound = (inputs, _attrs, [dx]) => {
  const { n, drop } = rowsOf(inputs[0]!)
  const dloss = inputs[2]!.data
  return [
    bounds(dx!, (_, i) => {
      const p = Math.exp(-drop(i))
      const dy = Math.abs(dloss[dloss.length === 1 ? 0 : Math.floor(i / n)] as number)
      return dy * (4 + p * (8 + terms(n) + 2 * drop(i))) * U
    }),
  ]
}
