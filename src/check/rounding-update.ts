import { type RefTensor, references } from '../reference/index.ts'
import { abs, type Bound, bounds, DENORMAL, U } from './rounding-basis.ts'

// Bounds of the updates of optimizers.

export const sgd: Bound = ([p, g, lr, step, v], attrs, outputs) => {
  // the same update with nothing cancelling: every term with the sign that adds to the magnitude
  const rising = { shape: [], data: lr!.data.map((w) => -w) }
  const grown = references.sgd([abs(p!), abs(g!), rising, step!, ...(v === undefined ? [] : [abs(v)])], attrs)
  return outputs.map((_, i) => bounds(grown[i]!, (w) => 6 * U * w))
}

export const adam: Bound = (inputs, attrs, outputs) => {
  const [p, g, m, v] = inputs as [RefTensor, RefTensor, RefTensor, RefTensor]
  const lr = inputs[4]!.data[0] as number
  const c1 = inputs[5]!.data[0] as number
  const [beta1, eps, decay] = [attrs['beta1'], attrs['eps'], attrs['weightDecay']] as [number, number, number]
  const slope = (i: number): number => Math.abs(g.data[i] as number) + decay * Math.abs(p.data[i] as number)
  const mean = (i: number): number => beta1 * Math.abs(m.data[i] as number) + (1 - beta1) * slope(i)
  const c2 = inputs[6]!.data[0] as number
  const root = (i: number): number => Math.sqrt((outputs[2]!.data[i] as number) / c2) + eps
  // v is a sum of squares whose gradient carries the rounding of the decay term
  const squares = outputs[2]!.data.map((w, i) => (4 * w + 8 * slope(i) ** 2 * (1 - (attrs['beta2'] as number))) * U)
  const relative = (i: number): number =>
    8 * U + (squares[i] as number) / Math.max(v.data[i] as number, outputs[2]!.data[i] as number, 1e-300)
  return [
    bounds(p, (w, i) => 4 * U * w * (1 + lr * decay) + ((lr * mean(i)) / c1 / root(i)) * (relative(i) + 8 * U)),
    bounds(m, (_, i) => 4 * U * mean(i)),
    squares.map((b) => b + DENORMAL),
  ]
}

/** Of the two steps with which adam's is bounded, the one with the largest second moment so far. */
export const amsgrad: Bound = ([p, g, m, v, _w, ...scalars], attrs, [next, mean, squares, largest]) => {
  const inputs = [p!, g!, m!, v!, ...scalars]
  const [ofP, ofM] = adam(inputs, attrs, [next!, mean!, largest!])
  const ofV = adam(inputs, attrs, [next!, mean!, squares!])[2]!
  return [ofP!, ofM!, ofV, ofV]
}

export const lion: Bound = ([p, g, m, lr], attrs, [, mean]) => {
  const beta1 = attrs['beta1'] as number
  const rate = Math.abs(lr!.data[0] as number)
  const along = (i: number, size: (x: number) => number): number =>
    beta1 * size(m!.data[i] as number) + (1 - beta1) * size(g!.data[i] as number)
  // a direction within its rounding of 0 may have either sign
  const unsure = (i: number): boolean => Math.abs(along(i, (x) => x)) <= 4 * U * along(i, Math.abs)
  return [
    bounds(p!, (w, i) => 4 * U * (w + rate) + (unsure(i) ? 2 * rate : 0)),
    bounds(mean!, (_, i) => 4 * U * (Math.abs(m!.data[i] as number) + Math.abs(g!.data[i] as number))),
  ]
}
