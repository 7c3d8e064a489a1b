import { ArgumentError, ShapeError } from '../errors.ts'
import { type Attrs, type DType, type Shape, sizeOf } from '../program/graph.ts'
import { clone as cloneOp } from '../program/internal-ops.ts'
import {
  broadcastShapes,
  broadcastStrides,
  checkAxis,
  checkShape,
  collapse,
  shapeText,
  stridesOf,
} from '../tensor/shape.ts'
import { apply, checkTensor, checkType, checkTypes } from './apply.ts'
import { attr, defineOp, type OpTable } from './define.ts'
import { sum } from './reduce.ts'
import type { Tensor } from './tensor.ts'

const shapeOf = (attrs: Attrs, name = 'shape'): Shape => attr<Shape>(attrs, name)
const equalShapes = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((axis, i) => axis === b[i])

/** Elements before, along and after an axis. */
export function around(shape: Shape, axis: number): { outer: number; n: number; inner: number } {
  return { outer: sizeOf(shape.slice(0, axis)), n: shape[axis] as number, inner: sizeOf(shape.slice(axis + 1)) }
}

/** First element, step and number of elements of a slice along each axis. */
export interface Window {
  readonly starts: readonly number[]
  readonly steps: readonly number[]
  readonly shape: Shape
}
const windowOf = (attrs: Attrs): Window => ({
  starts: attr(attrs, 'starts'),
  steps: attr(attrs, 'steps'),
  shape: shapeOf(attrs, 'window'),
})

/** Word offset and strides that walk a window of an array of `full` shape. */
function walk({ starts, steps, shape }: Window, full: Shape): { offset: number; dims: number[] } {
  const strides = stridesOf(full)
  const axes = collapse(
    shape,
    strides.map((stride, i) => stride * (steps[i] as number)),
  )
  return {
    offset: starts.reduce((sum, start, i) => sum + start * (strides[i] as number), 0),
    dims: [axes.length, ...axes.flat()],
  }
}

/** A number as the 32 bits of an element. */
function bitsOf(value: number, dtype: DType = 'float32'): number {
  if (dtype === 'int32') return value >>> 0
  return new Uint32Array(Float32Array.of(value).buffer)[0] as number
}

export const shapeOps: OpTable<
  | 'clone'
  | 'reshape'
  | 'stopGradient'
  | 'transpose'
  | 'slice'
  | 'embed'
  | 'concat'
  | 'broadcastTo'
  | 'gather'
  | 'scatterAdd'
  | 'takeAlong'
  | 'takeAlongGrad'
