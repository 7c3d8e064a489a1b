import * as cr from '../src/index.ts'
import type { Attrs, Forward } from './golden-adapter.ts'

// PyTorch's losses, composed where the library has no function of its own.

type Reduction = 'mean' | 'sum' | 'none'

const reductionOf = (attrs: Attrs): Reduction => attrs['reduction'] as Reduction

function reduced(loss: cr.Tensor, reduction: Reduction): cr.Tensor {
  if (reduction === 'none') return loss
  return reduction === 'sum' ? loss.sum() : loss.mean()
}

/** A loss of each element of x and target. */
const elementwise =
  (f: (x: cr.Tensor, target: cr.Tensor, attrs: Attrs) => cr.Tensor): Forward =>
  ({ x, target }, attrs) =>
    reduced(f(x!, target!, attrs), reductionOf(attrs))

/** Quadratic up to the width, linear with slope `width` beyond: c (|d| - c / 2) with c = min(|d|, width). */
function huber(x: cr.Tensor, target: cr.Tensor, width: number): cr.Tensor {
  const distance = x.sub(target).abs()
  const near = distance.clip(0, width)
  return near.mul(distance.sub(near.mul(0.5)))
}

/** Class axis 1 moved to the end, and everything else made rows. */
function rowsOf(x: cr.Tensor): cr.Tensor {
  if (x.rank === 2) return x
  const axes = x.shape.map((_, i) => i)
  const moved = x.transpose([0, ...axes.slice(2), 1])
  return moved.reshape([moved.size / x.shape[1]!, x.shape[1]!])
}

const crossEntropy: Forward = ({ x, target, weight }, attrs) => {
  const labels = target!.reshape([target!.size])
  const options = {
    labelSmoothing: attrs['label_smoothing'] as number,
    ignoreIndex: attrs['ignore_index'] as number,
  }
  const reduction = reductionOf(attrs)
  if (weight === undefined) {
    const loss = cr.crossEntropy(rowsOf(x!), labels, { ...options, reduction })
    return reduction === 'none' ? loss.reshape([...target!.shape]) : loss
  }
  // ignored rows have loss 0 and must have weight 0 as well
  const rows = cr.crossEntropy(rowsOf(x!), labels, { ...options, reduction: 'none' })
  const numbers = Array.from(labels.dataSync())
  const kept = cr.tensor(numbers.map((label) => (label === options.ignoreIndex ? 0 : 1)))
  const inside = cr.tensor(
    Int32Array.from(numbers, (label) => Math.max(0, label)),
    [numbers.length],
    { dtype: 'int32' },
  )
  const weights = weight.gather(inside, 0).mul(kept)
  const loss = rows.mul(weights)
  return reduction === 'mean' ? loss.sum().div(weights.sum()) : reduced(loss, reduction)
}

/** Weights on the positive targets: (1 - t) softplus(x) + w t softplus(-x). */
function weightedBinary(x: cr.Tensor, target: cr.Tensor, weight: cr.Tensor): cr.Tensor {
  const positive = target.mul(weight).mul(x.neg().softplus())
  return positive.add(cr.sub(1, target).mul(x.softplus()))
}

/** log, but never below -100, as PyTorch limits it. */
const boundedLog = (p: cr.Tensor): cr.Tensor => p.log().clip(-100, Infinity)

export const losses: Readonly<Record<string, Forward>> = {
  cross_entropy_loss: crossEntropy,
  cross_entropy_loss_prob: ({ x, target }, attrs) =>
    reduced(x!.logSoftmax().mul(target!).sum([1]).neg(), reductionOf(attrs)),
  nll_loss: ({ x, target }, attrs) => cr.nll(x!, target!, { reduction: reductionOf(attrs) }),
  mse_loss: ({ x, target }, attrs) => cr.mse(x!, target!, { reduction: reductionOf(attrs) }),
  l1_loss: ({ x, target }, attrs) => cr.mae(x!, target!, { reduction: reductionOf(attrs) }),
  smooth_l1_loss: elementwise((x, target, a) => huber(x, target, a['beta'] as number).div(a['beta'] as number)),
  huber_loss: elementwise((x, target, a) => huber(x, target, a['delta'] as number)),
  bce_with_logits_loss: ({ x, target, pos_weight }, attrs) => {
    const reduction = reductionOf(attrs)
    return pos_weight === undefined
      ? cr.binaryCrossEntropy(x!, target!, { reduction })
      : reduced(weightedBinary(x!, target!, pos_weight), reduction)
  },
  bce_loss: elementwise((p, target) =>
    target
      .mul(boundedLog(p))
      .add(cr.sub(1, target).mul(boundedLog(cr.sub(1, p))))
      .neg(),
  ),
  kl_div_loss: ({ x, target }) => target!.mul(target!.log().sub(x!)).sum().div(x!.shape[0]!),
}
