import { ArgumentError, ShapeError } from '../errors.ts'
import { known } from '../options.ts'
import { type Shape, sizeOf } from '../program/graph.ts'
import { checkAxes, checkAxis, checkShape, shapeText } from '../tensor/shape.ts'
import { apply, checkTensor, checkType, lift } from './apply.ts'
import * as f from './functions.ts'
import { broadcastTo, concat, embed, reshape, shapeOps, slice } from './shape.ts'
import type { Tensor } from './tensor.ts'

// Shape operations that others make up: gradients follow.

const list = (values: unknown): string => JSON.stringify(values) ?? String(values)

/** Elements start .. end - 1 of one axis. */
function part(x: Tensor, axis: number, start: number, end: number): Tensor {
  return slice(
    x,
    x.shape.map((_, i) => (i === axis ? start : 0)),
    x.shape.map((n, i) => (i === axis ? end : n)),
  )
}

export type PadMode = 'constant' | 'reflect' | 'replicate'
export interface PadOptions {
  /** What the new elements hold: `value`, the tensor mirrored at its ends (not repeating them), or its last elements. */
  readonly mode?: PadMode
  /** Default 0. */
  readonly value?: number
}

/** x with [before, after] new elements at the ends of each axis. */
export function pad(x: Tensor, pads: readonly (readonly [number, number])[], options: PadOptions = {}): Tensor {
  const { mode = 'constant', value = 0 } = known('pad', options, 'mode value')
  checkTensor(x, 'pad')
  f.oneOf(mode, ['constant', 'reflect', 'replicate'], 'pad.mode')
  if (typeof value !== 'number' || (x.dtype === 'int32' && !Number.isInteger(value)))
    throw new ArgumentError('the value does not fit', { where: 'pad.value', expected: x.dtype, received: list(value) })
  const pair = (p: unknown): boolean =>
    Array.isArray(p) && p.length === 2 && p.every((n) => Number.isInteger(n) && n >= 0)
  if (!Array.isArray(pads) || pads.length !== x.rank || !pads.every(pair))
    throw new ArgumentError('the pads do not fit', {
      where: 'pad',
      expected: `[before, after] for each of ${x.rank} axes, whole numbers from 0 up`,
      received: list(pads),
    })
  const shape = checkShape(
    x.shape.map((n, i) => n + (pads[i]?.[0] as number) + (pads[i]?.[1] as number)),
    'pad',
  )
  if (mode === 'constant') {
    const window = { starts: pads.map(([before]) => before), steps: pads.map(() => 1), shape: x.shape }
    return String(shape) === String(x.shape) ? x.alias() : embed(x, shape, window, value)
  }
  return pads.reduce((y, [before, after], axis) => {
    if (before === 0 && after === 0) return y
    const n = y.shape[axis] as number
    const least = mode === 'reflect' ? Math.max(before, after) + 1 : 1
    if (n < least)
      throw new ShapeError('the axis is too short for its pads', {
        where: `pad, ${mode}`,
        expected: `at least ${least} elements in axis ${axis}`,
        received: shapeText(x.shape),
      })
    const edge = (size: number, at: number, mirror: readonly [number, number]): Tensor[] => {
      if (size === 0) return []
      if (mode === 'reflect') return [flip(part(y, axis, ...mirror), axis)]
      const target = y.shape.map((m: number, i: number) => (i === axis ? size : m))
      return [broadcastTo(part(y, axis, at, at + 1), target)]
    }
    return concat([...edge(before, 0, [1, before + 1]), y, ...edge(after, n - 1, [n - 1 - after, n - 1])], axis)
  }, x.alias())
}

/** x cut along an axis: into that many equal parts, or into parts of these sizes. */
export function split(x: Tensor, parts: number | readonly number[], axis = 0): Tensor[] {
  const at = checkAxis(axis, checkTensor(x, 'split').rank, 'split')
  const n = x.shape[at] as number
  const sizes = typeof parts === 'number' ? Array.from({ length: sound(parts) ? parts : 0 }, () => n / parts) : parts
  const fits = Array.isArray(sizes) && sizes.length > 0 && sizes.every((size) => Number.isInteger(size) && size >= 0)
  if (!fits || sizes.reduce((sum, size) => sum + size, 0) !== n)
    throw new ShapeError('the parts do not make up the axis', {
      where: 'split',
      expected: `a divisor of ${n}, or sizes that add up to it`,
      received: list(parts),
    })
  let start = 0
  return sizes.map((size) => part(x, at, start, (start += size)))
}
const sound = (count: number): boolean => Number.isInteger(count) && count > 0 && count <= 65536

