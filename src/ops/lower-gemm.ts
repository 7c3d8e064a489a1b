import { GEMM_ACCUMULATE, GEMM_ACTIVATION_SHIFT, GEMM_BIAS, GEMM_TRANS_A, GEMM_TRANS_B } from '../abi/constants.ts'
import { rowOf } from '../abi/encode.ts'
import type { KernelName } from '../abi/kernels.ts'

/**
 * C = activation(op(A) op(B) [+ C] [+ bias]) for `batch` matrices; op(A) is m x k, op(B) k x n. Buffers are whatever
 * `emit` takes; leading dimensions and strides in elements, those left out are of contiguous matrices (a stride
 * of 0 uses one matrix for all). The bias has n elements.
 */
export interface GemmSpec {
  readonly a: unknown
  readonly b: unknown
  readonly c: unknown
  readonly bias?: unknown
  readonly m: number
  readonly n: number
  readonly k: number
  readonly transposeA?: boolean
  readonly transposeB?: boolean
  readonly lda?: number
  readonly ldb?: number
  readonly ldc?: number
  readonly batch?: number
  readonly aStride?: number
  readonly bStride?: number
  readonly cStride?: number
  readonly accumulate?: boolean
  /** ACT_* */
  readonly activation?: number
}

export type EmitGemm = (name: KernelName, operands: Record<string, unknown>) => void

interface Choice {
  readonly name: 'gemm' | 'gemv'
  readonly operands: Record<string, unknown>
}

/** Emits the instructions of one product: none where C is empty. */
export function lowerGemm(emit: EmitGemm, spec: GemmSpec): void {
  const choice = choose(spec)
  if (choice !== undefined) emit(choice.name, choice.operands)
}

/** Nanoseconds on one thread, about. */
export function gemmCost(spec: GemmSpec): number {
  const choice = choose(spec)
  return choice === undefined ? 0 : rowOf(choice.name).cost(choice.operands as Record<string, number>)
}

function choose(spec: GemmSpec): Choice | undefined {
  const { a, b, c, n, k, transposeA = false, transposeB = false } = spec
  let { m, batch = 1 } = spec
  if (m === 0 || n === 0 || batch === 0) return undefined
  const lda = spec.lda ?? (transposeA ? m : k)
  const ldb = spec.ldb ?? (transposeB ? k : n)
  const ldc = spec.ldc ?? n
  let { aStride = m * k, bStride = k * n, cStride = m * n } = spec
  if (batch === 1) aStride = bStride = cStride = 0
  else if (bStride === 0 && !transposeA && aStride === m * lda && cStride === m * ldc) {
    // one tall matrix
    m *= batch
    batch = 1
    aStride = cStride = 0
  }
  const bias = spec.bias === undefined ? {} : { bias: spec.bias }
  const flags =
    (spec.accumulate ? GEMM_ACCUMULATE : 0) |
    (spec.bias === undefined ? 0 : GEMM_BIAS) |
    ((spec.activation ?? 0) << GEMM_ACTIVATION_SHIFT)

  // dot products: both factors are contiguous along k
  const aRow = !transposeA || lda === 1
  const bRow = transposeB || ldb === 1
  if (m === 1 && transposeB && aRow) {
    const strides = { batch, aStride: bStride, xStride: aStride, yStride: cStride }
    return {
      name: 'gemv',
      operands: { a: b, x: a, y: c, ...bias, m: n, k, lda: ldb, yStep: 1, biasStep: 1, flags, ...strides },
    }
  }
  if (n === 1 && !transposeA && bRow) {
    const strides = { batch, aStride, xStride: bStride, yStride: cStride }
    return { name: 'gemv', operands: { a, x: b, y: c, ...bias, m, k, lda, yStep: ldc, biasStep: 0, flags, ...strides } }
  }
  if (n === 1 && transposeA && ldc === 1 && spec.bias === undefined) {
    // a column of C is a row of its transpose: op(B)' op(A)'
    const shape = { m: 1, n: m, k, lda: ldb, ldb: lda, ldc: m }
    const operands = { a: b, b: a, c, ...shape, flags: flags | (transposeB ? 0 : GEMM_TRANS_A) }
    return { name: 'gemm', operands: { ...operands, batch, aStride: bStride, bStride: aStride, cStride } }
  }
  const layout = (transposeA ? GEMM_TRANS_A : 0) | (transposeB ? GEMM_TRANS_B : 0)
  const shape = { m, n, k, lda, ldb, ldc, flags: flags | layout, batch, aStride, bStride, cStride }
  return { name: 'gemm', operands: { a, b, c, ...bias, ...shape } }
}
