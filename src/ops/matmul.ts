import { ACT_NONE } from '../abi/constants.ts'
import { ShapeError } from '../errors.ts'
import { known } from '../options.ts'
import { type Attrs, type Replacement, type Shape, type Spec, sizeOf } from '../program/graph.ts'
import type { Lowering, Ref } from '../program/lower.ts'
import { broadcastShapes, broadcastStrides, collapse, shapeText, stridesOf } from '../tensor/shape.ts'
import { apply, checkTensor, checkTypes } from './apply.ts'
import { attr, defineOp, type OpRow } from './define.ts'
import * as f from './functions.ts'
import { type EmitGemm, lowerGemm } from './lower-gemm.ts'
import { reshape, sumTo } from './shape.ts'
import type { Tensor } from './tensor.ts'

export interface MatmulOptions {
  /** Use the transpose of the last two axes of a. */
  readonly transposeA?: boolean
  /** Use the transpose of the last two axes of b. */
  readonly transposeB?: boolean
}

interface Product {
  readonly m: number
  readonly n: number
  readonly k: number
  readonly batch: Shape
}

function product(op: string, a: Shape, b: Shape, attrs: Attrs): Product {
  const tA = attr<boolean>(attrs, 'transposeA')
  const tB = attr<boolean>(attrs, 'transposeB')
  if (a.length < 2 || b.length < 2)
    throw new ShapeError('a matrix product takes matrices', {
      where: op,
      expected: 'two or more axes each',
      received: `${shapeText(a)} and ${shapeText(b)}`,
    })
  const [m, k] = tA ? [a.at(-1), a.at(-2)] : [a.at(-2), a.at(-1)]
  const [kb, n] = tB ? [b.at(-1), b.at(-2)] : [b.at(-2), b.at(-1)]
  if (k !== kb)
    throw new ShapeError('the inner sizes differ', {
      where: op,
      expected: `${tA ? 'A^T' : 'A'} [.., m, k] and ${tB ? 'B^T' : 'B'} [.., k, n]`,
      received: `${shapeText(a)} and ${shapeText(b)}: k is ${k} and ${kb}`,
      hint: a.at(-1) === b.at(-1) ? 'Did you mean matmul(a, b, { transposeB: true })?' : undefined,
    } as { where: string })
  return {
    m: m as number,
    n: n as number,
    k: k as number,
    batch: broadcastShapes(a.slice(0, -2), b.slice(0, -2), op),
  }
}

function lowerProduct(lowering: Lowering, bias: Ref | null, activation: number): void {
  const { inputs, outputs, shapes, attrs, emit } = lowering
  const [a, b] = inputs as [Ref, Ref]
  const [sa, sb] = shapes as [Shape, Shape]
  const { m, n, k, batch } = product('matmul', sa, sb, attrs)
  // Batches that are walked with one stride each are one instruction; others one for each outer index.
  const leads = [broadcastStrides(sa.slice(0, -2), batch), broadcastStrides(sb.slice(0, -2), batch)] as const
  const axes = collapse(batch, ...leads, stridesOf(batch))
  const [count = 1, aStep = 0, bStep = 0, cStep = 0] = axes.at(-1) ?? []
  for (const [i = 0, j = 0, l = 0] of outerOffsets(axes.slice(0, -1)))
    lowerGemm(emit as EmitGemm, {
      a: part(a, i * m * k * 4),
      b: part(b, j * k * n * 4),
      c: part(outputs[0] as Ref, l * m * n * 4),
      ...(bias === null ? {} : { bias }),
      m,
      n,
      k,
      transposeA: attr<boolean>(attrs, 'transposeA'),
      transposeB: attr<boolean>(attrs, 'transposeB'),
      batch: count,
      aStride: aStep * m * k,
      bStride: bStep * k * n,
      cStride: cStep * m * n,
      activation,
    })
}

const part = (ref: Ref, offset: number): Ref => ({
  buffer: ref.buffer,
  offset: ref.offset + offset,
  bytes: ref.bytes - offset,
})

/** Offsets in matrices of a, b and c for every index of the outer batch axes. */
function outerOffsets(axes: readonly (readonly number[])[]): number[][] {
  let offsets = [[0, 0, 0]]
  for (const [size = 1, ...strides] of axes)
    offsets = offsets.flatMap((at) =>
      Array.from({ length: size }, (_, i) => at.map((offset, j) => offset + i * (strides[j] as number))),
    )
  return offsets
}

function inferProduct(op: string, inputs: readonly Spec[], attrs: Attrs): readonly Spec[] {
  checkTypes(op, inputs, 'float32')
  const { m, n, batch } = product(op, inputs[0]?.shape ?? [], inputs[1]?.shape ?? [], attrs)
  return [{ shape: [...batch, m, n], dtype: 'float32' }]
}

