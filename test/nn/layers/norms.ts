import { x } from '../../../src/check/cases/types.ts'
import { type nn as layers, nn, type Tensor, zeros } from '../../../src/index.ts'
import type { Anything, Call } from '../../ops/wrong/calls.ts'
import { c, fed, inputs, type LayerCase, none, type Rows, sizes } from './types.ts'

const epsilons = (make: (eps: Anything) => unknown): Call[] =>
  [-1, Number.NaN, Number.POSITIVE_INFINITY, '1'].map((eps) => [`eps: ${typeof eps} ${eps}`, () => make(eps)])

const channels = (layer: Anything): Call[] => [
  ['a vector', () => layer.forward(zeros([6]))],
  ['other channels', () => layer.forward(zeros([2, 7, 3]))],
]

/** What comes out, and the statistics that are kept. */
const batch = (make: () => layers.BatchNorm, ...shape: number[]): LayerCase => ({
  make,
  inputs: [x(shape)],
  call: (module: layers.BatchNorm, ...[input]: Tensor[]) => [
    module.forward(input as Tensor),
    module.running_mean,
    module.running_var,
  ],
})

export const norms: Rows<'batchNorm' | 'layerNorm' | 'rmsNorm' | 'groupNorm' | 'instanceNorm'> = {
  batchNorm: {
    cases: [
      batch(() => nn.batchNorm(6), 4, 6),
      batch(() => nn.batchNorm(1), 2, 1),
      batch(() => nn.batchNorm(3, { momentum: 0.5, eps: 0.1 }), 2, 3, 5),
      batch(() => nn.batchNorm(2, { affine: false }), 3, 2, 3, 3),
      batch(() => nn.batchNorm(17), 9, 17),
      batch(() => nn.batchNorm(2), 1, 2, 2, 3, 3),
    ],
    wrong: (_t, layer) => [
      ...inputs(layer),
      ...channels(layer),
      ['no sample', () => layer.forward(zeros([0, 6]))],
      ['one value a channel', () => layer.forward(zeros([1, 6]))],
      ...sizes('channels', (n) => nn.batchNorm(n)),
      ...epsilons((eps) => nn.batchNorm(3, { eps })),
      ['a momentum that is none', () => nn.batchNorm(3, { momentum: Number.NaN })],
    ],
  },
  layerNorm: {
    cases: [
      c(() => nn.layerNorm(6), x([3, 6])),
      c(() => nn.layerNorm(1), x([2, 1])),
      c(() => nn.layerNorm([3, 5], { eps: 0.01 }), x([2, 3, 5])),
      c(() => nn.layerNorm(17, { bias: false }), x([17])),
      c(() => nn.layerNorm(33, { affine: false }), x([1, 2, 33])),
      none(() => nn.layerNorm(3), x([0, 3])),
    ],
    wrong: (_t, layer) => [
      ...inputs(layer),
      ['another width', () => layer.forward(zeros([2, 7]))],
      ['no axis', () => layer.forward(zeros([]))],
      ['too few axes', () => fed(() => nn.layerNorm([2, 6]), zeros([6]))],
      ...sizes('shape', (n) => nn.layerNorm([3, n])),
      ['no axes to normalize', () => nn.layerNorm([])],
      ...epsilons((eps) => nn.layerNorm(3, { eps })),
    ],
  },
  rmsNorm: {
    cases: [
      c(() => nn.rmsNorm(6), x([3, 6])),
      c(() => nn.rmsNorm(1), x([2, 1])),
      c(() => nn.rmsNorm(17, { eps: 0.01 }), x([2, 3, 17])),
      c(() => nn.rmsNorm(7), x([7])),
      none(() => nn.rmsNorm(3), x([0, 3])),
    ],
    wrong: (_t, layer) => [
      ...inputs(layer),
      ['another width', () => layer.forward(zeros([2, 7]))],
      ['no axis', () => layer.forward(zeros([]))],
      ...sizes('size', (n) => nn.rmsNorm(n)),
      ...epsilons((eps) => nn.rmsNorm(3, { eps })),
    ],
  },
  groupNorm: {
    cases: [
      c(() => nn.groupNorm(2, 6), x([3, 6])),
      c(() => nn.groupNorm(1, 2), x([2, 2, 1])),
      c(() => nn.groupNorm(3, 3, { eps: 0.1 }), x([2, 3, 5])),
      c(() => nn.groupNorm(1, 5, { affine: false }), x([1, 5, 3, 3])),
      c(() => nn.groupNorm(2, 4, { bias: false }), x([2, 4, 17])),
      none(() => nn.groupNorm(2, 4), x([0, 4, 3])),
    ],
    wrong: (_t, layer) => [
      ...inputs(layer),
      ...channels(layer),
      ...sizes('groups', (n) => nn.groupNorm(n, 6)),
      ...sizes('channels', (n) => nn.groupNorm(1, n)),
      ['groups that do not divide', () => nn.groupNorm(4, 6)],
      ...epsilons((eps) => nn.groupNorm(2, 6, { eps })),
    ],
  },
  instanceNorm: {
    cases: [
      c(() => nn.instanceNorm(6), x([2, 6, 3])),
      c(() => nn.instanceNorm(3, { affine: true }), x([2, 3, 4, 5])),
      c(() => nn.instanceNorm(2, { eps: 0.5 }), x([1, 2, 17])),
      none(() => nn.instanceNorm(2), x([0, 2, 3])),
    ],
    wrong: (_t, layer) => [
      ...inputs(layer),
      ...channels(layer),
      ...sizes('channels', (n) => nn.instanceNorm(n)),
      ...epsilons((eps) => nn.instanceNorm(3, { eps })),
    ],
  },
}
