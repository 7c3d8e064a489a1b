import * as C from '../abi/constants.ts'
import { ShapeError } from '../errors.ts'
import { type Spec, sizeOf } from '../program/graph.ts'
import { currentEngine } from '../tensor/current.ts'
import { shapeText } from '../tensor/shape.ts'
import { apply, checkTypes } from './apply.ts'
import { attr, defineOp, type OpTable } from './define.ts'
import { Tensor } from './tensor.ts'

// Control scalars: float64 words in memory, computed by instructions of the step, never by JavaScript during a run.

export type ScalarFunction =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'min'
  | 'max'
  | 'pow'
  | 'exp'
  | 'log'
  | 'cos'
  | 'sqrt'
  | 'floor'
  | 'less'
  | 'select'
  | 'neg'
  | 'toFloat'
  | 'fromFloat'

const codes: Readonly<Record<ScalarFunction, number>> = {
  add: C.SCALAR_ADD,
  sub: C.SCALAR_SUB,
  mul: C.SCALAR_MUL,
  div: C.SCALAR_DIV,
  min: C.SCALAR_MIN,
  max: C.SCALAR_MAX,
  pow: C.SCALAR_POW,
  exp: C.SCALAR_EXP,
  log: C.SCALAR_LOG,
  cos: C.SCALAR_COS,
  sqrt: C.SCALAR_SQRT,
  floor: C.SCALAR_FLOOR,
  less: C.SCALAR_LESS,
  select: C.SCALAR_SELECT,
  neg: C.SCALAR_NEG,
  toFloat: C.SCALAR_TO_F32,
  fromFloat: C.SCALAR_FROM_F32,
}

export const scalarOps: OpTable<'scalar'> = {
  scalar: defineOp({
    name: 'scalar',
    doc: 'A function of control scalars (float64), computed in double precision.',
    formula: 'y = fn(a, b, c)',
    gradient: 'piecewise constant',
    infer(inputs, attrs) {
      const fn = attr<ScalarFunction>(attrs, 'fn')
      checkTypes(`scalar ${fn}`, inputs, fn === 'fromFloat' ? 'float32' : 'float64')
      for (const { shape } of inputs)
        if (sizeOf(shape) !== 1)
          throw new ShapeError('not a scalar', {
            where: `scalar ${fn}`,
            expected: 'one number',
            received: shapeText(shape),
          })
      const spec: Spec = { shape: [], dtype: fn === 'toFloat' ? 'float32' : 'float64' }
      return [spec]
    },
    lower({ inputs: [a = null, b = null, c = null], outputs: [y], attrs, emit }) {
      if (y !== undefined) emit('scalar', { fn: codes[attr<ScalarFunction>(attrs, 'fn')], y, a, b, c })
    },
  }),
}

export type Scalar = Tensor | number

/** A control scalar: a float64 word. */
export function scalar(value: number): Tensor {
  const engine = currentEngine()
  return new Tensor(engine, engine.leaf(Float64Array.of(value), [], 'float64'))
}

function compute(fn: ScalarFunction, ...operands: readonly Scalar[]): Tensor {
  return apply(
    scalarOps.scalar,
    operands.map((operand) => (typeof operand === 'number' ? scalar(operand) : operand)),
    { fn },
  )
}

type One = (a: Scalar) => Tensor
type Two = (a: Scalar, b: Scalar) => Tensor

export interface Scalars {
  readonly add: Two
  readonly sub: Two
  readonly mul: Two
  readonly div: Two
  readonly min: Two
  readonly max: Two
  readonly pow: Two
  readonly exp: One
  readonly log: One
  readonly cos: One
  readonly sqrt: One
  readonly floor: One
  readonly neg: One
  /** 1 where a < b, else 0. */
  readonly less: Two
  /** b where the condition is not 0, else c. */
  readonly select: (condition: Scalar, b: Scalar, c: Scalar) => Tensor
  /** The scalar as a float32 tensor of rank 0, for use among tensors. */
  readonly toFloat: One
  /** A float32 tensor of one element, such as a loss, as a control scalar. */
  readonly fromFloat: (x: Tensor) => Tensor
}

/** Arithmetic of control scalars; operands are float64 scalars or numbers. */
export const scalars: Scalars = {
  add: (a, b) => compute('add', a, b),
  sub: (a, b) => compute('sub', a, b),
  mul: (a, b) => compute('mul', a, b),
  div: (a, b) => compute('div', a, b),
  min: (a, b) => compute('min', a, b),
  max: (a, b) => compute('max', a, b),
  pow: (a, b) => compute('pow', a, b),
  exp: (a) => compute('exp', a),
  log: (a) => compute('log', a),
  cos: (a) => compute('cos', a),
  sqrt: (a) => compute('sqrt', a),
  floor: (a) => compute('floor', a),
  neg: (a) => compute('neg', a),
  less: (a, b) => compute('less', a, b),
  select: (condition, b, c) => compute('select', condition, b, c),
  toFloat: (a) => compute('toFloat', a),
  fromFloat: (x) => compute('fromFloat', x),
}
