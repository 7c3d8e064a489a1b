import { whole, x } from '../../../src/check/cases/types.ts'
import { nn, ones, type Tensor, tensor, zeros } from '../../../src/index.ts'
import type { Anything, Call } from '../../ops/wrong/calls.ts'
import { c, inputs, type LayerCase, type LayerRow, none, operand, type Rows, rates, sizes } from './types.ts'

const ints = (...list: number[]): Tensor => tensor(Int32Array.from(list))

/** Outputs and last states. */
const states = ({ y, h, c: cell }: nn.RecurrentResult): Tensor[] => (cell === undefined ? [y, h] : [y, h, cell])
const runs = (make: () => nn.Recurrent, ...operands: LayerCase['inputs']): LayerCase => ({
  make,
  inputs: operands,
  call: (module: nn.Recurrent, ...[input, h, cell]: Tensor[]) =>
    states(module.run(input as Tensor, { h, ...(cell === undefined ? {} : { c: cell }) })),
})
const cut = (make: () => nn.Recurrent, ...operands: LayerCase['inputs']): LayerCase => ({
  make,
  inputs: operands,
  call: (module: nn.Recurrent, ...[input, lengths]: Tensor[]) => states(module.run(input as Tensor, { lengths })),
})

type Make = (inputs: Anything, hidden: Anything, options?: Anything) => nn.Recurrent

function recurrent(make: Make, memory: boolean): LayerRow {
  const state = (...shape: number[]): LayerCase['inputs'] => (memory ? [x(shape), x(shape)] : [x(shape)])
  return {
    cases: [
      runs(() => make(3, 4), x([2, 5, 3])),
      runs(() => make(1, 1, { bias: false }), x([1, 1, 1])),
      runs(() => make(2, 3), x([3, 2, 2]), ...state(1, 3, 3)),
      runs(() => make(3, 5, { layers: 2, bidirectional: true }), x([2, 3, 3]), ...state(4, 2, 5)),
      runs(() => make(2, 9, { batchFirst: false }), x([4, 1, 2])),
      runs(() => make(7, 17, { layers: 2, dropout: 0.5 }), x([2, 2, 7])),
      cut(() => make(2, 3, { bidirectional: true }), x([3, 4, 2]), whole([3], [4, 1, 2])),
      c(() => make(5, 8), x([1, 3, 5])),
    ],
    wrong: (t, layer) => [
      ...inputs(layer),
      ['no time', () => layer.forward(zeros([2, 3]))],
      ['another width', () => layer.forward(zeros([2, 5, 4]))],
      ['no step', () => layer.forward(zeros([2, 0, 3]))],
      ['states of another batch', () => layer.run(zeros([2, 5, 3]), { h: zeros([1, 3, 4]) })],
      ['states of another layer', () => layer.run(zeros([2, 5, 3]), { h: zeros([2, 2, 4]) })],
      ...operand((h) => layer.run(zeros([2, 5, 3]), { h })).filter(([what]) => what !== 'undefined'),
      ['lengths of another batch', () => layer.run(zeros([2, 5, 3]), { lengths: ints(1, 2, 3) })],
      ['lengths that are float32', () => layer.run(zeros([2, 5, 3]), { lengths: ones([2]) })],
      ['lengths in an array', () => layer.run(zeros([2, 5, 3]), { lengths: [1, 2] })],
      ['a length of 0', () => layer.run(zeros([2, 5, 3]), { lengths: ints(0, 2) }).h.dataSync()],
      ['a length below 0', () => layer.run(zeros([2, 5, 3]), { lengths: ints(3, -1) }).y.dataSync()],
      ['a length beyond the steps', () => layer.run(zeros([2, 5, 3]), { lengths: ints(6, 2) }).y.dataSync()],
      ['another engine', () => layer.run(zeros([1, 5, 3]), { h: t.foreign.reshape([1, 1, 4]) })],
      ...sizes('inputs', (n) => make(n, 2)),
      ...sizes('hidden', (n) => make(2, n)),
      ...sizes('layers', (layers) => make(2, 2, { layers })),
      ...rates((dropout) => make(2, 2, { dropout })),
    ],
  }
}

type MakeCell = (inputs: Anything, hidden: Anything, options?: Anything) => nn.RecurrentCell

