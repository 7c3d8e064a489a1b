import { ArgumentError, ShapeError } from '../errors.ts'
import { known } from '../options.ts'
import { type Attrs, type Spec, sizeOf } from '../program/graph.ts'
import { checkNumber, shapeText } from '../tensor/shape.ts'
import { apply, applyAll, checkTensor, checkType } from './apply.ts'
import { attr, defineOp, type OpTable } from './define.ts'
import * as f from './functions.ts'
import { checkWeights, chosen, ofRows } from './loss-classes.ts'
import { mean, sum } from './reduce.ts'
import { checkAlike, type Reduction, reduced } from './reduction.ts'
import { reshape, shapeOps } from './shape.ts'
import { logSoftmax, rowsOf, softmax, softmaxGrad } from './softmax.ts'
import type { Tensor } from './tensor.ts'

/** The label that no row ignores. */
const NO_IGNORE = -0x8000_0000
const ignored = (attrs: Attrs): number => attr<number | null>(attrs, 'ignoreIndex') ?? NO_IGNORE

function checkLabels(op: string, [x, labels]: readonly Spec[]): void {
  checkType(op, x, 1, 'float32')
  checkType(op, labels, 2, 'int32')
  if (x?.shape.length !== 2 || labels?.shape.length !== 1 || labels.shape[0] !== x.shape[0])
    throw new ShapeError('the labels do not fit the logits', {
      where: op,
      expected: 'logits [rows, classes] and labels [rows]',
      received: `${shapeText(x?.shape ?? [])} and ${shapeText(labels?.shape ?? [])}`,
    })
  if (x.shape[1] === 0) throw new ShapeError('there are no classes', { where: op, received: shapeText(x.shape) })
}

export const lossOps: OpTable<'crossEntropy' | 'crossEntropyGrad'> = {
  crossEntropy: defineOp({
    name: 'crossEntropy',
    doc: 'Softmax cross-entropy of each row with an integer label, and 1 for each row that counts. Smoothing s mixes the label with the uniform distribution.',
    formula: 'ln sum e^x - (1 - s) x[label] - s mean x',
    infer(inputs) {
      checkLabels('crossEntropy', inputs)
      const row: Spec = { shape: [inputs[0]?.shape[0] ?? 0], dtype: 'float32' }
      return [row, row]
    },
    lower({ inputs: [x, labels], outputs: [loss, kept], specs, attrs, emit }) {
      if (x === undefined || labels === undefined || loss === undefined || kept === undefined) return
      emit('crossEntropy', {
        x,
        labels,
        loss,
        kept,
        ...rowsOf(specs[0] as Spec),
        ignore: ignored(attrs),
        smoothing: attr(attrs, 'smoothing'),
      })
    },
    gradient: ({ dys, inputs: [x, labels], attrs }) => [
      dys[0] === undefined ? undefined : crossEntropyGrad(x as Tensor, labels as Tensor, dys[0], attrs),
      undefined,
    ],
  }),
  crossEntropyGrad: defineOp({
    name: 'crossEntropyGrad',
    doc: 'Gradient of crossEntropy for the logits.',
    formula: 'dloss (softmax(x) - (1 - s) [j = label] - s / n)',
    infer(inputs) {
      checkLabels('crossEntropyGrad', inputs)
      const [, labels, dloss] = inputs
      if (dloss !== undefined && sizeOf(dloss.shape) !== 1 && String(dloss.shape) !== String(labels?.shape))
        throw new ShapeError('the gradient does not fit the loss', {
          where: 'crossEntropyGrad',
          expected: `${shapeText(labels?.shape ?? [])} or one number`,
          received: shapeText(dloss.shape),
        })
      return [inputs[0] as Spec]
    },
    // The gradient of a mean is one number for all rows: it need not be written out.
    absorb({ op, inputs, attrs }, fusion) {
      const [x, labels, dloss] = inputs
      const from = dloss === undefined ? undefined : fusion.soleProducer(dloss)
      const one = from?.op === shapeOps.broadcastTo ? from.inputs[0] : undefined
      if (x === undefined || labels === undefined || one === undefined || sizeOf(one.shape) !== 1) return undefined
      return { op, inputs: [x, labels, one], attrs }
    },
    lower({ inputs: [x, labels, dloss], outputs: [dx], specs, attrs, emit }) {
      if (x === undefined || labels === undefined || dloss === undefined || dx === undefined) return
      emit('crossEntropyGrad', {
        x,
        labels,
        dloss,
        dx,
        ...rowsOf(specs[0] as Spec),
        ignore: ignored(attrs),
        smoothing: attr(attrs, 'smoothing'),
        dlossStep: sizeOf(specs[2]?.shape ?? []) === 1 ? 0 : 1,
      })
    },
    gradient({ dy, inputs, attrs, needs }) {
      const [x, labels, dloss] = inputs as [Tensor, Tensor, Tensor]
      const [, kept] = rowLosses(x, labels, attrs)
      const weight = reshape(f.mul(kept, dloss), [x.shape[0] as number, 1])
      const ones = f.add(f.mul(kept, 0), 1)
      return [
        needs[0] === true ? softmaxGrad(f.mul(dy, weight), softmax(x)) : undefined,
        undefined,
        needs[2] === true
          ? f.sumTo(sum(f.mul(dy, crossEntropyGrad(x, labels, ones, attrs)), -1), dloss.shape)
          : undefined,
      ]
    },
  }),
}

