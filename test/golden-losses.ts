import * as cr from '../src/index.ts'
import type { Attrs, Forward } from './golden-adapter.ts'

// PyTorch's losses, in the library's terms.

const reductionOf = (attrs: Attrs): cr.Reduction => attrs['reduction'] as cr.Reduction

/** Class axis 1 moved to the end, and everything else made rows. */
function rowsOf(x: cr.Tensor): cr.Tensor {
  if (x.rank === 2) return x
  const axes = x.shape.map((_, i) => i)
  const moved = x.transpose([0, ...axes.slice(2), 1])
  return moved.reshape([moved.size / x.shape[1]!, x.shape[1]!])
}

const crossEntropy: Forward = ({ x, target, weight }, attrs) => {
  const reduction = reductionOf(attrs)
  const loss = cr.crossEntropy(rowsOf(x!), target!.reshape([target!.size]), {
    labelSmoothing: attrs['label_smoothing'] as number,
    ignoreIndex: attrs['ignore_index'] as number,
    ...(weight && { weights: weight }),
    reduction,
  })
  return reduction === 'none' ? loss.reshape([...target!.shape]) : loss
}

/** log, but never below -100, as PyTorch limits it. */
const boundedLog = (p: cr.Tensor): cr.Tensor => p.log().clip(-100, Infinity)

export const losses: Readonly<Record<string, Forward>> = {
  cross_entropy_loss: crossEntropy,
  cross_entropy_loss_prob: ({ x, target }, attrs) => cr.crossEntropy(x!, target!, { reduction: reductionOf(attrs) }),
  nll_loss: ({ x, target }, attrs) => cr.nll(x!, target!, { reduction: reductionOf(attrs) }),
  mse_loss: ({ x, target }, attrs) => cr.mse(x!, target!, { reduction: reductionOf(attrs) }),
  l1_loss: ({ x, target }, attrs) => cr.mae(x!, target!, { reduction: reductionOf(attrs) }),
  smooth_l1_loss: ({ x, target }, attrs) =>
    cr.smoothL1(x!, target!, { beta: attrs['beta'] as number, reduction: reductionOf(attrs) }),
  huber_loss: ({ x, target }, attrs) =>
    cr.huber(x!, target!, { delta: attrs['delta'] as number, reduction: reductionOf(attrs) }),
  bce_with_logits_loss: ({ x, target, pos_weight }, attrs) =>
    cr.bceWithLogits(x!, target!, { ...(pos_weight && { posWeight: pos_weight }), reduction: reductionOf(attrs) }),
  bce_loss: ({ x, target }, attrs) => {
    const missed = cr.sub(1, target!).mul(boundedLog(cr.sub(1, x!)))
    const loss = target!.mul(boundedLog(x!)).add(missed).neg()
    const reduction = reductionOf(attrs)
    if (reduction === 'none') return loss
    return reduction === 'sum' ? loss.sum() : loss.mean()
  },
  kl_div_loss: ({ x, target }) => cr.klDiv(x!, target!),
}
