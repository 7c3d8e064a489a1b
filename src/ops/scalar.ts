import * as C from '../abi/constants.ts'
import type { Spec } from '../program/graph.ts'
import { currentEngine } from '../tensor/current.ts'
import { checkTypes } from './apply.ts'
import { apply } from './apply.ts'
import { attr, defineOp, type OpRow } from './define.ts'
import { Tensor } from './tensor.ts'

// Control scalars: float64 words in memory, computed by instructions of the step, never by JavaScript during a run.

const codes = {
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
} as const

export type ScalarFunction = keyof typeof codes

export const scalarOps = {
  scalar: defineOp({
    name: 'scalar',
    doc: 'A function of control scalars (float64), computed in double precision.',
    formula: 'y = fn(a, b, c)',
    gradient: 'piecewise constant',
    infer(inputs, attrs) {
      checkTypes(`scalar ${attr<string>(attrs, 'fn')}`, inputs, 'float64')
      const spec: Spec = { shape: [], dtype: attr(attrs, 'fn') === 'toFloat' ? 'float32' : 'float64' }
      return [spec]
    },
    lower({ inputs: [a = null, b = null, c = null], outputs: [y], attrs, emit }) {
      if (y !== undefined) emit('scalar', { fn: codes[attr<ScalarFunction>(attrs, 'fn')], y, a, b, c })
    },
  }),
} satisfies Record<string, OpRow>

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

/** Arithmetic of control scalars; operands are float64 scalars or numbers. */
export const scalars = {
  add: (a: Scalar, b: Scalar): Tensor => compute('add', a, b),
  sub: (a: Scalar, b: Scalar): Tensor => compute('sub', a, b),
  mul: (a: Scalar, b: Scalar): Tensor => compute('mul', a, b),
  div: (a: Scalar, b: Scalar): Tensor => compute('div', a, b),
  min: (a: Scalar, b: Scalar): Tensor => compute('min', a, b),
  max: (a: Scalar, b: Scalar): Tensor => compute('max', a, b),
  pow: (a: Scalar, b: Scalar): Tensor => compute('pow', a, b),
  exp: (a: Scalar): Tensor => compute('exp', a),
  log: (a: Scalar): Tensor => compute('log', a),
  cos: (a: Scalar): Tensor => compute('cos', a),
  sqrt: (a: Scalar): Tensor => compute('sqrt', a),
  floor: (a: Scalar): Tensor => compute('floor', a),
  neg: (a: Scalar): Tensor => compute('neg', a),
  /** 1 where a < b, else 0. */
  less: (a: Scalar, b: Scalar): Tensor => compute('less', a, b),
  /** b where the condition is not 0, else c. */
  select: (condition: Scalar, b: Scalar, c: Scalar): Tensor => compute('select', condition, b, c),
  /** The scalar as a float32 tensor of rank 0, for use among tensors. */
  toFloat: (a: Scalar): Tensor => compute('toFloat', a),
} as const
