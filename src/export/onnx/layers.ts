import { ExportError } from '../../errors.ts'
import type { Builder, Context } from './builder.ts'
import { addDims, type Dim, fixed } from './dims.ts'
import { type OnnxRows, row } from './rows.ts'
import type { GraphValue } from './trace.ts'

// Products, convolutions, pools, normalization, attention.

const swapped = (rank: number): number[] => [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2]

function matmul({ build, x, inputs, attr }: Context): string {
  const [a, b] = inputs as [GraphValue, GraphValue]
  const [transA, transB] = [attr<boolean>('transposeA'), attr<boolean>('transposeB')]
  if (a.dims.length === 2 && b.dims.length === 2) {
    // a weight that state dicts keep transposed is read as it is
    const stored = String(b.stored?.axes) === '1,0'
    const second = stored ? build.raw(b) : x(1)
    return build.node('Gemm', [x(0), second], { transA: transA ? 1 : 0, transB: transB !== stored ? 1 : 0 })
  }
  const operand = (i: number, transposed: boolean, { dims: { length } }: GraphValue): string =>
    transposed ? build.node('Transpose', [x(i)], { perm: swapped(length) }) : x(i)
  return build.node('MatMul', [operand(0, transA, a), operand(1, transB, b)])
}

interface Geometry {
  readonly stride: readonly [number, number]
  readonly padding: readonly [top: number, bottom: number, left: number, right: number]
  readonly dilation: readonly [number, number]
  readonly group: number
}

const geometryOf = ({ attr }: Context): Geometry => ({
  stride: attr('stride'),
  padding: attr('padding'),
  dilation: attr('dilation'),
  group: attr('groups'),
})

/** ONNX has both beginnings before both ends. */
const attributesOf = ({ stride, padding: [top, bottom, left, right], dilation, group }: Geometry) => ({
  strides: stride,
  dilations: dilation,
  pads: [top, left, bottom, right],
  group,
})

const planeOf = ({ dims }: GraphValue): readonly [number, number] => [
  fixed(dims[2], 'the height of an image'),
  fixed(dims[3], 'the width of an image'),
]

function convTranspose(context: Context): string {
  const { build, x, inputs, outputs } = context
  const geometry = geometryOf(context)
  const [from, to] = [planeOf(inputs[0] as GraphValue), planeOf(outputs[0] as GraphValue)]
  const kernel = planeOf(inputs[1] as GraphValue)
  const { stride, dilation, padding } = geometry
  const extra = [0, 1].map((axis) => {
    const [n, s, d, k] = [from[axis], stride[axis], dilation[axis], kernel[axis]] as [number, number, number, number]
    const pads = (padding[2 * axis] as number) + (padding[2 * axis + 1] as number)
    return (to[axis] as number) - ((n - 1) * s - pads + d * (k - 1) + 1)
  })
  const attributes = { ...attributesOf(geometry), output_padding: extra }
  return build.node('ConvTranspose', [x(0), x(1)], attributes)
}

/** Windows as ONNX has them without its ceil_mode, whose last window differs: the lower pads are what they need. */
function pool(context: Context, type: 'MaxPool' | 'AveragePool'): string {
  const { build, x, attr, inputs, outputs } = context
  const [kernel, stride, padding] = ['kernel', 'stride', 'padding'].map((name) => attr<readonly number[]>(name)) as [
    readonly number[],
    readonly number[],
    readonly number[],
  ]
  const [from, to] = [planeOf(inputs[0] as GraphValue), planeOf(outputs[0] as GraphValue)]
  const beyond = [0, 1].map((axis) => {
    const [n, m, k, s, p] = [from, to, kernel, stride, padding].map((list) => list[axis] as number) as [
      number,
      number,
      number,
      number,
      number,
    ]
    return Math.max(0, (m - 1) * s + k - n - 2 * p)
  })
  const ends = padding.map((pad, axis) => pad + (beyond[axis] as number))
  const attributes = { kernel_shape: kernel, strides: stride }
  if (type === 'MaxPool') return build.node(type, [x(0)], { ...attributes, pads: [...padding, ...ends] })
  if (attr<boolean>('countIncludePad') && padding.some((pad) => pad > 0)) {
    const zeros = build.node('Pad', [x(0), build.ints([0, 0, ...padding, 0, 0, ...padding]), build.number(0)])
    return build.node(type, [zeros], { ...attributes, pads: [0, 0, ...beyond], count_include_pad: 0 })
  }
  return build.node(type, [x(0)], { ...attributes, pads: [...padding, ...ends], count_include_pad: 0 })
}

