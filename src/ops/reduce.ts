import * as C from '../abi/constants.ts'
import { ArgumentError, ShapeError } from '../errors.ts'
import { known } from '../options.ts'
import { type Attrs, type Shape, type Spec, sizeOf } from '../program/graph.ts'
import type { Lowering, Operands, Ref } from '../program/lower.ts'
import { checkAxes, checkAxis, collapse, shapeText, stridesOf } from '../tensor/shape.ts'
import { apply, checkTensor, checkTypes } from './apply.ts'
import { attr, defineOp, type GradientRule, type OpRow, type OpTable } from './define.ts'
import * as f from './functions.ts'
import { productOfOthers } from './product.ts'
import { around, broadcastTo, reshape, stopGradient } from './shape.ts'
import type { Tensor } from './tensor.ts'

/** Numbers that a sum over everything adds up in one go; the partial sums are added by a second instruction. */
const BLOCK = 8192
/** From this many numbers on, a reduction to few results is split into blocks. */
const SPLIT_FROM = 4 * BLOCK

const axesOf = (attrs: Attrs): readonly number[] => attr(attrs, 'axes')

function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  return keepDims ? shape.map((size, i) => (axes.includes(i) ? 1 : size)) : shape.filter((_, i) => !axes.includes(i))
}

function lowerReduce(lowering: Lowering, fn: number, mean: boolean): void {
  const { inputs, outputs, specs, shapes, attrs, emit, temp } = lowering
  const put = ({ scale: by, ...operands }: Operands<'reduce'>): void =>
    specs[0]?.dtype === 'int32'
      ? emit('reduceWholes', { ...operands, arg: 0 })
      : emit('reduce', { ...operands, scale: by })
  const shape = shapes[0] ?? []
  const axes = axesOf(attrs)
  let x = inputs[0] as Ref
  const y = outputs[0] as Ref
  const n = axes.reduce((size, axis) => size * (shape[axis] as number), 1)
  const kept = sizeOf(shape) === 0 ? y.bytes / 4 : sizeOf(shape) / n
  const scale = mean ? 1 / n : 1
  // Neighbouring axes of one kind are one axis: kept, reduced, kept is what the kernel takes.
  const kinds = shape.map((_, i) => (axes.includes(i) ? 1 : 0))
  const groups: { size: number; reduced: number }[] = []
  for (const [i, size] of shape.entries()) {
    if (size === 1) continue
    const reduced = kinds[i] as number
    const group = groups.at(-1)
    if (group?.reduced === reduced) group.size *= size
    else groups.push({ size, reduced })
  }
  const reducing = groups.filter(({ reduced }) => reduced === 1).length
  let outer = 1
  let inner = 1
  if (reducing <= 1) {
    const at = groups.findIndex(({ reduced }) => reduced === 1)
    outer = at < 0 ? kept : sizeOf(groups.slice(0, at).map(({ size }) => size))
    inner = at < 0 ? 1 : sizeOf(groups.slice(at + 1).map(({ size }) => size))
  } else {
    const strides = stridesOf(shape)
    const order = [...shape.keys()].sort((a, b) => (kinds[a] as number) - (kinds[b] as number) || a - b)
    const walked = collapse(
      order.map((axis) => shape[axis] as number),
      order.map((axis) => strides[axis] as number),
    )
    const moved = temp(x.bytes)
    emit('stridedRead', { x, y: moved, n: x.bytes / 4, dims: [walked.length, ...walked.flat()] })
    x = moved
    outer = kept
  }
  const rows = Math.max(1, Math.floor(BLOCK / inner))
  const blocks = Math.floor(n / rows)
  if (outer !== 1 || inner > 64 || n * inner < SPLIT_FROM || blocks < 2) {
    put({ fn, x, y, outer, n, inner, scale })
    return
  }
  // By size alone, so that the order of additions is the same for any number of threads.
  const rest = n - blocks * rows
  const partial = temp((blocks + (rest > 0 ? 1 : 0)) * inner * 4)
  const from = (ref: Ref, word: number): Ref => ({ ...ref, offset: ref.offset + word * 4, bytes: ref.bytes - word * 4 })
  put({ fn, x, y: partial, outer: blocks, n: rows, inner, scale: 1 })
  if (rest > 0)
    put({
      fn,
      x: from(x, blocks * rows * inner),
      y: from(partial, blocks * inner),
      outer: 1,
      n: rest,
      inner,
      scale: 1,
    })
  const again = fn === C.REDUCE_SUM_SQUARES ? C.REDUCE_SUM : fn
  put({ fn: again, x: partial, y, outer: 1, n: blocks + (rest > 0 ? 1 : 0), inner, scale })
}

