import { POOL_AVG, POOL_MAX } from '../abi/constants.ts'
import { ArgumentError, ShapeError } from '../errors.ts'
import { known } from '../options.ts'
import { type Attrs, type Shape, type Spec, sizeOf } from '../program/graph.ts'
import type { Ref } from '../program/lower.ts'
import { shapeText } from '../tensor/shape.ts'
import { apply, checkTensor, checkTypes } from './apply.ts'
import { pair, type Size2d } from './conv.ts'
import { attr, defineOp, type OpTable } from './define.ts'
import { mean } from './reduce.ts'
import type { Tensor } from './tensor.ts'

interface Windows {
  readonly kernel: readonly [number, number]
  readonly stride: readonly [number, number]
  readonly padding: readonly [number, number]
  readonly ceil: boolean
}

/** [N, C, H', W'] of the windows; a window beyond the lower end has to begin inside of the image. */
function pooledShape(where: string, x: Shape, attrs: Attrs): Shape {
  const { kernel, stride, padding, ceil } = attrs as unknown as Windows
  if (x.length !== 4)
    throw new ShapeError('the input is not a batch of images', {
      where,
      expected: '[N, C, H, W]',
      received: shapeText(x),
    })
  const sizes = [0, 1].map((axis) => {
    const [k, s, p] = [kernel[axis] as number, stride[axis] as number, padding[axis] as number]
    const size = x[axis + 2] as number
    const steps = (size + 2 * p - k) / s
    const out = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1
    return ceil && (out - 1) * s >= size + p ? out - 1 : out
  })
  if (sizes.some((size) => size < 1))
    throw new ShapeError('the window is larger than the padded image', {
      where,
      expected: `at least ${kernel.join(' x ')}`,
      received: `${x[2]} x ${x[3]} with padding ${padding.join(' and ')}`,
    })
  return [x[0] as number, x[1] as number, ...sizes]
}

function operandsOf(x: Shape, y: Shape, attrs: Attrs) {
  const { kernel, stride, padding } = attrs as unknown as Windows
  return {
    planes: (x[0] as number) * (x[1] as number),
    height: x[2] as number,
    width: x[3] as number,
    kernelH: kernel[0],
    kernelW: kernel[1],
    outH: y[2] as number,
    outW: y[3] as number,
    strideH: stride[0],
    strideW: stride[1],
    top: padding[0],
    left: padding[1],
  }
}

const whole = (attrs: Attrs): number => (attr<boolean>(attrs, 'countIncludePad') ? 1 : 0)

function sameShape(where: string, expected: Shape, ...specs: readonly (Spec | undefined)[]): void {
  for (const spec of specs)
    if (String(spec?.shape) !== String(expected))
      throw new ShapeError('the shapes do not fit', {
        where,
        expected: shapeText(expected),
        received: shapeText(spec?.shape ?? []),
      })
}

