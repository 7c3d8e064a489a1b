/**
 * chainrule/check: gradients by central differences, and the check of the analytic ones against them. It brings the
 * f64 reference of all operations with it, so it is an entry point of its own.
 */
export { checkGradients } from './check.ts'
export type { CheckOptions } from './compare.ts'
export { checkFunctions, type FunctionReport, functionNames } from './function-table.ts'
export type { FunctionName } from './functions/index.ts'
export { type NumericOptions, numericGradients } from './numeric.ts'
export { checkOp } from './op.ts'
export type { CheckedParameter, EngineEntry, Entry, GradientReport, WorstEntry } from './report.ts'
export { type Rounding, rounding } from './rounding.ts'
export { type CheckOpsOptions, checkOps, type OpReport, type RuleReport } from './table.ts'
