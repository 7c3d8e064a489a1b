import { IndexError } from '../errors.ts'
import { axis, number, numbers } from './attrs.ts'
import {
  aroundAxis,
  broadcastStrides,
  input,
  offsetsOf,
  type Reference,
  type RefTensor,
  type Rows,
  sizeOf,
  stridesOf,
  zeros,
} from './tensor.ts'

function read(x: RefTensor, shape: readonly number[], strides: readonly number[], start = 0): RefTensor {
  return { shape, data: offsetsOf(shape, strides, start).map((at) => x.data[at] as number) }
}

/** Offsets of the elements that a strided slice of `shape` touches. */
function sliced(shape: readonly number[], starts: readonly number[], steps: readonly number[]) {
  const own = stridesOf(shape)
  return {
    strides: own.map((stride, i) => stride * (steps[i] as number)),
    start: own.reduce((sum, stride, i) => sum + stride * (starts[i] as number), 0),
  }
}

/** The index, checked: a bad one is an error here as it is on the engine. */
function checked(value: number, n: number, position: number): number {
  if (!Number.isInteger(value) || value < 0 || value >= n) {
    throw new IndexError('index out of range', {
      expected: `0 to ${n - 1}`,
      received: `${value} at position ${position}`,
    })
  }
  return value
}

/** Shape with the size of one axis replaced. */
function resized(shape: readonly number[], at: number, size: number): number[] {
  return shape.map((s, i) => (i === at ? size : s))
}

/** x itself: copies, and constants to the chain rule. */
const same: Reference = (inputs) => [input(inputs, 0)]

const reshape: Reference = (inputs, attrs) => [{ shape: numbers(attrs, 'shape'), data: input(inputs, 0).data }]

const transpose: Reference = (inputs, attrs) => {
  const x = input(inputs, 0)
  const perm = numbers(attrs, 'perm')
  const strides = stridesOf(x.shape)
  return [
    read(
      x,
      perm.map((p) => x.shape[p] as number),
      perm.map((p) => strides[p] as number),
    ),
  ]
}

/** The elements starts + i * steps of x, for i in `window`; steps may be negative. */
const slice: Reference = (inputs, attrs) => {
  const x = input(inputs, 0)
  const { strides, start } = sliced(x.shape, numbers(attrs, 'starts'), numbers(attrs, 'steps'))
  return [read(x, numbers(attrs, 'window'), strides, start)]
}

/** Zeros (or the value) with x written where the slice reads: what slice is the transpose of. */
const embed: Reference = (inputs, attrs) => {
  const x = input(inputs, 0)
  const y = zeros(numbers(attrs, 'shape'))
  y.data.fill((attrs['value'] as number | undefined) ?? 0)
  const { strides, start } = sliced(y.shape, numbers(attrs, 'starts'), numbers(attrs, 'steps'))
  offsetsOf(x.shape, strides, start).forEach((at, i) => {
    y.data[at] = x.data[i] as number
  })
  return [y]
}

const concat: Reference = (inputs, attrs) => {
  const first = input(inputs, 0)
  const at = axis(attrs, first.shape.length)
  const y = zeros(
    resized(
      first.shape,
      at,
      inputs.reduce((sum, x) => sum + (x.shape[at] as number), 0),
    ),
  )
  const { outer, n, inner } = aroundAxis(y.shape, at)
  let done = 0
  for (const x of inputs) {
    const rows = x.shape[at] as number
    for (let o = 0; o < outer; o++) {
      y.data.set(x.data.subarray(o * rows * inner, (o + 1) * rows * inner), (o * n + done) * inner)
    }
    done += rows
  }
  return [y]
}

const broadcastTo: Reference = (inputs, attrs) => {
  const x = input(inputs, 0)
  const shape = numbers(attrs, 'shape')
  return [read(x, shape, broadcastStrides(x.shape, shape))]
}

/** y[o, c, i] = x[o, index[c], i] */
const gather: Reference = (inputs, attrs) => {
  const x = input(inputs, 0)
  const index = input(inputs, 1)
  const at = axis(attrs, x.shape.length)
  const { outer, n, inner } = aroundAxis(x.shape, at)
  const count = index.data.length
  const y = zeros([...x.shape.slice(0, at), ...index.shape, ...x.shape.slice(at + 1)])
  for (let o = 0; o < outer; o++) {
    for (let c = 0; c < count; c++) {
      const row = checked(index.data[c] as number, n, c)
      for (let i = 0; i < inner; i++) y.data[(o * count + c) * inner + i] = x.data[(o * n + row) * inner + i] as number
    }
  }
  return [y]
}

/** x[o, index[c], i] += y[o, c, i] */
const scatterAdd: Reference = (inputs, attrs) => {
  const y = input(inputs, 0)
  const index = input(inputs, 1)
  const at = axis(attrs, y.shape.length - index.shape.length + 1)
  const n = number(attrs, 'n')
  const count = index.data.length
  const outer = sizeOf(y.shape.slice(0, at))
  const inner = sizeOf(y.shape.slice(at + index.shape.length))
  const x = zeros([...y.shape.slice(0, at), n, ...y.shape.slice(at + index.shape.length)])
  for (let o = 0; o < outer; o++) {
    for (let c = 0; c < count; c++) {
      const row = checked(index.data[c] as number, n, c)
      for (let i = 0; i < inner; i++) {
        const to = (o * n + row) * inner + i
        x.data[to] = (x.data[to] as number) + (y.data[(o * count + c) * inner + i] as number)
      }
    }
  }
  return [x]
}

/** Pairs [element of index and y, element of x] of takeAlong. */
function* along(index: RefTensor, at: number, n: number): Generator<[number, number]> {
  const { outer, n: count, inner } = aroundAxis(index.shape, at)
  for (let o = 0; o < outer; o++) {
    for (let c = 0; c < count; c++) {
      for (let i = 0; i < inner; i++) {
        const from = (o * count + c) * inner + i
        yield [from, (o * n + checked(index.data[from] as number, n, from)) * inner + i]
      }
    }
  }
}

/** y[o, c, i] = x[o, index[o, c, i], i] */
const takeAlong: Reference = (inputs, attrs) => {
  const x = input(inputs, 0)
  const index = input(inputs, 1)
  const at = axis(attrs, x.shape.length)
  const y = zeros(index.shape)
  for (const [to, from] of along(index, at, x.shape[at] as number)) y.data[to] = x.data[from] as number
  return [y]
}

/** x[o, index[o, c, i], i] += y[o, c, i] */
const takeAlongGrad: Reference = (inputs, attrs) => {
  const y = input(inputs, 0)
  const index = input(inputs, 1)
  const at = axis(attrs, y.shape.length)
  const n = number(attrs, 'n')
  const x = zeros(resized(y.shape, at, n))
  for (const [from, to] of along(index, at, n)) x.data[to] = (x.data[to] as number) + (y.data[from] as number)
  return [x]
}

export const shape: Rows<
  | 'clone'
  | 'stopGradient'
  | 'custom'
  | 'reshape'
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
  clone: same,
  stopGradient: same,
  custom: same,
  reshape,
  transpose,
  slice,
  embed,
  concat,
  broadcastTo,
  gather,
  scatterAdd,
  takeAlong,
  takeAlongGrad,
}