> = {
  clone: { ...cloneOp, doc: 'A copy.', formula: 'y = x', gradient: ({ dy }) => [dy] },
  reshape: defineOp({
    name: 'reshape',
    doc: 'The same elements in C order under another shape; nothing is copied.',
    formula: 'y = x',
    infer: ([x], attrs) => [{ shape: shapeOf(attrs), dtype: x?.dtype ?? 'float32' }],
    alias: () => 0,
    lower: () => undefined,
    gradient: ({ dy, inputs: [x] }) => [reshape(dy, (x as Tensor).shape)],
  }),
  stopGradient: defineOp({
    name: 'stopGradient',
    doc: 'x, as a constant: no gradient flows through it.',
    formula: 'y = x',
    infer: ([x]) => [x ?? { shape: [], dtype: 'float32' }],
    alias: () => 0,
    lower: () => undefined,
    gradient: 'piecewise constant',
  }),
  transpose: defineOp({
    name: 'transpose',
    doc: 'The axes in another order.',
    formula: 'y[i_p0, i_p1, ..] = x[i_0, i_1, ..]',
    infer: ([x], attrs) => {
      const perm = attr<readonly number[]>(attrs, 'perm')
      return [{ shape: perm.map((axis) => x?.shape[axis] as number), dtype: x?.dtype ?? 'float32' }]
    },
    lower({ inputs: [x], outputs: [y], shapes, outShapes, attrs, emit }) {
      if (x === undefined || y === undefined) return
      const strides = stridesOf(shapes[0] ?? [])
      const perm = attr<readonly number[]>(attrs, 'perm')
      const axes = collapse(
        outShapes[0] ?? [],
        perm.map((axis) => strides[axis] as number),
      )
      const [n, m] = axes.slice(-2)
      const matrix = n !== undefined && m !== undefined && n[1] === 1 && m[1] === n[0]
      const size = matrix ? (n[0] as number) * (m[0] as number) : 0
      const batch = axes.slice(0, -2)
      if (matrix && batch.length < 2 && (batch[0]?.[1] ?? size) === size)
        emit('transpose', { x, y, batch: batch[0]?.[0] ?? 1, m: m[0] as number, n: n[0] as number })
      else emit('stridedRead', { x, y, n: y.bytes / 4, dims: [axes.length, ...axes.flat()] })
    },
    gradient({ dy, attrs }) {
      const perm = attr<readonly number[]>(attrs, 'perm')
      return [
        transpose(
          dy,
          perm.map((_, axis) => perm.indexOf(axis)),
        ),
      ]
    },
  }),
  slice: defineOp({
    name: 'slice',
    doc: 'A window of x with a step along each axis; nothing is copied where the window is contiguous.',
    formula: 'y[i] = x[start + i step]',
    infer: ([x], attrs) => [{ shape: windowOf(attrs).shape, dtype: x?.dtype ?? 'float32' }],
    alias([x], attrs) {
      const window = windowOf(attrs)
      const full = x?.shape ?? []
      const cut = window.shape.findIndex((size) => size !== 1)
      const contiguous = window.shape.every(
        (size, i) => i < cut || (window.steps[i] === 1 && (i === cut || size === full[i])),
      )
      return contiguous && cut >= 0 ? walk(window, full).offset * 4 : undefined
    },
    lower({ inputs: [x], outputs: [y], shapes, attrs, emit }) {
      if (x === undefined || y === undefined) return
      const { offset, dims } = walk(windowOf(attrs), shapes[0] ?? [])
      emit('stridedRead', { x: { ...x, offset: x.offset + offset * 4 }, y, n: y.bytes / 4, dims })
    },
    gradient: ({ dy, inputs: [x], attrs }) => [embed(dy, (x as Tensor).shape, windowOf(attrs))],
  }),
  embed: defineOp({
    name: 'embed',
    doc: 'Zeros, or another value, with x written into a window of them: padding, and the gradient of slice.',
    formula: 'y[start + i step] = x[i], value elsewhere',
    infer: ([x], attrs) => [{ shape: shapeOf(attrs), dtype: x?.dtype ?? 'float32' }],
    lower({ inputs: [x], outputs: [y], specs, attrs, emit }) {
      if (x === undefined || y === undefined) return
      const { offset, dims } = walk(windowOf(attrs), shapeOf(attrs))
      emit('fill', { y, n: y.bytes / 4, bits: bitsOf(attr<number | undefined>(attrs, 'value') ?? 0, specs[0]?.dtype) })
      if (x.bytes > 0) emit('stridedWrite', { x, y: { ...y, offset: y.offset + offset * 4 }, n: x.bytes / 4, dims })
    },
    gradient: ({ dy, attrs }) => [window(dy, windowOf(attrs))],
  }),
  concat: defineOp({
    name: 'concat',
    doc: 'Tensors one after the other along an axis.',
    formula: 'y = [x_0, x_1, ..]',
    infer(inputs, attrs) {
      const axis = attr<number>(attrs, 'axis')
      const first = inputs[0] ?? { shape: [], dtype: 'float32' }
      checkTypes('concat', inputs, first.dtype)
      for (const { shape } of inputs)
        if (shape.length !== first.shape.length || shape.some((size, i) => i !== axis && size !== first.shape[i]))
          throw new ShapeError('the tensors do not line up', {
            where: 'concat',
            expected: `the shape ${shapeText(first.shape)} in all axes but ${axis}`,
            received: shapeText(shape),
          })
      const total = inputs.reduce((sum, { shape }) => sum + (shape[axis] as number), 0)
      return [{ shape: first.shape.map((size, i) => (i === axis ? total : size)), dtype: first.dtype }]
    },
    lower({ inputs, outputs: [y], shapes, outShapes, attrs, emit }) {
      if (y === undefined) return
      const { outer: rows, n, inner } = around(outShapes[0] ?? [], attr(attrs, 'axis'))
      let at = 0
      for (const [i, x] of inputs.entries()) {
        const width = (shapes[i]?.[attr<number>(attrs, 'axis')] as number) * inner
        const to = { ...y, offset: y.offset + at * 4, bytes: y.bytes - at * 4 }
        if (x.bytes > 0) emit('copyRows', { x, y: to, rows, n: width, xPitch: width, yPitch: n * inner })
        at += width
      }
    },
    gradient({ dy, inputs, attrs, needs }) {
      const axis = attr<number>(attrs, 'axis')
      let at = 0
      return inputs.map(({ shape }, i) => {
        const starts = shape.map((_, j) => (j === axis ? at : 0))
        at += shape[axis] as number
        return needs[i] === true ? window(dy, { starts, steps: shape.map(() => 1), shape }) : undefined
      })
    },
  }),
  broadcastTo: defineOp({
    name: 'broadcastTo',
    doc: 'x repeated along new axes and axes of size 1.',
    formula: 'y[.., i, ..] = x[.., 0, ..]',
    infer: ([x], attrs) => [{ shape: shapeOf(attrs), dtype: x?.dtype ?? 'float32' }],
    lower({ inputs: [x], outputs: [y], shapes, outShapes, emit }) {
      if (x === undefined || y === undefined) return
      const shape = outShapes[0] ?? []
      const axes = collapse(shape, broadcastStrides(shapes[0] ?? [], shape))
      emit('stridedRead', { x, y, n: y.bytes / 4, dims: [axes.length, ...axes.flat()] })
    },
    gradient: ({ dy, inputs: [x] }) => [sumTo(dy, (x as Tensor).shape)],
  }),
  gather: defineOp({
    name: 'gather',
    doc: 'Slices of x along an axis, picked by a vector of int32 indices.',
    formula: 'y[.., c, ..] = x[.., index[c], ..]',
    infer([x, index], attrs) {
      checkType('gather', index, 2, 'int32')
      const shape = [...(x?.shape ?? [])]
      shape[attr<number>(attrs, 'axis')] = index?.shape[0] ?? 0
      return [{ shape, dtype: x?.dtype ?? 'float32' }]
    },
    lower({ inputs: [x, index], outputs: [y], shapes, attrs, emit }) {
      if (x === undefined || index === undefined || y === undefined) return
      emit('gather', { x, index, y, ...around(shapes[0] ?? [], attr(attrs, 'axis')), count: index.bytes / 4 })
    },
    gradient: ({ dy, inputs: [x, index], attrs }) => {
      const axis = attr<number>(attrs, 'axis')
      return [scatterAdd(dy, index as Tensor, axis, (x as Tensor).shape[axis] as number), undefined]
    },
  }),
  scatterAdd: defineOp({
    name: 'scatterAdd',
    doc: 'Zeros with slices of x added at int32 indices along an axis: the gradient of gather.',
    formula: 'y[.., index[c], ..] += x[.., c, ..]',
    infer([x, index], attrs) {
      checkType('scatterAdd', x, 1, 'float32')
      checkType('scatterAdd', index, 2, 'int32')
      checkPairing('scatterAdd', [x?.shape[attr<number>(attrs, 'axis')] as number], index?.shape ?? [])
      const shape = [...(x?.shape ?? [])]
      shape[attr<number>(attrs, 'axis')] = attr<number>(attrs, 'n')
      return [{ shape, dtype: 'float32' }]
    },
    lower({ inputs: [x, index], outputs: [y], shapes, attrs, emit }) {
      if (x === undefined || index === undefined || y === undefined) return
      const { outer, inner } = around(shapes[0] ?? [], attr(attrs, 'axis'))
      emit('scatterAdd', { y: x, index, x: y, outer, n: attr(attrs, 'n'), count: index.bytes / 4, inner })
    },
    gradient: ({ dy, inputs: [, index], attrs }) => [gather(dy, index as Tensor, attr(attrs, 'axis')), undefined],
  }),
  takeAlong: defineOp({
    name: 'takeAlong',
    doc: 'One element of x for every int32 index, along an axis.',
    formula: 'y[.., c, ..] = x[.., index[.., c, ..], ..]',
    infer([x, index], attrs) {
      checkType('takeAlong', index, 2, 'int32')
      const axis = attr<number>(attrs, 'axis')
      const shape = index?.shape ?? []
      if (shape.length !== x?.shape.length || shape.some((size, i) => i !== axis && size !== x.shape[i]))
        throw new ShapeError('the indices do not line up with x', {
          where: 'takeAlong',
          expected: `the shape ${shapeText(x?.shape ?? [])} in all axes but ${axis}`,
          received: shapeText(shape),
        })
      return [{ shape, dtype: x.dtype }]
    },
    lower({ inputs: [x, index], outputs: [y], shapes, attrs, emit }) {
      if (x === undefined || index === undefined || y === undefined) return
      const axis = attr<number>(attrs, 'axis')
      emit('takeAlong', { x, index, y, ...around(shapes[0] ?? [], axis), count: shapes[1]?.[axis] as number })
    },
    gradient: ({ dy, inputs: [x, index], attrs }) => {
      const axis = attr<number>(attrs, 'axis')
      return [takeAlongGrad(dy, index as Tensor, axis, (x as Tensor).shape[axis] as number), undefined]
    },
  }),
  takeAlongGrad: defineOp({
    name: 'takeAlongGrad',
    doc: 'Zeros with every element of x added at its int32 index along an axis: the gradient of takeAlong.',
    formula: 'y[.., index[.., c, ..], ..] += x[.., c, ..]',
    infer([x, index], attrs) {
      checkType('takeAlongGrad', x, 1, 'float32')
      checkType('takeAlongGrad', index, 2, 'int32')
      checkPairing('takeAlongGrad', x?.shape ?? [], index?.shape ?? [])
      const shape = [...(x?.shape ?? [])]
      shape[attr<number>(attrs, 'axis')] = attr<number>(attrs, 'n')
      return [{ shape, dtype: 'float32' }]
    },
    lower({ inputs: [x, index], outputs: [y], shapes, attrs, emit }) {
      if (x === undefined || index === undefined || y === undefined) return
      const { outer, n: count, inner } = around(shapes[0] ?? [], attr(attrs, 'axis'))
      emit('takeAlongGrad', { y: x, index, x: y, outer, n: attr(attrs, 'n'), count, inner })
    },
    gradient: ({ dy, inputs: [, index], attrs }) => [takeAlong(dy, index as Tensor, attr(attrs, 'axis')), undefined],
  }),
}

