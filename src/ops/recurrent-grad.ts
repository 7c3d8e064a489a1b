import { BINARY_ADD, BINARY_RELU_GRAD, BINARY_TANH_GRAD, REDUCE_SUM } from '../abi/constants.ts'
import { ShapeError } from '../errors.ts'
import type { Attrs, Shape, Spec } from '../program/graph.ts'
import type { Lowering, Ref } from '../program/lower.ts'
import { shapeText } from '../tensor/shape.ts'
import { checkTypes } from './apply.ts'
import { attr, defineOp, type OpTable } from './define.ts'
import { type EmitGemm, lowerGemm } from './lower-gemm.ts'
import { cut, type Sequence, sequenceOf, stepsOf } from './sequence.ts'

const float = (shape: Shape): Spec => ({ shape, dtype: 'float32' })

/** Operands of a backward pass: dy, w, the states, then sequences of `widths` times n words a row. */
function check(
  op: string,
  inputs: readonly Spec[],
  gates: number,
  states: number,
  widths: readonly number[],
): Sequence {
  checkTypes(op, inputs, 'float32')
  const [dy = [], w = [], ...rest] = inputs.map(({ shape }) => shape)
  const [steps = 0, rows = 0, n = 0] = dy
  const sequence = sequenceOf(op, gates, [steps, rows, gates * n], w, rest.slice(0, states))
  for (const [i, width] of widths.entries()) {
    const shape = rest[states + i]
    const optional = op === 'lstmGrad' && i === 3
    if (dy.length === 3 && (String(shape) === String([steps, rows, width * n]) || (optional && shape === undefined)))
      continue
    throw new ShapeError('a sequence does not fit the gradient', {
      where: op,
      expected: shapeText([steps, rows, width * n]),
      received: `${shapeText(shape ?? [])} for a gradient ${shapeText(dy)}`,
    })
  }
  return sequence
}

const sizes = ({ shapes: [dy] }: Lowering): Sequence => {
  const [steps, rows, n] = dy as [number, number, number]
  return { steps, rows, n }
}

/** w turned around once, so that the products of all steps read it in place. */
function turned({ inputs, emit, temp }: Lowering, n: number, wide: number): Ref {
  const w = inputs[1] as Ref
  const to = temp(w.bytes)
  emit('transpose', { x: w, y: to, batch: 1, m: n, n: wide })
  return to
}

/** dw = the states before the steps, transposed, times the gradients of the products: all steps at once. */
function weightGradient(
  { emit, attrs }: Lowering,
  { steps, rows, n }: Sequence,
  wide: number,
  { h0, y, du, dw }: { h0: Ref; y: Ref; du: Ref; dw: Ref },
): void {
  const reverse = attr<boolean>(attrs, 'reverse')
  const shape = { m: n, n: wide, transposeA: true }
  const first = cut(du, reverse ? (steps - 1) * rows * wide : 0, rows * wide)
  lowerGemm(emit as EmitGemm, { a: h0, b: first, c: dw, k: rows, ...shape })
  const more = (steps - 1) * rows
  if (more === 0) return
  const a = cut(y, reverse ? rows * n : 0, more * n)
  const b = cut(du, reverse ? 0 : rows * wide, more * wide)
  lowerGemm(emit as EmitGemm, { a, b, c: dw, k: more, ...shape, accumulate: true })
}

const outputs = ({ steps, rows, n }: Sequence, gates: number): Spec[] => [
  float([steps, rows, gates * n]),
  float([n, gates * n]),
  float([rows, n]),
]

const backwards = (sequence: Sequence, attrs: Attrs): number[] => stepsOf(sequence, attrs).reverse()

