// Every layer and some whole models, for the tests and for scripts/onnx-check.ts.
import * as cr from '../../src/index.ts'
import { nn, type Spec, spec, type Tensor } from '../../src/index.ts'
import type { Case } from './run.ts'

/** A function of tensors as a module. */
class Fn extends nn.Module {
  readonly #apply: (...xs: Tensor[]) => Tensor | Record<string, Tensor>
  constructor(apply: (...xs: Tensor[]) => Tensor | Record<string, Tensor>) {
    super()
    this.#apply = apply
  }
  override forward(...xs: Tensor[]): Tensor | Record<string, Tensor> {
    return this.#apply(...xs)
  }
}

const x = (...shape: number[]): { x: Spec } => ({ x: spec(shape) })
const layer = (name: string, model: () => nn.Module, inputs: Case['inputs'], more: Partial<Case> = {}): Case => ({
  name,
  model,
  inputs,
  ...more,
})
const fn = (
  name: string,
  apply: (...xs: Tensor[]) => Tensor | Record<string, Tensor>,
  inputs: Case['inputs'],
  more: Partial<Case> = {},
): Case => layer(name, () => new Fn(apply), inputs, more)

/** Positive numbers from any. */
const positive = (t: Tensor): Tensor => cr.add(cr.abs(t), 0.1)

const activations: Case[] = [
  ...(
    [
      ['relu', nn.relu],
      ['tanh', nn.tanh],
      ['sigmoid', nn.sigmoid],
      ['gelu', nn.gelu],
      ['gelu tanh', () => nn.gelu('tanh')],
      ['silu', nn.silu],
      ['softplus', nn.softplus],
      ['leakyRelu', () => nn.leakyRelu(0.2)],
      ['elu', () => nn.elu(0.7)],
      ['selu', nn.selu],
      ['celu', () => nn.celu(1.3)],
      ['mish', nn.mish],
      ['softsign', nn.softsign],
      ['logSigmoid', nn.logSigmoid],
      ['hardtanh', () => nn.hardtanh(-0.5, 1)],
      ['hardsigmoid', nn.hardsigmoid],
      ['hardswish', nn.hardswish],
      ['relu6', nn.relu6],
      ['glu', nn.glu],
      ['softmax', nn.softmax],
      ['logSoftmax', nn.logSoftmax],
      ['prelu', () => nn.prelu({ channels: 6 })],
    ] as const
  ).map(([name, make]) => layer(name, make, x(3, 6))),
  layer('prelu of one slope', () => nn.prelu(), x(3, 6)),
  layer('softmax of axis 1', () => nn.softmax(1), x(3, 6, 4)),
]

const functions: Case[] = [
  ...(
    [
      ['neg', cr.neg],
      ['abs', cr.abs],
      ['sign', cr.sign],
      ['square', cr.square],
      ['exp', cr.exp],
      ['expm1', cr.expm1],
      ['sin', cr.sin],
      ['cos', cr.cos],
      ['floor', cr.floor],
      ['ceil', cr.ceil],
      ['round', cr.round],
      ['erf', cr.erf],
      ['clone', cr.clone],
      ['stopGradient', cr.stopGradient],
    ] as const
  ).map(([name, f]) => fn(name, f, x(3, 5))),
  ...(
    [
      ['sqrt', cr.sqrt],
      ['rsqrt', cr.rsqrt],
      ['reciprocal', cr.reciprocal],
      ['log', cr.log],
      ['log1p', cr.log1p],
    ] as const
  ).map(([name, f]) => fn(name, (t) => f(positive(t)), x(3, 5))),
  ...(
    [
      ['add', cr.add],
      ['sub', cr.sub],
      ['mul', cr.mul],
      ['maximum', cr.maximum],
      ['minimum', cr.minimum],
      ['squaredDifference', cr.squaredDifference],
      ['greater', cr.greater],
      ['greaterEqual', cr.greaterEqual],
      ['equal', cr.equal],
      ['notEqual', cr.notEqual],
    ] as const
  ).map(([name, f]) =>
    fn(name, (a, b) => f(a as Tensor, cr.reshape(b as Tensor, [-1, 1])), { a: spec([3, 5]), b: spec([3]) }),
  ),
  fn('div', (a, b) => cr.div(a as Tensor, positive(b as Tensor)), { a: spec([3, 5]), b: spec([3, 5]) }),
  fn('pow', (a) => cr.pow(positive(a as Tensor), 1.7), x(3, 5)),
  fn('clip without an upper end', (a) => cr.clip(a as Tensor, -0.5, Number.POSITIVE_INFINITY), x(3, 5)),
  fn('where', (a, b) => cr.where(cr.greater(a as Tensor, 0), a as Tensor, b as Tensor), {
    a: spec([3, 5]),
    b: spec([3, 5]),
  }),
  fn('cast', (i) => cr.toFloat(i as Tensor), { i: spec([3, 5], 'int32') }),
  fn(
    'custom',
    cr.defineOp('twice', { forward: (a: Tensor) => cr.mul(a, 2), backward: ({ dy }) => [cr.mul(dy, 2)] }),
    x(3, 5),
  ),
]

