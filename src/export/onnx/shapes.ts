import { ExportError } from '../../errors.ts'
import type { Context } from './builder.ts'
import { addDims, type Dim, fixed, isAffine, sameDim, sameDims } from './dims.ts'
import { type OnnxRow, type OnnxRows, row, same } from './rows.ts'
import type { GraphValue } from './trace.ts'

/** Far enough beyond every end of an axis. */
const BEYOND = 2 ** 31 - 1

/** The axes that are not taken whole: first element, end and step. */
function slice({ build, x, inputs, sizes, attr }: Context): string {
  const [starts, window, steps] = [sizes('starts'), sizes('window'), attr<readonly number[]>('steps')]
  const last = build.lastOf.get(inputs[0] as GraphValue)
  const { dims } = inputs[0] as GraphValue
  if (last !== undefined && sameDim(starts[0] as Dim, last.at) && sameDims(window, [1, ...dims.slice(1)]))
    return last.name
  const axes: number[] = []
  const [from, to]: [Dim[], Dim[]] = [[], []]
  for (const [axis, size] of dims.entries()) {
    const [start, count, step] = [starts[axis] as Dim, window[axis] as Dim, steps[axis] as number]
    if (start === 0 && step === 1 && sameDim(size, count)) continue
    axes.push(axis)
    // the last element by its distance from the end, which no batch changes
    from.push(sameDim(addDims(start, 1), size) ? -1 : start)
    const end = addDims(start, count, step)
    // -1 would be the last element
    to.push(!isAffine(end) && end < 0 ? -BEYOND : end)
  }
  if (axes.length === 0) return build.node('Identity', [x(0)])
  const operands = [
    build.dims(from),
    build.dims(to),
    build.ints(axes),
    build.ints(axes.map((axis) => steps[axis] as number)),
  ]
  return build.node('Slice', [x(0), ...operands])
}

function embed({ build, x, sizes, attr, inputs, outputs }: Context): string {
  if (attr<readonly number[]>('steps').some((step) => step !== 1))
    throw new ExportError('padding between elements has no ONNX operator', { where: 'embed', expected: 'steps of 1' })
  const starts = sizes('starts')
  const ends = sizes('shape').map((size, axis) =>
    addDims(addDims(size, starts[axis] as Dim, -1), sizes('window')[axis] as Dim, -1),
  )
  const value = attr<number | undefined>('value') ?? 0
  const filling =
    (outputs[0] as GraphValue).dtype === 'int32' ? build.constant(Int32Array.of(value), []) : build.number(value)
  return build.node('Pad', [
    x(0),
    build.dims([...starts, ...ends]),
    ...((inputs[0] as GraphValue).dims.length > 0 ? [filling] : []),
  ])
}

/** Adds x into zeros at indices along an axis. */
function scatter({ build, x, attr, outputs }: Context, indices: string): string {
  const [zeros] = outputs as [GraphValue]
  const into = build.filled(zeros.dims, 'float32', 0)
  return build.node('ScatterElements', [into, indices, x(0)], { axis: attr<number>('axis'), reduction: 'add' })
}

/** Reduction whose axes are an attribute in opset 17. */
const reduction = (type: string, ofNone = 'Identity'): OnnxRow =>
  row(type, ({ build, x, attr }) => {
    const axes = attr<readonly number[]>('axes')
    if (axes.length === 0) return build.node(ofNone, ofNone === 'Mul' ? [x(0), x(0)] : [x(0)])
    const keepdims = attr<boolean>('keepDims') ? 1 : 0
    if (type === 'ReduceSum') return build.node(type, [x(0), build.ints(axes)], { keepdims })
    return build.node(type, [x(0)], { axes, keepdims })
  })

const extremum = (type: string): OnnxRow =>
  row(`${type}, Cast`, ({ build, x, attr }) => {
    const at = build.node(type, [x(0)], { axis: attr<number>('axis'), keepdims: attr<boolean>('keepDims') ? 1 : 0 })
    return build.node('Cast', [at], { to: 6 })
  })

export const shapeRows: OnnxRows = {
  clone: same('Identity'),
  stopGradient: same('Identity'),
  custom: row('Identity', ({ build, x }) => build.node('Identity', [x(0)])),
  reshape: row('Reshape', ({ build, x, sizes }) => build.reshape(x(0), sizes('shape'))),
  transpose: row('Transpose', ({ build, x, attr }) =>
    build.node(
      'Transpose',
      [x(0)],
      attr<readonly number[]>('perm').length === 0 ? {} : { perm: attr<readonly number[]>('perm') },
    ),
  ),
  slice: row('Slice', slice),
  embed: row('Pad', embed),
  concat: row('Concat', ({ build, x, inputs, attr }) =>
    build.node(
      'Concat',
      inputs.map((_, i) => x(i)),
      { axis: attr<number>('axis') },
    ),
  ),
  broadcastTo: row('Expand', ({ build, x, sizes }) => build.node('Expand', [x(0), build.dims(sizes('shape'))])),
  gather: row('Gather', ({ build, x, attr }) => build.node('Gather', [x(0), x(1)], { axis: attr<number>('axis') })),
  scatterAdd: row('Expand, Reshape, ScatterElements', (context) => {
    const { build, x, attr, inputs } = context
    const dims = (inputs[0] as GraphValue).dims
    const line = dims.map((size, axis) => (axis === attr<number>('axis') ? size : 1))
    return scatter(context, build.node('Expand', [build.reshape(x(1), line), build.dims(dims)]))
  }),
  takeAlong: row('GatherElements', ({ build, x, attr }) =>
    build.node('GatherElements', [x(0), x(1)], { axis: attr<number>('axis') }),
  ),
  takeAlongGrad: row('Expand, ScatterElements', (context) => scatter(context, context.x(1))),
  sum: reduction('ReduceSum'),
  mean: reduction('ReduceMean'),
  sumSquares: reduction('ReduceSumSquare', 'Mul'),
  prod: reduction('ReduceProd'),
  max: reduction('ReduceMax'),
  min: reduction('ReduceMin'),
  argmax: extremum('ArgMax'),
  argmin: extremum('ArgMin'),
  cumsum: row('CumSum', ({ build, x, attr }) =>
    build.node('CumSum', [x(0), build.constant(Int32Array.of(attr<number>('axis')), [])], {
      reverse: attr<boolean>('reverse') ? 1 : 0,
    }),
  ),
  argsort: row('TopK, Cast', ({ build, x, attr, inputs }) => {
    const n = fixed((inputs[0] as GraphValue).dims.at(-1), 'the sorted axis')
    const largest = attr<boolean>('descending') ? 1 : 0
    const [, indices] = build.all('TopK', [x(0), build.ints([n])], 2, { axis: -1, largest, sorted: 1 })
    return build.node('Cast', [indices as string], { to: 6 })
  }),
  triangle: row('Trilu', ({ build, x, attr }) =>
    build.node('Trilu', [x(0), build.constant(BigInt64Array.of(BigInt(attr<number>('diagonal'))), [])], {
      upper: attr<boolean>('upper') ? 1 : 0,
    }),
  ),
}
