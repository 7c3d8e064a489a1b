export { dispatch } from './vm/dispatch'
export { peakFma, peakMulAdd } from './gemm/peak'
