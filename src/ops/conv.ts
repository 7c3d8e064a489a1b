import { ACT_NONE, DIRECT_TAPS } from '../abi/constants.ts'
import { ArgumentError, ShapeError } from '../errors.ts'
import { known } from '../options.ts'
import { type Attrs, type Shape, type Spec, sizeOf } from '../program/graph.ts'
import type { Lowering, Ref } from '../program/lower.ts'
import { shapeText } from '../tensor/shape.ts'
import { apply, checkTensor, checkTypes } from './apply.ts'
import { attr, defineOp, type GradientRule, type OpTable } from './define.ts'
import { sum } from './reduce.ts'
import { reshape } from './shape.ts'
import type { Tensor } from './tensor.ts'

type Pair = readonly [number, number]
/** Rows above and below, columns left and right. */
export type Sides = readonly [top: number, bottom: number, left: number, right: number]

/** A number for both axes, or one for rows and one for columns. */
export type Size2d = number | readonly [number, number]
/** Zeros around the image: on all sides, [rows, columns], [top, bottom, left, right], none, or what keeps the size. */
export type Padding2d = Size2d | Sides | 'valid' | 'same'

export interface Conv2dOptions {
  /** Step of the filter (1). */
  readonly stride?: Size2d
  /** Zeros around the image (0). */
  readonly padding?: Padding2d
  /** Distance of neighbouring taps (1). */
  readonly dilation?: Size2d
  /** Parts of channels and filters that see only each other (1); as many as channels: depthwise. */
  readonly groups?: number
}

interface Geometry {
  readonly stride: Pair
  readonly padding: Sides
  readonly dilation: Pair
  readonly groups: number
}

const geometry = (attrs: Attrs): Geometry => attrs as unknown as Geometry

/** Size of the output along one axis. */
const outSize = (size: number, kernel: number, stride: number, dilation: number, pads: number): number =>
  Math.floor((size + pads - dilation * (kernel - 1) - 1) / stride) + 1

function fail(where: string, message: string, expected: string, received: string): never {
  throw new ShapeError(message, { where, expected, received })
}

/** [N, C, H, W] and [O, C / groups, kH, kW] give [N, O, H', W']. */
function forwardShape(where: string, x: Shape, w: Shape, attrs: Attrs): Shape {
  const { stride, padding, dilation, groups } = geometry(attrs)
  if (x.length !== 4) fail(where, 'the input is not a batch of images', '[N, C, H, W]', shapeText(x))
  if (w.length !== 4 || sizeOf(w) === 0)
    fail(where, 'the weight is not a set of filters', '[O, C / groups, kH, kW], none of them 0', shapeText(w))
  const [n, c, h, width] = x as [number, number, number, number]
  const [o, per, kh, kw] = w as [number, number, number, number]
  if (c !== per * groups || o % groups !== 0)
    fail(
      where,
      'channels, filters and groups do not fit',
      `${groups} groups of ${per} channels, and filters in ${groups} equal parts`,
      `${c} channels and ${o} filters`,
    )
  const outH = outSize(h, kh, stride[0], dilation[0], padding[0] + padding[1])
  const outW = outSize(width, kw, stride[1], dilation[1], padding[2] + padding[3])
  if (outH < 1 || outW < 1)
    fail(
      where,
      'the filter is larger than the padded image',
      `at least ${dilation[0] * (kh - 1) + 1} x ${dilation[1] * (kw - 1) + 1}`,
      `${h + padding[0] + padding[1]} x ${width + padding[2] + padding[3]}`,
    )
  return [n, o, outH, outW]
}

/** Operands that all three kernels take. */
export type Sizes = Readonly<
  Record<
    | 'images'
    | 'groups'
    | 'channels'
    | 'filters'
    | 'height'
    | 'width'
    | 'kernelH'
    | 'kernelW'
    | 'outH'
    | 'outW'
    | 'strideH'
    | 'strideW'
    | 'dilationH'
    | 'dilationW',
    number
  >
