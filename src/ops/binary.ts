import * as C from '../abi/constants.ts'
import type { Attrs } from '../program/graph.ts'
import type { Lowering, Ref } from '../program/lower.ts'
import { broadcastShapes, broadcastStrides, collapse } from '../tensor/shape.ts'
import { checkTypes } from './apply.ts'
import { attr, defineOp, type GradientRule, type NoGradient, type OpRow, type OpTable } from './define.ts'
import * as f from './functions.ts'
import { absorbBias, absorbSlope } from './fused-matmul.ts'
import { stretched } from './select.ts'
import type { Tensor } from './tensor.ts'
import { approximate, unaryOps } from './unary.ts'

// Element-wise functions of two operands that broadcast: a code of the binary kernel, a formula, a gradient rule.

interface Binary {
  readonly code: number
  /** The code for two int32 operands. */
  readonly whole?: number
  readonly doc: string
  readonly formula: string
  readonly gradient: GradientRule | NoGradient
  readonly parameters?: (attrs: Attrs) => readonly [number, number?]
  readonly codeOf?: (attrs: Attrs) => number
  readonly absorb?: OpRow['absorb']
  /** Emits what makes another operand of the second. */
  readonly before?: (lowering: Lowering) => Ref | undefined
}

function binary(name: string, row: Binary): OpRow {
  return defineOp({
    name,
    doc: row.doc,
    formula: row.formula,
    gradient: row.gradient,
    reuse: true,
    infer(inputs) {
      const { whole } = row
      const [a, b] = inputs
      const ints = whole !== undefined && a?.dtype === 'int32' && b?.dtype === 'int32'
      if (!ints) checkTypes(name, inputs, 'float32')
      const dtype = ints && whole < C.WHOLE_GREATER ? 'int32' : 'float32'
      return [{ shape: broadcastShapes(a?.shape ?? [], b?.shape ?? [], name), dtype }]
    },
    lower(lowering) {
      const { inputs, outputs, specs, shapes, outShapes, attrs, emit } = lowering
      const a = inputs[0] as Ref
      const b = (row.before === undefined ? inputs[1] : row.before(lowering)) as Ref
      const y = outputs[0] as Ref
      const shape = outShapes[0] ?? []
      if (specs[0]?.dtype === 'int32') {
        const [p, q] = inputs.map((x, i) => stretched(lowering, x, shapes[i] ?? [], shape, y.bytes)) as Stretched[]
        const [[u, aStep], [v, bStep]] = [p as Stretched, q as Stretched]
        return emit('wholes', { fn: row.whole as number, a: u, b: v, y, n: y.bytes / 4, aStep, bStep })
      }
      const axes = collapse(shape, broadcastStrides(shapes[0] ?? [], shape), broadcastStrides(shapes[1] ?? [], shape))
      const [p0 = 0, p1 = 0] = row.parameters?.(attrs) ?? []
      const common = { fn: row.codeOf?.(attrs) ?? row.code, a, b, y, n: y.bytes / 4, p0, p1 }
      const only = axes.length < 2 ? (axes[0] ?? [1, 0, 0]) : undefined
      if (only !== undefined) emit('binary', { ...common, aStep: only[1] as number, bStep: only[2] as number })
      else emit('binaryStrided', { ...common, dims: [axes.length, ...axes.flat()] })
    },
    ...(row.absorb === undefined ? {} : { absorb: row.absorb }),
  })
}

type Stretched = readonly [Ref, number]

/** Rule of a function of two operands that broadcast: gradients are summed back to each operand's shape. */
const both =
  (da: (context: Operands) => Tensor | undefined, db: (context: Operands) => Tensor | undefined): GradientRule =>
  ({ dy, inputs, outputs, attrs, needs }) => {
    const context: Operands = { dy, a: inputs[0] as Tensor, b: inputs[1] as Tensor, y: outputs[0] as Tensor, attrs }
    return [da, db].map((rule, i) => {
      const gradient = needs[i] === true ? rule(context) : undefined
      return gradient === undefined ? undefined : f.sumTo(gradient, (inputs[i] as Tensor).shape)
    })
  }
