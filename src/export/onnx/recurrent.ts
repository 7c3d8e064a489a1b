import type { Builder, Context } from './builder.ts'
import { addDims, type Dim, fixed, sameDims } from './dims.ts'
import type { OnnxGraph, OnnxNode, Port } from './encode.ts'
import { type OnnxRow, type OnnxRows, row } from './rows.ts'
import type { GraphValue } from './trace.ts'

// The ops take the products of the inputs; ONNX's layers take the inputs and their weights. Where the products come from
// the layers of nn, their operands are found; otherwise the weights are the identity.

interface Products {
  readonly x: string
  /** [gates n, inputs], gates as here. */
  readonly w: string
  readonly bias: GraphValue | undefined
}

const producerOf = (value: GraphValue | undefined, op: string) =>
  value?.producer?.op.name === op ? value.producer : undefined

/** A weight [inputs, gates n] as [gates n, inputs]. */
function turned(build: Builder, weight: GraphValue): string {
  if (String(weight.stored?.axes) === '1,0') return build.raw(weight)
  return build.node('Transpose', [build.name(weight)], { perm: [1, 0] })
}

/** From x = reshape(matmul(reshape(inputs), w)) + bias. */
function productsOf(build: Builder, x: GraphValue): Products {
  const sum = producerOf(x, 'add')
  const [left, right] = sum?.inputs ?? []
  const biased = right?.dims.length === 1 ? left : undefined
  const product = producerOf(producerOf(biased ?? x, 'reshape')?.inputs[0], 'matmul')
  const [rows, weight] = product?.inputs ?? []
  const sequence = producerOf(rows, 'reshape')?.inputs[0]
  const plain = product !== undefined && !product.attrs['transposeA'] && !product.attrs['transposeB']
  if (
    plain &&
    weight !== undefined &&
    sequence !== undefined &&
    sameDims(sequence.dims.slice(0, 2), x.dims.slice(0, 2))
  )
    return {
      x: build.name(sequence),
      w: turned(build, weight),
      bias: biased === undefined ? undefined : right,
    }
  const n = fixed(x.dims[2], 'the width of a sequence')
  const identity = new Float32Array(n * n)
  for (let i = 0; i < n; i++) identity[i * (n + 1)] = 1
  return { x: build.name(x), w: build.constant(identity, [n, n], 'identity'), bias: undefined }
}

/** Rows of gates in ONNX's order, behind a new axis for the direction. */
function ordered(build: Builder, rows: string, gates: readonly number[], n: number): string {
  const moved = gates.every((gate, i) => gate === i)
    ? rows
    : build.node(
        'Gather',
        [rows, build.ints(gates.flatMap((gate) => Array.from({ length: n }, (_, i) => gate * n + i)))],
        {
          axis: 0,
        },
      )
  return build.node('Unsqueeze', [moved, build.ints([0])])
}

/** An op of a sequence as a layer of ONNX: inputs x, w, h0 and what follows. */
function layer(
  type: 'RNN' | 'GRU' | 'LSTM',
  gates: readonly number[],
  { build, inputs, attr }: Context,
  states: readonly GraphValue[],
  second: GraphValue | undefined,
  attributes: Readonly<Record<string, number | readonly string[]>>,
): string[] {
  const [x, w, h0] = inputs as [GraphValue, GraphValue, GraphValue]
  const n = fixed(h0.dims[1], 'the width of a state')
  const { x: sequence, w: weight, bias } = productsOf(build, x)
  const zeros = (): string => build.constant(new Float32Array(gates.length * n), [gates.length * n], 'zeros')
  const vector = (value: GraphValue | undefined): string => (value === undefined ? zeros() : build.name(value))
  const both =
    bias === undefined && second === undefined
      ? ''
      : build.node('Concat', [ordered(build, vector(bias), gates, n), ordered(build, vector(second), gates, n)], {
          axis: 1,
        })
  const zero = ({ data, fill }: GraphValue): boolean => fill === 0 || (data?.every((word) => word === 0) ?? false)
  const initial = states.map((state) =>
    zero(state) ? '' : build.node('Unsqueeze', [build.name(state), build.ints([0])]),
  )
  const operands = [
    sequence,
    ordered(build, weight, gates, n),
    ordered(build, turned(build, w), gates, n),
    both,
    '',
    ...initial,
  ]
  while (operands.at(-1) === '') operands.pop()
  return build.all(type, operands, states.length + 1, {
    hidden_size: n,
    direction: attr<boolean>('reverse') ? 'reverse' : 'forward',
    ...attributes,
  })
}

