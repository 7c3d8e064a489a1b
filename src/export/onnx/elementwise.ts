import type { Context } from './builder.ts'
import { type OnnxRow, type OnnxRows, row, same } from './rows.ts'

/** A comparison: 1 or 0 as float32. */
const comparison = (type: string, not = false): OnnxRow =>
  row(`${type}, ${not ? 'Not, ' : ''}Cast`, ({ build, x }) => {
    const truth = build.node(type, [x(0), x(1)])
    return build.node('Cast', [not ? build.node('Not', [truth]) : truth], { to: 1 })
  })

const limits = row('Clip', ({ build, x, attr }) => {
  const bound = (name: string): string => (Number.isFinite(attr(name)) ? build.number(attr(name)) : '')
  return build.node('Clip', [x(0), bound('min'), bound('max')])
})

/** max(x, 0) and relatives by a parameter. */
const sloped = (type: string, name: string, as: string): OnnxRow =>
  row(type, ({ build, x, attr }) => build.node(type, [x(0)], { [as]: { float: attr<number>(name) } }))

function gelu({ build, x, attr }: Context): string {
  const half = build.node('Mul', [x(0), build.number(0.5)])
  let inner: string
  if (attr<string>('approximate') === 'tanh') {
    const cube = build.node('Mul', [build.node('Mul', [x(0), x(0)]), x(0)])
    const sum = build.node('Add', [x(0), build.node('Mul', [cube, build.number(0.044715)])])
    inner = build.node('Tanh', [build.node('Mul', [sum, build.number(Math.sqrt(2 / Math.PI))])])
  } else inner = build.node('Erf', [build.node('Mul', [x(0), build.number(Math.SQRT1_2)])])
  return build.node('Mul', [half, build.node('Add', [inner, build.number(1)])])
}

/** y = x + bias goes into the product before it, where nothing else reads that. */
function add({ build, x, inputs }: Context): string {
  for (const [product, bias] of [
    [0, 1],
    [1, 0],
  ] as const) {
    const [from, to] = [inputs[product], inputs[bias]]
    const [, n] = from?.dims ?? []
    if (from === undefined || from.readers !== 1 || from.dims.length !== 2) continue
    if (to === undefined || to.dims.length !== 1 || to.dims[0] !== n || to.stored?.axes !== undefined) continue
    const name = build.names.get(from)
    const at = build.nodes.findIndex(({ outputs }) => outputs[0] === name)
    const node = build.nodes[at]
    if (node?.type !== 'Gemm' || node.inputs.length !== 2) continue
    const added = build.name(to)
    if (build.nodes.slice(at).some(({ outputs }) => outputs.includes(added))) continue
    node.inputs.push(added)
    return name as string
  }
  return build.node('Add', [x(0), x(1)])
}

export const elementwiseRows: OnnxRows = {
  neg: same('Neg'),
  abs: same('Abs'),
  sign: same('Sign'),
  square: row('Mul', ({ build, x }) => build.node('Mul', [x(0), x(0)])),
  sqrt: same('Sqrt'),
  rsqrt: row('Sqrt, Reciprocal', ({ build, x }) => build.node('Reciprocal', [build.node('Sqrt', [x(0)])])),
  reciprocal: same('Reciprocal'),
  exp: same('Exp'),
  log: same('Log'),
  log1p: row('Add, Log', ({ build, x }) => build.node('Log', [build.node('Add', [x(0), build.number(1)])])),
  expm1: row('Exp, Sub', ({ build, x }) => build.node('Sub', [build.node('Exp', [x(0)]), build.number(1)])),
  sin: same('Sin'),
  cos: same('Cos'),
  floor: same('Floor'),
  ceil: same('Ceil'),
  round: same('Round'),
  cast: row('Cast', ({ build, x }) => build.node('Cast', [x(0)], { to: 1 })),
  truncate: row('Cast', ({ build, x }) => build.node('Cast', [x(0)], { to: 6 })),
  tanh: same('Tanh'),
  sigmoid: same('Sigmoid'),
  logSigmoid: row('Neg, Softplus', ({ build, x }) =>
    build.node('Neg', [build.node('Softplus', [build.node('Neg', [x(0)])])]),
  ),
  erf: same('Erf'),
  relu: same('Relu'),
  gelu: row('Mul, Erf or Tanh, Add', gelu),
  silu: row('Sigmoid, Mul', ({ build, x }) => build.node('Mul', [x(0), build.node('Sigmoid', [x(0)])])),
  softplus: same('Softplus'),
  leakyRelu: sloped('LeakyRelu', 'slope', 'alpha'),
  elu: sloped('Elu', 'alpha', 'alpha'),
  clip: limits,
  hardtanh: limits,
  add: row('Add, or the bias of Gemm', add),
  sub: same('Sub'),
  mul: same('Mul'),
  div: same('Div'),
  maximum: same('Max'),
  minimum: same('Min'),
  pow: same('Pow'),
  squaredDifference: row('Sub, Mul', ({ build, x }) => {
    const difference = build.node('Sub', [x(0), x(1)])
    return build.node('Mul', [difference, difference])
  }),
  greater: comparison('Greater'),
  greaterEqual: comparison('GreaterOrEqual'),
  equal: comparison('Equal'),
  notEqual: comparison('Equal', true),
  where: row('Cast, Where', ({ build, x }) => build.node('Where', [build.node('Cast', [x(0)], { to: 9 }), x(1), x(2)])),
}