const whole = { i: spec([3, 5], 'int32'), j: spec([3, 5], 'int32') }
const wholes: Case[] = [
  ...(
    [
      ['add', cr.add],
      ['sub', cr.sub],
      ['mul', cr.mul],
      ['maximum', cr.maximum],
      ['minimum', cr.minimum],
      ['greater', cr.greater],
      ['greaterEqual', cr.greaterEqual],
      ['equal', cr.equal],
      ['notEqual', cr.notEqual],
    ] as const
  ).map(([name, f]) => fn(`${name} of whole numbers`, (a, b) => f(a as Tensor, b as Tensor), whole, { below: 4 })),
  fn('sum of whole numbers', (i) => cr.sum(i as Tensor, 1), { i: spec([3, 5], 'int32') }, { below: 9 }),
  fn('max of whole numbers', (i) => cr.max(i as Tensor, 1), { i: spec([3, 5], 'int32') }, { below: 9 }),
  fn('argmax of whole numbers', (i) => cr.argmax(i as Tensor), { i: spec([3, 5], 'int32') }, { below: 9 }),
  fn('argsort of whole numbers', (i) => cr.argsort(i as Tensor), { i: spec([3, 5], 'int32') }, { below: 4 }),
  fn('toInt', (a) => cr.toInt(a as Tensor), x(3, 5)),
]

const shapes: Case[] = [
  fn('reshape', (a) => cr.reshape(a as Tensor, [-1, 2, 3]), x(3, 6)),
  fn('reshape of the batch into rows', (a) => cr.reshape(a as Tensor, [(a as Tensor).size]), x(3, 6)),
  fn('transpose', (a) => cr.transpose(a as Tensor, [2, 0, 1]), x(3, 4, 5)),
  fn('slice', (a) => cr.slice(a as Tensor, [0, 1], [3, 6], [1, 2]).add(0), x(4, 7), { options: { batch: 'fixed' } }),
  fn(
    'slice within a batch',
    (a) => cr.slice(a as Tensor, [0, 1, 0], [(a as Tensor).shape[0] as number, 6, 4], [1, 2, 1]),
    x(3, 7, 4),
  ),
  fn('slice of all but the last row', (a) => cr.slice(cr.concat([a as Tensor, a as Tensor]), [0], [-1]), x(3, 4)),
  fn('slice backwards', (a) => cr.slice(a as Tensor, [], [], [1, -2]), x(3, 7)),
  fn('flip', (a) => cr.flip(a as Tensor), x(3, 5)),
  fn('roll', (a) => cr.roll(a as Tensor, 2), x(3, 5)),
  fn(
    'pad',
    (a) =>
      cr.pad(
        a as Tensor,
        [
          [0, 0],
          [1, 2],
        ],
        { value: 3 },
      ),
    x(3, 5),
  ),
  fn(
    'pad reflect',
    (a) =>
      cr.pad(
        a as Tensor,
        [
          [0, 0],
          [1, 2],
        ],
        { mode: 'reflect' },
      ),
    x(3, 5),
  ),
  fn('concat', (a, b) => cr.concat([a as Tensor, b as Tensor], 1), { a: spec([3, 5]), b: spec([3, 2]) }),
  fn('stack', (a, b) => cr.stack([a as Tensor, b as Tensor]), { a: spec([3, 5]), b: spec([3, 5]) }),
  fn(
    'split',
    (a) => {
      const [p, q] = cr.split(a as Tensor, 2, 1)
      return { p: p as Tensor, q: q as Tensor }
    },
    x(3, 6),
  ),
  fn(
    'broadcastTo',
    (a) => cr.broadcastTo(cr.reshape(a as Tensor, [-1, 1, 5]), [(a as Tensor).shape[0] as number, 2, 5]),
    x(3, 5),
  ),
  fn('tile', (a) => cr.tile(a as Tensor, [1, 3]), x(3, 5)),
  fn('tile the batch', (a) => cr.tile(a as Tensor, [2, 1]), x(3, 5)),
  fn('gather', (a) => cr.gather(a as Tensor, cr.tensor(Int32Array.of(4, 0, 0)), 1), x(3, 5)),
  fn(
    'takeAlong',
    (a, i) => cr.takeAlong(a as Tensor, i as Tensor, 1),
    { a: spec([3, 5]), i: spec([3, 2], 'int32') },
    { below: 5 },
  ),
  fn('scatterAdd', (a) => cr.scatterAdd(a as Tensor, cr.tensor(Int32Array.of(2, 0, 2)), 1, 4), x(3, 3)),
  fn('oneHot', (i) => cr.oneHot(i as Tensor, 4), { i: spec([3, 2], 'int32') }, { below: 4 }),
  fn('cumsum', (a) => cr.cumsum(a as Tensor), x(3, 5)),
  fn('cumsum reverse', (a) => cr.cumsum(a as Tensor, 1, { reverse: true }), x(3, 5)),
  fn('sort', (a) => ({ ...cr.sort(a as Tensor) }), x(3, 5)),
  fn('topk', (a) => ({ ...cr.topk(a as Tensor, 2) }), x(3, 5)),
  fn('triu', (a) => cr.triu(a as Tensor, 1), x(3, 4, 5)),
  fn('tril', (a) => cr.tril(a as Tensor, -1), x(3, 4, 5)),
]

