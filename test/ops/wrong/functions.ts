import type * as publicNames from '../../../src/index.ts'
import { type OpName, tensor } from '../../../src/index.ts'
import * as f from '../../../src/ops/functions.ts'
import {
  type Anything,
  anyNumber,
  axes,
  binary,
  type Call,
  labels,
  notFloats,
  notTensors,
  orWhole,
  reduction,
  shapes,
  type Tools,
  unary,
} from './calls.ts'
import { poolingFunctions } from './pooling.ts'

/** What is exported and is not a row of the op table by its own name: those are in wrong.test.ts. */
export type FunctionName = Exclude<Extract<keyof typeof f, keyof typeof publicNames>, OpName>

const zeros = (...shape: number[]) => tensor(new Float32Array(shape.reduce((n, size) => n * size, 1)), shape)
const ints = (...numbers: number[]) => tensor(Int32Array.from(numbers))

/** Losses of two operands of one shape, with a reduction. */
const alike = (call: (a: Anything, b: Anything, options?: Anything) => unknown, t: Tools): Call[] => [
  ...notFloats((a) => call(a, t.x)),
  ...notFloats((b) => call(t.x, b)),
  ['shapes that differ', () => call(t.x, t.v)],
  ['shapes that only broadcast', () => call(t.x, zeros(1, 4))],
  ['an unknown reduction', () => call(t.x, t.x, { reduction: 'average' })],
  ['a tensor of another engine', () => call(t.foreign, zeros(1, 4))],
]

const logical = (call: (a: Anything, b: Anything) => unknown, t: Tools): Call[] => [
  ...notTensors((a) => call(a, t.x)),
  ...notTensors((b) => call(t.x, b)),
  ['a control scalar', () => call(t.s, t.x)],
  ['shapes that do not broadcast', () => call(t.x, t.v)],
  ['two numbers', () => call(1, 0)],
  ['a tensor of another engine', () => call(t.x, t.foreign)],
]

/** Image functions of a size. */
const images = (call: (x: Anything) => unknown): Call[] => [
  ...notFloats(call),
  ['images with three axes', () => call(zeros(3, 4, 4))],
  ['images with five axes', () => call(zeros(1, 1, 3, 4, 4))],
]

const normOptions = (call: (x: Anything, options: Anything) => unknown): Call[] => [
  ...anyNumber('eps', (eps) => call(zeros(2, 6, 4), { eps })),
  ['a weight of another size', () => call(zeros(2, 6, 4), { weight: zeros(5) })],
  ['a weight that is a number', () => call(zeros(2, 6, 4), { weight: 3 })],
]