interface Operands {
  readonly dy: Tensor
  readonly a: Tensor
  readonly b: Tensor
  readonly y: Tensor
  readonly attrs: Attrs
}

/** The gradient helpers are linear in their first operand, which is itself a gradient. */
const linearIn = (
  again: (g: Tensor, b: Tensor, attrs: Attrs) => Tensor,
  db: (context: Operands) => Tensor | undefined,
): GradientRule => both(({ dy, b, attrs }) => again(dy, b, attrs), db)

const flat = (): undefined => undefined

export const binaryOps: OpTable<
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'maximum'
  | 'minimum'
  | 'pow'
  | 'squaredDifference'
  | 'greater'
  | 'greaterEqual'
  | 'equal'
  | 'notEqual'
  | 'reluGrad'
  | 'tanhGrad'
  | 'sigmoidGrad'
  | 'geluGrad'
  | 'siluGrad'
  | 'softplusGrad'
  | 'leakyReluGrad'
  | 'eluGrad'
  | 'clipGrad'
  | 'hardtanhGrad'
  | 'absGrad'
> = {
  add: binary('add', {
    code: C.BINARY_ADD,
    whole: C.WHOLE_ADD,
    doc: 'Sum.',
    formula: 'a + b',
    gradient: both(
      ({ dy }) => dy,
      ({ dy }) => dy,
    ),
    absorb: absorbBias,
  }),
  sub: binary('sub', {
    code: C.BINARY_SUB,
    whole: C.WHOLE_SUB,
    doc: 'Difference.',
    formula: 'a - b',
    gradient: both(
      ({ dy }) => dy,
      ({ dy }) => f.neg(dy),
    ),
  }),
  mul: binary('mul', {
    code: C.BINARY_MUL,
    whole: C.WHOLE_MUL,
    doc: 'Product, element by element.',
    formula: 'a b',
    gradient: both(
      ({ dy, b }) => f.mul(dy, b),
      ({ dy, a }) => f.mul(dy, a),
    ),
  }),
  div: binary('div', {
    code: C.BINARY_DIV,
    doc: 'Quotient.',
    formula: 'a / b',
    gradient: both(
      ({ dy, b }) => f.div(dy, b),
      ({ dy, b, y }) => f.neg(f.div(f.mul(dy, y), b)),
    ),
  }),
  maximum: binary('maximum', {
    code: C.BINARY_MAXIMUM,
    whole: C.WHOLE_MAXIMUM,
    doc: 'The larger one; NaN wins; where both are equal each gets half of the gradient.',
    formula: 'max(a, b)',
    gradient: both(
      ({ dy, a, b }) => share(dy, a, b),
      ({ dy, a, b }) => share(dy, b, a),
    ),
  }),
  minimum: binary('minimum', {
    code: C.BINARY_MINIMUM,
    whole: C.WHOLE_MINIMUM,
    doc: 'The smaller one; NaN wins; where both are equal each gets half of the gradient.',
    formula: 'min(a, b)',
    gradient: both(
      ({ dy, a, b }) => share(dy, b, a),
      ({ dy, a, b }) => share(dy, a, b),
    ),
  }),
  pow: binary('pow', {
    code: C.BINARY_POW,
    doc: 'Power.',
    formula: 'a^b',
    gradient: both(
      ({ dy, a, b }) => f.mul(dy, f.mul(b, f.pow(a, f.sub(b, 1)))),
      // a = 0 gives 0 for b > 0, not 0 * ln 0
      ({ dy, a, y }) => f.mul(dy, f.mul(y, f.log(f.maximum(a, 1.1754944e-38)))),
    ),
  }),
  squaredDifference: binary('squaredDifference', {
    code: C.BINARY_SQUARED_DIFFERENCE,
    doc: 'Square of the difference.',
    formula: '(a - b)^2',
    gradient: both(
      ({ dy, a, b }) => f.mul(dy, f.mul(f.sub(a, b), 2)),
      ({ dy, a, b }) => f.mul(dy, f.mul(f.sub(b, a), 2)),
    ),
  }),
  greater: binary('greater', {
    code: C.BINARY_GREATER,
    whole: C.WHOLE_GREATER,
    doc: '1 where a > b, else 0.',
    formula: 'a > b',
    gradient: 'piecewise constant',
  }),
  greaterEqual: binary('greaterEqual', {
    code: C.BINARY_GREATER_EQUAL,
    whole: C.WHOLE_GREATER_EQUAL,
    doc: '1 where a >= b, else 0.',
    formula: 'a >= b',
    gradient: 'piecewise constant',
  }),
  equal: binary('equal', {
    code: C.BINARY_EQUAL,
    whole: C.WHOLE_EQUAL,
    doc: '1 where a = b, else 0.',
    formula: 'a = b',
    gradient: 'piecewise constant',
  }),
  notEqual: binary('notEqual', {
    code: C.BINARY_NOT_EQUAL,
    whole: C.WHOLE_NOT_EQUAL,
    doc: '1 where a and b differ, else 0.',
    formula: 'a != b',
    gradient: 'piecewise constant',
  }),

  reluGrad: binary('reluGrad', {
    code: C.BINARY_RELU_GRAD,
    doc: 'Gradient of relu; b is its input or output.',
    formula: 'b > 0 ? a : 0',
    gradient: linearIn((g, b) => f.reluGrad(g, b), flat),
    absorb: absorbSlope,
  }),
  tanhGrad: binary('tanhGrad', {
    code: C.BINARY_TANH_GRAD,
    doc: 'Gradient of tanh; b is its output.',
    formula: 'a (1 - b^2)',
    gradient: linearIn(
      (g, b) => f.tanhGrad(g, b),
      ({ dy, a, b }) => f.mul(f.mul(f.mul(dy, a), b), -2),
    ),
  }),
  sigmoidGrad: binary('sigmoidGrad', {
    code: C.BINARY_SIGMOID_GRAD,
    doc: 'Gradient of sigmoid; b is its output.',
    formula: 'a b (1 - b)',
    gradient: linearIn(
      (g, b) => f.sigmoidGrad(g, b),
      ({ dy, a, b }) => f.mul(f.mul(dy, a), f.sub(1, f.mul(b, 2))),
    ),
  }),
  geluGrad: binary('geluGrad', {
    code: C.BINARY_GELU_GRAD,
    doc: 'Gradient of gelu; b is its input.',
    formula: "a gelu'(b)",
    codeOf: (attrs) => (approximate(attrs) ? C.BINARY_MUL : C.BINARY_GELU_GRAD),
    before({ inputs: [, x], attrs, emit, temp }) {
      if (x === undefined || !approximate(attrs)) return x
      const [y, slope] = [temp(x.bytes), temp(x.bytes)]
      emit('geluSlope', { x, y, slope, n: x.bytes / 4 })
      return slope
    },
    gradient: linearIn(
      (g, b, attrs) => f.geluGrad(g, b, attr(attrs, 'approximate')),
      ({ dy, a, b, attrs }) => f.mul(f.mul(dy, a), approximate(attrs) ? geluTanhSecond(b) : geluSecond(b)),
    ),
    absorb({ inputs: [a, b], attrs }, fusion) {
      if (a === undefined || b === undefined || !approximate(attrs)) return undefined
      const slope = fusion.widen(b, unaryOps.gelu, attrs, unaryOps.geluSlope)
      return slope && { op: binaryOps.mul, inputs: [a, slope], attrs: {} }
    },
  }),
  siluGrad: binary('siluGrad', {
    code: C.BINARY_SILU_GRAD,
    doc: 'Gradient of silu; b is its input.',
    formula: "a silu'(b)",
    gradient: linearIn(
      (g, b) => f.siluGrad(g, b),
      ({ dy, a, b }) => {
        const s = f.sigmoid(b)
        return f.mul(f.sigmoidGrad(f.mul(dy, a), s), f.add(f.mul(b, f.sub(1, f.mul(s, 2))), 2))
      },
    ),
  }),
  softplusGrad: binary('softplusGrad', {
    code: C.BINARY_SOFTPLUS_GRAD,
    doc: 'Gradient of softplus; b is its input.',
    formula: 'a / (1 + e^-b)',
    gradient: linearIn(
      (g, b) => f.softplusGrad(g, b),
      ({ dy, a, b }) => f.sigmoidGrad(f.mul(dy, a), f.sigmoid(b)),
    ),
  }),
  leakyReluGrad: binary('leakyReluGrad', {
    code: C.BINARY_LEAKY_RELU_GRAD,
    doc: 'Gradient of leakyRelu; b is its input.',
    formula: 'b > 0 ? a : slope a',
    parameters: (attrs) => [attr(attrs, 'slope')],
    gradient: linearIn((g, b, attrs) => f.leakyReluGrad(g, b, attr(attrs, 'slope')), flat),
  }),
  eluGrad: binary('eluGrad', {
    code: C.BINARY_ELU_GRAD,
    doc: 'Gradient of elu; b is its input.',
    formula: 'b > 0 ? a : a alpha e^b',
    parameters: (attrs) => [attr(attrs, 'alpha')],
    gradient: linearIn(
      (g, b, attrs) => f.eluGrad(g, b, attr(attrs, 'alpha')),
      ({ dy, a, b, attrs }) => f.mul(f.eluGrad(f.mul(dy, a), b, attr(attrs, 'alpha')), f.greaterEqual(0, b)),
    ),
  }),
  clipGrad: binary('clipGrad', {
    code: C.BINARY_CLIP_GRAD,
    doc: 'Gradient of clip; b is its input.',
    formula: 'min <= b <= max ? a : 0',
    parameters: (attrs) => [attr(attrs, 'min'), attr(attrs, 'max')],
    gradient: linearIn((g, b, attrs) => f.clipGrad(g, b, attr(attrs, 'min'), attr(attrs, 'max')), flat),
  }),
  hardtanhGrad: binary('hardtanhGrad', {
    code: C.BINARY_HARDTANH_GRAD,
    doc: 'Gradient of hardtanh; b is its input.',
    formula: 'min < b < max ? a : 0',
    parameters: (attrs) => [attr(attrs, 'min'), attr(attrs, 'max')],
    gradient: linearIn((g, b, attrs) => f.hardtanhGrad(g, b, attr(attrs, 'min'), attr(attrs, 'max')), flat),
  }),
  absGrad: binary('absGrad', {
    code: C.BINARY_ABS_GRAD,
    doc: 'Gradient of abs; b is its input.',
    formula: 'a sign(b)',
    gradient: linearIn((g, b) => f.absGrad(g, b), flat),
  }),
}