function cell(make: MakeCell, memory: boolean): LayerRow {
  const step = (module: nn.RecurrentCell, ...[input, h, m]: Tensor[]): Tensor[] => {
    const state = h === undefined ? undefined : { h, ...(m === undefined ? {} : { c: m }) }
    const after = module.forward(input as Tensor, state)
    return after.c === undefined ? [after.h] : [after.h, after.c]
  }
  const state = (...shape: number[]): LayerCase['inputs'] => (memory ? [x(shape), x(shape)] : [x(shape)])
  return {
    cases: [
      { make: () => make(3, 4), inputs: [x([2, 3])], call: step },
      { make: () => make(1, 1, { bias: false }), inputs: [x([1, 1])], call: step },
      { make: () => make(5, 3), inputs: [x([7, 5]), ...state(7, 3)], call: step },
      { make: () => make(2, 17), inputs: [x([1, 2]), ...state(1, 17)], call: step },
    ],
    wrong: (t, layer) => [
      ...inputs(layer),
      ['a sequence', () => layer.forward(zeros([2, 1, 3]))],
      ['another width', () => layer.forward(zeros([2, 4]))],
      ...operand((h) => layer.forward(zeros([2, 3]), { h })).filter(([what]) => what !== 'undefined'),
      ['a state of another batch', () => layer.forward(zeros([2, 3]), { h: zeros([3, 4]) })],
      ['a state of another width', () => layer.forward(zeros([2, 3]), { h: zeros([2, 5]) })],
      ['another engine', () => layer.forward(zeros([1, 3]), { h: t.foreign })],
      ...sizes('inputs', (n) => make(n, 2)),
      ...sizes('hidden', (n) => make(2, n)),
    ],
  }
}

const small = { hidden: 6, dropout: 0.2 }
const last = (n: number) => tensor(Int32Array.from({ length: n }, (_, i) => (i === n - 1 ? 0 : 1)))

/** What goes for every layer with attention; `call` with an input of width 4. */
const attended = (call: (input: Anything, options?: Anything) => unknown): Call[] => [
  ...operand((input) => call(input)),
  ['two axes', () => call(zeros([3, 4]))],
  ['another width', () => call(zeros([2, 3, 6]))],
  ['a mask of another number of keys', () => call(zeros([2, 3, 4]), { mask: zeros([5]) })],
  ['a mask in an array', () => call(zeros([2, 3, 4]), { mask: [0, 0, 0] })],
]

type MakeLayer = (width: Anything, heads: Anything, options?: Anything) => nn.Module
const built = (make: MakeLayer): Call[] => [
  ...sizes('width', (n) => make(n, 1)),
  ...sizes('heads', (n) => make(4, n)),
  ['heads that do not divide', () => make(6, 4)],
  ...rates((dropout) => make(4, 2, { dropout })),
  ['an odd width to turn', () => make(6, 2, { rotary: true })],
]
const transformer = (make: MakeLayer): Call[] => [
  ...built(make),
  ...sizes('hidden', (hidden) => make(4, 2, { hidden })),
  ...rates((attentionDropout) => make(4, 2, { attentionDropout })),
  ['an unknown activation', () => make(4, 2, { activation: 'tanh' })],
  ['eps below 0', () => make(4, 2, { eps: -1 })],
]

export const sequences: Rows<
  | 'rnn'
  | 'gru'
  | 'lstm'
  | 'rnnCell'
  | 'gruCell'
  | 'lstmCell'
  | 'multiHeadAttention'
  | 'transformerEncoderLayer'
  | 'transformerDecoderLayer'
