import { indices, x } from '../../../src/check/cases/types.ts'
import { nn, zeros } from '../../../src/index.ts'
import { type Anything, type Call, notTensors } from '../../ops/wrong/calls.ts'
import { c, fed, inputs, none, operand, type Rows, sizes } from './types.ts'

/** A layer that takes what its input's last axis does not have. */
const unfit = (layer: Anything): Call[] => [
  ['another width', () => layer.forward(zeros([2, 2]))],
  ['no axis', () => layer.forward(zeros([]))],
]

const initializers = (make: (initializer: Anything) => unknown): Call[] => [
  ['an unknown initializer', () => make('normal')],
  ['a name of every object', () => make('toString')],
  ['a number for the initializer', () => make(3)],
  ['an initializer of another shape', () => make(() => zeros([1, 1, 1]))],
  ['an initializer that gives an array', () => make(() => [1, 2])],
]

export const dense: Rows<
  'linear' | 'bilinear' | 'residual' | 'sequential' | 'embedding' | 'positionalEmbedding' | 'sinusoidalPositions'
> = {
  linear: {
    cases: [
      c(() => nn.linear(3, 5), x([2, 3])),
      c(() => nn.linear(1, 1), x([1, 1])),
      c(() => nn.linear(7, 1, { bias: false }), x([7])),
      c(() => nn.linear(17, 33), x([9, 17])),
      c(() => nn.linear(5, 8, { initializer: 'heNormal', biasInitializer: 'zeros' }), x([2, 3, 5])),
      c(() => nn.linear(31, 4), x([2, 1, 2, 31])),
      none(() => nn.linear(3, 5), x([0, 3])),
    ],
    wrong: (_t, layer) => [
      ...inputs(layer),
      ...unfit(layer),
      ...sizes('inputs', (n) => nn.linear(n, 3)),
      ...sizes('outputs', (n) => nn.linear(3, n)),
      ...initializers((initializer) => nn.linear(3, 5, { initializer })),
      ...initializers((biasInitializer) => nn.linear(3, 5, { biasInitializer })),
    ],
  },
  bilinear: {
    cases: [
      c(() => nn.bilinear(2, 3, 5), x([4, 2]), x([4, 3])),
      c(() => nn.bilinear(1, 1, 1), x([1, 1]), x([1, 1])),
      c(() => nn.bilinear(7, 9, 2, { bias: false }), x([7]), x([9])),
      c(() => nn.bilinear(4, 5, 17), x([2, 3, 4]), x([2, 3, 5])),
      none(() => nn.bilinear(2, 3, 2), x([0, 2]), x([0, 3])),
    ],
    wrong: (t, layer) => [
      ...operand((a) => layer.forward(a, zeros([4, 3]))),
      ...operand((b) => layer.forward(zeros([4, 2]), b)),
      ['a left width that differs', () => layer.forward(zeros([4, 3]), zeros([4, 3]))],
      ['a right width that differs', () => layer.forward(zeros([4, 2]), zeros([4, 2]))],
      ['rows that differ', () => layer.forward(zeros([4, 2]), zeros([5, 3]))],
      ['one operand', () => layer.forward(zeros([4, 2]))],
      ['another engine', () => layer.forward(zeros([1, 2]), t.foreign.reshape([1, 4]).slice([0, 0], [1, 3]))],
      ...sizes('left', (n) => nn.bilinear(n, 1, 1)),
      ...sizes('right', (n) => nn.bilinear(1, n, 1)),
      ...sizes('outputs', (n) => nn.bilinear(1, 1, n)),
    ],
  },
  residual: {
    cases: [
      c(() => nn.residual(nn.linear(5, 5)), x([3, 5])),
      c(() => nn.residual(nn.tanh()), x([17])),
      c(() => nn.residual(nn.sequential([nn.linear(7, 3), nn.silu(), nn.linear(3, 7)])), x([1, 7])),
      none(() => nn.residual(nn.linear(3, 3)), x([0, 3])),
    ],
    wrong: (_t, layer) => [
      ...inputs(layer),
      ['a layer that changes the shape', () => fed(() => nn.residual(nn.flatten()), zeros([2, 3, 4]))],
      ['no layer', () => nn.residual(undefined as never)],
      ['a function', () => nn.residual(nn.relu as never)],
      ['an array', () => nn.residual([nn.relu()] as never)],
      ['another width', () => layer.forward(zeros([3, 4]))],
    ],
  },
  sequential: {
    cases: [
      c(() => nn.sequential([nn.linear(4, 9), nn.tanh(), nn.linear(9, 2)]), x([3, 4])),
      c(() => nn.sequential([]), x([5])),
      c(() => nn.sequential([nn.conv2d(2, 3, 2), nn.gelu(), nn.flatten(), nn.linear(12, 5)]), x([2, 2, 3, 3])),
      c(() => nn.sequential([nn.sequential([nn.softplus()]), nn.dropout(0.3)]), x([1, 7])),
      none(() => nn.sequential([nn.linear(3, 3), nn.sigmoid()]), x([0, 3])),
    ],
    wrong: (_t, layer) => [
      ...inputs(layer),
      ['layers that do not fit', () => fed(() => nn.sequential([nn.flatten(), nn.linear(3, 2)]), zeros([2, 2]))],
      ['a function', () => nn.sequential([nn.relu as never])],
      ['null', () => nn.sequential([null as never])],
      ['a tensor', () => nn.sequential([nn.relu(), zeros([1]) as never])],
    ],
  },
  embedding: {
    cases: [
      c(() => nn.embedding(7, 5), indices([3, 2], 7)),
      c(() => nn.embedding(1, 1), indices([1], 1)),
      c(() => nn.embedding(5, 17, { paddingIndex: 2 }), indices([13], 5)),
      c(() => nn.embedding(33, 3, { initializer: 'glorotNormal' }), indices([2, 2, 2], 33)),
      none(() => nn.embedding(3, 2), indices([0], 3)),
      none(() => nn.embedding(3, 2, { paddingIndex: 0 }), indices([2, 0], 3)),
    ],
    wrong: (t, layer) => [
      ...notTensors((i) => layer.forward(i)),
      ['float32', () => layer.forward(t.v)],
      ['a control scalar', () => layer.forward(t.s)],
      ['an index too large', () => layer.forward(t.i.add(5)).dataSync()],
      ['a negative index', () => layer.forward(t.i.sub(1)).dataSync()],
      ...sizes('count', (n) => nn.embedding(n, 2)),
      ...sizes('width', (n) => nn.embedding(2, n)),
      ['a padding row too far', () => nn.embedding(2, 3, { paddingIndex: 2 })],
      ['a padding row below 0', () => nn.embedding(2, 3, { paddingIndex: -1 })],
      ['half a padding row', () => nn.embedding(2, 3, { paddingIndex: 0.5 })],
      ...initializers((initializer) => nn.embedding(2, 3, { initializer })),
    ],
  },
  positionalEmbedding: {
    cases: [
      c(() => nn.positionalEmbedding(5, 4), x([2, 3, 4])),
      c(() => nn.positionalEmbedding(1, 1), x([1, 1])),
      c(() => nn.positionalEmbedding(17, 7, { initializer: 'heUniform' }), x([17, 7])),
      none(() => nn.positionalEmbedding(3, 2), x([0, 3, 2])),
    ],
    wrong: (_t, layer) => [
      ...inputs(layer),
      ['too many steps', () => layer.forward(zeros([6, 4]))],
      ['another width', () => layer.forward(zeros([3, 5]))],
      ['a vector', () => layer.forward(zeros([4]))],
      ...sizes('length', (n) => nn.positionalEmbedding(n, 2)),
      ...sizes('width', (n) => nn.positionalEmbedding(2, n)),
      ...initializers((initializer) => nn.positionalEmbedding(2, 3, { initializer })),
    ],
  },
  sinusoidalPositions: {
    cases: [
      c(() => nn.sinusoidalPositions(4), x([2, 3, 4])),
      c(() => nn.sinusoidalPositions(2), x([1, 2])),
      c(() => nn.sinusoidalPositions(34), x([1, 2, 5, 34])),
      none(() => nn.sinusoidalPositions(2), x([0, 3, 2])),
    ],
    wrong: (_t, layer) => [
      ...inputs(layer),
      ['another width', () => layer.forward(zeros([3, 5]))],
      ['a vector', () => layer.forward(zeros([4]))],
      ...sizes('width', (n) => nn.sinusoidalPositions(n)),
      ['an odd width', () => nn.sinusoidalPositions(3)],
    ],
  },
}