export const recurrentGradOps: OpTable<'rnnGrad' | 'lstmGrad' | 'gruGrad'> = {
  rnnGrad: defineOp({
    name: 'rnnGrad',
    doc: 'Gradients of rnn for x, w and h0. Inputs dy, w, h0 and the states y.',
    formula: "dx[t] = f'(y[t]) (dy[t] + dx[t+1] w^T), dw = sum h[t-1]^T dx[t], dh0 = dx[0] w^T",
    gradient: 'no second derivative',
    infer: (inputs) => outputs(check('rnnGrad', inputs, 1, 1, [1]), 1),
    lower(lowering) {
      const { inputs, outputs, attrs, emit } = lowering
      const [dy, , h0, y] = inputs as [Ref, Ref, Ref, Ref]
      const [dx, dw, dh0] = outputs as [Ref, Ref, Ref]
      const sequence = sizes(lowering)
      const { rows, n } = sequence
      if (rows === 0) return emit('fill', { y: dw, n: dw.bytes / 4, bits: 0 })
      const back = turned(lowering, n, n)
      emit('copy', { x: dy, y: dx, n: dy.bytes / 4 })
      const fn = attr<string>(attrs, 'activation') === 'relu' ? BINARY_RELU_GRAD : BINARY_TANH_GRAD
      let after: Ref | undefined
      for (const t of backwards(sequence, attrs)) {
        const d = cut(dx, t * rows * n, rows * n)
        if (after !== undefined)
          lowerGemm(emit as EmitGemm, { a: after, b: back, c: d, m: rows, n, k: n, accumulate: true })
        emit('binary', {
          fn,
          a: d,
          b: cut(y, t * rows * n, rows * n),
          y: d,
          n: rows * n,
          aStep: 1,
          bStep: 1,
          p0: 0,
          p1: 0,
        })
        after = d
      }
      lowerGemm(emit as EmitGemm, { a: after, b: back, c: dh0, m: rows, n, k: n })
      weightGradient(lowering, sequence, n, { h0, y, du: dx, dw })
    },
  }),
  lstmGrad: defineOp({
    name: 'lstmGrad',
    doc: 'Gradients of lstm for x, w, h0 and c0. Inputs dy, w, h0, c0, the states y, the cells c, the gates, and dc where the loss depends on the cells.',
    formula: 'the chain rule from the last step to the first; dw = sum h[t-1]^T dx[t]',
    gradient: 'no second derivative',
    infer(inputs) {
      const sequence = check('lstmGrad', inputs, 4, 2, [1, 1, 4, 1])
      return [...outputs(sequence, 4), float([sequence.rows, sequence.n])]
    },
    lower(lowering) {
      const { inputs, outputs, attrs, emit } = lowering
      const [dy, , h0, c0, y, c, gates, dcs] = inputs as [Ref, Ref, Ref, Ref, Ref, Ref, Ref, Ref | undefined]
      const [dx, dw, dh, dc] = outputs as [Ref, Ref, Ref, Ref]
      const sequence = sizes(lowering)
      const { rows, n } = sequence
      if (rows === 0) return emit('fill', { y: dw, n: dw.bytes / 4, bits: 0 })
      const back = turned(lowering, n, 4 * n)
      for (const state of [dh, dc]) emit('fill', { y: state, n: rows * n, bits: 0 })
      const order = backwards(sequence, attrs)
      for (const [i, t] of order.entries()) {
        const step = (ref: Ref, width = n): Ref => cut(ref, t * rows * width, rows * width)
        const previous = order[i + 1]
        const before = previous === undefined ? c0 : cut(c, previous * rows * n, rows * n)
        if (dcs !== undefined)
          emit('binary', { fn: BINARY_ADD, a: dc, b: step(dcs), y: dc, n: rows * n, aStep: 1, bStep: 1, p0: 0, p1: 0 })
        const d = step(dx, 4 * n)
        emit('lstmCellGrad', { dy: step(dy), dh, dc, gates: step(gates, 4 * n), before, c: step(c), dx: d, rows, n })
        lowerGemm(emit as EmitGemm, { a: d, b: back, c: dh, m: rows, n, k: 4 * n })
      }
      weightGradient(lowering, sequence, 4 * n, { h0, y, du: dx, dw })
    },
  }),
  gruGrad: defineOp({
    name: 'gruGrad',
    doc: 'Gradients of gru for x, w, h0 and bias. Inputs dy, w, h0, the states y and the gates with the u of n.',
    formula: 'the chain rule from the last step to the first; dw = sum h[t-1]^T du[t], dbias = sum du[t]',
    gradient: 'no second derivative',
    infer(inputs) {
      const sequence = check('gruGrad', inputs, 3, 1, [1, 4])
      return [...outputs(sequence, 3), float([3 * sequence.n])]
    },
    lower(lowering) {
      const { inputs, outputs, attrs, emit, temp } = lowering
      const [dy, , h0, y, gates] = inputs as [Ref, Ref, Ref, Ref, Ref]
      const [dx, dw, dh, dbias] = outputs as [Ref, Ref, Ref, Ref]
      const sequence = sizes(lowering)
      const { steps, rows, n } = sequence
      if (rows === 0) {
        for (const empty of [dw, dbias]) emit('fill', { y: empty, n: empty.bytes / 4, bits: 0 })
        return
      }
      const back = turned(lowering, n, 3 * n)
      const du = temp(dx.bytes)
      emit('fill', { y: dh, n: rows * n, bits: 0 })
      const order = backwards(sequence, attrs)
      for (const [i, t] of order.entries()) {
        const step = (ref: Ref, width = n): Ref => cut(ref, t * rows * width, rows * width)
        const previous = order[i + 1]
        const before = previous === undefined ? h0 : cut(y, previous * rows * n, rows * n)
        const d = step(du, 3 * n)
        emit('gruCellGrad', {
          dy: step(dy),
          dh,
          gates: step(gates, 4 * n),
          before,
          dx: step(dx, 3 * n),
          du: d,
          rows,
          n,
        })
        lowerGemm(emit as EmitGemm, { a: d, b: back, c: dh, m: rows, n, k: 3 * n, accumulate: true })
      }
      weightGradient(lowering, sequence, 3 * n, { h0, y, du, dw })
      emit('reduce', { fn: REDUCE_SUM, x: du, y: dbias, outer: 1, n: steps * rows, inner: 3 * n, scale: 1 })
    },
  }),
}
