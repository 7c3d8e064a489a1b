import { sizeOf } from '../program/graph.ts'
import { lift } from './apply.ts'
import * as f from './functions.ts'
import { broadcastTo, concat, reshape, slice, transpose } from './shape.ts'
import type { Tensor } from './tensor.ts'

/** For every element of x the product of the others along the axes: what a product changes by when the element does. */
export function productOfOthers(x: Tensor, axes: readonly number[]): Tensor {
  const order = [...x.shape.keys()].sort((a, b) => Number(axes.includes(a)) - Number(axes.includes(b)) || a - b)
  const moved = transpose(x, order)
  const n = sizeOf(axes.map((axis) => x.shape[axis] as number))
  const kept = sizeOf(x.shape.filter((_, i) => !axes.includes(i)))
  const others = reshape(ofRows(reshape(moved, [kept, n])), moved.shape)
  return transpose(
    others,
    order.map((_, axis) => order.indexOf(axis)),
  )
}

/** In halves: without the element at i of one half, a row is the other element at i times all other pairs. No division. */
function ofRows(x: Tensor): Tensor {
  const [rows, n] = x.shape as [number, number]
  if (n < 2) return broadcastTo(lift(1, x), x.shape)
  const half = Math.ceil(n / 2)
  const even = n % 2 === 0 ? x : concat([x, broadcastTo(lift(1, x), [rows, 1])], 1)
  const first = slice(even, [0, 0], [rows, half])
  const second = slice(even, [0, half])
  const pairs = ofRows(f.mul(first, second))
  const both = concat([f.mul(pairs, second), f.mul(pairs, first)], 1)
  return n % 2 === 0 ? both : slice(both, [0, 0], [rows, n])
}
