import { activations } from './activations.ts'
import { arrangements } from './arrange.ts'
import { convolutions } from './conv.ts'
import { logic } from './logic.ts'
import { losses } from './losses.ts'
import { norms } from './norm.ts'
import { orders } from './order.ts'
import { pools } from './pool.ts'
import { products } from './product.ts'
import { random } from './random.ts'
import { reductions } from './reduce.ts'
import { sequences } from './sequence.ts'
import { softmaxes } from './softmax.ts'
import type { FunctionName, Functions } from './types.ts'

export type { FunctionCase, FunctionName, FunctionRow, Functions, LossName, Wider } from './types.ts'

/** What proves the functions that other operations make up; one without a row does not compile. */
export const functions: Functions<FunctionName> = {
  ...activations,
  ...arrangements,
  ...convolutions,
  ...logic,
  ...losses,
  ...norms,
  ...orders,
  ...pools,
  ...products,
  ...random,
  ...reductions,
  ...sequences,
  ...softmaxes,
}
