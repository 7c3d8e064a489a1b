import { ShapeError } from '../errors.ts'
import { known } from '../options.ts'
import { type Attrs, type Spec, sizeOf } from '../program/graph.ts'
import type { Ref } from '../program/lower.ts'
import { shapeText } from '../tensor/shape.ts'
import { apply, checkTensor, checkTypes } from './apply.ts'
import { attr, defineOp, type OpTable } from './define.ts'
import * as f from './functions.ts'
import { sum } from './reduce.ts'
import { reshape } from './shape.ts'
import { rowsOf } from './softmax.ts'
import type { Tensor } from './tensor.ts'

/** Rows of a tensor and the vectors (weight, bias) that go along them. */
function inferRows(where: string, x: Spec | undefined, vectors: readonly (Spec | undefined)[]): readonly Spec[] {
  const n = x?.shape.at(-1)
  if (x === undefined || n === undefined || n === 0)
    throw new ShapeError('there is nothing to normalize', {
      where,
      expected: 'a last axis of 1 or more',
      received: shapeText(x?.shape ?? []),
    })
  for (const vector of vectors)
    if (vector !== undefined && (vector.shape.length !== 1 || vector.shape[0] !== n))
      throw new ShapeError('the weight or bias does not fit the rows', {
        where,
        expected: `[${n}]`,
        received: shapeText(vector.shape),
      })
  return [{ shape: x.shape, dtype: 'float32' }]
}

const settings = (attrs: Attrs): { eps: number; centred: number } => ({
  eps: attr<number>(attrs, 'eps'),
  centred: attr<boolean>(attrs, 'centred') ? 1 : 0,
})

export const normOps: OpTable<'layerNorm' | 'layerNormGrad'> = {
  layerNorm: defineOp({
    name: 'layerNorm',
    doc: 'Rows along the last axis brought to mean 0 and variance 1 (where not `centred`: to mean square 1), times a weight, plus a bias.',
    formula: 'y = (x - mean) / sqrt(var + eps) w + b',
    infer(inputs, attrs) {
      checkTypes('layerNorm', inputs, 'float32')
      settings(attrs)
      return inferRows('layerNorm', inputs[0], inputs.slice(1))
    },
    lower({ inputs, outputs, specs, attrs, emit }) {
      const [x, w = null, b = null] = inputs
      emit('layerNorm', { x: x as Ref, w, b, y: outputs[0] as Ref, ...rowsOf(specs[0] as Spec), ...settings(attrs) })
    },
    gradient({ dy, inputs, attrs, needs }) {
      const [x, w, b] = inputs as [Tensor, Tensor | undefined, Tensor | undefined]
      const overRows = (t: Tensor, like: Tensor): Tensor => sum(reshape(t, [t.size / like.size, like.size]), 0)
      return [
        needs[0] === true ? apply(normOps.layerNormGrad, w === undefined ? [dy, x] : [dy, x, w], attrs) : undefined,
        needs[1] === true && w !== undefined ? overRows(f.mul(dy, apply(normOps.layerNorm, [x], attrs)), w) : undefined,
        needs[2] === true && b !== undefined ? overRows(dy, b) : undefined,
      ]
    },
  }),
  layerNormGrad: defineOp({
    name: 'layerNormGrad',
    doc: 'Gradient of layerNorm for x.',
    formula: 'dx = (g - mean(g) - xhat mean(g xhat)) / sqrt(var + eps), g = dy w, xhat = (x - mean) / sqrt(var + eps)',
    gradient: 'no second derivative',
    infer(inputs, attrs) {
      checkTypes('layerNormGrad', inputs, 'float32')
      settings(attrs)
      const [dy, x, w] = inputs
      if (String(dy?.shape) !== String(x?.shape))
        throw new ShapeError('the shapes differ', {
          where: 'layerNormGrad',
          expected: shapeText(x?.shape ?? []),
          received: shapeText(dy?.shape ?? []),
        })
      return inferRows('layerNormGrad', x, [w])
    },
    lower({ inputs, outputs, specs, attrs, emit }) {
      const [dy, x, w = null] = inputs
      const rows = rowsOf(specs[1] as Spec)
      emit('layerNormGrad', { dy: dy as Ref, x: x as Ref, w, dx: outputs[0] as Ref, ...rows, ...settings(attrs) })
    },
  }),
}

