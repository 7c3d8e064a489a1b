import { queries, weighting } from '../reference/attention.ts'
import type { Attrs, RefTensor } from '../reference/index.ts'
import { type Bound, DENORMAL, terms, U } from './rounding-basis.ts'

// Bounds of attention: errors of the scores become relative errors of the weights; sums are walks of roundings.

const at = ({ shape, data }: RefTensor, row: number, i: number): number =>
  data[row * (shape.at(-1) as number) + i] as number
const width = ({ shape }: RefTensor): number => shape.at(-1) as number

/** A product of two rows, and that of their magnitudes. */
function product(a: RefTensor, i: number, b: RefTensor, j: number): { value: number; size: number } {
  let [value, size] = [0, 0]
  for (let c = 0; c < width(a); c++) {
    const term = at(a, i, c) * at(b, j, c)
    value += term
    size += Math.abs(term)
  }
  return { value, size }
}

/** A score, with what the mask adds to it, and the error of the sum. */
function scoreOf(
  q: RefTensor,
  i: number,
  k: RefTensor,
  j: number,
  attrs: Attrs,
  bias: number,
): { score: number; error: number } {
  const scale = attrs['scale'] as number
  const { value, size } = product(q, i, k, j)
  const score = scale * value + bias
  return { score, error: ((terms(width(q)) + 3) * Math.abs(scale) * size + (bias === 0 ? 0 : Math.abs(score))) * U }
}

const sizes = (q: RefTensor, k: RefTensor): number[] => [...q.shape.slice(0, 3), k.shape[2] as number]

export const forward: Bound = (inputs, attrs, [o, lse]) => {
  const [q, k, v] = inputs
  const { bias, factor } = weighting(inputs, 3, sizes(q!, k!), attrs)
  const [ofO, ofLse] = [new Float64Array(o!.data.length), new Float64Array(lse!.data.length)]
  const blocks = Math.ceil((k!.shape[2] as number) / 64)
  queries(q!, k!, attrs, (i, key, count) => {
    const log = lse!.data[i] as number
    let worst = 0
    for (let j = key; j < key + count; j++) {
      const { score, error } = scoreOf(q!, i, k!, j, attrs, bias(i, j - key))
      if (score === -Infinity) continue
      const p = Math.exp(score - log)
      const kept = factor(i, j - key)
      const relative = error + (10 + 4 * blocks + terms(64) + 2 * Math.abs(score - log)) * U
      worst += p * relative
      for (let c = 0; c < width(o!); c++) {
        const spread = kept * Math.abs(at(v!, j, c)) + Math.abs(at(o!, i, c))
        ofO[i * width(o!) + c] = (ofO[i * width(o!) + c] as number) + p * spread * relative + DENORMAL
      }
    }
    ofLse[i] = worst + 2 * U * (Math.abs(log) + 1)
  })
  return [ofO, ofLse]
}

export const backward: Bound = (inputs, attrs, outputs) => {
  const [dy, q, k, v, o, lse] = inputs
  const { bias, factor } = weighting(inputs, 6, sizes(q!, k!), attrs)
  const errors = outputs.map(({ data }) => new Float64Array(data.length).fill(DENORMAL)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ]
  const scale = Math.abs(attrs['scale'] as number)
  const [t, s] = [q!.shape[2], k!.shape[2]] as [number, number]
  const add = (to: Float64Array, row: number, size: number, factor: number, x: RefTensor, other: number): void => {
    for (let c = 0; c < size; c++)
      to[row * size + c] = (to[row * size + c] as number) + factor * Math.abs(at(x, other, c))
  }
  queries(q!, k!, attrs, (i, key, count) => {
    const own = product(dy!, i, o!, i).size
    for (let j = key; j < key + count; j++) {
      const { score, error } = scoreOf(q!, i, k!, j, attrs, bias(i, j - key))
      if (score === -Infinity) continue
      const kept = factor(i, j - key)
      const log = lse!.data[i] as number
      const p = Math.exp(score - log)
      const relative = error + (6 + 2 * Math.abs(score - log)) * U
      const slope = scale * p * (kept * product(dy!, i, v!, j).size + own)
      const wrong = slope * (relative + (terms(width(v!)) + 6) * U)
      add(errors[0], i, width(q!), wrong + slope * (terms(s) + 2) * U, k!, j)
      add(errors[1], j, width(k!), wrong + slope * (terms(t) + 2) * U, q!, i)
      add(errors[2], j, width(v!), kept * p * (relative + (terms(t) + 4) * U), dy!, i)
    }
  })
  return errors
}