const reductions: Case[] = [
  ...(
    [
      ['sum', cr.sum],
      ['mean', cr.mean],
      ['sumSquares', cr.sumSquares],
      ['prod', cr.prod],
      ['max', cr.max],
      ['min', cr.min],
    ] as const
  ).flatMap(([name, f]) => [
    fn(name, (a) => f(a as Tensor, [1, 2]), x(3, 4, 5)),
    fn(`${name}, axes kept`, (a) => f(a as Tensor, -1, { keepDims: true }), x(3, 4, 5)),
    fn(`${name} over no axes`, (a) => f(a as Tensor, []), x(3, 4)),
  ]),
  fn('sum of everything', (a) => cr.sum(a as Tensor), x(3, 4)),
  fn('argmax', (a) => cr.argmax(a as Tensor), x(3, 5)),
  fn('argmin', (a) => cr.argmin(a as Tensor, 1, { keepDims: true }), x(3, 5)),
  fn('variance', (a) => cr.variance(a as Tensor, 1), x(3, 5)),
  fn('std', (a) => cr.std(a as Tensor, 1), x(3, 5)),
  fn('logsumexp', (a) => cr.logsumexp(a as Tensor, 1), x(3, 5)),
  fn('norm', (a) => cr.norm(a as Tensor, 1), x(3, 5)),
]

const products: Case[] = [
  layer('linear', () => nn.linear(5, 4), x(3, 5)),
  layer('linear without bias', () => nn.linear(5, 4, { bias: false }), x(3, 5)),
  layer('linear of sequences', () => nn.linear(5, 4), x(3, 2, 5)),
  layer('bilinear', () => nn.bilinear(5, 4, 3), { a: spec([3, 5]), b: spec([3, 4]) }),
  fn('matmul, both transposed', (a, b) => cr.matmul(a as Tensor, b as Tensor, { transposeA: true, transposeB: true }), {
    a: spec([3, 4, 5]),
    b: spec([3, 6, 4]),
  }),
  fn('matmul of matrices, transposed', (a, b) => cr.matmul(a as Tensor, b as Tensor, { transposeB: true }), {
    a: spec([3, 4]),
    b: spec([3, 4]),
  }),
  fn('einsum', (a, b) => cr.einsum('bij,bkj->bik', a as Tensor, b as Tensor), {
    a: spec([3, 4, 5]),
    b: spec([3, 2, 5]),
  }),
  fn('einsum with a diagonal', (a) => cr.einsum('bii->b', a as Tensor), x(3, 4, 4)),
]

