import { ACT_NONE, ACT_RELU, UNARY_TANH } from '../abi/constants.ts'
import { ShapeError } from '../errors.ts'
import { known } from '../options.ts'
import type { Shape, Spec } from '../program/graph.ts'
import type { Ref } from '../program/lower.ts'
import { shapeText } from '../tensor/shape.ts'
import { apply, applyAll, checkTypes } from './apply.ts'
import { attr, defineOp, type OpTable } from './define.ts'
import { type EmitGemm, lowerGemm } from './lower-gemm.ts'
import { recurrentGradOps } from './recurrent-grad.ts'
import { cut, sequenceOf, stepsOf } from './sequence.ts'
import type { Tensor } from './tensor.ts'

// Whole sequences as one op each: a program of two instructions a step (product with the state before, cell), a backward
// pass of two more, and ONE product over all steps for the gradient of the weight. Sequences are [time, rows, ..].

const float = (shape: Shape): Spec => ({ shape, dtype: 'float32' })
const shapesOf = (inputs: readonly Spec[]): Shape[] => inputs.map(({ shape }) => shape)

export const recurrentOps: OpTable<'rnn' | 'lstm' | 'gru' | keyof typeof recurrentGradOps> = {
  rnn: defineOp({
    name: 'rnn',
    doc: 'States of a simple recurrent layer. Inputs x [steps, rows, n] (the products of the inputs), w [n, n], h0 [rows, n].',
    formula: 'h[t] = f(x[t] + h[t-1] w), f = tanh or relu',
    infer(inputs) {
      checkTypes('rnn', inputs, 'float32')
      const [x = [], w = [], h0] = shapesOf(inputs)
      sequenceOf('rnn', 1, x, w, [h0])
      return [float(x)]
    },
    lower({ inputs, outputs: [y], shapes, attrs, emit }) {
      const [x, w, h0] = inputs as [Ref, Ref, Ref]
      if (y === undefined) return
      const sequence = sequenceOf('rnn', 1, shapes[0] as Shape, shapes[1] as Shape, [shapes[2]])
      const { rows, n } = sequence
      emit('copy', { x, y, n: x.bytes / 4 })
      let before = h0
      for (const t of stepsOf(sequence, attrs)) {
        const c = cut(y, t * rows * n, rows * n)
        const relu = attr<string>(attrs, 'activation') === 'relu'
        const activation = relu ? ACT_RELU : ACT_NONE
        lowerGemm(emit as EmitGemm, { a: before, b: w, c, m: rows, n, k: n, accumulate: true, activation })
        if (!relu) emit('unary', { fn: UNARY_TANH, x: c, y: c, n: rows * n, p0: 0, p1: 0 })
        before = c
      }
    },
    gradient: ({ dy, inputs: [, w, h0], outputs: [y], attrs }) =>
      applyAll(recurrentGradOps.rnnGrad, [dy, w as Tensor, h0 as Tensor, y as Tensor], attrs),
  }),
  lstm: defineOp({
    name: 'lstm',
    doc: 'States and cells of an LSTM layer. Inputs x [steps, rows, 4 n] (the products of the inputs, gates i, f, g, o), w [n, 4 n], h0 and c0 [rows, n].',
    formula: 'i, f, o = sigmoid(x + h w), g = tanh(x + h w); c[t] = f c[t-1] + i g; h[t] = o tanh(c[t])',
    saved: [2],
    infer(inputs) {
      checkTypes('lstm', inputs, 'float32')
      const [x = [], w = [], h0, c0] = shapesOf(inputs)
      const { steps, rows, n } = sequenceOf('lstm', 4, x, w, [h0, c0])
      return [float([steps, rows, n]), float([steps, rows, n]), float(x)]
    },
    lower({ inputs, outputs, shapes, attrs, emit, temp }) {
      const [x, w, h0, c0] = inputs as [Ref, Ref, Ref, Ref]
      const [y, c, gates] = outputs as [Ref, Ref, Ref]
      const sequence = sequenceOf('lstm', 4, shapes[0] as Shape, shapes[1] as Shape, [shapes[2]])
      const { rows, n } = sequence
      const u = temp(rows * n * 16)
      let [h, before] = [h0, c0]
      for (const t of stepsOf(sequence, attrs)) {
        lowerGemm(emit as EmitGemm, { a: h, b: w, c: u, m: rows, n: 4 * n, k: n })
        const step = (ref: Ref, width = n): Ref => cut(ref, t * rows * width, rows * width)
        const [state, cell] = [step(y), step(c)]
        emit('lstmCell', { x: step(x, 4 * n), u, before, gates: step(gates, 4 * n), c: cell, h: state, rows, n })
        h = state
        before = cell
      }
    },
    gradient({ dy, dys, inputs: [, w, h0, c0], outputs: [y, c, gates], attrs }) {
      const operands = [dy, w, h0, c0, y, c, gates, ...(dys[1] === undefined ? [] : [dys[1]])]
      return applyAll(recurrentGradOps.lstmGrad, operands as Tensor[], attrs)
    },
  }),
  gru: defineOp({
    name: 'gru',
    doc: 'States of a GRU layer. Inputs x [steps, rows, 3 n] (the products of the inputs, gates r, z, n), w [n, 3 n], h0 [rows, n], bias [3 n].',
    formula: 'u = h w + bias; r, z = sigmoid(x + u), n = tanh(x + r u); h[t] = (1 - z) n + z h[t-1]',
    saved: [1],
    infer(inputs) {
      checkTypes('gru', inputs, 'float32')
      const [x = [], w = [], h0, bias = []] = shapesOf(inputs)
      const { steps, rows, n } = sequenceOf('gru', 3, x, w, [h0])
      if (String(bias) !== String([3 * n]))
        throw new ShapeError('the bias does not fit the gates', {
          where: 'gru',
          expected: `[${3 * n}]`,
          received: shapeText(bias),
        })
      return [float([steps, rows, n]), float([steps, rows, 4 * n])]
    },
    lower({ inputs, outputs, shapes, attrs, emit, temp }) {
      const [x, w, h0, bias] = inputs as [Ref, Ref, Ref, Ref]
      const [y, gates] = outputs as [Ref, Ref]
      const sequence = sequenceOf('gru', 3, shapes[0] as Shape, shapes[1] as Shape, [shapes[2]])
      const { rows, n } = sequence
      const u = temp(rows * n * 12)
      let before = h0
      for (const t of stepsOf(sequence, attrs)) {
        lowerGemm(emit as EmitGemm, { a: before, b: w, c: u, bias, m: rows, n: 3 * n, k: n })
        const step = (ref: Ref, width: number): Ref => cut(ref, t * rows * width, rows * width)
        const h = step(y, n)
        emit('gruCell', { x: step(x, 3 * n), u, before, gates: step(gates, 4 * n), h, rows, n })
        before = h
      }
    },
    gradient({ dy, inputs: [, w, h0], outputs: [y, gates], attrs }) {
      return applyAll(recurrentGradOps.gruGrad, [dy, w, h0, y, gates] as Tensor[], attrs)
    },
  }),
  ...recurrentGradOps,
}

