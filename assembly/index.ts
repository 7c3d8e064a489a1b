export { peakFma, peakMulAdd } from './gemm/peak'
export { dispatch } from './vm/dispatch'
export { halt, resume, run, serve, start } from './vm/executor'

/** 1: this is the build with relaxed SIMD. */
export function relaxed(): u32 {
  return ASC_FEATURE_RELAXED_SIMD ? 1 : 0
}
