import { x } from '../../../src/check/cases/types.ts'
import { nn, zeros } from '../../../src/index.ts'
import { axes, type Call, type Tools } from '../../ops/wrong/calls.ts'
import { c, fed, inputs, type LayerCase, type LayerRow, none, type Rows, rates, sizes } from './types.ts'

/** Sizes 1 and prime, and both sides of 4, 8, 16 and 32. */
const over = (make: () => nn.Module): LayerCase[] => [
  c(make, x([])),
  c(make, x([1, 1])),
  c(make, x([3, 7])),
  c(make, x([9])),
  c(make, x([17, 1, 2])),
  c(make, x([2, 33])),
  none(make, x([0, 5])),
]
const simple = (make: () => nn.Module): LayerRow => ({ cases: over(make), wrong: (_t, layer) => inputs(layer) })

/** One of x, and a number that the formula takes. */
const numbered = (make: (n?: number) => nn.Module, other: number): LayerRow => ({
  cases: [...over(make), c(() => make(other), x([3, 11]))],
  wrong: (t, layer) => [
    ...inputs(layer),
    ['NaN for the number', () => make(Number.NaN).forward(t.x as never)],
    ['a string for the number', () => make('1' as never).forward(t.x as never)],
  ],
})

const byAxis = (make: (axis?: number) => nn.Module): LayerRow => ({
  cases: [
    c(make, x([1, 1])),
    c(make, x([4, 17])),
    c(make, x([33])),
    c(() => make(0), x([7, 3])),
    c(() => make(1), x([2, 9, 5])),
    none(make, x([0, 3])),
  ],
  wrong: (t, layer) => [...inputs(layer), ...axes((axis) => make(axis).forward(t.x as never))],
})

const channels = (t: Tools): Call[] => [
  ['a vector', () => fed(() => nn.prelu({ channels: 5 }), t.v)],
  ['other channels', () => fed(() => nn.prelu({ channels: 3 }), t.x)],
]

export const activations: Rows<
  | 'relu'
  | 'tanh'
  | 'sigmoid'
  | 'gelu'
  | 'silu'
  | 'softplus'
  | 'leakyRelu'
  | 'elu'
  | 'selu'
  | 'celu'
  | 'mish'
  | 'softsign'
  | 'logSigmoid'
  | 'hardtanh'
  | 'hardsigmoid'
  | 'hardswish'
  | 'relu6'
  | 'glu'
  | 'softmax'
  | 'logSoftmax'
  | 'prelu'
  | 'dropout'
  | 'flatten'
> = {
  relu: simple(nn.relu),
  tanh: simple(nn.tanh),
  sigmoid: simple(nn.sigmoid),
  gelu: {
    cases: [...over(nn.gelu), c(() => nn.gelu('tanh'), x([5, 9]))],
    wrong: (t, layer) => [
      ...inputs(layer),
      ['an unknown formula', () => fed(() => nn.gelu('erf' as never), t.x)],
      ['no formula', () => fed(() => nn.gelu(null as never), t.x)],
    ],
  },
  silu: simple(nn.silu),
  softplus: simple(nn.softplus),
  leakyRelu: numbered(nn.leakyRelu, 0.3),
  elu: numbered(nn.elu, 0.4),
  selu: simple(nn.selu),
  celu: numbered(nn.celu, 2.5),
  mish: simple(nn.mish),
  softsign: simple(nn.softsign),
  logSigmoid: simple(nn.logSigmoid),
  hardtanh: {
    cases: [...over(nn.hardtanh), c(() => nn.hardtanh(-2, 0.5), x([3, 11]))],
    wrong: (t, layer) => [
      ...inputs(layer),
      ['NaN for the least', () => fed(() => nn.hardtanh(Number.NaN), t.x)],
      ['the least above the largest', () => fed(() => nn.hardtanh(1, -1), t.x)],
    ],
  },
  hardsigmoid: simple(nn.hardsigmoid),
  hardswish: simple(nn.hardswish),
  relu6: simple(nn.relu6),
  glu: {
    cases: [
      c(nn.glu, x([2])),
      c(nn.glu, x([3, 14])),
      c(nn.glu, x([1, 34])),
      c(() => nn.glu(1), x([2, 10, 3])),
      none(nn.glu, x([0, 6])),
    ],
    wrong: (t, layer) => [
      ...inputs(layer),
      ...axes((axis) => nn.glu(axis).forward(t.x)),
      ['an odd axis', () => fed(() => nn.glu(0), t.x)],
    ],
  },
  softmax: byAxis(nn.softmax),
  logSoftmax: byAxis(nn.logSoftmax),
  prelu: {
    cases: [
      c(nn.prelu, x([3, 7])),
      c(() => nn.prelu({ channels: 1, slope: -0.5 }), x([17])),
      c(() => nn.prelu({ channels: 5, slope: 0.1 }), x([2, 5])),
      c(() => nn.prelu({ channels: 9 }), x([2, 9, 3])),
      c(() => nn.prelu({ channels: 3 }), x([1, 3, 4, 5])),
    ],
    wrong: (t, layer) => [
      ...inputs(layer),
      ...channels(t),
      ...sizes('channels', (channels) => nn.prelu({ channels })),
      ['a slope that is no number', () => nn.prelu({ slope: Number.NaN })],
    ],
  },
  dropout: {
    cases: [
      c(nn.dropout, x([1])),
      c(() => nn.dropout(0.1), x([5, 7])),
      c(() => nn.dropout(0.9), x([33])),
      c(() => nn.dropout(0), x([3])),
      none(nn.dropout, x([0, 3])),
    ],
    wrong: (_t, layer) => [...inputs(layer), ...rates((p) => nn.dropout(p))],
  },
  flatten: {
    cases: [
      c(nn.flatten, x([1])),
      c(nn.flatten, x([5, 3])),
      c(nn.flatten, x([3, 2, 7])),
      c(nn.flatten, x([1, 1, 17, 2])),
      none(nn.flatten, x([0, 3, 2])),
      none(nn.flatten, x([2, 0, 3])),
    ],
    wrong: (_t, layer) => [
      ...inputs(layer).filter(([what]) => what !== 'int32' && what !== 'a control scalar'),
      ['no batch', () => layer.forward(zeros([]))],
    ],
  },
}
