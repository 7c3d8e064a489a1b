import { describe, expect, test } from 'vitest'
import { gradients, type OpName, tensor, variable } from '../../src/index.ts'
import * as batch from '../../src/ops/batch.ts'
import * as custom from '../../src/ops/custom.ts'
import * as f from '../../src/ops/functions.ts'
import { scalars } from '../../src/ops/scalar.ts'
import * as update from '../../src/ops/update.ts'
import {
  type Anything,
  anyNumber,
  axes,
  binary,
  type Call,
  indexed,
  labels,
  notFloats,
  notTensors,
  openForAll,
  orWhole,
  position,
  probability,
  products,
  reduction,
  refused,
  row,
  SGD,
  sequence,
  shapes,
  t,
  unary,
  wholes,
  windows,
} from './wrong/calls.ts'
import * as conv from './wrong/conv.ts'
import * as norm from './wrong/norm.ts'
import * as pool from './wrong/pool.ts'

// Bad calls of every operation: a typed error that says what was expected, thrown before anything happened.

openForAll()

const wrong: Readonly<Record<OpName, () => readonly Call[]>> = {
  neg: () => orWhole(unary(f.neg)),
  abs: () => orWhole(unary(f.abs)),
  sign: () => orWhole(unary(f.sign)),
  square: () => orWhole(unary(f.square)),
  sqrt: () => unary(f.sqrt),
  rsqrt: () => unary(f.rsqrt),
  reciprocal: () => unary(f.reciprocal),
  exp: () => unary(f.exp),
  log: () => unary(f.log),
  tanh: () => unary(f.tanh),
  sigmoid: () => unary(f.sigmoid),
  logSigmoid: () => unary(f.logSigmoid),
  erf: () => unary(f.erf),
  relu: () => unary(f.relu),
  gelu: () => [
    ...unary((x) => f.gelu(x)),
    ['an unknown approximation', () => f.gelu(t.x, 'fast' as Anything)],
    ['no approximation', () => f.gelu(t.x, null as Anything)],
  ],
  geluSlope: () => unary((x) => row('geluSlope', {})(x)),
  silu: () => unary(f.silu),
  softplus: () => unary(f.softplus),
  leakyRelu: () => [...unary((x) => f.leakyRelu(x)), ...anyNumber('slope', (n) => f.leakyRelu(t.x, n))],
  elu: () => [...unary((x) => f.elu(x)), ...anyNumber('alpha', (n) => f.elu(t.x, n))],
  clip: () => [
    ...orWhole(unary((x) => f.clip(x, 0, 1))),
    ['half a number as a limit of int32', () => f.clip(t.i, 0.5, 1)],
    ['an empty range', () => f.clip(t.x, 1, 0)],
    ...anyNumber('min', (n) => f.clip(t.x, n, 1)),
    ...anyNumber('max', (n) => f.clip(t.x, 0, n)),
  ],
  hardtanh: () => [
    ...unary((x) => f.hardtanh(x)),
    ['an empty range', () => f.hardtanh(t.x, 1, 0)],
    ...anyNumber('min', (n) => f.hardtanh(t.x, n, 1)),
    ...anyNumber('max', (n) => f.hardtanh(t.x, 0, n)),
  ],
  log1p: () => unary(f.log1p),
  expm1: () => unary(f.expm1),
  sin: () => unary(f.sin),
  cos: () => unary(f.cos),
  floor: () => unary(f.floor),
  ceil: () => unary(f.ceil),
  round: () => unary(f.round),
  where: () => [
    ...orWhole(notFloats((condition) => f.where(condition, t.x, 0))),
    ['int32 and half a number', () => f.where(t.i, t.i, 0.5)],
    ...notTensors((a) => f.where(t.x, a, t.x)),
    ...notTensors((b) => f.where(t.x, t.x, b)),
    ['a number for the condition', () => f.where(1 as Anything, t.x, t.x)],
    ['types that differ', () => f.where(t.v.slice([0], [3]), t.i, t.v.slice([0], [3]))],
    ['shapes that do not broadcast', () => f.where(t.x, t.v, t.x)],
    ['a tensor of another engine', () => f.where(t.x, t.foreign, t.x)],
  ],
  cast: () => [
    ...notTensors(f.toFloat),
    ['a control scalar', () => f.toFloat(t.s)],
    ['a number', () => f.toFloat(1 as Anything)],
  ],
  truncate: () => [
    ...notTensors(f.toInt),
    ['a number', () => f.toInt(1 as Anything)],
    ['a control scalar', () => f.toInt(t.s)],
  ],

  add: () => wholes(f.add),
  sub: () => wholes(f.sub),
  mul: () => wholes(f.mul),
  div: () => binary(f.div),
  maximum: () => wholes(f.maximum),
  minimum: () => wholes(f.minimum),
  pow: () => binary(f.pow),
  squaredDifference: () => binary(f.squaredDifference),
  greater: () => [...wholes(f.greater), ...wholes(f.less)],
  greaterEqual: () => [...wholes(f.greaterEqual), ...wholes(f.lessEqual)],
  equal: () => wholes(f.equal),
  notEqual: () => wholes(f.notEqual),
  reluGrad: () => binary(f.reluGrad),
  tanhGrad: () => binary(f.tanhGrad),
  sigmoidGrad: () => binary(f.sigmoidGrad),
  absGrad: () => binary(f.absGrad),
  geluGrad: () => binary((dy, x) => f.geluGrad(dy, x, 'none')),
  siluGrad: () => binary(f.siluGrad),
  softplusGrad: () => binary(f.softplusGrad),
  leakyReluGrad: () => binary((dy, x) => f.leakyReluGrad(dy, x, 0.1)),
  eluGrad: () => binary((dy, x) => f.eluGrad(dy, x, 1)),
  hardtanhGrad: () => binary((dy, x) => f.hardtanhGrad(dy, x, 0, 1)),
  clipGrad: () => binary((dy, x) => f.clipGrad(dy, x, 0, 1)),

  clone: () => [...notTensors(f.clone), ['a number', () => f.clone(1 as Anything)]],
  stopGradient: () => [...notTensors(f.stopGradient), ['a number', () => f.stopGradient(1 as Anything)]],
  custom: () => {
    const { defineOp } = custom
    const same = { forward: (x: Anything) => f.neg(x), backward: ({ dy }: Anything) => [f.neg(dy)] as Anything }
    const slope = (op: Partial<typeof same>) =>
      gradients(() => f.sum(defineOp('op', { ...same, ...op })(t.kept)), [t.kept])
    return [
      ...notTensors((x) => defineOp('op', same)(x)),
      ['no name', () => defineOp('', same)],
      ['no rule', () => defineOp('op', { forward: same.forward } as Anything)],
      ['no function', () => defineOp('op', { ...same, forward: 3 } as Anything)],
      ['no input', () => (defineOp('op', same) as Anything)()],
      ['a number as the result', () => defineOp('op', { ...same, forward: (_: Anything) => 3 as Anything })(t.x)],
      ['a rule without gradients', () => slope({ backward: () => undefined as Anything })],
      ['too many gradients', () => slope({ backward: ({ dy }) => [dy, dy] })],
      ['a gradient of another shape', () => slope({ backward: () => [t.x] })],
      ['a gradient that is a number', () => slope({ backward: () => [1] })],
    ]
  },
  reshape: () => [
    ...notTensors((x) => f.reshape(x, [3])),
    ...shapes((shape) => f.reshape(t.x, shape)),
    ['another number of elements', () => f.reshape(t.x, [3, 5])],
    ['two free axes', () => f.reshape(t.x, [-1, -1])],
    ['a free axis that does not divide', () => f.reshape(t.x, [5, -1])],
  ],
  transpose: () => [
    ...notTensors((x) => f.transpose(x)),
    ...axes((axis) => f.transpose(t.x, [0, axis])),
    ['an axis twice', () => f.transpose(t.x, [0, 0])],
    ['an axis missing', () => f.transpose(t.x, [0])],
    ['a number', () => f.transpose(t.x, 1 as Anything)],
  ],
  slice: () => [
    ...notTensors((x) => f.slice(x, [0])),
    ...windows((starts, ends, steps) => f.slice(t.x, starts, ends, steps)),
    ['a number', () => f.slice(t.x, 1 as Anything)],
  ],
  embed: () => [
    ...notTensors(row('embed', { shape: [3], starts: [0], steps: [1], window: [3] })),
    ['too many', () => row('embed', { shape: [3], starts: [0], steps: [1], window: [3] })(t.foreign, t.x)],
  ],
  concat: () => [
    ...notTensors((x) => f.concat([t.x, x])),
    ['nothing', () => f.concat([])],
    ['another number of axes', () => f.concat([t.x, t.v])],
    ['sizes that differ elsewhere', () => f.concat([t.x, t.x.reshape([4, 3])])],
    ['types that differ', () => f.concat([t.v, t.i])],
    ...axes((axis) => f.concat([t.x, t.x], axis)),
    ['a tensor of another engine', () => f.concat([t.x, t.foreign])],
    ['a tensor for the list', () => f.concat(t.x as Anything)],
  ],
  broadcastTo: () => [
    ...notTensors((x) => f.broadcastTo(x, [3])),
    ...shapes((shape) => f.broadcastTo(t.x, shape)),
    ['sizes that do not stretch', () => f.broadcastTo(t.x, [3, 5])],
    ['fewer axes', () => f.broadcastTo(t.x, [4])],
  ],
  gather: () => indexed(f.gather),
  scatterAdd: () => [
    ...notTensors((x) => row('scatterAdd', { axis: 0, n: 3 })(x, t.i)),
    ...notTensors((index) => row('scatterAdd', { axis: 0, n: 3 })(t.x, index)),
    ['fewer indices than slices', () => f.scatterAdd(t.x, tensor(Int32Array.of(0, 1)), 0, 3)],
    ['indices of two axes', () => f.scatterAdd(t.x, tensor(Int32Array.of(0, 1, 2), [3, 1]), 0, 3)],
    ...axes((axis) => f.scatterAdd(t.x, t.i, axis, 3)),
    ...anyNumber('n', (n) => f.scatterAdd(t.x, t.i, 0, n)),
    ['int32 values', () => row('scatterAdd', { axis: 0, n: 3 })(t.i, t.i)],
    ['float32 indices', () => row('scatterAdd', { axis: 0, n: 3 })(t.x, t.v)],
  ],
  cumsum: () => [...orWhole(unary((x) => f.cumsum(x))), ...axes((axis) => f.cumsum(t.x, axis))],
  argsort: () => [
    ...orWhole(unary((x) => f.argsort(x))),
    ...orWhole(unary((x) => f.sort(x))),
    ...axes((axis) => f.argsort(t.x, axis)),
    ...axes((axis) => f.topk(t.x, 1, axis)),
    ...anyNumber('k', (n) => f.topk(t.x, n)),
    ['more than there are', () => f.topk(t.x, 5)],
    ['half an element', () => f.topk(t.x, 1.5)],
    ['a scalar', () => f.sort(t.x.sum())],
  ],
  triangle: () => [
    ...notTensors((x) => f.triu(x)),
    ['a vector', () => f.tril(t.v)],
    ['a control scalar', () => f.triu(t.s)],
    ...anyNumber('diagonal', (n) => f.tril(t.x, n)),
    ['half a diagonal', () => f.triu(t.x, 0.5)],
  ],
  takeAlong: () => [
    ...indexed(f.takeAlong),
    ['indices that do not line up', () => f.takeAlong(t.x, tensor(Int32Array.of(0, 1), [2, 1]), 1)],
    ['another number of axes', () => f.takeAlong(t.x, t.i, 0)],
  ],
  takeAlongGrad: () => [
    ...notTensors((x) => row('takeAlongGrad', { axis: 0, n: 3 })(x, t.i)),
    ...notTensors((index) => row('takeAlongGrad', { axis: 0, n: 3 })(t.v, index)),
    ['indices that do not line up', () => row('takeAlongGrad', { axis: 0, n: 3 })(t.v, t.i)],
    ['int32 values', () => row('takeAlongGrad', { axis: 0, n: 3 })(t.i, t.i)],
    ['float32 indices', () => row('takeAlongGrad', { axis: 0, n: 3 })(t.v, t.v)],
  ],

  sum: () => orWhole(reduction(f.sum)),
  mean: () => reduction(f.mean),
  sumSquares: () => reduction(f.sumSquares),
  prod: () => orWhole(reduction(f.prod)),
  max: () => [...orWhole(reduction(f.max)), ['an empty axis', () => f.max(tensor(new Float32Array(0), [2, 0]), 1)]],
  min: () => [...orWhole(reduction(f.min)), ['an empty axis', () => f.min(tensor(new Float32Array(0), [2, 0]), 1)]],
  argmax: () => orWhole(position(f.argmax)),
  argmin: () => orWhole(position(f.argmin)),

  softmax: () => [...unary((x) => f.softmax(x)), ...axes((axis) => f.softmax(t.x, axis))],
  logSoftmax: () => [...unary((x) => f.logSoftmax(x)), ...axes((axis) => f.logSoftmax(t.x, axis))],
  softmaxGrad: () => [
    ...notFloats((dy) => f.softmaxGrad(dy, t.x)),
    ...notFloats((y) => f.softmaxGrad(t.x, y)),
    ['shapes that differ', () => f.softmaxGrad(t.x, t.v)],
  ],
  logSoftmaxGrad: () => [
    ...notFloats((dy) => f.logSoftmaxGrad(dy, t.x)),
    ...notFloats((y) => f.logSoftmaxGrad(t.x, y)),
    ['shapes that differ', () => f.logSoftmaxGrad(t.x, t.v)],
  ],
  crossEntropy: () => [
    ...labels(f.crossEntropy),
    ['an unknown reduction', () => f.crossEntropy(t.x, t.i, { reduction: 'average' as Anything })],
    ['smoothing above 1', () => f.crossEntropy(t.x, t.i, { labelSmoothing: 1.5 })],
    ['smoothing: a string', () => f.crossEntropy(t.x, t.i, { labelSmoothing: '0' as Anything })],
    ['half a label to ignore', () => f.crossEntropy(t.x, t.i, { ignoreIndex: 0.5 })],
    ['weights for other classes', () => f.crossEntropy(t.x, t.i, { weights: t.v })],
    ['a label to ignore in distributions', () => f.crossEntropy(t.x, t.x, { ignoreIndex: 1 })],
    ['distributions of other classes', () => f.crossEntropy(t.x, t.x.slice([0, 1]))],
    ['labels of other pixels', () => f.crossEntropy(t.x.reshape([1, 3, 2, 2]), t.i.reshape([1, 3, 1]))],
    ['labels of every class', () => f.crossEntropy(t.x.reshape([3, 2, 2]), t.x.toInt().reshape([3, 2, 2]))],
  ],
  crossEntropyGrad: () => labels((x, l) => row('crossEntropyGrad', { ignoreIndex: null, smoothing: 0 })(x, l, t.v)),

  rnn: () =>
    sequence(
      (...operands) => row('rnn', { reverse: false, activation: 'tanh' })(...operands),
      [
        [2, 3, 4],
        [4, 4],
        [3, 4],
      ],
    ),
  rnnGrad: () =>
    sequence(row('rnnGrad', { reverse: false, activation: 'tanh' }), [
      [2, 3, 4],
      [4, 4],
      [3, 4],
      [2, 3, 4],
    ]),
  lstm: () =>
    sequence(
      (x, w, h, c) => f.lstm(x, w, h, c),
      [
        [2, 3, 16],
        [4, 16],
        [3, 4],
        [3, 4],
      ],
    ),
  lstmGrad: () =>
    sequence(row('lstmGrad', { reverse: false }), [
      [2, 3, 4],
      [4, 16],
      [3, 4],
      [3, 4],
      [2, 3, 4],
      [2, 3, 4],
      [2, 3, 16],
    ]),
  gru: () => sequence((x, w, h, b) => f.gru(x, w, h, b), [[2, 3, 12], [4, 12], [3, 4], [12]]),
  gruGrad: () =>
    sequence(row('gruGrad', { reverse: false }), [
      [2, 3, 4],
      [4, 12],
      [3, 4],
      [2, 3, 4],
      [2, 3, 16],
    ]),

  attention: () =>
    sequence(
      (q, k, v) => f.scaledDotProductAttention(q, k, v),
      [
        [2, 2, 3, 4],
        [2, 2, 3, 4],
        [2, 2, 3, 5],
      ],
    ).filter(
      // another width of values is fine, and so is no query
      ([what]) => what !== 'operand 2: longer' && !what.endsWith('empty'),
    ),
  attentionGrad: () =>
    sequence(row('attentionGrad', { causal: true, scale: 1 }), [
      [2, 2, 3, 5],
      [2, 2, 3, 4],
      [2, 2, 3, 4],
      [2, 2, 3, 5],
      [2, 2, 3, 5],
      [2, 2, 3],
    ]),

  matmul: () => [...products(f.matmul), ['a number', () => f.matmul(t.x, 2 as Anything)]],
  fusedMatmul: () =>
    products((a, b, options) =>
      row('fusedMatmul', { transposeA: false, transposeB: false, activation: 0, ...options })(a, b),
    ),

  maxPool2d: () => pool.pool(f.maxPool2d),
  maxPool2dGrad: pool.maxPool2dGrad,
  avgPool2d: pool.average,
  avgPool2dGrad: pool.avgPool2dGrad,
  layerNorm: norm.layerNorm,
  layerNormGrad: norm.layerNormGrad,
  conv2d: conv.conv2d,
  fusedConv2d: () => conv.byRow('fusedConv2d'),
  conv2dInputGrad: () => [...conv.byRow('conv2dInputGrad'), ...conv.convTranspose2d()],
  conv2dFilterGrad: () => conv.byRow('conv2dFilterGrad'),

  uniform: () => [
    ...shapes((shape) => f.randomUniform(shape)),
    ...anyNumber('min', (n) => f.randomUniform([2], { min: n })),
    ['no end', () => f.randomUniform([2], { max: Infinity })],
  ],
  normal: () => [
    ...shapes((shape) => f.randomNormal(shape)),
    ...anyNumber('mean', (n) => f.randomNormal([2], { mean: n })),
    ...anyNumber('stddev', (n) => f.randomNormal([2], { stddev: n })),
  ],
  bernoulli: () => [...shapes((shape) => f.bernoulli(shape, 0.5)), ...probability((p) => f.bernoulli([2], p))],
  permutation: () => [
    ['a negative number', () => f.permutation(-1)],
    ['half a number', () => f.permutation(1.5)],
    ...anyNumber('n', (n) => f.permutation(n)),
    ['too many', () => f.permutation(2 ** 31)],
    ['a tensor', () => f.permutation(t.x as Anything)],
    ['nothing', () => f.permutation(undefined as Anything)],
  ],
  dropout: () => [
    ...notFloats((x) => f.dropout(x, 0.5)),
    ...probability((p) => f.dropout(t.x, p)),
    ['dropping everything', () => f.dropout(t.x, 1)],
  ],

  scalar: () => [
    ['a float32 tensor', () => scalars.add(t.x, 1)],
    ['int32', () => scalars.exp(t.i)],
    ['null', () => scalars.mul(1, null as Anything)],
    ['a string', () => scalars.mul('1' as Anything, 2)],
    ['nothing', () => scalars.sqrt(undefined as Anything)],
    ['a disposed tensor', () => scalars.neg(t.dead)],
    ['an array', () => scalars.less([1] as Anything, 2)],
    ['an object', () => scalars.select({} as Anything, 1, 2)],
    ['float64 as float32', () => scalars.fromFloat(t.s)],
    ['many numbers', () => scalars.fromFloat(t.v)],
  ],
  assign: () => [
    ...notTensors((value) => t.kept.assign(value)),
    ['another shape', () => t.kept.assign(t.v)],
    ['another type', () => t.kept.assign(t.i)],
    ['a number', () => t.kept.assign(1 as Anything)],
  ],
  advance: () => [
    ...notTensors((cursor) => batch.advanceCursor(cursor)),
    ['not a variable', () => batch.advanceCursor(t.i as Anything)],
    ['float32', () => batch.advanceCursor(t.kept)],
  ],
  sgd: () => [
    ...notFloats((g) => update.sgdUpdate(t.kept, g, { ...SGD, lr: t.s, step: t.s })),
    ['another shape', () => update.sgdUpdate(t.kept, t.v, { lr: t.s, step: t.s })],
    ['a number for the rate', () => update.sgdUpdate(t.kept, t.kept, { lr: 0.1 as Anything, step: t.s })],
    ['a float32 rate', () => update.sgdUpdate(t.kept, t.kept, { lr: tensor(0.1), step: t.s })],
    ['momentum without a velocity', () => update.sgdUpdate(t.kept, t.kept, { lr: t.s, step: t.s, momentum: 0.9 })],
    ['not a variable', () => update.sgdUpdate(t.v as Anything, t.v, { lr: t.s, step: t.s })],
  ],
  adam: () => {
    const rest = { m: t.kept, v: t.kept, lr: t.s, c1: t.s, c2: t.s }
    return [
      ...notFloats((g) => update.adamUpdate(t.kept, g, rest)),
      ['another shape', () => update.adamUpdate(t.kept, t.v, rest)],
      ['a number for the rate', () => update.adamUpdate(t.kept, t.kept, { ...rest, lr: 0.1 as Anything })],
      ['no moment', () => update.adamUpdate(t.kept, t.kept, { ...rest, m: undefined as Anything })],
      ['not a variable', () => update.adamUpdate(t.v as Anything, t.v, rest)],
    ]
  },
  amsgrad: () => {
    const rest = { m: t.kept, v: t.kept, largest: t.kept, lr: t.s, c1: t.s, c2: t.s }
    return [
      ...notFloats((g) => update.adamUpdate(t.kept, g, rest)),
      ['another shape', () => update.adamUpdate(t.kept, t.v, rest)],
      ['a float32 rate', () => update.adamUpdate(t.kept, t.kept, { ...rest, lr: tensor(0.1) })],
      ['a maximum that is no variable', () => update.adamUpdate(t.kept, t.kept, { ...rest, largest: t.v as Anything })],
      ['a maximum of another shape', () => update.adamUpdate(t.kept, t.kept, { ...rest, largest: variable(t.v) })],
    ]
  },
  lion: () => {
    const rest = { m: t.kept, lr: t.s }
    return [
      ...notFloats((g) => update.lionUpdate(t.kept, g, rest)),
      ['another shape', () => update.lionUpdate(t.kept, t.v, rest)],
      ['a number for the rate', () => update.lionUpdate(t.kept, t.kept, { ...rest, lr: 0.1 as Anything })],
      ['no momentum', () => update.lionUpdate(t.kept, t.kept, { ...rest, m: undefined as Anything })],
      ['not a variable', () => update.lionUpdate(t.v as Anything, t.v, rest)],
    ]
  },
  fetchRows: () => [
    ...notTensors((x) => batch.fetchRows(x, t.i, t.i, { rows: 1, batches: 1 })),
    ...notTensors((order) => batch.fetchRows(t.x, order, t.i, { rows: 1, batches: 1 })),
    ['an order that is too short', () => batch.fetchRows(t.x, t.i, t.i, { rows: 2, batches: 2 })],
    ['a float32 order', () => batch.fetchRows(t.x, t.v, t.i, { rows: 1, batches: 1 })],
  ],
  fetchSlot: () => [
    ...notTensors((ring) => batch.fetchSlot(ring, t.i)),
    ...notTensors((cursor) => batch.fetchSlot(t.x, cursor)),
  ],
}

describe('bad calls of', () => {
  test.each(Object.entries(wrong))('%s', (_name, list) => {
    refused(list())
  })
})

test('after all of them the engine computes as before', () => {
  expect(Array.from(t.v.reshape([5]).dataSync())).toEqual([1, 2, 3, 4, 5])
  expect(Array.from(t.kept.dataSync())).toEqual([1, 2, 3])
})
