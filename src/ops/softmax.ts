import type { KernelName } from '../abi/kernels.ts'
import { ShapeError } from '../errors.ts'
import { type Spec, sizeOf } from '../program/graph.ts'
import { checkAxis } from '../tensor/shape.ts'
import { apply, checkTensor, checkTypes } from './apply.ts'
import { defineOp, type GradientRule, type OpRow, type OpTable } from './define.ts'
import * as f from './functions.ts'
import { sum } from './reduce.ts'
import { transpose } from './shape.ts'
import type { Tensor } from './tensor.ts'

/** Rows and row length of a tensor whose last axis is normalized. */
export function rowsOf(spec: Spec): { rows: number; n: number } {
  return { rows: sizeOf(spec.shape.slice(0, -1)), n: spec.shape.at(-1) ?? 1 }
}

function rowOp(
  name: string & KernelName,
  doc: string,
  formula: string,
  operands: readonly string[],
  gradient: GradientRule,
): OpRow {
  return defineOp({
    name,
    doc,
    formula,
    gradient,
    infer(inputs) {
      checkTypes(name, inputs, 'float32')
      const [x, y] = inputs
      if (y !== undefined && String(y.shape) !== String(x?.shape))
        throw new ShapeError('the shapes differ', { where: name, expected: `[${x?.shape}]`, received: `[${y.shape}]` })
      return [{ shape: x?.shape ?? [], dtype: 'float32' }]
    },
    lower({ inputs, outputs, specs, emit }) {
      const refs = Object.fromEntries([...inputs, ...outputs].map((ref, i) => [operands[i] as string, ref]))
      emit(name as 'softmax', {
        ...(refs as { x: (typeof inputs)[0]; y: (typeof inputs)[0] }),
        ...rowsOf(specs[0] as Spec),
      })
    },
  })
}

const onLast = (x: Tensor): Tensor => sum(x, -1, { keepDims: true })

export const softmaxOps: OpTable<'softmax' | 'logSoftmax' | 'softmaxGrad' | 'logSoftmaxGrad'> = {
  softmax: rowOp('softmax', 'Softmax over the last axis.', 'e^x / sum e^x', ['x', 'y'], ({ dy, outputs: [y] }) => [
    softmaxGrad(dy, y as Tensor),
  ]),
  logSoftmax: rowOp(
    'logSoftmax',
    'Logarithm of softmax over the last axis.',
    'x - ln sum e^x',
    ['x', 'y'],
    ({ dy, outputs: [y] }) => [logSoftmaxGrad(dy, y as Tensor)],
  ),
  softmaxGrad: rowOp(
    'softmaxGrad',
    'Gradient of softmax; y is its output.',
    'y (dy - sum(dy y))',
    ['dy', 'y', 'dx'],
    ({ dy: g, inputs, needs }) => {
      const [dy, y] = inputs as [Tensor, Tensor]
      return [
        needs[0] === true ? softmaxGrad(g, y) : undefined,
        needs[1] === true
          ? f.sub(f.mul(g, f.sub(dy, onLast(f.mul(dy, y)))), f.mul(dy, onLast(f.mul(g, y))))
          : undefined,
      ]
    },
  ),
  logSoftmaxGrad: rowOp(
    'logSoftmaxGrad',
    'Gradient of logSoftmax; y is its output.',
    'dy - e^y sum(dy)',
    ['dy', 'y', 'dx'],
    ({ dy: g, inputs, needs }) => {
      const [dy, y] = inputs as [Tensor, Tensor]
      const p = f.exp(y)
      return [
        needs[0] === true ? f.sub(g, onLast(f.mul(p, g))) : undefined,
        needs[1] === true ? f.neg(f.mul(f.mul(g, p), onLast(dy))) : undefined,
      ]
    },
  ),
}

export const softmaxGrad = (dy: Tensor, y: Tensor): Tensor => apply(softmaxOps.softmaxGrad, [dy, y])
export const logSoftmaxGrad = (dy: Tensor, y: Tensor): Tensor => apply(softmaxOps.logSoftmaxGrad, [dy, y])

/** e^x / sum(e^x) along an axis. */
export const softmax = (x: Tensor, axis = -1): Tensor => along(softmaxOps.softmax, x, axis)
/** x - ln(sum(e^x)) along an axis. */
export const logSoftmax = (x: Tensor, axis = -1): Tensor => along(softmaxOps.logSoftmax, x, axis)

function along(op: OpRow, x: Tensor, axis: number): Tensor {
  const at = checkAxis(axis, checkTensor(x, op.name).rank, op.name)
  if (at === x.rank - 1) return apply(op, [x])
  const perm = x.shape.map((_, i) => (i === at ? x.rank - 1 : i === x.rank - 1 ? at : i))
  return transpose(apply(op, [transpose(x, perm)]), perm)
}
