import { groupNorm, instanceNorm, layerNorm, type NormOptions, rmsNorm } from '../../ops/norm.ts'
import type { Tensor } from '../../ops/tensor.ts'
import type { Shape } from '../../program/graph.ts'
import type { RefTensor } from '../../reference/index.ts'
import { type Fill, x } from '../cases/types.ts'
import { composed } from './cases.ts'
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

export const norms: Functions<'groupNorm' | 'instanceNorm' | 'layerNorm' | 'rmsNorm'> = {
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
    ],
  ),
}