/** Every element or slice that is scattered has an index. */
function checkPairing(where: string, expected: Shape, indices: Shape): void {
  if (!equalShapes(expected, indices))
    throw new ShapeError('the indices do not line up with x', {
      where,
      expected: `indices of shape ${shapeText(expected)}`,
      received: shapeText(indices),
    })
}

function checkList(list: readonly number[], where: string): void {
  if (!Array.isArray(list))
    throw new ArgumentError('not a list of numbers', { where, expected: 'an array', received: String(list) })
}

/** A copy with memory of its own; gradients flow through. */
export const clone = (x: Tensor): Tensor => apply(shapeOps.clone, [x])

/** x as a constant: no gradient flows through it. */
export const stopGradient = (x: Tensor): Tensor => apply(shapeOps.stopGradient, [x])

/** The same elements under another shape; one axis may be -1: what is left. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  checkTensor(x, 'reshape')
  if (!Array.isArray(shape)) checkShape(shape, 'reshape')
  const free = shape.indexOf(-1)
  const known = shape.filter((axis) => axis !== -1)
  const target = free < 0 ? shape : shape.map((axis, i) => (i === free ? x.size / sizeOf(known) : axis))
  if (
    shape.length - known.length > 1 ||
    !target.every((axis) => Number.isInteger(axis) && axis >= 0) ||
    sizeOf(target) !== x.size
  )
    throw new ShapeError('the shapes hold different numbers of elements', {
      where: 'reshape',
      expected: `${x.size} elements, as ${shapeText(x.shape)}`,
      received: shapeText(shape),
    })
  checkShape(target, 'reshape')
  return equalShapes(target, x.shape) ? x.alias() : apply(shapeOps.reshape, [x], { shape: [...target] })
}

/** The axes in another order; reversed by default. */
export function transpose(x: Tensor, perm?: readonly number[]): Tensor {
  checkTensor(x, 'transpose')
  checkList(perm ?? [], 'transpose')
  const order = (perm ?? x.shape.map((_, i) => x.rank - 1 - i)).map((axis) => checkAxis(axis, x.rank, 'transpose'))
  if (order.length !== x.rank || new Set(order).size !== order.length)
    throw new ShapeError('not an order of the axes', {
      where: 'transpose',
      expected: `each of 0 to ${x.rank - 1} once`,
      received: `[${order.join(', ')}]`,
    })
  return apply(shapeOps.transpose, [x], { perm: order })
}

