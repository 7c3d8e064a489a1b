import { type BatchNormOptions, batchNorm, channelStatistics } from '../../ops/batch-norm.ts'
import { groupNorm, instanceNorm, layerNorm, type NormOptions, rmsNorm } from '../../ops/norm.ts'
import type { Tensor } from '../../ops/tensor.ts'
import type { Shape } from '../../program/graph.ts'
import type { RefTensor } from '../../reference/index.ts'
import { type Fill, x } from '../cases/types.ts'
import { composed, specials } from './cases.ts'
import { mean } from './references.ts'
import type { FunctionCase, Functions } from './types.ts'

interface Kind {
  readonly shape: Shape
  /** Elements that are normalized together. */
  readonly n: number
  /** The weight or bias that an element takes. */
  readonly vector: (at: number) => number
  /** Its shape. */
  readonly size: number | Shape
  readonly centred: boolean
  readonly call: (x: Tensor, options: NormOptions) => Tensor
}

const normalized = (kind: Kind, eps: number, t: RefTensor, w?: RefTensor, b?: RefTensor): RefTensor => {
  const data = t.data.slice()
  for (let from = 0; from < data.length; from += kind.n) {
    const row = Array.from(t.data.subarray(from, from + kind.n))
    const middle = kind.centred ? mean(row) : 0
    const root = Math.sqrt(mean(row.map((v) => (v - middle) ** 2)) + eps)
    for (const [i, v] of row.entries()) {
      const at = kind.vector(from + i)
      data[from + i] = ((v - middle) / root) * (w?.data[at] ?? 1) + (b?.data[at] ?? 0)
    }
  }
  return { shape: t.shape, data }
}

const with_ = (
  kind: Kind,
  vectors: 0 | 1 | 2,
  { eps, fill = 'any' }: { readonly eps?: number; readonly fill?: Fill } = {},
): FunctionCase => ({
  inputs: [x(kind.shape, fill), x([kind.size].flat()), x([kind.size].flat())].slice(0, vectors + 1),
  call: (t, weight, bias) => kind.call(t as Tensor, { weight, bias, ...(eps === undefined ? {} : { eps }) }),
  reference: (t, w, b) => normalized(kind, eps ?? 1e-5, t as RefTensor, w, b),
})

/** Groups of channels of [N, C, ..]. */
const channels = (shape: Shape, groups: number, call: Kind['call']): Kind => {
  const c = shape[1] as number
  const area = shape.slice(2).reduce((product, size) => product * size, 1)
  return { shape, n: (c / groups) * area, vector: (at) => Math.floor(at / area) % c, size: c, centred: true, call }
}
const grouped = (shape: Shape, groups: number): Kind =>
  channels(shape, groups, (t, options) => groupNorm(t, groups, options))
const single = (shape: Shape): Kind => channels(shape, shape[1] as number, instanceNorm)

const rows = (shape: Shape): Kind => {
  const n = shape.at(-1) as number
  return {
    shape,
    n,
    vector: (at) => at % n,
    size: n,
    centred: false,
    call: (t, { bias: _, ...options }) => rmsNorm(t, options),
  }
}

/** Over the last axes. */
const last = (shape: Shape, axes: number): Kind => {
  const tail = shape.slice(shape.length - axes)
  const n = tail.reduce((product, size) => product * size, 1)
  const call: Kind['call'] = (t, options) => layerNorm(t, { ...options, axes })
  return { shape, n, vector: (at) => at % n, size: tail, centred: true, call }
}

/** A bias without a weight. */
const shifted = (kind: Kind): FunctionCase => ({
  inputs: [x(kind.shape), x([kind.size].flat())],
  call: (t, bias) => kind.call(t as Tensor, { bias }),
  reference: (t, b) => normalized(kind, 1e-5, t as RefTensor, undefined, b),
})

/** The places of x [N, C, ..] that belong to each channel. */
const places = (shape: Shape): number[][] => {
  const [n, c, ...area] = shape as [number, number, ...number[]]
  const size = area.reduce((product, axis) => product * axis, 1)
  return Array.from({ length: c }, (_, channel) =>
    Array.from({ length: n * size }, (_, i) => (Math.floor(i / size) * c + channel) * size + (i % size)),
  )
}

/** Mean and variance of each channel. */
const moments = (t: RefTensor): [RefTensor, RefTensor] => {
  const rows = places(t.shape).map((at) => at.map((i) => t.data[i] as number))
  const means = rows.map(mean)
  const variances = rows.map((row, c) => mean(row.map((v) => (v - (means[c] as number)) ** 2)))
  const vector = (list: number[]): RefTensor => ({ shape: [list.length], data: Float64Array.from(list) })
  return [vector(means), vector(variances)]
}

const statistics = (shape: Shape, fill: Fill = 'any'): FunctionCase => ({
  inputs: [x(shape, fill)],
  call: (t) => {
    const { mean, variance } = channelStatistics(t as Tensor)
    return [mean, variance]
  },
  reference: (t) => moments(t as RefTensor),
})

type Vector = 'mean' | 'variance' | 'weight' | 'bias'