const images: Case[] = [
  layer('conv2d', () => nn.conv2d(2, 4, 3, { padding: 1 }), x(3, 2, 7, 6)),
  layer(
    'conv2d, strided, uneven pads',
    () => nn.conv2d(2, 4, [3, 2], { stride: [2, 1], padding: [1, 0, 2, 1] }),
    x(3, 2, 7, 6),
  ),
  layer('conv2d, grouped', () => nn.conv2d(4, 6, 3, { groups: 2 }), x(3, 4, 7, 6)),
  layer('conv2d, depthwise', () => nn.conv2d(4, 4, 3, { groups: 4, padding: 'same', bias: false }), x(3, 4, 7, 6)),
  layer('conv2d, dilated', () => nn.conv2d(2, 4, 3, { dilation: 2, padding: 'same' }), x(3, 2, 7, 6)),
  layer('conv1d', () => nn.conv1d(2, 4, 3, { stride: 2, padding: 1 }), x(3, 2, 9)),
  layer(
    'convTranspose2d',
    () => nn.convTranspose2d(4, 2, 3, { stride: 2, padding: 1, outputPadding: 1 }),
    x(3, 4, 5, 4),
  ),
  layer(
    'convTranspose2d, grouped, dilated',
    () => nn.convTranspose2d(4, 6, [3, 2], { groups: 2, dilation: 2 }),
    x(3, 4, 5, 4),
  ),
  layer('convTranspose1d', () => nn.convTranspose1d(4, 2, 3, { stride: 2 }), x(3, 4, 5)),
  layer('maxPool2d', () => nn.maxPool2d(2), x(3, 2, 6, 7)),
  layer('maxPool2d, padded, ceil', () => nn.maxPool2d(3, { stride: 2, padding: 1, ceil: true }), x(3, 2, 6, 8)),
  layer('maxPool2d, larger steps, ceil', () => nn.maxPool2d(2, { stride: 3, ceil: true }), x(3, 2, 7, 6)),
  layer('avgPool2d', () => nn.avgPool2d(2), x(3, 2, 6, 7)),
  layer('avgPool2d, padded', () => nn.avgPool2d(3, { stride: 2, padding: 1 }), x(3, 2, 6, 7)),
  layer('avgPool2d, padded, ceil', () => nn.avgPool2d(3, { stride: 2, padding: 1, ceil: true }), x(3, 2, 6, 8)),
  layer(
    'avgPool2d, padding not counted, ceil',
    () => nn.avgPool2d(3, { stride: 2, padding: 1, ceil: true, countIncludePad: false }),
    x(3, 2, 6, 8),
  ),
  layer('adaptiveAvgPool2d', () => nn.adaptiveAvgPool2d([3, 2]), x(3, 2, 6, 8)),
  layer('globalAvgPool2d', () => nn.globalAvgPool2d(), x(3, 2, 6, 8)),
  layer('upsample2d', () => nn.upsample2d({ scale: 2 }), x(3, 2, 3, 4)),
  layer('upsample2d, bilinear', () => nn.upsample2d({ size: [5, 7], mode: 'bilinear' }), x(3, 2, 3, 4)),
  layer('flatten', () => nn.flatten(), x(3, 2, 3, 4)),
]

/** Batch normalization whose running statistics and weights are not those of the beginning. */
function moved(): nn.Module {
  const norm = nn.batchNorm(4)
  norm.running_mean.set([0.1, -0.2, 0.3, 0])
  norm.running_var.set([0.5, 1.5, 2, 1])
  norm.weight?.set([1, 0.5, -1, 2])
  norm.bias?.set([0, 1, 2, 3])
  return norm
}

const norms: Case[] = [
  layer('batchNorm', moved, x(3, 4)),
  layer('batchNorm of images', moved, x(3, 4, 2, 3)),
  layer('batchNorm without weights', () => nn.batchNorm(4, { affine: false }), x(3, 4, 2, 3)),
  layer('layerNorm', () => nn.layerNorm(6), x(3, 2, 6)),
  layer('layerNorm of two axes', () => nn.layerNorm([4, 6]), x(3, 4, 6)),
  layer('layerNorm without weights', () => nn.layerNorm(6, { affine: false }), x(3, 6)),
  layer('groupNorm', () => nn.groupNorm(2, 4), x(3, 4, 2, 3)),
  layer('instanceNorm', () => nn.instanceNorm(4), x(3, 4, 2, 3)),
  layer('rmsNorm', () => nn.rmsNorm(6), x(3, 2, 6)),
]

class Masked extends nn.Module {
  readonly attention: nn.MultiHeadAttention = nn.multiHeadAttention(8, 2)
  override forward(t: Tensor, mask: Tensor): Tensor {
    return this.attention.attend(t, t, { mask })
  }
}

