import * as cr from '../src/index.ts'
import { layer } from './golden-layers.ts'
import { losses } from './golden-losses.ts'
import { lrSchedule, optimizers, trainingCurve } from './golden-training.ts'
import type { GoldenCase, GoldenTensor, Numbers, Result } from './helpers/golden.ts'

// The golden cases in terms of the public API: what a user would write for each of PyTorch's operations.

export type Attrs = Readonly<Record<string, unknown>>
export type Inputs = Readonly<Record<string, cr.Tensor>>
export type Forward = (inputs: Inputs, attrs: Attrs) => cr.Tensor

type Axes = readonly number[]

const unary =
  (f: (x: cr.Tensor, attrs: Attrs) => cr.Tensor): Forward =>
  ({ x }, attrs) =>
    f(x!, attrs)

const binary =
  (f: (a: cr.Tensor, b: cr.Tensor) => cr.Tensor): Forward =>
  ({ a, b }) =>
    f(a!, b!)

/** The axes of a reduction: a list in the suite of operations, one in that of special values. */
const axesOf = (attrs: Attrs): Axes => (attrs['axes'] as Axes | undefined) ?? [attrs['axis'] as number]
const keepDims = (attrs: Attrs): { keepDims: boolean } => ({ keepDims: attrs['keepdim'] === true })

const reduction = (f: (x: cr.Tensor, axes: Axes, options: { keepDims: boolean }) => cr.Tensor): Forward =>
  unary((x, attrs) => f(x, axesOf(attrs), keepDims(attrs)))

const operations: Readonly<Record<string, Forward>> = {
  relu: unary((x) => x.relu()),
  leaky_relu: unary((x, a) => x.leakyRelu(a['negative_slope'] as number)),
  elu: unary((x, a) => x.elu(a['alpha'] as number)),
  selu: unary((x) => x.selu()),
  gelu: unary((x) => x.gelu()),
  gelu_tanh: unary((x) => x.gelu('tanh')),
  silu: unary((x) => x.silu()),
  mish: unary((x) => x.mish()),
  softplus: unary((x) => x.softplus()),
  softsign: unary(cr.softsign),
  hardsigmoid: unary(cr.hardsigmoid),
  hardswish: unary((x) => x.hardswish()),
  tanh: unary((x) => x.tanh()),
  sigmoid: unary((x) => x.sigmoid()),
  log_sigmoid: unary((x) => cr.logSigmoid(x)),
  exp: unary((x) => x.exp()),
  log: unary((x) => x.log()),
  log1p: unary((x) => x.log1p()),
  expm1: unary((x) => x.expm1()),
  sin: unary((x) => x.sin()),
  cos: unary((x) => x.cos()),
  sqrt: unary((x) => x.sqrt()),
  rsqrt: unary((x) => x.rsqrt()),
  abs: unary((x) => x.abs()),
  neg: unary((x) => x.neg()),
  reciprocal: unary((x) => x.reciprocal()),
  erf: unary((x) => x.erf()),
  square: unary((x) => x.square()),
  clamp: unary((x, a) => x.clip(a['min'] as number, a['max'] as number)),

  softmax: unary((x, a) => x.softmax(a['axis'] as number)),
  log_softmax: unary((x, a) => x.logSoftmax(a['axis'] as number)),

  add: binary((a, b) => a.add(b)),
  sub: binary((a, b) => a.sub(b)),
  mul: binary((a, b) => a.mul(b)),
  div: binary((a, b) => a.div(b)),
  maximum: binary((a, b) => a.maximum(b)),
  minimum: binary((a, b) => a.minimum(b)),
  pow: binary((a, b) => a.pow(b)),

  sum: reduction((x, axes, options) => x.sum(axes, options)),
  mean: reduction((x, axes, options) => x.mean(axes, options)),
  amax: reduction((x, axes, options) => x.max(axes, options)),
  amin: reduction((x, axes, options) => x.min(axes, options)),
  var_biased: reduction((x, axes, options) => cr.variance(x, axes, { ...options, correction: 0 })),
  var_unbiased: reduction((x, axes, options) => cr.variance(x, axes, options)),
  logsumexp: reduction(cr.logsumexp),
  l2norm: reduction(cr.norm),
  argmax: unary((x, a) => x.argmax(a['axis'] as number)),

  matmul: ({ a, b }, attrs) =>
    a!.matmul(b!, { transposeA: attrs['transpose_a'] === true, transposeB: attrs['transpose_b'] === true }),

  layer_norm: ({ x, weight, bias }, a) =>
    cr.layerNorm(x!, { weight, bias, eps: a['eps'] as number, axes: (a['normalized_shape'] as Axes).length }),
  conv2d: ({ x, weight, bias }, a) =>
    cr.conv2d(x!, weight!, bias, {
      stride: a['stride'] as [number, number],
      padding: a['padding'] as [number, number],
      dilation: a['dilation'] as [number, number],
      groups: a['groups'] as number,
    }),

  conv1d: ({ x, weight, bias }, a) =>
    cr.conv1d(x!, weight!, bias, {
      stride: a['stride'] as number,
      padding: a['padding'] as number,
      dilation: a['dilation'] as number,
      groups: a['groups'] as number,
    }),
  max_pool2d: unary((x, a) =>
    cr.maxPool2d(x, a['kernel_size'] as [number, number], {
      stride: a['stride'] as [number, number],
      padding: a['padding'] as [number, number],
    }),
  ),
  avg_pool2d: unary((x, a) =>
    cr.avgPool2d(x, a['kernel_size'] as [number, number], {
      stride: a['stride'] as [number, number],
      padding: a['padding'] as [number, number],
      countIncludePad: a['count_include_pad'] === true,
    }),
  ),
  global_avg_pool2d: unary((x) => cr.globalAvgPool2d(x)),
  conv_transpose2d: ({ x, weight, bias }, a) =>
    cr.convTranspose2d(x!, weight!, bias, {
      stride: a['stride'] as [number, number],
      padding: a['padding'] as [number, number],
      outputPadding: a['output_padding'] as [number, number],
      dilation: a['dilation'] as [number, number],
      groups: a['groups'] as number,
    }),
  group_norm: ({ x, weight, bias }, a) =>
    cr.groupNorm(x!, a['num_groups'] as number, { weight, bias, eps: a['eps'] as number }),

  gather: ({ x, indices }, a) => x!.takeAlong(indices!, a['axis'] as number),
  index_select: ({ x, indices }, a) => x!.gather(indices!, a['axis'] as number),
  concat: ({ a, b }, attrs) => cr.concat([a!, b!], attrs['axis'] as number),
  slice: unary((x, a) => x.slice(a['starts'] as Axes, a['ends'] as Axes, a['steps'] as Axes)),
  permute: unary((x, a) => x.transpose(a['axes'] as Axes)),
  pad: unary((x, a) => x.pad(a['pads'] as [number, number][], { value: a['value'] as number })),
  cumsum: unary((x, a) => x.cumsum(a['axis'] as number)),
  where: ({ cond, a, b }) => cr.where(cond!, a!, b!),
  ...losses,
}