export const wrongFunctions = (t: Tools): Readonly<Record<FunctionName, () => readonly Call[]>> => ({
  ...poolingFunctions(t),
  all: () => orWhole(reduction(f.all)),
  any: () => orWhole(reduction(f.any)),
  batchNorm: () => [
    ...notFloats((x) => f.batchNorm(x)),
    ...notFloats((mean) => f.batchNorm(zeros(2, 3), { mean: mean ?? (null as Anything), variance: zeros(3) })),
    ...notFloats((variance) => f.batchNorm(zeros(2, 3), { mean: zeros(3), variance: variance ?? (null as Anything) })),
    ...anyNumber('eps', (eps) => f.batchNorm(zeros(2, 3), { eps })),
    ['a vector', () => f.batchNorm(zeros(3))],
    ['an empty batch', () => f.batchNorm(zeros(0, 3))],
    ['a mean without a variance', () => f.batchNorm(zeros(2, 3), { mean: zeros(3) })],
    ['a variance without a mean', () => f.batchNorm(zeros(2, 3), { variance: zeros(3) })],
    ['a single value a channel', () => f.batchNorm(zeros(1, 3))],
    ['a mean of other channels', () => f.batchNorm(zeros(2, 3), { mean: zeros(2), variance: zeros(3) })],
    ['a variance with two axes', () => f.batchNorm(zeros(2, 3), { mean: zeros(3), variance: zeros(3, 1) })],
    ['a weight of other channels', () => f.batchNorm(zeros(2, 3), { weight: zeros(1) })],
    ['a weight that is a number', () => f.batchNorm(zeros(2, 3), { weight: 3 as Anything })],
    ['a bias of other channels', () => f.batchNorm(zeros(2, 3), { bias: zeros(2) })],
    ['statistics as a second argument', () => f.batchNorm(zeros(2, 3), zeros(3) as Anything)],
  ],
  bceWithLogits: () => [
    ...alike(f.bceWithLogits, t),
    ['a weight that does not broadcast', () => f.bceWithLogits(t.x, t.x, { weight: t.v })],
    ['a positive weight that does not broadcast', () => f.bceWithLogits(t.x, t.x, { posWeight: t.v })],
  ],
  binaryCrossEntropy: () => alike(f.binaryCrossEntropy, t),
  celu: () => [
    ...unary((x) => f.celu(x)),
    ...anyNumber('alpha', (alpha) => f.celu(t.x, alpha)),
    ['alpha: 0', () => f.celu(t.x, 0)],
    ['alpha below 0', () => f.celu(t.x, -1)],
  ],
  channelStatistics: () => [
    ...notFloats((x) => f.channelStatistics(x)),
    ['a vector', () => f.channelStatistics(zeros(3))],
    ['no sample', () => f.channelStatistics(zeros(0, 3))],
    ['no pixels', () => f.channelStatistics(zeros(2, 3, 0))],
  ],
  conv1d: () => [
    ...notFloats((x) => f.conv1d(x, zeros(4, 3, 2))),
    ...notFloats((w) => f.conv1d(zeros(2, 3, 5), w)),
    ['a sequence with two axes', () => f.conv1d(zeros(3, 5), zeros(4, 3, 2))],
    ['filters with two axes', () => f.conv1d(zeros(2, 3, 5), zeros(4, 3))],
    ['channels that differ', () => f.conv1d(zeros(2, 3, 5), zeros(4, 2, 2))],
    ['a filter that is longer', () => f.conv1d(zeros(2, 3, 5), zeros(4, 3, 6))],
    ['a stride of 0', () => f.conv1d(zeros(2, 3, 5), zeros(4, 3, 2), undefined, { stride: 0 })],
    ['a negative padding', () => f.conv1d(zeros(2, 3, 5), zeros(4, 3, 2), undefined, { padding: -1 })],
    ['three paddings', () => f.conv1d(zeros(2, 3, 5), zeros(4, 3, 2), undefined, { padding: [1, 1, 1] as Anything })],
    ['a stride of two', () => f.conv1d(zeros(2, 3, 5), zeros(4, 3, 2), undefined, { stride: [1, 1] as Anything })],
    ['groups that do not divide', () => f.conv1d(zeros(2, 3, 5), zeros(4, 3, 2), undefined, { groups: 2 })],
    ['a bias for other filters', () => f.conv1d(zeros(2, 3, 5), zeros(4, 3, 2), zeros(3))],
  ],
  convTranspose1d: () => [
    ...notFloats((x) => f.convTranspose1d(x, zeros(3, 4, 2))),
    ...notFloats((w) => f.convTranspose1d(zeros(2, 3, 5), w)),
    ['a sequence with two axes', () => f.convTranspose1d(zeros(3, 5), zeros(3, 4, 2))],
    ['channels that differ', () => f.convTranspose1d(zeros(2, 3, 5), zeros(2, 4, 2))],
    [
      'an output padding as large as the stride',
      () => f.convTranspose1d(zeros(2, 3, 5), zeros(3, 4, 2), undefined, { stride: 2, outputPadding: 2 }),
    ],
    ['padding that leaves nothing', () => f.convTranspose1d(zeros(2, 3, 5), zeros(3, 4, 2), undefined, { padding: 9 })],
    ['a bias for other filters', () => f.convTranspose1d(zeros(2, 3, 5), zeros(3, 4, 2), zeros(3))],
  ],
  convTranspose2d: () => [
    ...notFloats((x) => f.convTranspose2d(x, zeros(3, 2, 3, 3))),
    ...notFloats((w) => f.convTranspose2d(zeros(2, 3, 4, 5), w)),
    ['images with three axes', () => f.convTranspose2d(zeros(3, 4, 5), zeros(3, 2, 3, 3))],
    ['channels that differ', () => f.convTranspose2d(zeros(2, 3, 4, 5), zeros(2, 2, 3, 3))],
    ['no groups', () => f.convTranspose2d(zeros(2, 3, 4, 5), zeros(3, 2, 3, 3), undefined, { groups: 0 })],
  ],
  cosineEmbedding: () => [
    ...notFloats((a) => f.cosineEmbedding(a, t.x, zeros(3))),
    ...notFloats((b) => f.cosineEmbedding(t.x, b, zeros(3))),
    ...notTensors((l) => f.cosineEmbedding(t.x, t.x, l)),
    ['control scalars for the labels', () => f.cosineEmbedding(t.x, t.x, t.s)],
    ['labels of another shape', () => f.cosineEmbedding(t.x, t.x, zeros(4))],
    ['a margin above 1', () => f.cosineEmbedding(t.x, t.x, zeros(3), { margin: 1.5 })],
    ['an unknown reduction', () => f.cosineEmbedding(t.x, t.x, zeros(3), { reduction: 'all' as Anything })],
  ],
  cosineSimilarity: () => [
    ...notFloats((a) => f.cosineSimilarity(a, t.x)),
    ...notFloats((b) => f.cosineSimilarity(t.x, b)),
    ['shapes that differ', () => f.cosineSimilarity(t.x, t.v)],
    ...axes((axis) => f.cosineSimilarity(t.x, t.x, { axis })),
    ['no least length', () => f.cosineSimilarity(t.x, t.x, { eps: 0 })],
  ],
  ctc: () => {
    const call = (operands: Partial<Record<'x' | 'text' | 'times' | 'lengths', Anything>>, options?: Anything) => {
      const right = {
        x: zeros(4, 2, 3),
        text: ints(1, 2, 1, 1).reshape([2, 2]),
        times: ints(4, 4),
        lengths: ints(2, 2),
      }
      const { x, text, times, lengths } = { ...right, ...operands }
      return f.ctc(x, text, times, lengths, options)
    }
    return [
      ...notFloats((x) => call({ x })),
      ...notTensors((text) => call({ text })),
      ...notTensors((times) => call({ times })),
      ...notTensors((lengths) => call({ lengths })),
      ['targets that are float32', () => call({ text: zeros(2, 2) })],
      ['a batch that differs', () => call({ times: ints(4) })],
      ['a blank that is no class', () => call({}, { blank: 3 })],
      ['an unknown reduction', () => call({}, { reduction: 'max' })],
    ]
  },
  dot: () => [
    ...notFloats((a) => f.dot(a, t.v)),
    ...notFloats((b) => f.dot(t.v, b)),
    ['lengths that differ', () => f.dot(t.v, zeros(4))],
    ['a matrix', () => f.dot(t.x, t.x)],
  ],
  einsum: () => [
    ...notFloats((a) => f.einsum('i,i->', a, t.v)),
    ['no operand', () => f.einsum('ij->ji')],
    ['no operand and no term', () => f.einsum('')],
    ['too few operands', () => f.einsum('i,j', t.v)],
    ['too many operands', () => f.einsum('ij->ji', t.x, t.x)],
    ['no equation', () => f.einsum(undefined as Anything, t.x)],
    ['a number for the equation', () => f.einsum(1 as Anything, t.v)],
    ['a letter that is none', () => f.einsum('i1->i', t.x)],
    ['two arrows', () => f.einsum('ij->i->j', t.x)],
    ['two ellipses', () => f.einsum('......', t.x)],
    ['two dots', () => f.einsum('..i', t.x)],
    ['too few letters', () => f.einsum('i', t.x)],
    ['axes that are not there', () => f.einsum('ijk->i', t.x)],
    ['more letters than axes beside an ellipsis', () => f.einsum('...ijk', t.x)],
    ['a letter with two sizes', () => f.einsum('ij,ij->', t.x, t.x.transpose())],
    ['a letter with two sizes in one term', () => f.einsum('ii', t.x)],
    ['a letter that is 1 elsewhere', () => f.einsum('i,i->', t.v, zeros(1))],
    ['ellipses that do not broadcast', () => f.einsum('...,...->...', t.x, t.v)],
    ['a result that has no source', () => f.einsum('ij->ik', t.x)],
    ['a letter twice behind the arrow', () => f.einsum('ij->ii', t.x)],
    ['a malformed result', () => f.einsum('ij->i.', t.x)],
    ['a tensor of another engine', () => f.einsum('ij,ij->', t.x, t.foreign.expand([3, 4]))],
  ],
  expand: () => [
    ...notTensors((x) => f.expand(x, [3, 4])),
    ...shapes((shape) => f.expand(t.x, shape)).filter(([what]) => what !== 'a negative axis'),
    ['sizes that do not stretch', () => f.expand(t.x, [3, 5])],
    ['fewer axes', () => f.expand(t.x, [4])],
    ['a new axis of unknown size', () => f.expand(t.x, [-1, 3, 4])],
  ],
  flip: () => [
    ...notTensors((x) => f.flip(x)),
    ...axes((axis) => f.flip(t.x, axis)),
    ['an axis twice', () => f.flip(t.x, [0, -2])],
  ],
  focal: () => [
    ...alike(f.focal, t),
    ...anyNumber('gamma', (gamma) => f.focal(t.x, t.x, { gamma })),
    ['a negative gamma', () => f.focal(t.x, t.x, { gamma: -1 })],
    ['alpha above 1', () => f.focal(t.x, t.x, { alpha: 1.5 })],
  ],
  globalAvgPool2d: () => images(f.globalAvgPool2d),
  glu: () => [
    ...unary((x) => f.glu(x)),
    ...axes((axis) => f.glu(t.x, axis)),
    ['an axis that has no half', () => f.glu(t.x, 0)],
  ],
  groupNorm: () => [
    ...notFloats((x) => f.groupNorm(x, 2)),
    ...normOptions((x, options) => f.groupNorm(x, 2, options)),
    ['groups that do not divide', () => f.groupNorm(zeros(2, 6, 4), 4)],
    ['no group', () => f.groupNorm(zeros(2, 6, 4), 0)],
    ['a vector', () => f.groupNorm(zeros(6), 2)],
  ],
  hardsigmoid: () => unary(f.hardsigmoid),
  hardswish: () => unary(f.hardswish),
  hinge: () => [...alike(f.hinge, t), ...anyNumber('margin', (margin) => f.hinge(t.x, t.x, { margin }))],
  huber: () => [
    ...alike(f.huber, t),
    ...anyNumber('delta', (delta) => f.huber(t.x, t.x, { delta })),
    ['a width of 0', () => f.huber(t.x, t.x, { delta: 0 })],
  ],
  instanceNorm: () => [
    ...notFloats((x) => f.instanceNorm(x)),
    ...normOptions((x, options) => f.instanceNorm(x, options)),
    ['a vector', () => f.instanceNorm(zeros(6))],
  ],
  isFinite: () => unary(f.isFinite).filter(([what]) => what !== 'int32'),
  isNaN: () => orWhole(unary(f.isNaN)),
  klDiv: () => alike(f.klDiv, t),
  less: () => orWhole(binary(f.less)),
  lessEqual: () => orWhole(binary(f.lessEqual)),
  linear: () => [
    ...notFloats((x) => f.linear(x, zeros(4, 2))),
    ...notFloats((w) => f.linear(t.x, w)),
    ...notFloats((b) => f.linear(t.x, zeros(4, 2), b ?? (null as Anything))),
    ['a weight with one axis', () => f.linear(t.x, t.v)],
    ['widths that differ', () => f.linear(t.x, zeros(3, 2))],
    ['a bias of another width', () => f.linear(t.x, zeros(4, 2), zeros(3))],
    ['a bias with two axes', () => f.linear(t.x, zeros(4, 2), zeros(1, 2))],
    ['an input of another engine', () => f.linear(t.foreign, zeros(4, 2))],
  ],
  logicalAnd: () => logical(f.logicalAnd, t),
  logicalNot: () => orWhole(unary(f.logicalNot)),
  logicalOr: () => logical(f.logicalOr, t),
  logicalXor: () => logical(f.logicalXor, t),
  logsumexp: () => reduction(f.logsumexp),
  mae: () => alike(f.mae, t),
  maskedFill: () => [
    ...notTensors((x) => f.maskedFill(x, t.x, 0)),
    ...notTensors((mask) => f.maskedFill(t.x, mask, 0)),
    ['shapes that do not broadcast', () => f.maskedFill(t.x, t.v, 0)],
    ['no value', () => f.maskedFill(t.x, t.x, undefined as Anything)],
    ['a string for the value', () => f.maskedFill(t.x, t.x, '0' as Anything)],
  ],
  mish: () => unary(f.mish),
  mse: () => alike(f.mse, t),
  multiMargin: () => [
    ...labels((x, l) => f.multiMargin(x, l)),
    ...anyNumber('margin', (margin) => f.multiMargin(t.x, t.i, { margin })),
    ['an unknown reduction', () => f.multiMargin(t.x, t.i, { reduction: 'max' as Anything })],
  ],
  nll: () => [
    ...labels((x, l) => f.nll(x, l)),
    ['labels of other pixels', () => f.nll(t.x.reshape([1, 3, 2, 2]), t.i.reshape([1, 3, 1]))],
    ['weights for other classes', () => f.nll(t.x, t.i, { weights: t.v })],
    ['half a label to ignore', () => f.nll(t.x, t.i, { ignoreIndex: 0.5 })],
    ['an unknown reduction', () => f.nll(t.x, t.i, { reduction: 'max' as Anything })],
  ],
  norm: () => [
    ...reduction(f.norm),
    ...[0, 3, Number.NaN].map((ord): Call => [`order ${ord}`, () => f.norm(t.x, 0, { ord })]),
  ],
  oneHot: () => [
    ...notTensors((i) => f.oneHot(i, 3)),
    ['indices that are float32', () => f.oneHot(t.v, 3)],
    ['a negative number of classes', () => f.oneHot(t.i, -1)],
    ...anyNumber('n', (n) => f.oneHot(t.i, n)),
    ['half a class', () => f.oneHot(t.i, 1.5)],
    ['no number of classes', () => f.oneHot(t.i, undefined as Anything)],
  ],
  outer: () => [
    ...notFloats((a) => f.outer(a, t.v)),
    ...notFloats((b) => f.outer(t.v, b)),
    ['a tensor of another engine', () => f.outer(t.v, t.foreign)],
  ],
  pad: () => [
    ...notTensors((x) => f.pad(x, [[1, 1]])),
    ['pads for fewer axes', () => f.pad(t.x, [[1, 1]])],
    [
      'pads for more axes',
      () =>
        f.pad(t.v, [
          [1, 1],
          [1, 1],
        ]),
    ],
    ['half a number among whole ones', () => f.pad(t.i, [[1, 1]], { value: 0.5 })],
    ['a negative pad', () => f.pad(t.v, [[-1, 0]])],
    ['half a pad', () => f.pad(t.v, [[0.5, 0]])],
    ['numbers for pairs', () => f.pad(t.v, [1] as Anything)],
    ['an unknown mode', () => f.pad(t.v, [[1, 1]], { mode: 'wrap' as Anything })],
    ['a string for the value', () => f.pad(t.v, [[1, 1]], { value: '0' as Anything })],
    ['a mirror longer than the axis', () => f.pad(t.v, [[5, 0]], { mode: 'reflect' })],
    ['nothing to repeat', () => f.pad(zeros(0), [[1, 0]], { mode: 'replicate' })],
  ],
  prelu: () => [
    ...notFloats((x) => f.prelu(x, t.v)),
    ...notFloats((slope) => f.prelu(t.v, slope)),
    ['a slope that does not broadcast', () => f.prelu(t.x, t.v)],
  ],
  randomNormal: () => [
    ...shapes((shape) => f.randomNormal(shape)),
    ...anyNumber('stddev', (stddev) => f.randomNormal([2], { stddev })),
  ],
  randomUniform: () => [
    ...shapes((shape) => f.randomUniform(shape)),
    ...anyNumber('max', (max) => f.randomUniform([2], { max })),
  ],
  relu6: () => unary(f.relu6),
  rmsNorm: () => [
    ...notFloats((x) => f.rmsNorm(x)),
    ...anyNumber('eps', (eps) => f.rmsNorm(t.x, { eps })),
    ['a weight of another size', () => f.rmsNorm(t.x, { weight: zeros(3) })],
    ['an empty axis', () => f.rmsNorm(zeros(3, 0))],
  ],
  roll: () => [
    ...notTensors((x) => f.roll(x, 1)),
    ...axes((axis) => f.roll(t.x, 1, axis)),
    ...anyNumber('shift', (shift) => f.roll(t.x, shift)),
    ['half a shift', () => f.roll(t.x, 0.5)],
  ],
  rotaryEmbedding: () => [
    ...unary((x) => f.rotaryEmbedding(x)),
    ['rows without pairs', () => f.rotaryEmbedding(zeros(2, 3))],
    ['a vector', () => f.rotaryEmbedding(zeros(4))],
    ['a base below 1', () => f.rotaryEmbedding(t.x, { base: 0.5 })],
    ['half an offset', () => f.rotaryEmbedding(t.x, { offset: 0.5 })],
  ],
  scaledDotProductAttention: () => {
    const q = (): Anything => zeros(1, 2, 3, 4)
    const call = f.scaledDotProductAttention
    return [
      ...notFloats((a) => call(a, q(), q())),
      ...notFloats((a) => call(q(), a, q())),
      ...notFloats((a) => call(q(), q(), a)),
      ['widths that differ', () => call(q(), zeros(1, 2, 3, 5), q())],
      ['heads that differ', () => call(q(), zeros(1, 3, 3, 4), zeros(1, 3, 3, 4))],
      ['more keys than values', () => call(q(), zeros(1, 2, 5, 4), q())],
      ['a mask that does not stretch', () => call(q(), q(), q(), { mask: zeros(2, 2) })],
      ['a scale that is not a number', () => call(q(), q(), q(), { scale: Number.NaN })],
    ]
  },
  selu: () => unary(f.selu),
  smoothL1: () => [
    ...alike(f.smoothL1, t),
    ...anyNumber('beta', (beta) => f.smoothL1(t.x, t.x, { beta })),
    ['a negative width', () => f.smoothL1(t.x, t.x, { beta: -1 })],
  ],
  softsign: () => unary(f.softsign),
  sort: () => [
    ...orWhole(unary((x) => f.sort(x))),
    ...axes((axis) => f.sort(t.x, axis)),
    ['a scalar', () => f.sort(t.x.sum())],
  ],
  split: () => [
    ...notTensors((x) => f.split(x, 1)),
    ...axes((axis) => f.split(t.x, 1, axis)),
    ...[0, -1, 2, 0.5, Number.NaN, 1e9].map((n): Call => [`${n} parts`, () => f.split(t.x, n)]),
    ['no sizes', () => f.split(zeros(0), [])],
    ['sizes that do not add up', () => f.split(t.x, [1, 1])],
    ['a negative size', () => f.split(t.x, [4, -1])],
  ],
  squeeze: () => [
    ...notTensors((x) => f.squeeze(x)),
    ...axes((axis) => f.squeeze(t.x, axis)),
    ['an axis that is longer', () => f.squeeze(t.x, 0)],
  ],
  stack: () => [
    ...notTensors((x) => f.stack([t.x, x])),
    ['nothing', () => f.stack([])],
    ['shapes that differ', () => f.stack([t.x, t.v])],
    ['types that differ', () => f.stack([zeros(3), t.i])],
    ['a tensor for the list', () => f.stack(t.x as Anything)],
    ['an axis too far', () => f.stack([t.x, t.x], 3)],
    ['half an axis', () => f.stack([t.x, t.x], 0.5)],
  ],
  std: () => reduction(f.std),
  tile: () => [
    ...notTensors((x) => f.tile(x, [1])),
    ['repeats for fewer axes', () => f.tile(t.x, [2])],
    ['a negative number of times', () => f.tile(t.v, [-1])],
    ['half a time', () => f.tile(t.v, [1.5])],
    ['a number for the list', () => f.tile(t.v, 2 as Anything)],
    ['too many elements', () => f.tile(t.v, [2 ** 31])],
  ],
  toFloat: () => [
    ...notTensors(f.toFloat),
    ['a control scalar', () => f.toFloat(t.s)],
    ['a number', () => f.toFloat(1 as Anything)],
  ],
  toInt: () => [
    ...notTensors(f.toInt),
    ['a control scalar', () => f.toInt(t.s)],
    ['a number', () => f.toInt(1 as Anything)],
  ],
  topk: () => [
    ...orWhole(unary((x) => f.topk(x, 1))),
    ...axes((axis) => f.topk(t.x, 1, axis)),
    ...anyNumber('k', (k) => f.topk(t.x, k)),
    ['more than there are', () => f.topk(t.x, 5)],
  ],
  tril: () => [
    ...notTensors((x) => f.tril(x)),
    ['a vector', () => f.tril(t.v)],
    ['half a diagonal', () => f.tril(t.x, 0.5)],
  ],
  triplet: () => [
    ...notFloats((a) => f.triplet(a, t.x, t.x)),
    ...notFloats((b) => f.triplet(t.x, b, t.x)),
    ...notFloats((c) => f.triplet(t.x, t.x, c)),
    ['shapes that differ', () => f.triplet(t.x, t.x, t.v)],
    ['a negative margin', () => f.triplet(t.x, t.x, t.x, { margin: -1 })],
    ['an unknown reduction', () => f.triplet(t.x, t.x, t.x, { reduction: 'max' as Anything })],
  ],
  triu: () => [
    ...notTensors((x) => f.triu(x)),
    ['a vector', () => f.triu(t.v)],
    ['a diagonal that is no number', () => f.triu(t.x, '1' as Anything)],
  ],
  unsqueeze: () => [
    ...notTensors((x) => f.unsqueeze(x, 0)),
    ['an axis too far', () => f.unsqueeze(t.x, 3)],
    ['an axis too far from the end', () => f.unsqueeze(t.x, -4)],
    ['half an axis', () => f.unsqueeze(t.x, 0.5)],
    ['no axis', () => f.unsqueeze(t.x, undefined as Anything)],
  ],
  upsample2d: () => [
    ...images((x) => f.upsample2d(x, { scale: 2 })).filter(([what]) => what !== 'int32'),
    ['neither a size nor a scale', () => f.upsample2d(zeros(1, 1, 2, 2), {})],
    ['both', () => f.upsample2d(zeros(1, 1, 2, 2), { size: 4, scale: 2 })],
    ['half a scale', () => f.upsample2d(zeros(1, 1, 2, 2), { scale: 1.5 })],
    ['a size of 0', () => f.upsample2d(zeros(1, 1, 2, 2), { size: 0 })],
    ['a negative size', () => f.upsample2d(zeros(1, 1, 2, 2), { size: [2, -1] })],
    ['one size', () => f.upsample2d(zeros(1, 1, 2, 2), { size: [2] as Anything })],
    ['a scale of 0', () => f.upsample2d(zeros(1, 1, 2, 2), { scale: 0 })],
    ['an unknown mode', () => f.upsample2d(zeros(1, 1, 2, 2), { scale: 2, mode: 'bicubic' as Anything })],
    ['no pixels', () => f.upsample2d(zeros(1, 1, 0, 2), { scale: 2 })],
  ],
  variance: () => reduction(f.variance),
})