>

/** Sizes of a convolution of images of shape x, which are padded already or whose padding is left out. */
export function sizesOf(x: Shape, w: Shape, y: Shape, attrs: Attrs): Sizes {
  const { stride, dilation, groups } = geometry(attrs)
  const [images, , height, width] = x as [number, number, number, number]
  const [filters, channels, kernelH, kernelW] = w as [number, number, number, number]
  return {
    images,
    groups,
    channels,
    filters: filters / groups,
    height,
    width,
    kernelH,
    kernelW,
    outH: y[2] as number,
    outW: y[3] as number,
    strideH: stride[0],
    strideW: stride[1],
    dilationH: dilation[0],
    dilationW: dilation[1],
  }
}

/** Depthwise, or nearly so: few filters that see one channel each leave too little to multiply for a product of matrices. */
function isDirect({ groups, filters, channels, kernelH, kernelW }: Sizes): boolean {
  return channels === 1 && groups > 1 && filters <= 8 && kernelH * kernelW <= DIRECT_TAPS
}

/** Sizes for which Winograd's transform to tiles pays: filters of 3 x 3 over neighbouring pixels, and enough of them. */
export function isWinograd(sizes: Sizes): boolean {
  const { groups, filters, channels, kernelH, kernelW, outW, strideH, strideW, dilationH, dilationW } = sizes
  const ones = [groups, strideH, strideW, dilationH, dilationW, kernelH - 2, kernelW - 2]
  return (
    ones.every((size) => size === 1) &&
    Math.min(filters, channels) >= 16 &&
    Math.max(filters, channels) <= 256 &&
    outW >= 7 &&
    // a row of tiles fits into the scratch memory
    (outW + 1) * (channels + 128) <= 16384
  )
}

/** Whether the gradient for the images takes tiles: 16 products for each against 9 for each place of the gradient. */
export function isTiledInputGrad(sizes: Sizes): boolean {
  const { channels, filters, height, width, outH, outW } = sizes
  const turned = { ...sizes, channels: filters, filters: channels, outH: height, outW: width }
  return isWinograd(turned) && (height + 1) * (width + 1) * 4 <= 0.7 * 9 * outH * outW
}

interface Convolved {
  readonly x: Ref
  readonly w: Ref
  readonly bias: Ref | null
  readonly y: Ref
}

function emitTiles({ emit }: Lowering, refs: Convolved, sizes: Sizes, activation: number, gradient: number): void {
  const { images, channels, filters, height, width } = sizes
  emit('winograd', { ...refs, images, channels, filters, height, width, activation, gradient })
}

/** A convolution of images that are padded already. */
function emitConvolution(lowering: Lowering, refs: Convolved, sizes: Sizes, activation: number): void {
  if (isWinograd(sizes)) emitTiles(lowering, refs, sizes, activation, 0)
  else lowering.emit(isDirect(sizes) ? 'directConv2d' : 'conv2d', { ...refs, ...sizes, activation })
}

/**
 * The gradient for the images as a convolution of the gradient, its pixels a stride apart and zeros around them, with
 * the filters turned by half a turn, where that convolution is a fast one: for paddings that the filter reaches across.
 */