const squeezed = (build: Builder, y: string | undefined): string =>
  build.node('Squeeze', [y as string, build.ints([1])])

const rnn: OnnxRow = row('RNN', (context) => {
  const { build, inputs, attr } = context
  const activations = [attr<string>('activation') === 'relu' ? 'Relu' : 'Tanh']
  return squeezed(build, layer('RNN', [0], context, [inputs[2] as GraphValue], undefined, { activations })[0])
})

const gru: OnnxRow = row('GRU', (context) => {
  const { build, inputs } = context
  // here r, z, n; in ONNX z, r, h
  const [y] = layer('GRU', [1, 0, 2], context, [inputs[2] as GraphValue], inputs[3], { linear_before_reset: 1 })
  return [squeezed(build, y), '']
})

const lstm: OnnxRow = row('LSTM, with Scan for cells before the last', (context) => {
  const { build, inputs, outputs, attr } = context
  const states = [inputs[2], inputs[3]] as GraphValue[]
  // here i, f, g, o; in ONNX i, o, f, c
  const [y, , cell] = layer('LSTM', [0, 3, 1, 2], context, states, undefined, {})
  const cells = outputs[1] as GraphValue
  const hidden = squeezed(build, y)
  if (cells.readers === 0) return [hidden, '', '']
  const steps = cells.dims[0] as Dim
  if (steps === 1) return [hidden, cell as string, '']
  // ONNX gives the last cells; the others are computed again where they are read.
  const last = attr<boolean>('reverse') ? 0 : addDims(steps, -1)
  build.lastOf.set(cells, { name: cell as string, at: last })
  build.later.set(cells, () => cellsOf(context, hidden))
  return [hidden, '', '']
})

/** Cells of all steps, [time, batch, n]: i, f and g of all at once from the outputs, and c = f c + i g step by step. */
function cellsOf({ build, x, attr, outputs }: Context, hidden: string): string {
  const reverse = attr<boolean>('reverse')
  const [, state] = (outputs[1] as GraphValue).dims as [Dim, Dim, Dim]
  const n = fixed((outputs[1] as GraphValue).dims[2], 'the width of a state')
  const first = build.node('Unsqueeze', [x(2), build.ints([0])])
  const [from, to] = reverse ? [1, 2 ** 31 - 1] : [0, -1]
  const others = build.node('Slice', [hidden, build.ints([from]), build.ints([to]), build.ints([0])])
  const before = build.node('Concat', reverse ? [others, first] : [first, others], { axis: 0 })
  const sums = build.node('Add', [x(0), build.node('MatMul', [before, x(1)])])
  const [i, f, g] = build.all('Split', [sums], 4, { axis: 2 }) as [string, string, string, string]
  const fresh = build.node('Mul', [build.node('Sigmoid', [i]), build.node('Tanh', [g])])
  const port = (name: string): Port => ({ name: build.fresh(name), dtype: 'float32', dims: [state, n] })
  const [c, kept, more, next, row] = ['c', 'kept', 'more', 'next', 'row'].map(port) as [Port, Port, Port, Port, Port]
  const part = build.fresh('part')
  const node = (type: string, inputs: string[], output: string): OnnxNode => ({
    type,
    name: build.fresh(`Scan/${type}`),
    inputs,
    outputs: [output],
    attributes: {},
  })
  const graph: OnnxGraph = {
    name: 'cells',
    nodes: [
      node('Mul', [kept.name, c.name], part),
      node('Add', [part, more.name], next.name),
      node('Identity', [next.name], row.name),
    ],
    initializers: [],
    inputs: [c, kept, more],
    outputs: [next, row],
  }
  const direction = reverse ? 1 : 0
  return build.all('Scan', [x(3), build.node('Sigmoid', [f]), fresh], 2, {
    body: { graph },
    num_scan_inputs: 2,
    scan_input_directions: [direction, direction],
    scan_output_directions: [direction],
  })[1] as string
}

export const recurrentRows: OnnxRows = { rnn, gru, lstm }