export interface NormOptions {
  /** Multiplies the normalized values. */
  readonly weight?: Tensor | undefined
  /** Is added to them. */
  readonly bias?: Tensor | undefined
  /** Added to the variance (1e-5). */
  readonly eps?: number
}

/** Over the last `axes` axes, which are flattened for the kernel. */
function overLast(
  where: string,
  x: Tensor,
  axes: number,
  { weight, bias, eps = 1e-5 }: NormOptions,
  centred: boolean,
): Tensor {
  checkTensor(x, where)
  f.finite(eps, `${where}.eps`)
  const given = [weight, bias].filter((t) => t !== undefined)
  for (const t of given) checkTensor(t, where)
  if (!Number.isSafeInteger(axes) || axes < 1 || axes > x.rank)
    throw new ShapeError('no such axes', { where, expected: `1 to ${x.rank} axes`, received: String(axes) })
  const tail = x.shape.slice(x.rank - axes)
  for (const t of given)
    if (String(t.shape) !== String(tail))
      throw new ShapeError('the weight or bias does not fit the normalized axes', {
        where,
        expected: shapeText(tail),
        received: shapeText(t.shape),
      })
  const n = sizeOf(tail)
  const flat = (t: Tensor): Tensor => (t.rank === 1 ? t : reshape(t, [n]))
  const rows = axes === 1 ? x : reshape(x, [...x.shape.slice(0, x.rank - axes), n])
  const attrs = { eps, centred }
  const y =
    weight === undefined
      ? apply(normOps.layerNorm, [rows], attrs)
      : apply(normOps.layerNorm, bias === undefined ? [rows, flat(weight)] : [rows, flat(weight), flat(bias)], attrs)
  const shifted = weight === undefined && bias !== undefined ? f.add(y, flat(bias)) : y
  return axes === 1 ? shifted : reshape(shifted, x.shape)
}

/** Layer normalization over the last `axes` axes (1): (x - mean) / sqrt(variance + eps) weight + bias. */
export function layerNorm(x: Tensor, options: NormOptions & { readonly axes?: number } = {}): Tensor {
  const { axes = 1 } = known('layerNorm', options, 'axes weight bias eps')
  return overLast('layerNorm', x, axes, options, true)
}

/** Root-mean-square normalization over the last axis: x / sqrt(mean(x^2) + eps) weight. */
export function rmsNorm(x: Tensor, options: Omit<NormOptions, 'bias'> = {}): Tensor {
  return overLast('rmsNorm', x, 1, known('rmsNorm', options, 'weight eps'), false)
}

/** weight and bias [C] along axis 1 of x [N, C, ..]. */
function alongChannels(x: Tensor, { weight, bias }: NormOptions, where: string): Tensor {
  const column = (t: Tensor): Tensor => {
    checkTensor(t, where)
    if (t.rank !== 1 || t.size !== x.shape[1])
      throw new ShapeError('the weight or bias does not fit the channels', {
        where,
        expected: `[${x.shape[1]}]`,
        received: shapeText(t.shape),
      })
    return reshape(t, [t.size, ...x.shape.slice(2).map(() => 1)])
  }
  const scaled = weight === undefined ? x : f.mul(x, column(weight))
  return bias === undefined ? scaled : f.add(scaled, column(bias))
}

/** Normalization of each sample [C, ..] in `groups` equal groups of channels; weight and bias [C]. */
export function groupNorm(x: Tensor, groups: number, options: NormOptions = {}): Tensor {
  const where = 'groupNorm'
  const c = checkTensor(x, where).shape[1]
  if (x.rank < 2 || !Number.isSafeInteger(groups) || groups < 1 || (c as number) % groups !== 0)
    throw new ShapeError('channels and groups do not fit', {
      where,
      expected: '[N, C, ..] and a divisor of C',
      received: `${shapeText(x.shape)} and ${groups} groups`,
    })
  const [n = 0, channels = 0, ...area] = x.shape
  const rows = reshape(x, [n * groups, sizeOf([channels / groups, ...area])])
  const { eps = 1e-5 } = known(where, options, 'weight bias eps')
  return alongChannels(reshape(layerNorm(rows, { eps }), x.shape), options, where)
}

/** Normalization of each channel of each sample. */
export const instanceNorm = (x: Tensor, options: NormOptions = {}): Tensor =>
  groupNorm(x, checkTensor(x, 'instanceNorm').shape[1] ?? 1, options)
