import { ShapeError } from '../errors.ts'
import { known } from '../options.ts'
import { sizeOf } from '../program/graph.ts'
import { checkNumber, shapeText } from '../tensor/shape.ts'
import { checkTensor } from './apply.ts'
import { tensor } from './create.ts'
import * as f from './functions.ts'
import { crossEntropy } from './loss.ts'
import { logsumexp, mean, sum } from './reduce.ts'
import { checkAlike, type LossOptions, type Reduction, reduced } from './reduction.ts'
import { reshape, transpose } from './shape.ts'
import type { Tensor } from './tensor.ts'

// Losses of classes and of distributions.

/** Scores or log-probabilities of classes, and a label for each row. */
function checkRows(where: string, x: Tensor, labels: Tensor): void {
  for (const operand of [x, labels]) checkTensor(operand, where)
  if (x.rank !== 2 || x.shape[1] === 0 || labels.rank !== 1 || labels.size !== x.shape[0])
    throw new ShapeError('the labels do not fit', {
      where,
      expected: '[rows, classes] and [rows], one class or more',
      received: `${shapeText(x.shape)} and ${shapeText(labels.shape)}`,
    })
}

/**
 * A loss of rows, of classes that lie along axis 1 of more axes: x [N, C, d1, ..] as rows [N d1 .., C], and targets
 * [N, d1, ..] (or of the shape of x) likewise.
 */
export function ofRows<O extends LossOptions>(
  where: string,
  x: Tensor,
  targets: Tensor,
  options: O,
  loss: (x: Tensor, targets: Tensor, options: O) => Tensor,
): Tensor {
  const [n = 0, classes = 0, ...rest] = x.shape
  const places = [n, ...rest]
  const rows = (t: Tensor): Tensor =>
    reshape(transpose(t, [0, ...rest.map((_, i) => i + 2), 1]), [sizeOf(places), classes])
  const single = String(targets.shape) === String(places)
  if (!single && String(targets.shape) !== String(x.shape))
    throw new ShapeError('the labels do not fit', {
      where,
      expected: shapeText(places),
      received: shapeText(targets.shape),
    })
  const result = loss(rows(x), single ? reshape(targets, [targets.size]) : rows(targets), options)
  return options.reduction === 'none' ? reshape(result, places) : result
}

/** 1 where the column is the label, [rows, classes]; a row of zeros for a label that is no class. */
export function chosen(labels: Tensor, classes: number): Tensor {
  const columns = tensor(
    Float32Array.from({ length: classes }, (_, i) => i),
    [1, classes],
    { engine: labels.engine },
  )
  return f.equal(reshape(f.toFloat(labels), [labels.size, 1]), columns)
}

/** A weight for each class. */
export function checkWeights(where: string, weights: Tensor, classes: number): void {
  checkTensor(weights, where)
  if (weights.rank !== 1 || weights.shape[0] !== classes)
    throw new ShapeError('the weights are not one for each class', {
      where,
      expected: `[${classes}]`,
      received: shapeText(weights.shape),
    })
}

export interface NllOptions extends LossOptions {
  /** A weight for each class [classes]; the mean is over the weights of the rows. */
  readonly weights?: Tensor
  /** Rows with this label do not count. */
  readonly ignoreIndex?: number
}

/**
 * Negative log-likelihood -x[label] of int32 labels [rows] under log-probabilities x [rows, classes], or of labels
 * [N, d1, ..] under [N, classes, d1, ..]. A label outside of 0 .. classes - 1 throws IndexError and leaves the step undone.
 */