/**
 * A window of x: along axis i the elements starts[i], starts[i] + steps[i], .. before ends[i]. Negative bounds count
 * from the end, missing ones take all; a negative step walks backwards.
 */
export function slice(
  x: Tensor,
  starts: readonly number[],
  ends: readonly number[] = [],
  steps: readonly number[] = [],
): Tensor {
  checkTensor(x, 'slice')
  for (const list of [starts, ends, steps]) checkList(list, 'slice')
  if (Math.max(starts.length, ends.length, steps.length) > x.rank)
    throw new ShapeError('more bounds than axes', {
      where: 'slice',
      expected: `at most ${x.rank}`,
      received: `${starts.length}`,
    })
  for (const bound of [...starts, ...ends, ...steps])
    if (!Number.isInteger(bound))
      throw new ArgumentError('bounds and steps are whole numbers', { where: 'slice', received: String(bound) })
  const windows = x.shape.map((size, i) => {
    const step = steps[i] ?? 1
    if (step === 0) throw new ArgumentError('a step is 0', { where: 'slice', expected: 'a step other than 0' })
    const limit = (bound: number): number =>
      Math.min(Math.max(bound < 0 ? bound + size : bound, step < 0 ? -1 : 0), step < 0 ? size - 1 : size)
    const start = starts[i] === undefined ? (step < 0 ? size - 1 : 0) : limit(starts[i])
    const end = ends[i] === undefined ? (step < 0 ? -1 : size) : limit(ends[i])
    return { start, step, count: Math.max(0, Math.ceil((end - start) / step)) }
  })
  return window(x, {
    starts: windows.map(({ start, count }) => (count === 0 ? 0 : start)),
    steps: windows.map(({ step }) => step),
    shape: windows.map(({ count }) => count),
  })
}

