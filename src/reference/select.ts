import { broadcastShape, broadcastStrides, input, offsetsOf, type Reference, type Rows } from './tensor.ts'

/** y = condition != 0 ? a : b, all three broadcast to the common shape. */
const where: Reference = (inputs) => {
  const shape = inputs.reduce<number[]>((common, x) => broadcastShape(common, x.shape), [])
  const [condition, a, b] = [0, 1, 2].map((i) => {
    const x = input(inputs, i)
    return offsetsOf(shape, broadcastStrides(x.shape, shape)).map((at) => x.data[at] as number)
  }) as [Float64Array, Float64Array, Float64Array]
  return [{ shape, data: condition.map((c, i) => (c !== 0 ? a[i] : b[i]) as number) }]
}

export const select: Rows<'where'> = { where }