function reduction(
  name: string,
  fn: number,
  doc: string,
  formula: string,
  gradient: GradientRule,
  { mean = false, empty = true, whole = false }: { mean?: boolean; empty?: boolean; whole?: boolean } = {},
): OpRow {
  return defineOp({
    name,
    doc,
    formula,
    gradient,
    infer(inputs, attrs) {
      checkTypes(name, inputs, 'float32', ...(whole ? (['int32'] as const) : []))
      const { shape, dtype } = inputs[0] as Spec
      const axes = axesOf(attrs)
      if (!empty && axes.some((axis) => shape[axis] === 0))
        throw new ShapeError('the axis is empty', {
          where: name,
          expected: 'one element or more',
          received: shapeText(shape),
        })
      return [{ shape: reducedShape(shape, axes, attr(attrs, 'keepDims')), dtype }]
    },
    lower: (lowering) => lowerReduce(lowering, fn, mean),
  })
}

/** The tensor with the reduced axes back as axes of size 1. */
function expanded(y: Tensor, x: Tensor, attrs: Attrs): Tensor {
  return reshape(y, reducedShape(x.shape, axesOf(attrs), true))
}
const spread = (y: Tensor, x: Tensor, attrs: Attrs): Tensor => broadcastTo(expanded(y, x, attrs), x.shape)
const count = (x: Tensor, attrs: Attrs): number =>
  axesOf(attrs).reduce((size, axis) => size * (x.shape[axis] as number), 1)

/** Gradient of an extremum: shared equally by the elements that attain it. */
const attained: GradientRule = ({ dy, inputs, outputs, attrs }) => {
  const x = inputs[0] as Tensor
  const hits = f.equal(x, expanded(outputs[0] as Tensor, x, attrs))
  const shares = sum(hits, axesOf(attrs), { keepDims: true })
  return [f.mul(hits, f.div(expanded(dy, x, attrs), shares))]
}

function argReduction(name: string, fn: number, doc: string): OpRow {
  return defineOp({
    name,
    doc,
    formula: 'the first index that attains it; a NaN wins',
    gradient: 'piecewise constant',
    infer(inputs, attrs) {
      checkTypes(name, inputs, 'float32', 'int32')
      const shape = inputs[0]?.shape ?? []
      const axis = attr<number>(attrs, 'axis')
      if (shape[axis] === 0)
        throw new ShapeError('the axis is empty', {
          where: name,
          expected: 'one element or more',
          received: shapeText(shape),
        })
      return [{ shape: reducedShape(shape, [axis], attr(attrs, 'keepDims')), dtype: 'int32' }]
    },
    lower({ inputs: [x], outputs: [y], specs, shapes, attrs, emit }) {
      if (x === undefined || y === undefined) return
      const sizes = around(shapes[0] ?? [], attr(attrs, 'axis'))
      if (specs[0]?.dtype === 'float32') return emit('argReduce', { fn, x, y, ...sizes })
      emit('reduceWholes', { fn: fn === C.REDUCE_ARGMAX ? C.REDUCE_MAX : C.REDUCE_MIN, arg: 1, x, y, ...sizes })
    },
  })
}

export const reduceOps: OpTable<'sum' | 'mean' | 'sumSquares' | 'prod' | 'max' | 'min' | 'argmax' | 'argmin'> = {
  sum: reduction(
    'sum',
    C.REDUCE_SUM,
    'Sum over axes; the empty sum is 0.',
    'sum x',
    ({ dy, inputs: [x], attrs }) => [spread(dy, x as Tensor, attrs)],
    { whole: true },
  ),
  mean: reduction(
    'mean',
    C.REDUCE_SUM,
    'Mean over axes; of nothing it is NaN.',
    'sum x / n',
    ({ dy, inputs: [x], attrs }) => [spread(f.mul(dy, 1 / count(x as Tensor, attrs)), x as Tensor, attrs)],
    { mean: true },
  ),
  sumSquares: reduction(
    'sumSquares',
    C.REDUCE_SUM_SQUARES,
    'Sum of squares over axes.',
    'sum x^2',
    ({ dy, inputs: [x], attrs }) => [f.mul(f.mul(x as Tensor, 2), expanded(dy, x as Tensor, attrs))],
  ),
  prod: reduction(
    'prod',
    C.REDUCE_PROD,
    'Product over axes; the empty product is 1.',
    'product of x',
    ({ dy, inputs: [x], attrs }) => [
      f.mul(expanded(dy, x as Tensor, attrs), productOfOthers(x as Tensor, axesOf(attrs))),
    ],
    { whole: true },
  ),
  max: reduction('max', C.REDUCE_MAX, 'Largest element over axes; NaN wins.', 'max x', attained, {
    empty: false,
    whole: true,
  }),
  min: reduction('min', C.REDUCE_MIN, 'Smallest element over axes; NaN wins.', 'min x', attained, {
    empty: false,
    whole: true,
  }),
  argmax: argReduction('argmax', C.REDUCE_ARGMAX, 'Index of the largest element along an axis, int32.'),
  argmin: argReduction('argmin', C.REDUCE_ARGMIN, 'Index of the smallest element along an axis, int32.'),
}