function lowerTurned(lowering: Lowering, operands: Sizes): boolean {
  const { inputs, outputs, attrs, emit, temp } = lowering
  const [dy, w] = inputs as [Ref, Ref]
  const { images, groups, channels, filters, height, width, kernelH, kernelW, outH, outW } = operands
  const { strideH, strideW, dilationH, dilationW } = operands
  const [top, bottom, left, right] = geometry(attrs).padding
  const [reachH, reachW] = [dilationH * (kernelH - 1), dilationW * (kernelW - 1)]
  if (Math.max(top, bottom) > reachH || Math.max(left, right) > reachW) return false
  const [rows, columns] = [height + reachH, width + reachW]
  const sizes = {
    ...{ ...operands, channels: filters, filters: channels, height: rows, width: columns },
    ...{ outH: height, outW: width, strideH: 1, strideW: 1 },
  }
  if (!isDirect(operands) && !isTiledInputGrad(operands)) return false
  const planes = images * groups * filters
  const x = temp(planes * rows * columns * 4)
  emit('fill', { y: x, n: x.bytes / 4, bits: 0 })
  const at = ((reachH - top) * columns + reachW - left) * 4
  const inside = { ...x, offset: x.offset + at, bytes: x.bytes - at }
  const dims = [3, planes, rows * columns, outH, strideH * columns, outW, strideW]
  emit('stridedWrite', { x: dy, y: inside, n: dy.bytes / 4, dims })
  const turned = temp(w.bytes)
  const taps = kernelH * kernelW
  const last = { ...w, offset: w.offset + (taps - 1) * 4, bytes: w.bytes - (taps - 1) * 4 }
  const filter = channels * taps
  const axes = [4, groups, filters * filter, channels, taps, filters, filter, taps, -1]
  emit('stridedRead', { x: last, y: turned, n: w.bytes / 4, dims: axes })
  emitConvolution(lowering, { x, w: turned, bias: null, y: outputs[0] as Ref }, sizes, ACT_NONE)
  return true
}

/** The images with zeros around them, and their shape. */
function padded({ emit, temp }: Lowering, x: Ref, shape: Shape, attrs: Attrs): { x: Ref; shape: Shape } {
  const [top, bottom, left, right] = geometry(attrs).padding
  if (top + bottom + left + right === 0) return { x, shape }
  const [n, c, h, w] = shape as [number, number, number, number]
  const [height, width] = [h + top + bottom, w + left + right]
  const y = temp(n * c * height * width * 4)
  emit('fill', { y, n: y.bytes / 4, bits: 0 })
  const at = (top * width + left) * 4
  const inside = { ...y, offset: y.offset + at, bytes: y.bytes - at }
  const words = x.bytes / 4
  if (words > 0) emit('stridedWrite', { x, y: inside, n: words, dims: [3, n * c, height * width, h, width, w, 1] })
  return { x: y, shape: [n, c, height, width] }
}

function lowerForward(lowering: Lowering, activation: number): void {
  const { inputs, outputs, shapes, outShapes, attrs } = lowering
  const { x, shape } = padded(lowering, inputs[0] as Ref, shapes[0] as Shape, attrs)
  const operands = sizesOf(shape, shapes[1] as Shape, outShapes[0] as Shape, attrs)
  const [, w, bias = null] = inputs
  emitConvolution(lowering, { x, w: w as Ref, bias, y: outputs[0] as Ref }, operands, activation)
}

function inferForward(where: string, inputs: readonly Spec[], attrs: Attrs): readonly Spec[] {
  checkTypes(where, inputs, 'float32')
  const [x, w, bias] = inputs.map((spec) => spec.shape)
  const shape = forwardShape(where, x ?? [], w ?? [], attrs)
  if (bias !== undefined && (bias.length !== 1 || bias[0] !== shape[1]))
    fail(where, 'the bias does not fit the filters', `[${shape[1]}]`, shapeText(bias))
  return [{ shape, dtype: 'float32' }]
}

const sameShape = (where: string, dy: Shape, expected: Shape): void => {
  if (String(dy) !== String(expected)) fail(where, 'the shapes do not fit', shapeText(expected), shapeText(dy))
}

/** Of inputGrad, for each side of the bilinear form. */
const inputGradRule: GradientRule = ({ dy: g, inputs, attrs, needs }) => {
  const [dy, w] = inputs as [Tensor, Tensor]
  return [
    needs[0] === true ? apply(convOps.conv2d, [g, w], attrs) : undefined,
    needs[1] === true ? filterGrad(g, dy, w.shape, attrs) : undefined,
  ]
}