function window(x: Tensor, { starts, steps, shape }: Window): Tensor {
  return apply(shapeOps.slice, [x], { starts: [...starts], steps: [...steps], window: [...shape] })
}

export function embed(x: Tensor, shape: Shape, { starts, steps }: Window, value = 0): Tensor {
  const attrs = { shape: [...shape], starts: [...starts], steps: [...steps], window: [...x.shape], value }
  return apply(shapeOps.embed, [x], attrs)
}

/** Tensors one after the other along an axis. */
export function concat(tensors: readonly Tensor[], axis = 0): Tensor {
  const first = listOf(tensors, 'concat')[0] as Tensor
  return apply(shapeOps.concat, tensors, { axis: checkAxis(axis, checkTensor(first, 'concat').rank, 'concat') })
}

/** Tensors of one shape along a new axis. */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  const list = listOf(tensors, 'stack')
  for (const x of list) checkTensor(x, 'stack')
  const rank = (list[0]?.rank ?? 0) + 1
  const at = checkAxis(axis, rank, 'stack')
  return concat(
    list.map((x) => reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)])),
    at,
  )
}

function listOf(tensors: readonly Tensor[], where: string): readonly Tensor[] {
  if (Array.isArray(tensors) && tensors.length > 0) return tensors
  throw new ArgumentError('there is nothing to join', {
    where,
    expected: 'an array of one tensor or more',
    received: Array.isArray(tensors) ? 'an empty one' : typeof tensors,
  })
}

