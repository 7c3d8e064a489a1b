import { ShapeError } from '../errors.ts'
import { tensor } from '../ops/create.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Metric, Sums } from './metric.ts'

export const total = (sums: Sums, name: string): number => sums[name]?.[0] as number
export const count = ({ size, engine }: Tensor): Tensor => tensor(size, [], { engine })

/** The mean of what `of` gives, over all its elements in all batches: a metric of your own in one line. */
export function mean(of: (output: Tensor, target: Tensor) => Tensor): Metric {
  return {
    sums(output, target) {
      const values = of(output, target)
      return { total: values.sum(), count: count(values) }
    },
    value: (sums) => total(sums, 'total') / total(sums, 'count'),
  }
}

/** Whether the target is a class for each row of scores along the last axis, rather than numbers of the same shape. */
export function isClasses(where: string, output: Tensor, target: Tensor): boolean {
  if (target.dtype === 'int32' && target.size * (output.shape.at(-1) ?? 1) === output.size && output.rank > 0)
    return true
  if (target.dtype === 'float32' && target.size === output.size) return false
  throw new ShapeError('output and target do not go together', {
    where,
    expected: 'scores [.., classes] and int32 classes [..], or as many scores as float32 targets',
    received: `[${output.shape}] and ${target.dtype} [${target.shape}]`,
  })
}

/** Scores as rows and labels as a list. */
export function rowsOf(
  where: string,
  output: Tensor,
  target: Tensor,
): { scores: Tensor; labels: Tensor; classes: number } {
  if (!isClasses(where, output, target))
    throw new ShapeError('the targets are no classes', { where, expected: 'int32', received: target.dtype })
  const classes = output.shape.at(-1) as number
  return { scores: output.reshape([target.size, classes]), labels: target.reshape([target.size]), classes }
}
