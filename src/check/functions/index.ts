import { activations } from './activations.ts'
import { losses } from './losses.ts'
import type { FunctionName, Functions } from './types.ts'

export type { FunctionCase, FunctionName, FunctionRow, Functions, LossName } from './types.ts'

/** What proves the functions that other operations make up. */
export const functions: Partial<Functions<FunctionName>> = {
  ...activations,
  ...losses,
}