export function nll(logProbabilities: Tensor, labels: Tensor, options: NllOptions = {}): Tensor {
  const { weights, ignoreIndex, reduction = 'mean' } = known('nll', options, 'weights ignoreIndex reduction')
  f.oneOf(reduction, ['mean', 'sum', 'none'], 'nll.reduction')
  if (checkTensor(logProbabilities, 'nll').rank > 2)
    return ofRows('nll', logProbabilities, checkTensor(labels, 'nll'), options, nll)
  checkRows('nll', logProbabilities, labels)
  if (ignoreIndex !== undefined)
    checkNumber(ignoreIndex, 'nll.ignoreIndex', 'a whole number', (label) => label === (label | 0))
  const classes = logProbabilities.shape[1] ?? 0
  if (weights !== undefined) checkWeights('nll.weights', weights, classes)
  let rows: Tensor
  let counts: Tensor | undefined
  if (ignoreIndex === undefined) {
    const picked = f.takeAlong(logProbabilities, reshape(labels, [labels.size, 1]), 1)
    rows = f.neg(reshape(picked, [labels.size]))
  } else {
    // The loss of softmax knows which labels to leave out and which are errors; ln sum e^x is all that it has in addition.
    counts = f.notEqual(f.toFloat(labels), ignoreIndex)
    const more = f.mul(logsumexp(logProbabilities, -1), counts)
    rows = f.sub(crossEntropy(logProbabilities, labels, { ignoreIndex, reduction: 'none' }), more)
  }
  return weighted(rows, labels, { weights, counts, reduction })
}

/** Losses of rows times the weights of their labels; the mean is over the weights. */
export function weighted(
  rows: Tensor,
  labels: Tensor,
  { weights, counts, reduction }: { weights: Tensor | undefined; counts: Tensor | undefined; reduction: Reduction },
): Tensor {
  if (weights === undefined) {
    if (reduction !== 'mean') return reduction === 'none' ? rows : sum(rows)
    return counts === undefined ? mean(rows) : f.div(sum(rows), sum(counts))
  }
  const ofLabel = sum(f.mul(chosen(labels, weights.size), weights), -1)
  const share = counts === undefined ? ofLabel : f.mul(ofLabel, counts)
  const losses = f.mul(rows, share)
  if (reduction === 'none') return losses
  return reduction === 'sum' ? sum(losses) : f.div(sum(losses), sum(share))
}

export interface MultiMarginOptions extends LossOptions {
  /** Default 1. */
  readonly margin?: number
  /** Square the excess. Default false. */
  readonly squared?: boolean
}

/** Mean over classes j of max(0, margin - x[label] + x[j]), the label left out: scores x [rows, classes], int32 labels [rows]. */
export function multiMargin(scores: Tensor, labels: Tensor, options: MultiMarginOptions = {}): Tensor {
  const { margin = 1, squared = false, reduction = 'mean' } = known('multiMargin', options, 'margin squared reduction')
  checkRows('multiMargin', scores, labels)
  checkNumber(margin, 'multiMargin.margin', 'a finite number', Number.isFinite)
  const own = f.takeAlong(scores, reshape(labels, [labels.size, 1]), 1)
  const excess = f.relu(f.add(f.sub(scores, own), margin))
  // not times 0: the label's own excess is NaN where its score is infinite
  const others = f.where(chosen(labels, scores.shape[1] as number), 0, squared ? f.square(excess) : excess)
  return reduced(mean(others, -1), reduction, 'multiMargin')
}

export interface KlDivOptions {
  /** 'batchMean' (default: the sum over the first axis's size), 'mean' over elements, 'sum' or 'none'. */
  readonly reduction?: Reduction | 'batchMean'
  /** The targets are logarithms too. Default false. */
  readonly logTarget?: boolean
}

/** Kullback-Leibler divergence t (ln t - x) of log-probabilities x from targets t of the same shape; 0 where t is 0. */
export function klDiv(logProbabilities: Tensor, targets: Tensor, options: KlDivOptions = {}): Tensor {
  const { reduction = 'batchMean', logTarget = false } = known('klDiv', options, 'reduction logTarget')
  checkAlike('klDiv', logProbabilities, targets)
  const probabilities = logTarget ? f.exp(targets) : targets
  // A target of 0 counts as nothing, whatever its logarithm.
  const logarithms = logTarget ? targets : f.log(f.maximum(targets, 2 ** -126))
  const loss = f.mul(probabilities, f.sub(logarithms, logProbabilities))
  if (reduction === 'batchMean') return f.div(sum(loss), logProbabilities.shape[0] ?? 1)
  return reduced(loss, reduction, 'klDiv')
}