/**
 * Operations, and single cases, that this set of kernels has no way to, and why. The counts of cases that pass are asserted
 * beside it, so that this list only ever shrinks.
 */
export const unsupported: Readonly<Record<string, string>> = {}

export function asTensor({ dtype, shape, data }: GoldenTensor): cr.Tensor {
  const numbers = Array.from(data as Float32Array, Number)
  return dtype.startsWith('int')
    ? cr.tensor(Int32Array.from(numbers), [...shape], { dtype: 'int32' })
    : cr.tensor(Float32Array.from(numbers), [...shape])
}

export const numbers = (t: cr.Tensor): Numbers => ({ shape: t.shape, data: t.dataSync() })

/** What chainrule gives for a case; undefined where it has no way to it. */
export function run(
  c: GoldenCase,
  given: Readonly<Record<string, GoldenTensor>>,
  more: CaseTensors,
): Result | undefined {
  const attrs = c.attrs ?? {}
  if (c.op === 'lr_schedule') return lrSchedule(c, attrs)
  if (c.op === 'training_curve') return trainingCurve(c, given, more.batches)
  const optimizer = Object.hasOwn(optimizers, c.op) ? optimizers[c.op] : undefined
  if (optimizer !== undefined) return optimizer(given, attrs)
  const forward = Object.hasOwn(operations, c.op) ? operations[c.op] : undefined
  if (forward === undefined) return layer(c, given, more.gradOutputs)
  return cr.scope(() => {
    const inputs = Object.fromEntries(Object.entries(given).map(([name, t]) => [name, asTensor(t)]))
    const y = forward(inputs, attrs)
    const [name] = c.outputs.map((ref) => ref.name)
    const outputs = { [name as string]: numbers(y) }
    const [dy] = Object.values(more.gradOutputs)
    if (dy === undefined || c.grads === undefined || c.grads.length === 0) return { outputs }
    const wanted = Object.fromEntries(c.grads.map((ref) => [ref.name, inputs[ref.name]!]))
    const weights = asTensor(dy)
    const grads = cr.gradients(() => forward(inputs, attrs).mul(weights).sum(), wanted)
    return { outputs, grads: Object.fromEntries(Object.entries(grads).map(([key, g]) => [key, numbers(g)])) }
  })
}

export interface CaseTensors {
  readonly gradOutputs: Readonly<Record<string, GoldenTensor>>
  readonly batches: Readonly<Record<string, GoldenTensor>>
}