/** x and the vectors that are named, in this order. */
const batch = (
  shape: Shape,
  vectors: readonly Vector[],
  { eps, fill = 'any' }: { readonly eps?: number; readonly fill?: Fill } = {},
): FunctionCase => {
  const named = <T>(list: readonly T[]): Partial<Record<Vector, T>> =>
    Object.fromEntries(vectors.map((name, i) => [name, list[i]]))
  const c = shape[1] as number
  return {
    inputs: [x(shape, fill), ...vectors.map((name) => x([c], name === 'variance' ? 'positive' : 'any'))],
    call: (t, ...list) => {
      const options: BatchNormOptions = { ...named(list), ...(eps === undefined ? {} : { eps }) }
      return batchNorm(t as Tensor, options)
    },
    reference: (t, ...list) => {
      const { shape, data } = t as RefTensor
      const given = named(list)
      const [means, variances] =
        given.mean === undefined ? moments(t as RefTensor) : [given.mean, given.variance as RefTensor]
      const y = data.slice()
      for (const [channel, at] of places(shape).entries()) {
        const root = Math.sqrt((variances.data[channel] as number) + (eps ?? 1e-5))
        for (const i of at) {
          const v = ((data[i] as number) - (means.data[channel] as number)) / root
          y[i] = v * (given.weight?.data[channel] ?? 1) + (given.bias?.data[channel] ?? 0)
        }
      }
      return { shape, data: y }
    },
  }
}

export const norms: Functions<
  'batchNorm' | 'channelStatistics' | 'groupNorm' | 'instanceNorm' | 'layerNorm' | 'rmsNorm'
> = {
  batchNorm: composed(
    'Each channel of [N, C, ..] by a mean and a variance [C], its own or given ones, times a weight [C], plus a bias [C].',
    'y = (x - mean) / sqrt(var + eps) w + b, over each channel',
    [
      batch([2, 1], []),
      batch([13, 5], ['weight', 'bias']),
      batch([2, 3, 5], ['weight'], { eps: 0.1 }),
      batch([2, 3, 4, 3], ['bias']),
      batch([3, 2, 17], ['weight', 'bias'], { fill: 'nearOne' }),
      batch([1, 1], ['mean', 'variance']),
      batch([2, 3, 5], ['mean', 'variance', 'weight', 'bias'], { eps: 1e-3 }),
      batch([2, 3, 4, 3], ['mean', 'variance', 'bias']),
      batch([2, 2, 3, 2, 3], ['mean', 'variance', 'weight']),
      batch([5, 7, 9, 31], ['weight', 'bias']),
    ],
  ),
  channelStatistics: composed(
    'Mean and biased variance of each channel of [N, C, ..].',
    'mean = sum x / n, var = sum (x - mean)^2 / n, over each channel',
    [
      statistics([1, 1]),
      statistics([7, 5]),
      statistics([2, 3, 5]),
      statistics([3, 2, 17], 'nearOne'),
      statistics([2, 3, 4, 3], 'wide'),
      statistics([5, 7, 9, 31]),
    ],
  ),
  groupNorm: composed(
    'Each sample [C, ..] in equal groups of channels brought to mean 0 and variance 1, times a weight [C], plus a bias [C].',
    'y = (x - mean) / sqrt(var + eps) w + b, over each group',
    [
      with_(grouped([1, 1], 1), 2),
      with_(grouped([2, 6], 3), 1),
      with_(grouped([2, 6, 5], 2), 2),
      with_(grouped([2, 6, 5], 6), 0, { eps: 0.1 }),
      with_(grouped([3, 4, 3, 2], 1), 2),
      with_(grouped([0, 4, 3], 2), 2),
      with_(grouped([2, 4, 17], 2), 2, { fill: 'nearOne' }),
      with_(grouped([3, 12, 7, 31], 4), 2),
      with_(grouped([2, 7, 2], 7), 2, { fill: specials([14, 2]) }),
    ],
  ),
  instanceNorm: composed(
    'Each channel of each sample brought to mean 0 and variance 1, times a weight [C], plus a bias [C].',
    'y = (x - mean) / sqrt(var + eps) w + b, over each plane',
    [
      with_(single([1, 1, 1]), 2),
      with_(single([2, 3, 5]), 0),
      with_(single([2, 3, 5]), 2, { eps: 1e-3 }),
      with_(single([1, 5, 3, 4]), 1),
      with_(single([0, 4, 3]), 0),
      with_(single([2, 2, 33]), 2, { fill: 'nearOne' }),
      with_(single([5, 7, 9, 31]), 2),
      with_(single([2, 7, 2]), 2, { fill: specials([14, 2]) }),
    ],
  ),
  layerNorm: composed(
    'Normalization over any number of last axes, with a weight, a bias, both or none.',
    'y = (x - mean) / sqrt(var + eps) w + b',
    [
      with_(last([1], 1), 2),
      with_(last([5, 7], 1), 0),
      shifted(last([5, 7], 1)),
      shifted(last([2, 3, 4], 2)),
      with_(last([2, 3, 4], 2), 2),
      with_(last([2, 3, 4], 3), 1, { eps: 0.1 }),
      with_(last([0, 3, 4], 2), 2),
      with_(last([3, 17], 1), 2, { fill: 'nearOne' }),
      with_(last([29, 13, 31], 2), 2),
      with_(last([14, 2], 1), 2, { fill: specials([14, 2]) }),
    ],
  ),
  rmsNorm: composed(
    'Rows along the last axis brought to mean square 1, times a weight.',
    'y = x / sqrt(mean x^2 + eps) w',
    [
      with_(rows([1]), 1),
      with_(rows([5]), 0),
      with_(rows([3, 17]), 1),
      with_(rows([2, 3, 7]), 1, { eps: 0.5 }),
      with_(rows([0, 4]), 1),
      with_(rows([7, 67]), 1, { fill: 'wide' }),
      with_(rows([29, 691]), 1),
      with_(rows([14, 2]), 1, { fill: specials([14, 2]) }),
    ],
  ),
}
