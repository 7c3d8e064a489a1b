import { ArgumentError, ShapeError } from '../errors.ts'
import { known } from '../options.ts'
import type { Spec } from '../program/graph.ts'
import { checkAxis, shapeText } from '../tensor/shape.ts'
import { apply, checkTensor, checkTypes } from './apply.ts'
import { attr, defineOp, type OpTable } from './define.ts'
import { around, slice, takeAlong, transpose } from './shape.ts'
import type { Tensor } from './tensor.ts'

// What goes along an axis in order: running sums, sorting, triangles.

export const orderOps: OpTable<'cumsum' | 'argsort' | 'triangle'> = {
  cumsum: defineOp({
    name: 'cumsum',
    doc: 'Running sums along an axis, from its beginning or from its end; each is rounded once, or int32.',
    formula: 'y[j] = sum x[k] over k <= j, or over k >= j',
    infer(inputs) {
      checkTypes('cumsum', inputs, 'float32', 'int32')
      return [inputs[0] as Spec]
    },
    lower({ inputs: [x], outputs: [y], specs, shapes, attrs, emit }) {
      if (x === undefined || y === undefined || y.bytes === 0) return
      const reverse = attr<boolean>(attrs, 'reverse') ? 1 : 0
      const whole = specs[0]?.dtype === 'int32' ? 1 : 0
      emit('cumsum', { x, y, ...around(shapes[0] ?? [], attr(attrs, 'axis')), reverse, whole })
    },
    gradient: ({ dy, attrs }) => [
      apply(orderOps.cumsum, [dy], { axis: attr(attrs, 'axis'), reverse: !attr<boolean>(attrs, 'reverse') }),
    ],
  }),
  argsort: defineOp({
    name: 'argsort',
    doc: 'The order of the last axis as int32; equal elements stay in order, NaN comes last.',
    formula: 'x[y[0]] <= x[y[1]] <= .., or >=',
    infer(inputs) {
      checkTypes('argsort', inputs, 'float32', 'int32')
      return [{ shape: inputs[0]?.shape ?? [], dtype: 'int32' }]
    },
    lower({ inputs: [x], outputs: [y], specs, shapes, attrs, emit, temp }) {
      if (x === undefined || y === undefined || y.bytes === 0) return
      const n = shapes[0]?.at(-1) ?? 1
      const descending = attr<boolean>(attrs, 'descending') ? 1 : 0
      const whole = specs[0]?.dtype === 'int32' ? 1 : 0
      emit('argsort', { x, y, work: temp(y.bytes), rows: y.bytes / 4 / n, n, descending, whole })
    },
    gradient: 'piecewise constant',
  }),
  triangle: defineOp({
    name: 'triangle',
    doc: 'The upper or lower triangle of matrices, 0 elsewhere.',
    formula: 'y[i, j] = x[i, j] where j - i >= diagonal, or where j - i <= diagonal',
    infer([x]) {
      if ((x?.shape.length ?? 0) < 2)
        throw new ShapeError('a triangle is one of a matrix', {
          where: 'triangle',
          expected: '[.., m, n]',
          received: shapeText(x?.shape ?? []),
        })
      return [{ shape: x?.shape ?? [], dtype: x?.dtype ?? 'float32' }]
    },
    lower({ inputs: [x], outputs: [y], shapes, attrs, emit }) {
      if (x === undefined || y === undefined || y.bytes === 0) return
      const [m = 1, n = 1] = shapes[0]?.slice(-2) ?? []
      const upper = attr<boolean>(attrs, 'upper') ? 1 : 0
      emit('triangle', { x, y, rows: y.bytes / 4 / n, m, n, diagonal: attr(attrs, 'diagonal'), upper })
    },
    gradient: ({ dy, attrs }) => [apply(orderOps.triangle, [dy], attrs)],
  }),
}

/** Running sums along an axis; `reverse`: from its end. */
export function cumsum(x: Tensor, axis = -1, options: { readonly reverse?: boolean } = {}): Tensor {
  const { reverse = false } = known('cumsum', options, 'reverse')
  return apply(orderOps.cumsum, [x], { axis: checkAxis(axis, checkTensor(x, 'cumsum').rank, 'cumsum'), reverse })
}

export interface SortOptions {
  /** Largest first. Default false. */
  readonly descending?: boolean
}

/** Where the elements of an axis lie in order, int32; equal ones stay in order, NaN comes last. */
export function argsort(x: Tensor, axis = -1, options: SortOptions = {}): Tensor {
  const { descending = false } = known('argsort', options, 'descending')
  const { rank } = checkTensor(x, 'argsort')
  const at = checkAxis(axis, rank, 'argsort')
  if (at === rank - 1) return apply(orderOps.argsort, [x], { descending })
  const perm = x.shape.map((_, i) => (i === at ? rank - 1 : i === rank - 1 ? at : i))
  return transpose(apply(orderOps.argsort, [transpose(x, perm)], { descending }), perm)
}

export interface Sorted {
  readonly values: Tensor
  /** Where each value lay, int32. */
  readonly indices: Tensor
}

/** The elements of an axis in order, and where they lay; equal ones stay in order, NaN comes last. */
export function sort(x: Tensor, axis = -1, options: SortOptions = {}): Sorted {
  const indices = argsort(x, axis, options)
  return { values: takeAlong(x, indices, axis), indices }
}

export interface TopkOptions {
  /** The largest (default) or the smallest. */
  readonly largest?: boolean
}

/** The k largest (or smallest) elements of an axis, in order, and where they lie. */
export function topk(x: Tensor, k: number, axis = -1, options: TopkOptions = {}): Sorted {
  const { largest = true } = known('topk', options, 'largest')
  const at = checkAxis(axis, checkTensor(x, 'topk').rank, 'topk')
  const size = x.shape[at] as number
  if (!Number.isInteger(k) || k < 0 || k > size)
    throw new ArgumentError('k does not fit the axis', {
      where: 'topk',
      expected: `a whole number from 0 to ${size}`,
      received: String(k),
    })
  const order = argsort(x, at, { descending: largest })
  const indices = slice(
    order,
    [],
    x.shape.map((n, i) => (i === at ? k : n)),
  )
  return { values: takeAlong(x, indices, at), indices }
}

function triangle(where: string, x: Tensor, diagonal: number, upper: boolean): Tensor {
  checkTensor(x, where)
  if (!Number.isInteger(diagonal) || Math.abs(diagonal) > 2 ** 30)
    throw new ArgumentError('not a diagonal', { where, expected: 'a whole number', received: String(diagonal) })
  return apply(orderOps.triangle, [x], { diagonal, upper })
}

/** The upper triangle of the last two axes, 0 below; diagonals above the main one have positive numbers. */
export const triu = (x: Tensor, diagonal = 0): Tensor => triangle('triu', x, diagonal, true)
/** The lower triangle of the last two axes, 0 above. */
export const tril = (x: Tensor, diagonal = 0): Tensor => triangle('tril', x, diagonal, false)