/** x stretched to a shape it broadcasts to. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  checkTensor(x, 'broadcastTo')
  checkShape(shape, 'broadcastTo')
  if (!equalShapes(broadcastShapes(x.shape, shape, 'broadcastTo'), shape))
    throw new ShapeError('the shape does not stretch to the target', {
      where: 'broadcastTo',
      expected: shapeText(shape),
      received: shapeText(x.shape),
    })
  return equalShapes(x.shape, shape) ? x.alias() : apply(shapeOps.broadcastTo, [x], { shape: [...shape] })
}

/** x summed down to a shape that broadcasts to its own: the gradient of broadcasting. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (equalShapes(x.shape, shape)) return x
  const lead = x.rank - shape.length
  const axes = x.shape.flatMap((size, i) => (i < lead || (shape[i - lead] === 1 && size !== 1) ? [i] : []))
  return reshape(sum(x, axes, { keepDims: true }), shape)
}

/** Slices of x along an axis at int32 indices; the axis takes the shape of the indices. An index outside throws IndexError. */
export function gather(x: Tensor, indices: Tensor, axis = 0): Tensor {
  for (const operand of [x, indices]) checkTensor(operand, 'gather')
  const at = checkAxis(axis, x.rank, 'gather')
  const flat = indices.rank === 1 ? indices : reshape(indices, [indices.size])
  const y = apply(shapeOps.gather, [x, flat], { axis: at })
  return indices.rank === 1 ? y : reshape(y, [...x.shape.slice(0, at), ...indices.shape, ...x.shape.slice(at + 1)])
}

/** Zeros of n along an axis with slices of x added at a vector of int32 indices. An index outside throws IndexError. */
export function scatterAdd(x: Tensor, indices: Tensor, axis: number, n: number): Tensor {
  checkTensor(x, 'scatterAdd')
  checkShape([n], 'scatterAdd')
  return apply(shapeOps.scatterAdd, [x, indices], { axis: checkAxis(axis, x.rank, 'scatterAdd'), n })
}

function takeAlongGrad(x: Tensor, indices: Tensor, axis: number, n: number): Tensor {
  return apply(shapeOps.takeAlongGrad, [x, indices], { axis, n })
}

/** One element of x for every int32 index along an axis. An index outside throws IndexError. */
export function takeAlong(x: Tensor, indices: Tensor, axis = -1): Tensor {
  checkTensor(x, 'takeAlong')
  return apply(shapeOps.takeAlong, [x, indices], { axis: checkAxis(axis, x.rank, 'takeAlong') })
}
