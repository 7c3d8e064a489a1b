import { dot, einsum } from '../../ops/einsum.ts'
import { linear, type MatmulOptions, matmul, outer } from '../../ops/matmul.ts'
import type { Tensor } from '../../ops/tensor.ts'
import type { Shape } from '../../program/graph.ts'
import type { RefTensor } from '../../reference/index.ts'
import { BIG, type Fill, x } from '../cases/types.ts'
import { composed } from './cases.ts'
import { filled, grid, reader, sum } from './references.ts'
import type { FunctionCase, Functions } from './types.ts'

const two = (
  shapes: readonly [Shape, Shape],
  call: (a: Tensor, b: Tensor) => Tensor,
  reference: (a: RefTensor, b: RefTensor) => RefTensor,
  fill: Fill = 'any',
): FunctionCase => ({
  inputs: shapes.map((shape) => x(shape, fill)),
  call: (a, b) => call(a as Tensor, b as Tensor),
  reference: (a, b) => reference(a as RefTensor, b as RefTensor),
})

const inner = (a: RefTensor, b: RefTensor): RefTensor => ({
  shape: [],
  data: Float64Array.of(sum(Array.from(a.data, (v, i) => v * (b.data[i] as number)))),
})

const crossed = (a: RefTensor, b: RefTensor): RefTensor =>
  filled([a.data.length, b.data.length], ([i, j]) => (a.data[i as number] as number) * (b.data[j as number] as number))

const layer = (shape: Shape, outs: number, biased: boolean): FunctionCase => {
  const ins = shape.at(-1) as number
  return {
    inputs: [x(shape), x([ins, outs]), ...(biased ? [x([outs])] : [])],
    call: (t, w, b) => linear(t as Tensor, w as Tensor, b),
    reference: (t, w, b) => {
      const [read, weight] = [reader(t as RefTensor), reader(w as RefTensor)]
      return filled([...shape.slice(0, -1), outs], (index) => {
        const [row, o] = [index.slice(0, -1), index.at(-1) as number]
        const products = Array.from({ length: ins }, (_, i) => read([...row, i]) * weight([i, o]))
        return sum(products) + (b?.data[o] ?? 0)
      })
    },
  }
}

/** The sum over all indices, one by one. Labels are single characters; the axes of an ellipsis are spelled out as digits. */
function summed(spelled: string, operands: readonly RefTensor[]): RefTensor {
  const [terms = '', result = ''] = spelled.split('->')
  const labels = terms.split(',').map((term) => [...term])
  const sizes = new Map<string, number>()
  for (const [k, term] of labels.entries())
    for (const [i, label] of term.entries())
      sizes.set(label, Math.max(sizes.get(label) ?? 0, operands[k]?.shape[i] as number))
  const gone = [...sizes.keys()].filter((label) => !result.includes(label))
  const steps = grid(gone.map((label) => sizes.get(label) as number))
  const readers = operands.map(reader)
  return filled(
    [...result].map((label) => sizes.get(label) as number),
    (index) =>
      sum(
        steps.map((step) => {
          const at = (label: string): number =>
            (result.includes(label) ? index[result.indexOf(label)] : step[gone.indexOf(label)]) as number
          return labels.reduce(
            (product, term, k) => product * (readers[k] as ReturnType<typeof reader>)(term.map(at)),
            1,
          )
        }),
      ),
  )
}

const contraction = (equation: string, shapes: readonly Shape[], spelled: string = equation): FunctionCase => ({
  inputs: shapes.map((shape) => x(shape)),
  call: (...operands) => einsum(equation, ...operands),
  reference: (...operands) => summed(spelled.replaceAll(' ', ''), operands),
})

const multiplied = (spelled: string, shapes: readonly [Shape, Shape], options: MatmulOptions = {}): FunctionCase => ({
  inputs: shapes.map((shape) => x(shape)),
  call: (a, b) => matmul(a as Tensor, b as Tensor, options),
  reference: (...operands) => summed(spelled, operands),
})

