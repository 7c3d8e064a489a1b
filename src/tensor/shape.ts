import { ArgumentError, ShapeError } from '../errors.ts'
import { type Shape, sizeOf } from '../program/graph.ts'

/** Most axes a tensor may have. */
export const MAX_RANK = 8
/** Most elements: 4-byte elements within the 4 GiB of a memory. */
const MAX_SIZE = 2 ** 30 - 2 ** 14

export const shapeText = (shape: Shape): string => `[${shape.join(', ')}]`

/** The shape itself when it is one: whole, non-negative axes whose product fits the memory. */
export function checkShape(shape: Shape, where: string): Shape {
  if (!Array.isArray(shape) || shape.length > MAX_RANK || !shape.every((axis) => Number.isInteger(axis) && axis >= 0))
    throw new ShapeError('not a shape', {
      where,
      expected: `an array of at most ${MAX_RANK} whole numbers from 0 up`,
      received: Array.isArray(shape) ? shapeText(shape) : String(shape),
    })
  if (sizeOf(shape) > MAX_SIZE)
    throw new ShapeError('the tensor is too large', {
      where,
      expected: `at most ${MAX_SIZE} elements`,
      received: `${shapeText(shape)}, ${sizeOf(shape)} elements`,
    })
  return shape
}

/** The axis counted from the front; negative ones count from the end. */
export function checkAxis(axis: number, rank: number, where: string): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
    throw new ShapeError('there is no such axis', {
      where,
      expected: rank === 0 ? 'no axis: the tensor is a scalar' : `an axis from ${-rank} to ${rank - 1}`,
      received: String(axis),
    })
  return axis < 0 ? axis + rank : axis
}

/** Axes counted from the front, rising, each once; all of them by default. */
export function checkAxes(
  axes: number | readonly number[] | undefined,
  rank: number,
  where: string,
): readonly number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis)
  const list = [axes].flat().map((axis) => checkAxis(axis as number, rank, where))
  if (new Set(list).size !== list.length)
    throw new ShapeError('an axis is named twice', { where, received: `[${String(axes)}] for rank ${rank}` })
  return list.sort((a, b) => a - b)
}

/** The common shape under NumPy's rule: aligned at the end, axes of 1 are stretched. */
export function broadcastShapes(a: Shape, b: Shape, where: string): Shape {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1
    const y = b[b.length - rank + i] ?? 1
    if (x !== y && x !== 1 && y !== 1)
      throw new ShapeError('the shapes do not go together', {
        where,
        expected: `equal sizes, or 1, in every axis from the last on`,
        received: `${shapeText(a)} and ${shapeText(b)}`,
        hint: `They differ ${i - rank === -1 ? 'in the last axis' : `${rank - i} axes from the end`}: ${x} and ${y}.`,
      })
    return x === 1 ? y : x
  })
}

/** Words between neighbours along each axis, in C order. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length)
  let stride = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride
    stride *= shape[axis] as number
  }
  return strides
}

/** Strides for reading `shape` as if it were `target`: 0 along stretched axes. */
export function broadcastStrides(shape: Shape, target: Shape): number[] {
  const strides = stridesOf(shape)
  const lead = target.length - shape.length
  return target.map((_, i) => (i < lead || shape[i - lead] === 1 ? 0 : (strides[i - lead] as number)))
}

/** Axes of size 1 dropped and neighbours that are walked alike joined: [size, ...strides] an axis, outermost first. */
export function collapse(shape: Shape, ...strides: readonly (readonly number[])[]): number[][] {
  const axes: number[][] = []
  for (let i = 0; i < shape.length; i++) {
    const size = shape[i] as number
    if (size === 1) continue
    const here = strides.map((list) => list[i] as number)
    const outer = axes.at(-1)
    if (outer !== undefined && here.every((stride, j) => outer[j + 1] === stride * size)) {
      outer[0] = (outer[0] as number) * size
      for (const [j, stride] of here.entries()) outer[j + 1] = stride
    } else axes.push([size, ...here])
  }
  return axes
}

/** A number in a range, or an error that names it. */
export function checkNumber(value: number, where: string, expected: string, fits: (value: number) => boolean): number {
  if (typeof value !== 'number' || !fits(value))
    throw new ArgumentError('the value does not fit', { where, expected, received: String(value) })
  return value
}