export const convOps: OpTable<'conv2d' | 'conv2dInputGrad' | 'conv2dFilterGrad' | 'fusedConv2d'> = {
  conv2d: defineOp({
    name: 'conv2d',
    doc: 'Two-dimensional convolution (cross-correlation) of images [N, C, H, W] with filters [O, C / groups, kH, kW], and a bias [O].',
    formula: 'Y[n, o, i, j] = b[o] + sum over c, k, l of W[o, c, k, l] X[n, c, i s + k d - p, j s + l d - p]',
    infer: (inputs, attrs) => inferForward('conv2d', inputs, attrs),
    lower: (lowering) => lowerForward(lowering, ACT_NONE),
    activated: ({ inputs, attrs }, activation) => ({
      op: convOps.fusedConv2d,
      inputs,
      attrs: { ...attrs, activation },
    }),
    gradient({ dy, inputs, attrs, needs }) {
      const [x, w] = inputs as [Tensor, Tensor]
      return [
        needs[0] === true ? inputGrad(dy, w, x.shape, attrs) : undefined,
        needs[1] === true ? filterGrad(x, dy, w.shape, attrs) : undefined,
        needs[2] === true ? sumOfChannels(dy) : undefined,
      ]
    },
  }),
  fusedConv2d: defineOp({
    name: 'fusedConv2d',
    doc: 'Convolution with an activation: what the planner makes of conv2d and the activation.',
    formula: 'Y = f(conv2d(X, W) + bias)',
    gradient: 'no second derivative',
    infer: (inputs, attrs) => inferForward('fusedConv2d', inputs, attrs),
    lower: (lowering) => lowerForward(lowering, attr<number>(lowering.attrs, 'activation')),
  }),
  conv2dInputGrad: defineOp({
    name: 'conv2dInputGrad',
    doc: 'Gradient of conv2d for its images, or transposed convolution: inputs dY [N, O, H, W] and filters [O, C / groups, kH, kW].',
    formula: 'dX[n, c, i s + k d - p, j s + l d - p] += sum over o of W[o, c, k, l] dY[n, o, i, j]',
    infer(inputs, attrs) {
      checkTypes('conv2dInputGrad', inputs, 'float32')
      const [dy, w] = inputs.map((spec) => spec.shape) as [Shape, Shape]
      const shape = attr<Shape>(attrs, 'shape')
      sameShape('conv2dInputGrad', dy, forwardShape('conv2dInputGrad', shape, w, attrs))
      return [{ shape, dtype: 'float32' }]
    },
    lower(lowering) {
      const { inputs, outputs, shapes, attrs, emit } = lowering
      const [[dy, w], [dx]] = [inputs, outputs]
      const operands = sizesOf(attr<Shape>(attrs, 'shape'), shapes[1] as Shape, shapes[0] as Shape, attrs)
      if (lowerTurned(lowering, operands)) return
      const [top, , left] = geometry(attrs).padding
      emit('conv2dInputGrad', { dy: dy as Ref, w: w as Ref, dx: dx as Ref, ...operands, top, left })
    },
    gradient: inputGradRule,
  }),
  conv2dFilterGrad: defineOp({
    name: 'conv2dFilterGrad',
    doc: 'Gradient of conv2d for its filters: inputs X [N, C, H, W] and dY [N, O, H, W].',
    formula: 'dW[o, c, k, l] = sum over n, i, j of dY[n, o, i, j] X[n, c, i s + k d - p, j s + l d - p]',
    infer(inputs, attrs) {
      checkTypes('conv2dFilterGrad', inputs, 'float32')
      const [x, dy] = inputs.map((spec) => spec.shape) as [Shape, Shape]
      const shape = attr<Shape>(attrs, 'shape')
      sameShape('conv2dFilterGrad', dy, forwardShape('conv2dFilterGrad', x, shape, attrs))
      return [{ shape, dtype: 'float32' }]
    },
    lower(lowering) {
      const { inputs, outputs, shapes, attrs, emit } = lowering
      const { x, shape } = padded(lowering, inputs[0] as Ref, shapes[0] as Shape, attrs)
      const operands = sizesOf(shape, attr<Shape>(attrs, 'shape'), shapes[1] as Shape, attrs)
      const refs = { x, dy: inputs[1] as Ref, dw: outputs[0] as Ref }
      if (refs.dy.bytes === 0) return emit('fill', { y: refs.dw, n: refs.dw.bytes / 4, bits: 0 })
      if (isWinograd(operands)) emitTiles(lowering, { x, w: refs.dy, bias: null, y: refs.dw }, operands, ACT_NONE, 1)
      else emit(isDirect(operands) ? 'directConv2dFilterGrad' : 'conv2dFilterGrad', { ...refs, ...operands })
    },
    gradient({ dy: g, inputs, attrs, needs }) {
      const [x, dy] = inputs as [Tensor, Tensor]
      return [
        needs[0] === true ? inputGrad(dy, g, x.shape, attrs) : undefined,
        needs[1] === true ? apply(convOps.conv2d, [x, g], attrs) : undefined,
      ]
    },
  }),
}