/** x repeated that many times along each axis. */
export function tile(x: Tensor, repeats: readonly number[]): Tensor {
  checkTensor(x, 'tile')
  if (!Array.isArray(repeats) || repeats.length !== x.rank || !repeats.every((r) => Number.isInteger(r) && r >= 0))
    throw new ArgumentError('the repeats do not fit', {
      where: 'tile',
      expected: `a whole number from 0 up for each of ${x.rank} axes`,
      received: list(repeats),
    })
  checkShape(
    x.shape.map((n, i) => n * repeats[i]),
    'tile',
  )
  return repeats.reduce<Tensor>((y, times, axis) => {
    if (times === 1) return y
    const outer = sizeOf(y.shape.slice(0, axis))
    const rest = sizeOf(y.shape.slice(axis))
    const stretched = broadcastTo(reshape(y, [outer, 1, rest]), [outer, times, rest])
    return reshape(
      stretched,
      y.shape.map((n, i) => (i === axis ? n * times : n)),
    )
  }, x.alias())
}

/** x stretched to a shape; -1 keeps the size of an axis. */
export function expand(x: Tensor, shape: Shape): Tensor {
  checkTensor(x, 'expand')
  if (!Array.isArray(shape)) checkShape(shape, 'expand')
  const lead = shape.length - x.rank
  return broadcastTo(
    x,
    shape.map((n, i) => (n === -1 ? (x.shape[i - lead] ?? -1) : n)),
  )
}

/** x without its axes of size 1, or without these. */
export function squeeze(x: Tensor, axes?: number | readonly number[]): Tensor {
  checkTensor(x, 'squeeze')
  const gone = checkAxes(axes ?? x.shape.flatMap((n, i) => (n === 1 ? [i] : [])), x.rank, 'squeeze')
  if (gone.some((axis) => x.shape[axis] !== 1))
    throw new ShapeError('only axes of size 1 can go', {
      where: 'squeeze',
      expected: `size 1 in axes [${gone.join(', ')}]`,
      received: shapeText(x.shape),
    })
  return reshape(
    x,
    x.shape.filter((_, i) => !gone.includes(i)),
  )
}

/** x with a new axis of size 1 at this place of the result. */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  const at = checkAxis(axis, checkTensor(x, 'unsqueeze').rank + 1, 'unsqueeze')
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)])
}

/** The elements of axes (all by default) in the opposite order. */
export function flip(x: Tensor, axes?: number | readonly number[]): Tensor {
  const turned = checkAxes(axes, checkTensor(x, 'flip').rank, 'flip')
  const steps = x.shape.map((_, i) => (turned.includes(i) ? -1 : 1))
  return apply(shapeOps.slice, [x], {
    starts: x.shape.map((n, i) => (turned.includes(i) ? Math.max(0, n - 1) : 0)),
    steps,
    window: [...x.shape],
  })
}

/** The elements of an axis moved up by `shift`; what leaves at the end comes back at the beginning. */
export function roll(x: Tensor, shift: number, axis = -1): Tensor {
  const at = checkAxis(axis, checkTensor(x, 'roll').rank, 'roll')
  if (!Number.isSafeInteger(shift))
    throw new ArgumentError('not a shift', { where: 'roll', expected: 'a whole number', received: list(shift) })
  const n = x.shape[at] as number
  const cut = n === 0 ? 0 : (((n - shift) % n) + n) % n
  return cut === 0 ? x.alias() : concat([part(x, at, cut, n), part(x, at, 0, cut)], at)
}

/** For every int32 index a new last axis of n, 1 at the index and 0 elsewhere. An index outside throws IndexError. */
export function oneHot(indices: Tensor, n: number): Tensor {
  checkType('oneHot', checkTensor(indices, 'oneHot').use('oneHot'), 1, 'int32')
  checkShape([...indices.shape, n], 'oneHot')
  const ones = broadcastTo(lift(1, indices), [...indices.shape, 1])
  return apply(shapeOps.takeAlongGrad, [ones, unsqueeze(indices, -1)], { axis: indices.rank, n })
}