export interface ReduceOptions {
  /** Keep the reduced axes with size 1. */
  readonly keepDims?: boolean
}
type Axes = number | readonly number[]

function reduce(op: OpRow, x: Tensor, axes: Axes | undefined, options: ReduceOptions): Tensor {
  const { keepDims = false } = known(op.name, options, 'keepDims')
  return apply(op, [x], { axes: checkAxes(axes, checkTensor(x, op.name).rank, op.name), keepDims })
}

/** Sum over axes (all by default). */
export const sum = (x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor =>
  reduce(reduceOps.sum, x, axes, options)
/** Mean over axes (all by default). */
export const mean = (x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor =>
  reduce(reduceOps.mean, x, axes, options)
/** Sum of squares over axes (all by default). */
export const sumSquares = (x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor =>
  reduce(reduceOps.sumSquares, x, axes, options)
/** Product over axes (all by default); gradients are right where elements are 0, too. */
export const prod = (x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor =>
  reduce(reduceOps.prod, x, axes, options)
/** Largest element over axes (all by default). */
export const max = (x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor =>
  reduce(reduceOps.max, x, axes, options)
/** Smallest element over axes (all by default). */
export const min = (x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor =>
  reduce(reduceOps.min, x, axes, options)

function place(op: OpRow, x: Tensor, axis: number, options: ReduceOptions): Tensor {
  const { keepDims = false } = known(op.name, options, 'keepDims')
  return apply(op, [x], { axis: checkAxis(axis, checkTensor(x, op.name).rank, op.name), keepDims })
}

/** Index of the largest element along an axis, int32. */
export const argmax = (x: Tensor, axis = -1, options: ReduceOptions = {}): Tensor =>
  place(reduceOps.argmax, x, axis, options)
/** Index of the smallest element along an axis, int32. */
export const argmin = (x: Tensor, axis = -1, options: ReduceOptions = {}): Tensor =>
  place(reduceOps.argmin, x, axis, options)

/** Variance over axes: the mean squared distance from the mean, over n - correction (1 by default, 0: biased). */
export function variance(
  x: Tensor,
  axes?: Axes,
  options: ReduceOptions & { readonly correction?: number } = {},
): Tensor {
  const { keepDims = false, correction = 1 } = known('variance', options, 'keepDims correction')
  const list = checkAxes(axes, checkTensor(x, 'variance').rank, 'variance')
  const n = count(x, { axes: list })
  const centred = f.sub(x, mean(x, list, { keepDims: true }))
  return f.mul(sumSquares(centred, list, { keepDims }), 1 / Math.max(0, n - correction))
}

/** Root of the variance; its derivative at 0 is 0. */
export const std = (x: Tensor, axes?: Axes, options: ReduceOptions & { readonly correction?: number } = {}): Tensor =>
  root(variance(x, axes, options))

export interface NormOptions extends ReduceOptions {
  /** 2: Euclidean (default). 1: sum of magnitudes. Infinity: largest magnitude. */
  readonly ord?: number
}

/** Norm over axes (all by default), Euclidean unless `ord` says otherwise; its derivative at 0 is 0. */
export function norm(x: Tensor, axes?: Axes, all: NormOptions = {}): Tensor {
  const { ord = 2, ...options } = known('norm', all, 'ord keepDims')
  if (ord === 2) return root(sumSquares(x, axes, options))
  if (ord === 1) return sum(f.abs(x), axes, options)
  if (ord === Number.POSITIVE_INFINITY) return max(f.abs(x), axes, options)
  throw new ArgumentError('unknown norm', { where: 'norm.ord', expected: '1, 2 or Infinity', received: String(ord) })
}

/** Square root whose derivative at 0 is 0 and not infinite. */
function root(x: Tensor): Tensor {
  const zero = f.equal(x, 0)
  return f.where(zero, 0, f.sqrt(f.where(zero, 1, x)))
}

/** 1 where any element over the axes is not 0 (NaN counts), else 0; of nothing 0. */
export const any = (x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor =>
  f.greater(sum(f.notEqual(x, 0), axes, options), 0)
/** 1 where no element over the axes is 0, else 0; of nothing 1. */
export const all = (x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor =>
  f.equal(sum(f.equal(x, 0), axes, options), 0)

/** ln(sum(e^x)) over axes, without overflow. */
export function logsumexp(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  const list = checkAxes(axes, checkTensor(x, 'logsumexp').rank, 'logsumexp')
  // An infinite maximum must not be subtracted from itself.
  const top = stopGradient(f.clip(max(x, list, { keepDims: true }), -3.4028234663852886e38, 3.4028234663852886e38))
  const sums = sum(f.exp(f.sub(x, top)), list, options)
  return f.add(f.log(sums), reshape(top, sums.shape))
}
