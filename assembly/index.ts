export { peakFma, peakMulAdd } from './gemm/peak'
export { dispatch } from './vm/dispatch'
