import { ShapeError } from '../errors.ts'
import { shapeText } from '../tensor/shape.ts'
import { checkTensor } from './apply.ts'
import { oneOf } from './functions.ts'
import { mean, sum } from './reduce.ts'
import type { Tensor } from './tensor.ts'

export type Reduction = 'mean' | 'sum' | 'none'

export interface LossOptions {
  /** 'mean' (default), 'sum' or 'none'. */
  readonly reduction?: Reduction
}

/** A loss reduced as asked. */
export function reduced(loss: Tensor, reduction: Reduction, where: string): Tensor {
  oneOf(reduction, ['mean', 'sum', 'none'], `${where}.reduction`)
  return reduction === 'none' ? loss : reduction === 'sum' ? sum(loss) : mean(loss)
}

/** Predictions and targets have one shape. */
export function checkAlike(where: string, a: Tensor, b: Tensor): void {
  for (const operand of [a, b]) checkTensor(operand, where)
  if (String(a.shape) !== String(b.shape))
    throw new ShapeError('prediction and target differ in shape', {
      where,
      expected: shapeText(a.shape),
      received: shapeText(b.shape),
      hint: 'Broadcasting here is nearly always a mistake; use broadcastTo() if it is meant.',
    })
}
