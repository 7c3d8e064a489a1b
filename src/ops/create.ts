import { ArgumentError, DTypeError, ShapeError } from '../errors.ts'
import { known } from '../options.ts'
import type { Elements, Engine } from '../program/engine.ts'
import { type DType, type Shape, sizeOf } from '../program/graph.ts'
import { currentEngine } from '../tensor/current.ts'
import { checkShape, shapeText } from '../tensor/shape.ts'
import { checkTensor } from './apply.ts'
import { Tensor } from './tensor.ts'

export type Nested = number | readonly Nested[]
export type TensorData =
  | Nested
  | Float32Array
  | Int32Array
  | Float64Array
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array

export interface TensorOptions {
  /** 'float32' by default; 'int32' for an Int32Array. */
  readonly dtype?: DType
  /** The engine that holds it; the current one by default. */
  readonly engine?: Engine
}

const arrays = { float32: Float32Array, int32: Int32Array, float64: Float64Array } as const

/**
 * A tensor with the given numbers: a number, nested arrays, or a typed array with a shape.
 * Throws ShapeError when the numbers do not fill the shape or the nesting is ragged.
 */
export function tensor(data: TensorData, shape?: Shape, options: TensorOptions = {}): Tensor {
  const { dtype, engine = currentEngine() } = known('tensor', options, 'dtype engine')
  const type = dtype ?? (data instanceof Int32Array ? 'int32' : 'float32')
  if (!(type in arrays))
    throw new DTypeError('unknown element type', {
      where: 'tensor',
      expected: Object.keys(arrays).join(' or '),
      received: String(type),
    })
  const numbers: number[] | ArrayLike<number> = ArrayBuffer.isView(data) ? (data as Float32Array) : flatten(data)
  const own = shape ?? (ArrayBuffer.isView(data) ? [numbers.length] : shapeOf(data))
  checkShape(own, 'tensor')
  if (sizeOf(own) !== numbers.length)
    throw new ShapeError('the numbers do not fill the shape', {
      where: 'tensor',
      expected: `${sizeOf(own)} numbers for ${shapeText(own)}`,
      received: String(numbers.length),
    })
  if (type === 'int32' && !(data instanceof Int32Array))
    for (let i = 0; i < numbers.length; i++)
      if ((numbers[i] as number) !== ((numbers[i] as number) | 0))
        throw new DTypeError('not a whole number of 32 bits', {
          where: `tensor, element ${i}`,
          received: String(numbers[i]),
        })
  const elements: Elements = data instanceof arrays[type] ? (data as Elements) : arrays[type].from(numbers)
  return new Tensor(engine, engine.leaf(elements, [...own], type))
}

function shapeOf(data: Nested): number[] {
  const shape: number[] = []
  for (let level: Nested | undefined = data; Array.isArray(level); level = (level as readonly Nested[])[0])
    shape.push(level.length)
  return shape
}

function flatten(data: Nested): number[] {
  const shape = shapeOf(data)
  const numbers: number[] = []
  const walk = (part: Nested, depth: number): void => {
    if (depth === shape.length) {
      if (typeof part !== 'number')
        throw new ArgumentError('not a number', {
          where: 'tensor',
          expected: 'numbers in nested arrays of equal length',
          received: typeof part,
        })
      numbers.push(part)
      return
    }
    if (!Array.isArray(part) || part.length !== shape[depth])
      throw new ShapeError('the nested arrays are ragged', {
        where: 'tensor',
        expected: `${shape[depth]} entries at depth ${depth}`,
        received: Array.isArray(part) ? String(part.length) : typeof part,
      })
    for (const inner of part) walk(inner, depth + 1)
  }
  walk(data, 0)
  return numbers
}

/** A tensor of one value. */
export function full(shape: Shape, value: number, options: TensorOptions = {}): Tensor {
  const { dtype = 'float32' } = known('full', options, 'dtype engine')
  const numbers = new (arrays[dtype] ?? Float32Array)(sizeOf(checkShape(shape, 'full'))).fill(value)
  return tensor(numbers, shape, { ...options, dtype })
}
/** A tensor of zeros. */
export const zeros = (shape: Shape, options: TensorOptions = {}): Tensor => full(shape, 0, options)
/** A tensor of ones. */
export const ones = (shape: Shape, options: TensorOptions = {}): Tensor => full(shape, 1, options)
/** Zeros of the shape and type of another tensor. */
export const zerosLike = (x: Tensor): Tensor =>
  zeros(checkTensor(x, 'zerosLike').shape, { dtype: x.dtype, engine: x.engine })