const inputGrad = (dy: Tensor, w: Tensor, shape: Shape, attrs: Attrs): Tensor =>
  apply(convOps.conv2dInputGrad, [dy, w], { ...attrs, shape })
const filterGrad = (x: Tensor, dy: Tensor, shape: Shape, attrs: Attrs): Tensor =>
  apply(convOps.conv2dFilterGrad, [x, dy], { ...attrs, shape })

/** [C] from [N, C, H, W]: rows of pixels first, which are contiguous. */
export function sumOfChannels(x: Tensor): Tensor {
  const [n, c, h, w] = x.shape as [number, number, number, number]
  return sum(sum(reshape(x, [n, c, h * w]), 2), 0)
}

function whole(value: number, least: number, where: string): number {
  if (!Number.isSafeInteger(value) || value < least)
    throw new ArgumentError('not a fitting whole number', {
      where,
      expected: `a whole number of at least ${least}`,
      received: String(value),
    })
  return value
}

/** Rows and columns of an option. */
export function pair(value: Size2d, least: number, where: string): Pair {
  const list = typeof value === 'number' ? [value, value] : value
  if (!Array.isArray(list) || list.length !== 2)
    throw new ArgumentError('neither a number nor a pair', {
      where,
      expected: 'a number or [rows, columns]',
      received: String(value),
    })
  return [whole(list[0] as number, least, where), whole(list[1] as number, least, where)]
}

/** The four sides of a padding for a filter of this size. */
export function sides(padding: Padding2d, kernel: Pair, stride: Pair, dilation: Pair, where: string): Sides {
  if (padding === 'valid') return [0, 0, 0, 0]
  if (padding === 'same') {
    if (stride[0] !== 1 || stride[1] !== 1)
      throw new ArgumentError("padding 'same' takes a stride of 1", { where, expected: '1', received: String(stride) })
    const [h, w] = kernel.map((k, i) => (k - 1) * (dilation[i] as number)) as [number, number]
    return [Math.floor(h / 2), Math.ceil(h / 2), Math.floor(w / 2), Math.ceil(w / 2)]
  }
  if (Array.isArray(padding) && padding.length === 4)
    return padding.map((side: number) => whole(side, 0, where)) as unknown as Sides
  if (typeof padding === 'string')
    throw new ArgumentError('unknown padding', { where, expected: "'same', 'valid' or sizes", received: padding })
  const [h, w] = pair(padding as Size2d, 0, where)
  return [h, h, w, w]
}