/** dy where a > b, half of it where they are equal. */
function share(dy: Tensor, a: Tensor, b: Tensor): Tensor {
  return f.mul(dy, f.add(f.greater(a, b), f.mul(f.equal(a, b), 0.5)))
}

/** gelu'' = phi(x) (2 - x^2) with the normal density phi. */
function geluSecond(x: Tensor): Tensor {
  const x2 = f.square(x)
  return f.mul(f.mul(f.exp(f.mul(x2, -0.5)), f.sub(2, x2)), 1 / Math.sqrt(2 * Math.PI))
}

/** Second derivative of x / 2 (1 + t), t = tanh u, u = c (x + k x^3): (1 - t^2) (u' + x / 2 (u'' - 2 t u'^2)). */
function geluTanhSecond(x: Tensor): Tensor {
  const c = Math.sqrt(2 / Math.PI)
  const k = 0.044715
  const x2 = f.square(x)
  const t = f.tanh(f.mul(f.mul(x, f.add(f.mul(x2, k), 1)), c))
  const u1 = f.mul(f.add(f.mul(x2, 3 * k), 1), c)
  const u2 = f.mul(x, 6 * k * c)
  const inner = f.sub(u2, f.mul(f.mul(t, f.square(u1)), 2))
  return f.mul(f.sub(1, f.square(t)), f.add(u1, f.mul(f.mul(x, inner), 0.5)))
}