/** The loss of each row, and 1 for each row that counts. */
function rowLosses(logits: Tensor, labels: Tensor, attrs: Attrs): [Tensor, Tensor] {
  return applyAll(lossOps.crossEntropy, [logits, labels], attrs) as [Tensor, Tensor]
}
function crossEntropyGrad(logits: Tensor, labels: Tensor, dloss: Tensor, attrs: Attrs): Tensor {
  return apply(lossOps.crossEntropyGrad, [logits, labels, dloss], attrs)
}

export interface CrossEntropyOptions {
  /** 'mean' (default) over the rows that count (weighted by the weights of their labels), 'sum', or 'none': a loss a row. */
  readonly reduction?: Reduction
  /** Part of the label that is spread over all classes, 0 (default) to 1. */
  readonly labelSmoothing?: number
  /** Rows with this label do not count. Only for integer labels. */
  readonly ignoreIndex?: number
  /** A weight for each class [classes]. */
  readonly weights?: Tensor
}

/**
 * Softmax cross-entropy of logits [rows, classes] with int32 labels [rows]: ln(sum_j e^x_j) - x_label; or with a
 * distribution for each row, float32 [rows, classes]: -sum_j t_j ln softmax(x)_j. Logits may have more axes, with the
 * classes along axis 1: [N, classes, d1, ..] with labels [N, d1, ..] (a label a pixel), or distributions of the shape of
 * the logits. A label outside of 0 .. classes - 1 throws IndexError and leaves the step undone.
 */
export function crossEntropy(logits: Tensor, labels: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const {
    reduction = 'mean',
    labelSmoothing = 0,
    ignoreIndex,
    weights,
  } = known('crossEntropy', options, 'reduction labelSmoothing ignoreIndex weights')
  f.oneOf(reduction, ['mean', 'sum', 'none'], 'crossEntropy.reduction')
  checkNumber(labelSmoothing, 'crossEntropy.labelSmoothing', 'a number from 0 to 1', (s) => s >= 0 && s <= 1)
  if (ignoreIndex !== undefined)
    checkNumber(ignoreIndex, 'crossEntropy.ignoreIndex', 'a whole number', (label) => label === (label | 0))
  for (const operand of [logits, labels]) checkTensor(operand, 'crossEntropy')
  if (logits.rank > 2) return ofRows('crossEntropy', logits, labels, options, crossEntropy)
  if (weights !== undefined) checkWeights('crossEntropy.weights', weights, logits.shape[1] ?? 0)
  if (labels.dtype === 'float32' && labels.rank === 2) return softCrossEntropy(logits, labels, options)
  const attrs = { ignoreIndex: ignoreIndex ?? null, smoothing: weights === undefined ? labelSmoothing : 0 }
  const [loss, kept] = rowLosses(logits, labels, attrs)
  if (weights === undefined) {
    if (reduction === 'none') return loss
    if (reduction === 'sum') return sum(loss)
    return ignoreIndex === undefined ? mean(loss) : f.div(sum(loss), sum(kept))
  }
  // With weights: (1 - s) w_label of the plain loss, and s / classes of the weighted losses of all classes.
  const share = f.mul(sum(f.mul(chosen(labels, weights.size), weights), -1), kept)
  const sharp = f.mul(loss, labelSmoothing === 0 ? share : f.mul(share, 1 - labelSmoothing))
  const spread = (): Tensor =>
    f.mul(f.mul(sum(f.mul(logSoftmax(logits), weights), -1), kept), -labelSmoothing / weights.size)
  const losses = labelSmoothing === 0 ? sharp : f.add(sharp, spread())
  if (reduction === 'none') return losses
  return reduction === 'sum' ? sum(losses) : f.div(sum(losses), sum(share))
}

function softCrossEntropy(logits: Tensor, targets: Tensor, options: CrossEntropyOptions): Tensor {
  const { reduction = 'mean', labelSmoothing = 0, ignoreIndex, weights } = options
  if (ignoreIndex !== undefined)
    throw new ArgumentError('distributions have no label to ignore', {
      where: 'crossEntropy.ignoreIndex',
      expected: 'int32 labels [rows]',
      received: 'targets that are float32 [rows, classes]',
      hint: 'A row of zeros has loss 0.',
    })
  checkAlike('crossEntropy', logits, targets)
  const classes = logits.shape[1] as number
  const smooth = labelSmoothing === 0 ? targets : f.add(f.mul(targets, 1 - labelSmoothing), labelSmoothing / classes)
  const share = weights === undefined ? smooth : f.mul(smooth, weights)
  return reduced(f.neg(sum(f.mul(logSoftmax(logits), share), -1)), reduction, 'crossEntropy')
}