const ids = (...shape: number[]): { ids: Spec } => ({ ids: spec(shape, 'int32') })
const sequences: Case[] = [
  layer('embedding', () => nn.embedding(11, 6), ids(3, 5), { below: 11 }),
  layer('embedding with padding', () => nn.embedding(11, 6, { paddingIndex: 0 }), ids(3, 5), { below: 11 }),
  layer('positionalEmbedding', () => nn.positionalEmbedding(7, 6), x(3, 5, 6)),
  layer('sinusoidalPositions', () => nn.sinusoidalPositions(6), x(3, 5, 6)),
  fn('rotaryEmbedding', (a) => cr.rotaryEmbedding(a as Tensor), x(3, 2, 5, 6)),
  layer('multiHeadAttention', () => nn.multiHeadAttention(8, 2), x(3, 5, 8)),
  layer(
    'multiHeadAttention, causal, no bias',
    () => nn.multiHeadAttention(8, 2, { causal: true, bias: false }),
    x(3, 5, 8),
  ),
  layer('transformerEncoderLayer', () => nn.transformerEncoderLayer(8, 2, { hidden: 12 }), x(3, 5, 8)),
  layer(
    'transformerEncoderLayer, causal, norm first',
    () => nn.transformerEncoderLayer(8, 2, { normFirst: true, causal: true, activation: 'gelu' }),
    x(3, 5, 8),
  ),
  layer('transformerDecoderLayer', () => nn.transformerDecoderLayer(8, 2, { hidden: 12 }), {
    x: spec([3, 5, 8]),
    memory: spec([3, 4, 8]),
  }),
  layer(
    'attention with a mask',
    () => new Masked(),
    { x: spec([3, 5, 8]), mask: spec([5, 5]) },
    { options: { batchAxes: { mask: undefined } } },
  ),
  ...(
    [
      ['rnn', nn.rnn],
      ['gru', nn.gru],
      ['lstm', nn.lstm],
    ] as const
  ).flatMap(([name, make]) => [
    layer(name, () => make(5, 6), x(3, 4, 5)),
    layer(`${name}, two layers, both directions`, () => make(5, 6, { layers: 2, bidirectional: true }), x(3, 4, 5)),
    layer(`${name}, no bias, time first`, () => make(5, 6, { bias: false, batchFirst: false }), x(4, 3, 5), {
      options: { batchAxes: { x: 1 } },
    }),
  ]),
  layer('rnn with relu', () => nn.rnn(5, 6, { activation: 'relu' }), x(3, 4, 5)),
  ...(
    [
      ['rnnCell', nn.rnnCell],
      ['gruCell', nn.gruCell],
      ['lstmCell', nn.lstmCell],
    ] as const
  ).map(([name, make]) => layer(name, () => make(5, 6), x(3, 5))),
]

/** A small GPT: embeddings, blocks, head tied to the embedding. */
class Gpt extends nn.Module {
  readonly tokens: nn.Embedding = nn.embedding(13, 8)
  readonly positions: nn.PositionalEmbedding = nn.positionalEmbedding(6, 8)
  readonly blocks: nn.TransformerEncoderLayer[] = [1, 2].map(() =>
    nn.transformerEncoderLayer(8, 2, { causal: true, normFirst: true, activation: 'geluTanh' }),
  )
  readonly norm: nn.LayerNorm = nn.layerNorm(8)
  override forward(tokens: Tensor): Tensor {
    const start = this.positions.forward(this.tokens.forward(tokens))
    const y = this.norm.forward(this.blocks.reduce((h, block) => block.forward(h), start))
    return cr.matmul(y, this.tokens.weight, { transposeB: true })
  }
}

/** An LSTM over words: an answer, and the states it ends with. */
function classifier(): nn.Module {
  const [embed, lstm, head] = [nn.embedding(11, 5), nn.lstm(5, 6, { bidirectional: true }), nn.linear(12, 3)]
  class Classifier extends nn.Module {
    readonly embed = embed
    readonly lstm = lstm
    readonly head = head
    override forward(tokens: Tensor): { logits: Tensor; states: Tensor; cells: Tensor } {
      const { y, h, c } = this.lstm.run(this.embed.forward(tokens))
      return { logits: this.head.forward(cr.mean(y, 1)), states: h, cells: c as Tensor }
    }
  }
  return new Classifier()
}

