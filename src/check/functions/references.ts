import type { RefTensor } from '../../reference/index.ts'

// What the references of the families are written with: multi-indices, and nothing of src/ops.

export type Index = readonly number[]
export type Sizes = readonly number[]

/** All indices of a shape, in C order. */
export function grid(shape: Sizes): number[][] {
  return shape.reduce<number[][]>(
    (all, n) => all.flatMap((index) => Array.from({ length: n }, (_, i) => [...index, i])),
    [[]],
  )
}

/** The element at an index; where an axis has size 1, at 0 whatever the index. Axes are aligned at the end. */
export function reader({ shape, data }: RefTensor): (index: Index) => number {
  return (index) => {
    const first = index.length - shape.length
    let at = 0
    for (let axis = 0; axis < shape.length; axis++)
      at = at * (shape[axis] as number) + (shape[axis] === 1 ? 0 : (index[first + axis] as number))
    return data[at] as number
  }
}

/** The tensor of this shape whose elements are a function of their index, which is only lent. */
export function filled(shape: Sizes, f: (index: Index) => number): RefTensor {
  const data = new Float64Array(shape.reduce((n, size) => n * size, 1))
  const index = shape.map(() => 0)
  for (let at = 0; at < data.length; at++) {
    data[at] = f(index)
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1
      if ((index[axis] as number) < (shape[axis] as number)) break
      index[axis] = 0
    }
  }
  return { shape, data }
}

/** A function of each element. */
export const each =
  (f: (x: number) => number) =>
  ({ shape, data }: RefTensor): RefTensor => ({ shape, data: data.map((x) => f(x)) })

/** A function of each pair of two tensors that broadcast. */
export function pairs(a: RefTensor, b: RefTensor, f: (a: number, b: number) => number): RefTensor {
  const rank = Math.max(a.shape.length, b.shape.length)
  const size = ({ shape }: RefTensor, axis: number): number => shape[axis - rank + shape.length] ?? 1
  const [p, q] = [reader(a), reader(b)]
  const shape = Array.from({ length: rank }, (_, axis) => (size(a, axis) === 1 ? size(b, axis) : size(a, axis)))
  return filled(shape, (index) => f(p(index), q(index)))
}

/** An axis counted from 0. */
export const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis)

/** The axes of a reduction, counted from 0; all if none are given. */
export const axesOf = (axes: number | readonly number[] | undefined, rank: number): number[] =>
  (axes === undefined ? Array.from({ length: rank }, (_, i) => i) : [axes].flat()).map((axis) => axisOf(axis, rank))

/** One number of all values along the axes. */
export function reduced(
  x: RefTensor,
  axes: number | readonly number[] | undefined,
  keepDims: boolean,
  f: (values: readonly number[]) => number,
): RefTensor {
  const gone = axesOf(axes, x.shape.length)
  const read = reader(x)
  const kept = x.shape.map((n, axis) => (gone.includes(axis) ? 1 : n))
  const along = grid(x.shape.map((n, axis) => (gone.includes(axis) ? n : 1)))
  const { data } = filled(kept, (index) =>
    f(along.map((step) => read(index.map((i, axis) => i + (step[axis] as number))))),
  )
  return { shape: keepDims ? kept : kept.filter((_, axis) => !gone.includes(axis)), data }
}

export const sum = (values: readonly number[]): number => values.reduce((total, v) => total + v, 0)
export const mean = (values: readonly number[]): number => sum(values) / values.length
/** The largest; NaN wins. */
export const largest = (values: readonly number[]): number => Math.max(...values)
