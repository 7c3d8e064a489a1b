import type { Functions, LossName } from './types.ts'

export const losses: Partial<Functions<LossName>> = {}