function layerNorm({ build, x, inputs, attr }: Context): string {
  const eps = attr<number>('eps')
  if (attr<boolean>('centred')) {
    const n = fixed(inputs[0]?.dims.at(-1), 'the normalized axis')
    const weight = inputs.length > 1 ? x(1) : build.constant(new Float32Array(n).fill(1), [n], 'ones')
    const operands = [x(0), weight, ...(inputs.length > 2 ? [x(2)] : [])]
    return build.node('LayerNormalization', operands, { axis: -1, epsilon: { float: eps } })
  }
  const squares = build.node('ReduceMean', [build.node('Mul', [x(0), x(0)])], { axes: [-1], keepdims: 1 })
  const root = build.node('Sqrt', [build.node('Add', [squares, build.number(eps)])])
  let y = build.node('Div', [x(0), root])
  if (inputs.length > 1) y = build.node('Mul', [y, x(1)])
  return inputs.length > 2 ? build.node('Add', [y, x(2)]) : y
}

function attention({ build, x, inputs, outputs, attr }: Context): readonly string[] {
  if ((outputs[1]?.readers ?? 0) > 0)
    throw new ExportError('the row sums of attention are read', { where: 'attention', expected: 'its output only' })
  if ((attr<number | undefined>('dropout') ?? 0) > 0)
    throw new ExportError('weights are dropped', { where: 'attention', expected: 'a model in evaluation mode' })
  const keys = build.node('Transpose', [x(1)], { perm: [0, 1, 3, 2] })
  const scaled = build.node('Mul', [x(0), build.number(attr<number>('scale'))])
  let scores = build.node('MatMul', [scaled, keys])
  if (attr<boolean | undefined>('masked') === true) scores = build.node('Add', [scores, x(3)])
  if (attr<boolean>('causal')) {
    const [t, s] = [inputs[0]?.dims[2], inputs[1]?.dims[2]] as [Dim, Dim]
    scores = build.node('Add', [scores, later(build, t, s)])
  }
  return [build.node('MatMul', [build.node('Softmax', [scores], { axis: -1 }), x(2)]), '']
}

/** 0 where query i sees key j, -Infinity where the key comes later. */
function later(build: Builder, queries: Dim, keys: Dim): string {
  const first = fixed(addDims(keys, queries, -1), 'keys before the first query') + 1
  if (typeof queries === 'number' && typeof keys === 'number') {
    const mask = new Float32Array(queries * keys)
    for (let i = 0; i < queries; i++) mask.fill(-Infinity, i * keys + i + first, (i + 1) * keys)
    return build.constant(mask, [queries, keys], 'mask')
  }
  const full = build.filled([queries, keys], 'float32', -Infinity)
  return build.node('Trilu', [full, build.constant(BigInt64Array.of(BigInt(first)), [])], { upper: 1 })
}

export const layerRows: OnnxRows = {
  matmul: row('Gemm, or Transpose and MatMul', matmul),
  softmax: row('Softmax', ({ build, x }) => build.node('Softmax', [x(0)], { axis: -1 })),
  logSoftmax: row('LogSoftmax', ({ build, x }) => build.node('LogSoftmax', [x(0)], { axis: -1 })),
  conv2d: row('Conv', (context) =>
    context.build.node(
      'Conv',
      context.inputs.map((_, i) => context.x(i)),
      attributesOf(geometryOf(context)),
    ),
  ),
  conv2dInputGrad: row('ConvTranspose', convTranspose),
  maxPool2d: row('MaxPool', (context) => pool(context, 'MaxPool')),
  avgPool2d: row('AveragePool, with Pad where padding counts', (context) => pool(context, 'AveragePool')),
  layerNorm: row('LayerNormalization, or Mul, ReduceMean, Add, Sqrt, Div for rmsNorm', layerNorm),
  attention: row('Transpose, Mul, MatMul, Add, Softmax, MatMul', attention),
}
