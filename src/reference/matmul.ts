import { ACT_NONE, ACT_RELU } from '../abi/constants.ts'
import { flag, number } from './attrs.ts'
import { binary } from './binary.ts'
import { broadcastShape, broadcastStrides, input, offsetsOf, type Reference, type Rows, zeros } from './tensor.ts'
import { unary } from './unary.ts'

/** C[b, i, j] = sum over k of op(A)[b, i, k] op(B)[b, k, j]; the axes before the last two broadcast. */
const matmul: Reference = (inputs, attrs) => {
  const a = input(inputs, 0)
  const b = input(inputs, 1)
  const transposeA = flag(attrs, 'transposeA')
  const transposeB = flag(attrs, 'transposeB')
  const [aRows, aColumns] = a.shape.slice(-2) as [number, number]
  const [bRows, bColumns] = b.shape.slice(-2) as [number, number]
  const [m, k] = transposeA ? [aColumns, aRows] : [aRows, aColumns]
  const [inner, n] = transposeB ? [bColumns, bRows] : [bRows, bColumns]
  if (inner !== k) throw new RangeError(`matmul: inner sizes ${k} and ${inner} differ`)
  const batch = broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2))
  const matrices = (shape: readonly number[]): Float64Array =>
    offsetsOf(batch, broadcastStrides(shape.slice(0, -2), batch))
  const ofA = matrices(a.shape)
  const ofB = matrices(b.shape)
  const [ai, ak] = transposeA ? [1, m] : [k, 1]
  const [bk, bj] = transposeB ? [1, k] : [n, 1]
  const c = zeros([...batch, m, n])
  for (let p = 0; p < ofA.length; p++) {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0
        let atA = (ofA[p] as number) * m * k + i * ai
        let atB = (ofB[p] as number) * k * n + j * bj
        for (let q = 0; q < k; q++, atA += ak, atB += bk) sum += (a.data[atA] as number) * (b.data[atB] as number)
        c.data[(p * m + i) * n + j] = sum
      }
    }
  }
  return [c]
}

/** By the codes of the epilogue of the matrix product. */
const activations: Readonly<Record<number, Reference>> = {
  [ACT_NONE]: ([x]) => [x!],
  [ACT_RELU]: unary.relu,
}

/** activation(op(A) op(B) + bias), the bias along the last axis. */
const fusedMatmul: Reference = (inputs, attrs) => {
  const activation = activations[number(attrs, 'activation')]
  if (activation === undefined) throw new TypeError(`unknown activation ${attrs['activation']}`)
  const product = matmul(inputs.slice(0, 2), attrs)
  return activation(inputs[2] === undefined ? product : binary.add([product[0]!, inputs[2]], {}), {})
}

export const matrix: Rows<'matmul' | 'fusedMatmul'> = { matmul, fusedMatmul }
