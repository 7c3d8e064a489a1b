import { gather } from '../../ops/shape.ts'
import { logSoftmax, softmax } from '../../ops/softmax.ts'
import type { Tensor } from '../../ops/tensor.ts'
import type { Shape } from '../../program/graph.ts'
import type { RefTensor } from '../../reference/index.ts'
import { BIG, type Fill, indices, x } from '../cases/types.ts'
import { composed, of } from './cases.ts'
import { axisOf, filled, largest, reader, sum } from './references.ts'
import type { FunctionCase, Functions } from './types.ts'

/** Each element by itself and all values of its row along the axis. */
const along = (call: typeof softmax, f: (v: number, values: readonly number[]) => number): readonly FunctionCase[] =>
  (
    [
      [[1]],
      [[5], -1],
      [[1, 7], 0],
      [[3, 17], 0],
      [[2, 7, 3], 1],
      [[2, 7, 3], -3],
      [[5, 1, 13], 1],
      [[0, 3], 1],
      [[2, 0, 3], 2],
      [[9, 4], 0, 'wide'],
      [BIG, 0],
    ] as readonly (readonly [Shape, number?, Fill?])[]
  ).map(([shape, axis, fill = 'any']) =>
    of(
      x(shape, fill),
      (t) => call(t, axis),
      (t) => {
        const at = axisOf(axis ?? -1, shape.length)
        const read = reader(t)
        return filled(shape, (index) => {
          const row = Array.from({ length: shape[at] as number }, (_, i) =>
            read(index.map((j, a) => (a === at ? i : j))),
          )
          return f(read(index), row)
        })
      },
    ),
  )

const scaled = (v: number, values: readonly number[]): number => {
  const top = largest(values)
  return v - top - Math.log(sum(values.map((w) => Math.exp(w - top))))
}

const picked = (shape: Shape, index: Shape, axis?: number): FunctionCase => {
  const at = axisOf(axis ?? 0, shape.length)
  return {
    inputs: [x(shape), indices(index, shape[at] as number)],
    call: (t, i) => gather(t as Tensor, i as Tensor, axis),
    reference: (t, i) => {
      const [read, place] = [reader(t as RefTensor), reader(i as RefTensor)]
      return filled([...shape.slice(0, at), ...index, ...shape.slice(at + 1)], (to) => {
        const from = place(to.slice(at, at + index.length))
        return read([...to.slice(0, at), from, ...to.slice(at + index.length)])
      })
    },
  }
}

export const softmaxes: Functions<'gather' | 'logSoftmax' | 'softmax'> = {
  gather: composed(
    'Slices of x along an axis at int32 indices of any shape, which the axis takes.',
    'y[.., c.., ..] = x[.., index[c..], ..]',
    [
      picked([3], []),
      picked([5, 3], [4]),
      picked([5, 3], [2, 3]),
      picked([2, 7, 3], [5, 1], 1),
      picked([2, 7, 3], [2, 2, 2], -1),
      picked([2, 0, 3], [4], 2),
      picked([5, 3], [0, 2]),
      picked([17, 401], [5, 7]),
    ],
  ),
  logSoftmax: composed('Logarithm of softmax along any axis.', 'x - ln sum e^x', along(logSoftmax, scaled)),
  softmax: composed(
    'Softmax along any axis.',
    'e^x / sum e^x',
    along(softmax, (v, values) => Math.exp(scaled(v, values))),
  ),
}