const models: Case[] = [
  layer(
    'perceptron',
    () => nn.sequential([nn.flatten(), nn.linear(12, 8), nn.relu(), nn.dropout(0.5), nn.linear(8, 3), nn.softmax()]),
    x(3, 3, 4),
  ),
  layer(
    'convolutional network',
    () =>
      nn.sequential([
        nn.conv2d(1, 4, 3, { padding: 1 }),
        nn.batchNorm(4),
        nn.relu(),
        nn.maxPool2d(2),
        nn.residual(nn.conv2d(4, 4, 3, { padding: 'same' })),
        nn.globalAvgPool2d(),
        nn.flatten(),
        nn.linear(4, 3),
      ]),
    x(3, 1, 8, 8),
  ),
  layer('residual', () => nn.residual(nn.sequential([nn.linear(5, 5), nn.tanh()])), x(3, 5)),
  layer('transformer', () => new Gpt(), ids(3, 6), { below: 13 }),
  layer('text classifier', classifier, ids(3, 4), { below: 11 }),
]

/** A recurrent layer over sequences of which a few steps count; its outputs and last states. */
class Cut extends nn.Module {
  readonly layer: nn.Recurrent
  constructor(layer: nn.Recurrent) {
    super()
    this.layer = layer
  }
  override forward(x: Tensor, lengths: Tensor): Record<string, Tensor> {
    const { y, h, c } = this.layer.run(x, { lengths: cr.minimum(lengths.add(1), x.shape[1] as number) })
    return { y, h, ...(c === undefined ? {} : { c }) }
  }
}

/** All cells of a direction from states that are not zeros, and two of the steps. */
const cells = (reverse: boolean): Case =>
  fn(
    `all cells of an lstm${reverse ? ' backwards' : ''}`,
    (gates, w, state) => {
      const { h, c } = cr.lstm(gates as Tensor, w as Tensor, state as Tensor, (state as Tensor).mul(0.5), { reverse })
      return { h, c, some: c.slice([1], [3]), last: reverse ? c.slice([0], [1]) : c.slice([-1]) }
    },
    { gates: spec([4, 3, 8]), w: spec([2, 8]), state: spec([3, 2]) },
    { options: { batchAxes: { gates: 1, w: undefined, state: 0 } } },
  )

/** Any length of a sequence. */
const lengths: Case[] = [
  cells(false),
  cells(true),
  ...(
    [
      ['rnn', nn.rnn],
      ['gru', nn.gru],
      ['lstm', nn.lstm],
    ] as const
  ).map(([name, make]) =>
    layer(
      `${name} over sequences cut short, of any length`,
      () => new Cut(make(5, 6, { bidirectional: true })),
      { x: spec([3, 4, 5]), lengths: spec([3], 'int32') },
      { below: 4, options: { timeAxes: { x: 1 } } },
    ),
  ),
  layer(
    'sinusoidal positions of any length',
    () => nn.sequential([nn.sinusoidalPositions(6), nn.linear(6, 2)]),
    x(3, 5, 6),
    {
      options: { timeAxes: { x: 1 } },
    },
  ),
  layer(
    'rotary attention of any length',
    () => nn.multiHeadAttention(8, 2, { rotary: true, causal: true }),
    x(3, 5, 8),
    {
      options: { timeAxes: { x: 1 } },
    },
  ),
  layer('a GPT of any length', () => new Gpt(), ids(3, 6), { below: 13, options: { timeAxes: { ids: 1 } } }),
  layer('text classifier of any length', classifier, ids(3, 6), { below: 11, options: { timeAxes: { ids: 1 } } }),
  layer('an encoder layer of any length', () => nn.transformerEncoderLayer(8, 2, { hidden: 12 }), x(3, 5, 8), {
    options: { timeAxes: { x: 1 } },
  }),
  layer('attention with masks of any length', () => nn.multiHeadAttention(8, 2, { causal: true }), x(3, 5, 8), {
    options: { timeAxes: { x: 1 } },
  }),
  ...(
    [
      ['rnn', nn.rnn],
      ['gru', nn.gru],
      ['lstm', nn.lstm],
    ] as const
  ).map(([name, make]) =>
    layer(`${name} of any length`, () => make(5, 6, { bidirectional: true }), x(3, 4, 5), {
      options: { timeAxes: { x: 1 } },
    }),
  ),
  fn(
    'the last step of any length',
    (a) => (a as Tensor).slice([0, ((a as Tensor).shape[1] as number) - 1]).reshape([-1, 5]),
    x(3, 6, 5),
    { options: { timeAxes: { x: 1 } } },
  ),
]

export const cases: readonly Case[] = [
  ...activations,
  ...functions,
  ...wholes,
  ...shapes,
  ...reductions,
  ...products,
  ...images,
  ...norms,
  ...sequences,
  ...models,
  ...lengths,
]