/** Attributes of the ops from options, for a filter of this size. */
export function conv2dAttrs(kernel: Pair, options: Conv2dOptions, where: string): Attrs {
  const stride = pair(options.stride ?? 1, 1, `${where}.stride`)
  const dilation = pair(options.dilation ?? 1, 1, `${where}.dilation`)
  const padding = sides(options.padding ?? 0, kernel, stride, dilation, `${where}.padding`)
  return { stride, padding, dilation, groups: whole(options.groups ?? 1, 1, `${where}.groups`) }
}

/**
 * Two-dimensional convolution, as deep learning has it (no flipping): x [N, C, H, W], weight [O, C / groups, kH, kW],
 * bias [O] give [N, O, H', W'] with H' = floor((H + padding - dilation (kH - 1) - 1) / stride) + 1.
 */
export function conv2d(x: Tensor, weight: Tensor, bias?: Tensor, options: Conv2dOptions = {}): Tensor {
  for (const operand of [x, weight]) checkTensor(operand, 'conv2d')
  const [kh = 1, kw = 1] = weight.shape.slice(2)
  return apply(
    convOps.conv2d,
    bias === undefined ? [x, weight] : [x, weight, bias],
    conv2dAttrs([kh, kw], known('conv2d', options, 'stride padding dilation groups'), 'conv2d'),
  )
}

export interface ConvTranspose2dOptions {
  readonly stride?: Size2d
  /** Rows and columns cut off at the ends of the result (0): the padding of the convolution that this transposes. */
  readonly padding?: Size2d | Sides
  /** Further rows and columns at the lower and right end, less than the stride (0). */
  readonly outputPadding?: Size2d
  readonly dilation?: Size2d
  readonly groups?: number
}

/**
 * Transposed convolution: the gradient of conv2d for its images. x [N, C, H, W], weight [C, O / groups, kH, kW], bias
 * [O] give [N, O, H', W'] with H' = (H - 1) stride - padding + dilation (kH - 1) + outputPadding + 1.
 */
export function convTranspose2d(
  x: Tensor,
  weight: Tensor,
  bias?: Tensor,
  options: ConvTranspose2dOptions = {},
): Tensor {
  const where = 'convTranspose2d'
  const { outputPadding = 0 } = known(where, options, 'stride padding outputPadding dilation groups')
  for (const operand of bias === undefined ? [x, weight] : [x, weight, bias]) checkTensor(operand, where)
  if (x.rank !== 4 || weight.rank !== 4)
    fail(
      where,
      'images and filters have four axes',
      '[N, C, H, W] and [C, O / groups, kH, kW]',
      `${shapeText(x.shape)} and ${shapeText(weight.shape)}`,
    )
  const [n, , h, w] = x.shape as [number, number, number, number]
  const [, o, kh, kw] = weight.shape as [number, number, number, number]
  const attrs = conv2dAttrs([kh, kw], options, where)
  const { stride, dilation, padding, groups } = geometry(attrs)
  const extra = pair(outputPadding, 0, `${where}.outputPadding`)
  if (extra[0] >= stride[0] || extra[1] >= stride[1])
    throw new ArgumentError('the output padding is too large', {
      where,
      expected: `less than the stride, ${stride.join(' x ')}`,
      received: String(extra),
    })
  const shape = [
    n,
    o * groups,
    (h - 1) * stride[0] - padding[0] - padding[1] + dilation[0] * (kh - 1) + extra[0] + 1,
    (w - 1) * stride[1] - padding[2] - padding[3] + dilation[1] * (kw - 1) + extra[1] + 1,
  ]
  if (shape.some((size, i) => i > 0 && size < 1))
    fail(where, 'nothing is left of the result', 'less padding', shapeText(shape))
  const y = inputGrad(x, weight, shape, attrs)
  if (bias === undefined) return y
  if (bias.rank !== 1 || bias.size !== shape[1])
    fail(where, 'the bias does not fit the filters', `[${shape[1]}]`, shapeText(bias.shape))
  return y.add(reshape(bias, [o * groups, 1, 1]))
}