> = {
  rnn: {
    cases: [...recurrent(nn.rnn, false).cases, runs(() => nn.rnn(3, 4, { activation: 'relu' }), x([2, 3, 3]))],
    wrong: (t, layer) => [
      ...recurrent(nn.rnn, false).wrong(t, layer),
      ['an unknown activation', () => nn.rnn(2, 3, { activation: 'gelu' as never })],
    ],
  },
  gru: recurrent(nn.gru, false),
  lstm: {
    cases: recurrent(nn.lstm, true).cases,
    wrong: (t, layer) => [
      ...recurrent(nn.lstm, true).wrong(t, layer),
      ['memory of another width', () => layer.run(zeros([2, 5, 3]), { c: zeros([1, 2, 5]) })],
    ],
  },
  rnnCell: cell(nn.rnnCell, false),
  gruCell: cell(nn.gruCell, false),
  lstmCell: cell(nn.lstmCell, true),
  multiHeadAttention: {
    cases: [
      c(() => nn.multiHeadAttention(4, 2), x([2, 3, 4])),
      c(() => nn.multiHeadAttention(1, 1, { bias: false }), x([1, 1, 1])),
      c(() => nn.multiHeadAttention(6, 3, { causal: true, rotary: true }), x([1, 5, 6])),
      c(() => nn.multiHeadAttention(8, 1, { dropout: 0.3 }), x([2, 4, 8])),
      c(() => nn.multiHeadAttention(4, 4), x([1, 17, 4])),
      {
        make: () => nn.multiHeadAttention(6, 2),
        inputs: [x([2, 3, 6]), x([2, 5, 6])],
        call: (module: nn.MultiHeadAttention, ...[input, memory]: Tensor[]) => [
          module.attend(input as Tensor, memory as Tensor, { mask: last(5) }),
        ],
      },
      none(() => nn.multiHeadAttention(4, 2), x([0, 3, 4])),
    ],
    wrong: (_t, layer) => [
      ...attended((input, options) => layer.attend(input, undefined, options)),
      ...operand((memory) => layer.attend(zeros([2, 3, 4]), memory)).filter(([what]) => what !== 'undefined'),
      ['a memory of another batch', () => layer.attend(zeros([2, 3, 4]), zeros([1, 3, 4]))],
      ['more queries than keys, causal', () => layer.attend(zeros([2, 3, 4]), zeros([2, 2, 4]), { causal: true })],
      ...built(nn.multiHeadAttention),
    ],
  },
  transformerEncoderLayer: {
    cases: [
      c(() => nn.transformerEncoderLayer(4, 2, small), x([2, 3, 4])),
      c(() => nn.transformerEncoderLayer(2, 1, { hidden: 1, dropout: 0, bias: false }), x([1, 1, 2])),
      c(
        () =>
          nn.transformerEncoderLayer(6, 3, {
            hidden: 9,
            normFirst: true,
            activation: 'gelu',
            rotary: true,
            causal: true,
          }),
        x([1, 4, 6]),
      ),
      {
        make: () =>
          nn.transformerEncoderLayer(4, 1, { hidden: 5, activation: 'geluTanh', attentionDropout: 0.4, eps: 0.1 }),
        inputs: [x([2, 5, 4])],
        call: (module: nn.TransformerEncoderLayer, ...[input]: Tensor[]) => [
          module.forward(input as Tensor, { mask: last(5) }),
        ],
      },
    ],
    wrong: (_t, layer) => [
      ...attended((input, options) => layer.forward(input, options)),
      ...transformer(nn.transformerEncoderLayer),
    ],
  },
  transformerDecoderLayer: {
    cases: [
      c(() => nn.transformerDecoderLayer(4, 2, small), x([2, 3, 4]), x([2, 5, 4])),
      c(() => nn.transformerDecoderLayer(2, 1, { hidden: 1, dropout: 0, bias: false }), x([1, 1, 2]), x([1, 1, 2])),
      {
        make: () => nn.transformerDecoderLayer(6, 3, { hidden: 7, normFirst: true, activation: 'gelu', dropout: 0.3 }),
        inputs: [x([1, 2, 6]), x([1, 4, 6])],
        call: (module: nn.TransformerDecoderLayer, ...[input, memory]: Tensor[]) => [
          module.forward(input as Tensor, memory as Tensor, { memoryMask: last(4) }),
        ],
      },
    ],
    wrong: (_t, layer) => [
      ...attended((input, options) => layer.forward(input, zeros([2, 5, 4]), options)),
      ...operand((memory) => layer.forward(zeros([2, 3, 4]), memory)),
      ['a memory of another batch', () => layer.forward(zeros([2, 3, 4]), zeros([1, 3, 4]))],
      [
        'a mask of the memory with other keys',
        () => layer.forward(zeros([2, 3, 4]), zeros([2, 5, 4]), { memoryMask: zeros([3]) }),
      ],
      ...transformer(nn.transformerDecoderLayer),
    ],
  },
}
