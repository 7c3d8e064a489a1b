import { ArgumentError, DTypeError, EngineError } from '../errors.ts'
import type { Engine } from '../program/engine.ts'
import type { Attrs, DType, Op, Spec } from '../program/graph.ts'
import { Tensor } from './tensor.ts'

/** Records an operation on tensors and wraps its results. */
export function applyAll(op: Op, inputs: readonly Tensor[], attrs: Attrs = {}, in_?: Engine): readonly Tensor[] {
  for (const tensor of inputs) checkTensor(tensor, op.name)
  const engine = in_ ?? (inputs[0] as Tensor).engine
  const values = inputs.map((tensor) => {
    if (tensor.engine !== engine)
      throw new EngineError('an operand belongs to another engine', {
        where: op.name,
        hint: 'Move it: tensor(await t.data(), t.shape).',
      })
    return tensor.use(op.name)
  })
  const results = engine.record(op, values, attrs).map((value) => new Tensor(engine, value))
  engine.relieve()
  return results
}

/** The operand, when it is a tensor: for what looks at it before it applies an operation. */
export function checkTensor(operand: Tensor, where: string): Tensor {
  if (!(operand instanceof Tensor))
    throw new DTypeError('an operand is not a tensor', {
      where,
      expected: 'a Tensor',
      received: operand === null ? 'null' : Array.isArray(operand) ? 'an array' : typeof operand,
      hint: 'Wrap it: tensor(data).',
    })
  return operand
}

/** Records an operation with one result. */
export function apply(op: Op, inputs: readonly Tensor[], attrs: Attrs = {}, engine?: Engine): Tensor {
  return applyAll(op, inputs, attrs, engine)[0] as Tensor
}

/** A tensor for an operand that may be a number; `like` gives the engine. */
export function lift(operand: Tensor | number, like: Tensor): Tensor {
  return typeof operand === 'number' ? new Tensor(like.engine, like.engine.constant(operand)) : operand
}

/** Whether an operand is a tensor of int32. */
export const isWhole = (operand: unknown): boolean => operand instanceof Tensor && operand.dtype === 'int32'

/** The same for an operand that meets whole numbers: int32, as they are. */
export function liftWhole(operand: Tensor | number, like: Tensor, where: string): Tensor {
  if (typeof operand !== 'number') return operand
  if (operand !== (operand | 0))
    throw new ArgumentError('the number does not fit the whole numbers of the other operand', {
      where,
      expected: 'a whole number from -2147483648 to 2147483647',
      received: String(operand),
      hint: 'Convert the other operand: x.toFloat().',
    })
  return new Tensor(like.engine, like.engine.constant(operand, 'int32'))
}

/** All inputs must have one of the types. */
export function checkTypes(op: string, inputs: readonly Spec[], ...allowed: readonly DType[]): void {
  for (const [i, spec] of inputs.entries()) checkType(op, spec, i + 1, ...allowed)
}

/** Operand number `position` must have one of the types. */
export function checkType(op: string, spec: Spec | undefined, position: number, ...allowed: readonly DType[]): void {
  if (spec === undefined || allowed.includes(spec.dtype)) return
  const wanted = allowed.join(' or ')
  const hints: Readonly<Record<string, string>> = {
    'float32 from int32': 'Convert it: x.toFloat().',
    'int32 from float32':
      'Convert it: x.toInt(); or make it from whole numbers: tensor(Int32Array.of(..)), or tensor(.., { dtype: "int32" }).',
  }
  const hint = hints[`${wanted} from ${spec.dtype}`]
  throw new DTypeError('the element type does not fit', {
    where: op,
    expected: wanted,
    received: `${spec.dtype} as operand ${position}`,
    ...(hint === undefined ? {} : { hint }),
  })
}
