import { tensor } from '../ops/create.ts'
import { randomNormal } from '../ops/random.ts'
import { sizeOf } from '../program/graph.ts'
import { checkNumber } from '../tensor/shape.ts'
import type { Initializer } from './initializers.ts'

/**
 * `gain` times a matrix with orthonormal rows (or columns, where there are more rows), equally likely in every direction:
 * Q of the QR decomposition of a normal matrix, in float64. Higher ranks are taken as [first axis, rest]. Reads the drawn
 * numbers at once, which the main thread of a page cannot.
 */
export function orthogonal(gain = 1): Initializer {
  checkNumber(gain, 'orthogonal.gain', 'a finite number', Number.isFinite)
  return (shape) => {
    const rows = shape[0] ?? 1
    const columns = sizeOf(shape.slice(1))
    const [count, length] = rows < columns ? [rows, columns] : [columns, rows]
    const drawn = randomNormal([count, length])
    const vectors = orthonormal(Float64Array.from(drawn.dataSync()), count, length)
    drawn.dispose()
    const data = new Float32Array(rows * columns)
    for (let i = 0; i < count; i++)
      for (let j = 0; j < length; j++)
        data[rows < columns ? i * length + j : j * count + i] = gain * (vectors[i * length + j] as number)
    return tensor(data, shape)
  }
}

/** Gram-Schmidt over `count` rows, each freed of the others twice: once leaves too much where rows are nearly parallel. */
function orthonormal(x: Float64Array, count: number, length: number): Float64Array {
  for (let i = 0; i < count; i++) {
    const row = x.subarray(i * length, (i + 1) * length)
    for (let round = 0; round < 2; round++)
      for (let k = 0; k < i; k++) {
        const other = x.subarray(k * length, (k + 1) * length)
        const along = dot(row, other)
        for (let j = 0; j < length; j++) row[j] = (row[j] as number) - along * (other[j] as number)
      }
    const norm = Math.sqrt(dot(row, row))
    for (let j = 0; j < length; j++) row[j] = (row[j] as number) / norm
  }
  return x
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let j = 0; j < a.length; j++) sum += (a[j] as number) * (b[j] as number)
  return sum
}
