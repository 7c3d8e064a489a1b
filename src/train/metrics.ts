import { ArgumentError, ShapeError } from '../errors.ts'
import { abs, equal, greater, less, logSoftmax, square, takeAlong, toFloat, variance } from '../ops/functions.ts'
import { scalars } from '../ops/scalar.ts'
import type { Tensor } from '../ops/tensor.ts'
import { known } from '../options.ts'
import type { Metric } from './metric.ts'
import { count, isClasses, mean, rowsOf, total } from './metric-rows.ts'

/**
 * The part of the rows whose highest score is that of their class. For targets of 0 and 1 of the shape of the output: the
 * part of the scores that lie on the right side of `threshold` (0: scores are logits).
 */
export function accuracy(options: { readonly threshold?: number } = {}): Metric {
  const { threshold = 0 } = known('train.accuracy', options, 'threshold')
  return mean((output, target) => {
    if (!isClasses('accuracy', output, target))
      return equal(greater(output, threshold), greater(target, 0.5).reshape(output.shape))
    const { scores, labels } = rowsOf('accuracy', output, target)
    return equal(toFloat(scores.argmax(-1)), toFloat(labels))
  })
}

/** The part of the rows whose class is among the k highest scores. */
export function topK(k: number): Metric {
  if (!(Number.isInteger(k) && k >= 1))
    throw new ArgumentError('k is out of range', {
      where: 'train.topK',
      expected: 'a whole number of at least 1',
      received: String(k),
    })
  return mean((output, target) => {
    const { scores, labels } = rowsOf('topK', output, target)
    const own = takeAlong(scores, labels.reshape([labels.size, 1]), 1)
    return less(greater(scores, own).sum(1), k)
  })
}

/** The mean cross-entropy, raised to the power of e: of how many equally likely words the model seems to choose. */
export function perplexity(): Metric {
  const inner = mean((output, target) => {
    const { scores, labels } = rowsOf('perplexity', output, target)
    return takeAlong(logSoftmax(scores), labels.reshape([labels.size, 1]), 1).neg()
  })
  return {
    sums: inner.sums,
    // By the engine's own exp, whose bits are those of every runtime.
    async value(sums) {
      const exponent = await inner.value(sums)
      const y = scalars.exp(exponent)
      try {
        return (await y.data())[0] as number
      } finally {
        y.dispose()
      }
    },
  }
}

/** The mean of (output - target)^2. */
export const meanSquaredError = (): Metric => mean((output, target) => square(output.sub(alike(output, target))))
/** The mean of |output - target|. */
export const meanAbsoluteError = (): Metric => mean((output, target) => abs(output.sub(alike(output, target))))

/** 1 - sum (target - output)^2 / sum (target - mean)^2: 1 for a perfect fit, 0 for one no better than the mean. */
export function r2(): Metric {
  return {
    sums(output, target) {
      const y = alike(output, target)
      // Of each batch the mean and the squares around it; their mean is taken out again at the end.
      const center = scalars.fromFloat(y.mean())
      return {
        residual: square(output.sub(y)).sum(),
        within: variance(y, undefined, { correction: 0 }).mul(y.size),
        count: count(y),
        first: scalars.mul(center, y.size),
        second: scalars.mul(scalars.mul(center, center), y.size),
      }
    },
    value(sums) {
      const between = total(sums, 'second') - (total(sums, 'first') * total(sums, 'first')) / total(sums, 'count')
      return 1 - total(sums, 'residual') / (total(sums, 'within') + between)
    },
  }
}

function alike(output: Tensor, target: Tensor): Tensor {
  if (target.size !== output.size)
    throw new ShapeError('output and target differ in size', {
      where: 'metric',
      expected: `[${output.shape}]`,
      received: `[${target.shape}]`,
    })
  return toFloat(target).reshape(output.shape)
}