export const poolOps: OpTable<'maxPool2d' | 'maxPool2dGrad' | 'avgPool2d' | 'avgPool2dGrad'> = {
  maxPool2d: defineOp({
    name: 'maxPool2d',
    doc: 'Largest value of each window of the images [N, C, H, W]; padding counts for nothing, NaN wins.',
    formula: 'y[i, j] = max over k, l of x[i s + k - p, j s + l - p]',
    infer(inputs, attrs) {
      checkTypes('maxPool2d', inputs, 'float32')
      return [{ shape: pooledShape('maxPool2d', inputs[0]?.shape ?? [], attrs), dtype: 'float32' }]
    },
    lower({ inputs, outputs, shapes, outShapes, attrs, emit }) {
      const operands = operandsOf(shapes[0] as Shape, outShapes[0] as Shape, attrs)
      emit('pool2d', { fn: POOL_MAX, x: inputs[0] as Ref, y: outputs[0] as Ref, ...operands, whole: 0 })
    },
    gradient: ({ dy, inputs: [x], outputs: [y], attrs }) => [
      apply(poolOps.maxPool2dGrad, [dy, x as Tensor, y as Tensor], attrs),
    ],
  }),
  maxPool2dGrad: defineOp({
    name: 'maxPool2dGrad',
    doc: 'Gradient of maxPool2d: the first of the largest values takes all, if `positive` only where it is; x is its input, y its output.',
    formula: 'dx[argmax of window i, j] += dy[i, j]',
    gradient: 'no second derivative',
    infer(inputs, attrs) {
      checkTypes('maxPool2dGrad', inputs, 'float32')
      const [dy, x, y] = inputs
      const shape = x?.shape ?? []
      sameShape('maxPool2dGrad', pooledShape('maxPool2dGrad', shape, attrs), dy, y)
      return [{ shape, dtype: 'float32' }]
    },
    lower({ inputs, outputs, shapes, attrs, emit }) {
      const [dy, x, y] = inputs as [Ref, Ref, Ref]
      const operands = operandsOf(shapes[1] as Shape, shapes[0] as Shape, attrs)
      const positive = attr<boolean | undefined>(attrs, 'positive') === true ? 1 : 0
      emit('pool2dGrad', { fn: POOL_MAX, dy, x, y, dx: outputs[0] as Ref, ...operands, whole: positive })
    },
    // where a window's largest word is not positive, no slope of its words is
    sloped: ({ op, inputs, attrs }, y) =>
      inputs[1] === y ? { op, inputs, attrs: { ...attrs, positive: true } } : undefined,
  }),
  avgPool2d: defineOp({
    name: 'avgPool2d',
    doc: 'Mean of each window of the images [N, C, H, W], with or without its padding.',
    formula: 'y[i, j] = mean over k, l of x[i s + k - p, j s + l - p]',
    infer(inputs, attrs) {
      checkTypes('avgPool2d', inputs, 'float32')
      return [{ shape: pooledShape('avgPool2d', inputs[0]?.shape ?? [], attrs), dtype: 'float32' }]
    },
    lower({ inputs, outputs, shapes, outShapes, attrs, emit }) {
      const operands = operandsOf(shapes[0] as Shape, outShapes[0] as Shape, attrs)
      const refs = { x: inputs[0] as Ref, y: outputs[0] as Ref }
      emit('pool2d', { fn: POOL_AVG, ...refs, ...operands, whole: whole(attrs) })
    },
    gradient: ({ dy, inputs: [x], attrs }) => [
      apply(poolOps.avgPool2dGrad, [dy], { ...attrs, shape: (x as Tensor).shape }),
    ],
  }),
  avgPool2dGrad: defineOp({
    name: 'avgPool2dGrad',
    doc: 'Gradient of avgPool2d.',
    formula: 'dx[i s + k - p, j s + l - p] += dy[i, j] / count',
    infer(inputs, attrs) {
      checkTypes('avgPool2dGrad', inputs, 'float32')
      const shape = attr<Shape>(attrs, 'shape')
      sameShape('avgPool2dGrad', pooledShape('avgPool2dGrad', shape, attrs), inputs[0])
      return [{ shape, dtype: 'float32' }]
    },
    lower({ inputs, outputs, shapes, attrs, emit }) {
      const operands = operandsOf(attr<Shape>(attrs, 'shape'), shapes[0] as Shape, attrs)
      const refs = { dy: inputs[0] as Ref, x: null, y: null, dx: outputs[0] as Ref }
      emit('pool2dGrad', { fn: POOL_AVG, ...refs, ...operands, whole: whole(attrs) })
    },
    gradient: ({ dy: g, attrs }) => [apply(poolOps.avgPool2d, [g], attrs)],
  }),
}

export interface Pool2dOptions {
  /** Step of the window; its size by default. */
  readonly stride?: Size2d
  /** Rows and columns around the image, at most half of the window (0). */
  readonly padding?: Size2d
  /** Windows may reach beyond the lower and right end (false). */
  readonly ceil?: boolean
}

function windows(kernel: Size2d, { stride, padding = 0, ceil = false }: Pool2dOptions, where: string): Windows {
  const size = pair(kernel, 1, `${where}.kernel`)
  const pads = pair(padding, 0, `${where}.padding`)
  if (pads.some((pad, axis) => 2 * pad > (size[axis] as number)))
    throw new ArgumentError('the padding is more than half of the window', {
      where,
      expected: `at most ${size.map((k) => Math.floor(k / 2)).join(' and ')}`,
      received: pads.join(' and '),
    })
  return { kernel: size, stride: pair(stride ?? size, 1, `${where}.stride`), padding: pads, ceil: ceil === true }
}

/** Largest value of each window of x [N, C, H, W]; NaN wins, and of equal values the first takes the gradient. */
export function maxPool2d(x: Tensor, kernel: Size2d, options: Pool2dOptions = {}): Tensor {
  checkTensor(x, 'maxPool2d')
  known('maxPool2d', options, 'stride padding ceil')
  return apply(poolOps.maxPool2d, [x], { ...windows(kernel, options, 'maxPool2d') })
}

export interface AvgPool2dOptions extends Pool2dOptions {
  /** Padding counts as zeros (true). */
  readonly countIncludePad?: boolean
}

/** Mean of each window of x [N, C, H, W]. */
export function avgPool2d(x: Tensor, kernel: Size2d, options: AvgPool2dOptions = {}): Tensor {
  checkTensor(x, 'avgPool2d')
  const { countIncludePad } = known('avgPool2d', options, 'stride padding ceil countIncludePad')
  return apply(poolOps.avgPool2d, [x], {
    ...windows(kernel, options, 'avgPool2d'),
    countIncludePad: countIncludePad !== false,
  })
}

/** Mean of each plane of x [N, C, H, W]: [N, C, 1, 1]. */
export function globalAvgPool2d(x: Tensor): Tensor {
  if (checkTensor(x, 'globalAvgPool2d').rank !== 4 || sizeOf(x.shape.slice(2)) === 0)
    throw new ShapeError('the input is not a batch of images', {
      where: 'globalAvgPool2d',
      expected: '[N, C, H, W] with pixels',
      received: shapeText(x.shape),
    })
  return mean(x, [2, 3], { keepDims: true })
}