export const products: Functions<'dot' | 'einsum' | 'linear' | 'matmul' | 'outer'> = {
  dot: composed('Inner product of two vectors.', 'sum a b', [
    ...[0, 1, 5, 8, 17, 691].map((n) => two([[n], [n]], dot, inner)),
    two([[67], [67]], dot, inner, 'wide'),
    two([[17], [17]], dot, inner, 'special'),
  ]),
  einsum: composed(
    "Sum of products in Einstein's notation: letters that are not behind the arrow are summed over.",
    "'ij,jk->ik': y[i, k] = sum over j of a[i, j] b[j, k]",
    [
      contraction('ij,jk->ik', [
        [3, 4],
        [4, 5],
      ]),
      contraction(
        'ij,jk',
        [
          [3, 4],
          [4, 5],
        ],
        'ij,jk->ik',
      ),
      contraction('ji,jk->ki', [
        [4, 3],
        [4, 5],
      ]),
      contraction('ij,kj->ik', [
        [3, 4],
        [5, 4],
      ]),
      contraction('bij,bjk->bik', [
        [2, 3, 4],
        [2, 4, 5],
      ]),
      contraction('bhqd,bhkd->bhqk', [
        [2, 2, 3, 4],
        [2, 2, 5, 4],
      ]),
      contraction('bqhd,bkhd->bhqk', [
        [2, 3, 2, 4],
        [2, 5, 2, 4],
      ]),
      contraction('i,j->ij', [[3], [4]]),
      contraction('i,i->', [[5], [5]]),
      contraction('i,i->i', [[5], [5]]),
      contraction('ij->ji', [[2, 3]]),
      contraction('ba', [[2, 3]], 'ba->ab'),
      contraction('ij->', [[2, 3]]),
      contraction('ij->ij', [[2, 3]]),
      contraction('ii->i', [[4, 4]]),
      contraction('ii', [[4, 4]], 'ii->'),
      contraction('iji->ji', [[3, 2, 3]]),
      contraction('iii->i', [[3, 3, 3]]),
      contraction('bij,bij->b', [
        [2, 3, 4],
        [2, 3, 4],
      ]),
      contraction('ij,j,jk->ik', [[2, 3], [3], [3, 4]]),
      contraction('ab,cd,bd->ca', [
        [2, 3],
        [4, 2],
        [3, 2],
      ]),
      contraction('ij,kl->i', [
        [2, 3],
        [4, 2],
      ]),
      contraction(' i j , j k -> i k ', [
        [2, 3],
        [3, 2],
      ]),
      contraction(
        '...ij,...jk->...ik',
        [
          [2, 3, 4],
          [2, 4, 2],
        ],
        '0ij,0jk->0ik',
      ),
      contraction(
        '...ij,...jk',
        [
          [5, 1, 3, 4],
          [2, 4, 2],
        ],
        '10ij,0jk->10ik',
      ),
      contraction('...i,i->...', [[2, 3, 4], [4]], '10i,i->10'),
      contraction(
        'i...,i...->...',
        [
          [3, 2],
          [3, 1],
        ],
        'i0,i0->0',
      ),
      contraction('...,...->...', [[2, 1], [3]], '10,0->10'),
      contraction('...i->i', [[2, 3, 4]], '10i->i'),
      contraction('ij,jk->ik', [
        [3, 0],
        [0, 5],
      ]),
      contraction('bqhd,bkhd->bhqk', [
        [2, 17, 3, 19],
        [2, 33, 3, 19],
      ]),
    ],
  ),
  linear: composed('A layer: x W + bias over the last axis.', 'y = x W + b', [
    layer([3], 2, true),
    layer([1, 1], 1, true),
    layer([5, 7], 3, false),
    layer([2, 3, 5], 4, true),
    layer([2, 3, 5], 4, false),
    layer([0, 3], 2, true),
    layer([4, 0], 3, true),
    layer([33, 17], 31, true),
    layer([29, 97], 67, true),
  ]),
  matmul: composed('Matrix product of the last two axes; vectors lose theirs, leading axes broadcast.', 'Y = A B', [
    multiplied('i,i->', [[7], [7]]),
    multiplied('i,ij->j', [[5], [5, 3]]),
    multiplied('i,ji->j', [[5], [3, 5]], { transposeB: true }),
    multiplied('ij,j->i', [[3, 17], [17]]),
    multiplied('ji,j->i', [[17, 3], [17]], { transposeA: true }),
    multiplied('i,bij->bj', [[5], [2, 5, 3]]),
    multiplied('bij,jk->bik', [
      [2, 3, 5],
      [5, 7],
    ]),
    multiplied(
      'bij,kj->bik',
      [
        [2, 3, 5],
        [7, 5],
      ],
      { transposeB: true },
    ),
    multiplied(
      'bji,jk->bik',
      [
        [2, 5, 3],
        [5, 7],
      ],
      { transposeA: true },
    ),
    multiplied('abij,bjk->abik', [
      [3, 2, 4, 5],
      [2, 5, 3],
    ]),
    multiplied('bij,bjk->bik', [
      [1, 4, 5],
      [3, 5, 2],
    ]),
    multiplied('bij,jk->bik', [
      [0, 3, 5],
      [5, 7],
    ]),
    multiplied('bij,jk->bik', [
      [2, 3, 0],
      [0, 7],
    ]),
    multiplied('bij,jk->bik', [
      [5, 13, 19],
      [19, 33],
    ]),
  ]),
  outer: composed('Outer product of two vectors.', 'y[i, j] = a[i] b[j]', [
    two([[1], [1]], outer, crossed),
    two([[3], [5]], outer, crossed),
    two([[17], [33]], outer, crossed),
    two([[0], [4]], outer, crossed),
    two([[BIG[0] as number], [BIG[1] as number]], outer, crossed),
    two([[17], [17]], outer, crossed, 'special'),
  ]),
}
