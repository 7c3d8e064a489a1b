import type { Shape } from '../program/graph.ts'
import type { Lowering, Ref } from '../program/lower.ts'
import { broadcastShapes, broadcastStrides, collapse } from '../tensor/shape.ts'
import { apply, checkTensor, checkType, checkTypes, isWhole, lift, liftWhole } from './apply.ts'
import { defineOp, type OpTable } from './define.ts'
import { notEqual } from './functions.ts'
import { sumTo } from './shape.ts'
import type { Tensor } from './tensor.ts'

type Operand = Tensor | number

/** An operand as the kernel takes it: one element (step 0), or as many as the result, copied where it must be. */
export function stretched({ temp, emit }: Lowering, x: Ref, from: Shape, to: Shape, bytes: number): [Ref, number] {
  if (x.bytes === bytes) return [x, 1]
  if (x.bytes === 4) return [x, 0]
  const y = temp(bytes)
  const axes = collapse(to, broadcastStrides(from, to))
  emit('stridedRead', { x, y, n: bytes / 4, dims: [axes.length, ...axes.flat()] })
  return [y, 1]
}

export const selectOps: OpTable<'where'> = {
  where: defineOp({
    name: 'where',
    doc: 'a where the condition is not 0, b elsewhere; what is not picked does not matter, not even NaN.',
    formula: 'condition != 0 ? a : b',
    reuse: true,
    infer([condition, a, b]) {
      checkType('where', condition, 1, 'float32')
      const dtype = a?.dtype ?? 'float32'
      checkTypes('where', a === undefined ? [] : [a], 'float32', 'int32')
      checkType('where', b, 3, dtype)
      const shape = broadcastShapes(a?.shape ?? [], b?.shape ?? [], 'where')
      return [{ shape: broadcastShapes(condition?.shape ?? [], shape, 'where'), dtype }]
    },
    lower(lowering) {
      const { inputs, outputs, shapes, outShapes, emit } = lowering
      const y = outputs[0] as Ref
      const [c, a, b] = inputs.map((x, i) => stretched(lowering, x, shapes[i] ?? [], outShapes[0] ?? [], y.bytes)) as [
        [Ref, number],
        [Ref, number],
        [Ref, number],
      ]
      emit('where', {
        condition: c[0],
        a: a[0],
        b: b[0],
        y,
        n: y.bytes / 4,
        cStep: c[1],
        aStep: a[1],
        bStep: b[1],
      })
    },
    gradient: ({ dy, inputs: [condition, a, b], needs }) => [
      undefined,
      needs[1] === true ? sumTo(where(condition as Tensor, dy, 0), (a as Tensor).shape) : undefined,
      needs[2] === true ? sumTo(where(condition as Tensor, 0, dy), (b as Tensor).shape) : undefined,
    ],
  }),
}

/**
 * a where the condition is not 0, b elsewhere; shapes broadcast. a and b are float32, or both int32. Only what is picked counts: NaN and infinities of the
 * other operand leak neither into the result nor into gradients.
 */
export function where(condition: Tensor, a: Operand, b: Operand): Tensor {
  checkTensor(condition, 'where')
  const truth = isWhole(condition) ? notEqual(condition, 0) : condition
  const whole = [a, b].some((operand) => isWhole(operand))
  const value = (operand: Operand): Tensor =>
    whole ? liftWhole(operand, condition, 'where') : lift(operand, condition)
  return apply(selectOps.where, [truth, value(a), value(b)])
}

/** x with `value` where the mask is not 0. */
export const maskedFill = (x: Tensor, mask: Tensor, value: Operand): Tensor => where(mask, value, x)