export const matmulOp: OpRow = defineOp({
  name: 'matmul',
  doc: 'Matrix product of the last two axes, either of them transposed; the axes before broadcast.',
  formula: 'Y = A B;  dA = dY B^T, dB = A^T dY',
  infer: (inputs, attrs) => inferProduct('matmul', inputs, attrs),
  lower: (lowering) => lowerProduct(lowering, null, ACT_NONE),
  activated: withActivation,
  gradient({ dy, inputs, attrs, needs }) {
    const [a, b] = inputs as [Tensor, Tensor]
    const tA = attr<boolean>(attrs, 'transposeA')
    const tB = attr<boolean>(attrs, 'transposeB')
    const da = (): Tensor => (tA ? raw(b, dy, tB, true) : raw(dy, b, false, !tB))
    const db = (): Tensor => (tB ? raw(dy, a, true, tA) : raw(a, dy, !tA, false))
    return [needs[0] === true ? sumTo(da(), a.shape) : undefined, needs[1] === true ? sumTo(db(), b.shape) : undefined]
  },
})

/** A product with bias and activation in its epilogue; made by the planner, never by a user. */
export const fusedMatmul: OpRow = defineOp({
  name: 'fusedMatmul',
  doc: 'Matrix product with a bias row and an activation: what the planner makes of matmul, add and the activation.',
  formula: 'Y = f(A B + bias)',
  gradient: 'no second derivative',
  infer: (inputs, attrs) => inferProduct('fusedMatmul', inputs, attrs),
  lower: (lowering) => lowerProduct(lowering, lowering.inputs[2] ?? null, attr<number>(lowering.attrs, 'activation')),
  activated: withActivation,
})

/** The epilogue takes one activation, and no batch. */
function withActivation({ op, inputs, attrs }: Replacement, activation: number): Replacement | undefined {
  const matrices = inputs.slice(0, 2).every(({ shape }) => shape.length === 2)
  if (!matrices || (op === fusedMatmul && attrs['activation'] !== ACT_NONE)) return undefined
  return { op: fusedMatmul, inputs, attrs: { ...attrs, activation } }
}

const raw = (a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor =>
  apply(matmulOp, [a, b], { transposeA, transposeB })

/**
 * Matrix product of the last two axes: [.., m, k] x [.., k, n] gives [.., m, n]; leading axes broadcast. A vector is a
 * row on the left and a column on the right, and its axis is dropped from the result.
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false } = known('matmul', options, 'transposeA transposeB')
  for (const operand of [a, b]) checkTensor(operand, 'matmul')
  if (a.rank === 1) return dropAxis(matmul(reshape(a, [1, a.size]), b, { transposeB }), b.rank === 1 ? -1 : -2)
  if (b.rank === 1) return dropAxis(matmul(a, reshape(b, [b.size, 1]), { transposeA }), -1)
  if (a.rank > 2 && b.rank === 2 && !transposeA) {
    // One tall product instead of many small ones: dB is then one product as well.
    const rows = sizeOf(a.shape.slice(0, -1))
    const flat = raw(reshape(a, [rows, a.shape.at(-1) as number]), b, false, transposeB)
    return reshape(flat, [...a.shape.slice(0, -1), flat.shape[1] as number])
  }
  return raw(a, b, transposeA, transposeB)
}

function dropAxis(x: Tensor, axis: number): Tensor {
  const shape = [...x.shape]
  shape.splice(axis, 1)
  return reshape(x, shape)
}

/** x W + bias: a layer. x [.., in], weight [in, out], bias [out]. */
export function linear(x: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  for (const operand of bias === undefined ? [x, weight] : [x, weight, bias]) checkTensor(operand, 'linear')
  if (weight.rank !== 2)
    throw new ShapeError('the weight is not a matrix', {
      where: 'linear',
      expected: '[in, out]',
      received: shapeText(weight.shape),
    })
  if (bias !== undefined && (bias.rank !== 1 || bias.size !== weight.shape[1]))
    throw new ShapeError('the bias does not fit the weight', {
      where: 'linear',
      expected: `[${weight.shape[1]}] for a weight ${shapeText(weight.shape)}`,
      received: shapeText(bias.shape),
    })
  if (x.shape.at(-1) !== weight.shape[0])
    throw new ShapeError('the input does not fit the weight', {
      where: 'linear',
      expected: `[.., ${weight.shape[0]}] for a weight ${shapeText(weight.shape)}`,
      received: shapeText(x.shape),
    })
  if (bias === undefined || x.rank === 2) {
    const y = matmul(x, weight)
    return bias === undefined ? y : f.add(y, bias)
  }
  const rows = sizeOf(x.shape.slice(0, -1))
  const flat = f.add(matmul(reshape(x, [rows, x.shape.at(-1) ?? 1]), weight), bias)
  return reshape(flat, [...x.shape.slice(0, -1), weight.shape[1] as number])
}

/** Outer product of two vectors. */
export function outer(a: Tensor, b: Tensor): Tensor {
  for (const operand of [a, b]) checkTensor(operand, 'outer')
  return matmul(reshape(a, [a.size, 1]), reshape(b, [1, b.size]))
}
