import { axes, axis, flag } from './attrs.ts'
import { aroundAxis, input, offsetsOf, type Reference, type Rows, sizeOf, stridesOf, zeros } from './tensor.ts'

/** y = f(the values of x along the axes, in C order). */
function reduction(f: (values: Float64Array) => number): Reference {
  return (inputs, attrs) => {
    const x = input(inputs, 0)
    const gone = axes(attrs, x.shape.length)
    const kept = x.shape.map((_, i) => i).filter((i) => !gone.includes(i))
    const strides = stridesOf(x.shape)
    const pick = (list: readonly number[], from: readonly number[]): number[] => list.map((i) => from[i] as number)
    const shape = flag(attrs, 'keepDims') ? x.shape.map((n, i) => (gone.includes(i) ? 1 : n)) : pick(kept, x.shape)
    const starts = offsetsOf(pick(kept, x.shape), pick(kept, strides))
    const steps = offsetsOf(pick(gone, x.shape), pick(gone, strides))
    return [{ shape, data: starts.map((start) => f(steps.map((step) => x.data[start + step] as number))) }]
  }
}

const total = (values: Float64Array): number => values.reduce((sum, v) => sum + v, 0)

/** The first position that `better` prefers to all before it; a NaN wins. */
function position(better: (candidate: number, best: number) => boolean): Reference {
  return (inputs, attrs) => {
    const x = input(inputs, 0)
    const at = axis(attrs, x.shape.length)
    const { outer, n, inner } = aroundAxis(x.shape, at)
    const shape = flag(attrs, 'keepDims')
      ? x.shape.map((size, i) => (i === at ? 1 : size))
      : x.shape.filter((_, i) => i !== at)
    const y = zeros(shape)
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        const value = (j: number): number => x.data[(o * n + j) * inner + i] as number
        let best = 0
        for (let j = 1; j < n; j++) {
          if (Number.isNaN(value(best))) break
          if (Number.isNaN(value(j)) || better(value(j), value(best))) best = j
        }
        y.data[o * inner + i] = best
      }
    }
    return [y]
  }
}

/** A reduction without a neutral element. */
function extreme(f: (a: number, b: number) => number): Reference {
  const reduce = reduction((values) => values.reduce(f))
  return (inputs, attrs) => {
    const x = input(inputs, 0)
    if (axes(attrs, x.shape.length).some((i) => x.shape[i] === 0) && sizeOf(x.shape) === 0) {
      throw new RangeError('the maximum or minimum of nothing does not exist')
    }
    return reduce(inputs, attrs)
  }
}

export const reduce: Rows<'sum' | 'mean' | 'sumSquares' | 'prod' | 'max' | 'min' | 'argmax' | 'argmin'> = {
  sum: reduction(total),
  mean: reduction((values) => total(values) / values.length),
  sumSquares: reduction((values) => total(values.map((v) => v * v))),
  prod: reduction((values) => values.reduce((product, v) => product * v, 1)),
  // Math.max and Math.min pass a NaN on
  max: extreme((a, b) => Math.max(a, b)),
  min: extreme((a, b) => Math.min(a, b)),
  argmax: position((candidate, best) => candidate > best),
  argmin: position((candidate, best) => candidate < best),
}