export interface SequenceOptions {
  /** From the last step to the first. */
  readonly reverse?: boolean
}

/** h[t] = f(x[t] + h[t-1] w): x [steps, rows, n], w [n, n], h0 [rows, n]; f is tanh or relu. Returns all states. */
export function rnn(
  x: Tensor,
  w: Tensor,
  h0: Tensor,
  options: SequenceOptions & { readonly activation?: 'tanh' | 'relu' } = {},
): Tensor {
  const { activation = 'tanh', reverse = false } = known('rnn', options, 'activation reverse')
  return apply(recurrentOps.rnn, [x, w, h0], { activation, reverse })
}

/**
 * An LSTM over x [steps, rows, 4 n], the products of the inputs for the gates i, f, g, o; w [n, 4 n], h0 and c0
 * [rows, n]. Returns all states and all cells, [steps, rows, n].
 */
export function lstm(
  x: Tensor,
  w: Tensor,
  h0: Tensor,
  c0: Tensor,
  options: SequenceOptions = {},
): { h: Tensor; c: Tensor } {
  const { reverse = false } = known('lstm', options, 'reverse')
  const [h, c, gates] = applyAll(recurrentOps.lstm, [x, w, h0, c0], { reverse }) as [Tensor, Tensor, Tensor]
  gates.dispose()
  return { h, c }
}

/**
 * A GRU over x [steps, rows, 3 n], the products of the inputs for the gates r, z, n; w [n, 3 n], h0 [rows, n]; the bias
 * [3 n] is that of the product with the state. Returns all states.
 */
export function gru(x: Tensor, w: Tensor, h0: Tensor, bias: Tensor, options: SequenceOptions = {}): Tensor {
  const { reverse = false } = known('gru', options, 'reverse')
  const [h, gates] = applyAll(recurrentOps.gru, [x, w, h0, bias], { reverse }) as [Tensor, Tensor]
  gates.dispose()
  return h
}
