import * as f from '../../ops/order.ts'
import type { Shape } from '../../program/graph.ts'
import type { RefTensor } from '../../reference/index.ts'
import type { Operand } from '../cases/index.ts'
import { BIG, type Fill, indices, whole, x } from '../cases/types.ts'
import { composed, constant, of } from './cases.ts'
import { axisOf, filled, reader } from './references.ts'
import type { FunctionCase, Functions } from './types.ts'

/** Values and places of the first k along an axis. */
function ordered(t: RefTensor, axis: number, k: number, descending: boolean): RefTensor[] {
  const at = axisOf(axis, t.shape.length)
  const read = reader(t)
  const shape = t.shape.map((n, i) => (i === at ? k : n))
  const order = (index: readonly number[]): number[] => {
    const value = (i: number): number => read(index.map((j, a) => (a === at ? i : j)))
    const before = (i: number, j: number): number => {
      const [p, q] = [value(i), value(j)]
      if (Number.isNaN(p) || Number.isNaN(q)) return Number(Number.isNaN(p)) - Number(Number.isNaN(q))
      return p === q ? i - j : descending === p > q ? -1 : 1
    }
    return [...Array(t.shape[at]).keys()].sort(before)
  }
  const rows = new Map<string, number[]>()
  const place = (index: readonly number[]): number => {
    const row = String(index.filter((_, a) => a !== at))
    if (!rows.has(row)) rows.set(row, order(index))
    return rows.get(row)?.[index[at] as number] as number
  }
  const places = filled(shape, place)
  const where = reader(places)
  return [filled(shape, (index) => read(index.map((j, a) => (a === at ? where(index) : j)))), places]
}

const sorted = (operand: Operand, axis?: number, options: f.SortOptions = {}): FunctionCase =>
  of(
    operand,
    (t) => {
      const { values, indices } = f.sort(t, axis, options)
      return [values, indices]
    },
    (t) => ordered(t, axis ?? -1, t.shape[axisOf(axis ?? -1, t.shape.length)] as number, options.descending === true),
  )

const placed = (operand: Operand, axis: number, options: f.SortOptions = {}): FunctionCase =>
  of(
    operand,
    (t) => f.argsort(t, axis, options),
    (t) => {
      const size = t.shape[axisOf(axis, t.shape.length)] as number
      return ordered(t, axis, size, options.descending === true)[1] as RefTensor
    },
  )

const top = (operand: Operand, k: number, axis?: number, options: f.TopkOptions = {}): FunctionCase =>
  of(
    operand,
    (t) => {
      const { values, indices } = f.topk(t, k, axis, options)
      return [values, indices]
    },
    (t) => ordered(t, axis ?? -1, k, options.largest !== false),
  )

const TIES: Fill = [3, Number.NaN, -Infinity, 3, -0, 0, 3, 1]

const triangles = (
  call: typeof f.triu,
  kept: (distance: number, diagonal: number) => boolean,
): readonly FunctionCase[] =>
  (
    [
      [[1, 1]],
      [[3, 4]],
      [[4, 3], 1],
      [[0, 3]],
      [[3, 0], -1],
      [[2, 7, 5], -2],
      [[17, 33], 16],
      [[7, 7], 100],
      [[7, 7], -100],
      [[2, 1, 9, 1]],
      [BIG, -3],
    ] as readonly (readonly [Shape, number?])[]
  ).flatMap(([shape, diagonal = 0]) =>
    [x(shape), x(shape, 'special'), indices(shape, 30)].map((operand) =>
      of(
        operand,
        (t) => call(t, diagonal),
        (t) => {
          const read = reader(t)
          return filled(shape, (index) => {
            const [i, j] = index.slice(-2) as [number, number]
            return kept(j - i, diagonal) ? read(index) : 0
          })
        },
      ),
    ),
  )

export const orders: Functions<'argsort' | 'sort' | 'topk' | 'tril' | 'triu'> = {
  argsort: constant('Where the elements of any axis lie in order, int32.', 'x[y[0]] <= x[y[1]] <= .., or >=', [
    placed(x([8], TIES), 0),
    placed(x([5, 3]), 0, { descending: true }),
    placed(x([2, 7, 3], 'special'), 1),
    placed(x([2, 0, 3]), 1),
    placed(indices([9, 4], 3), -2),
    placed(x([67, 89]), 0),
  ]),
  sort: composed(
    'The elements of an axis in order, and where they lay; equal ones stay in order, NaN comes last.',
    'y[0] <= y[1] <= ..',
    [
      sorted(x([1])),
      sorted(x([0])),
      sorted(x([8], TIES)),
      sorted(x([8], TIES), 0, { descending: true }),
      sorted(x([17])),
      sorted(x([3, 4]), 0),
      sorted(x([5, 1, 13]), 2, { descending: true }),
      sorted(x([2, 7, 3]), 1),
      sorted(x([2, 0, 3]), -1),
      sorted(x([33], 'special')),
      sorted(indices([3, 11], 5), 1, { descending: true }),
      sorted(whole([4], [2 ** 31 - 1, -(2 ** 31), 0, 2 ** 31 - 2])),
      sorted(x([211, 5]), 0),
      sorted(x([67, 89])),
    ],
  ),
  topk: composed(
    'The k largest (or smallest) elements of an axis, in order, and where they lie.',
    'y[0] >= y[1] >= .. >= y[k - 1]',
    [
      top(x([1]), 1),
      top(x([5]), 0),
      top(x([8], TIES), 5),
      top(x([8], TIES), 3, 0, { largest: false }),
      top(x([3, 4]), 2, 0),
      top(x([3, 17]), 4, -1, { largest: false }),
      top(x([0, 4]), 2),
      top(x([2, 7, 3]), 3, 1),
      top(indices([40], 9), 7),
      top(x([67, 89]), 10),
    ],
  ),
  tril: composed(
    'The lower triangle of the last two axes.',
    'y[i, j] = j - i <= diagonal ? x[i, j] : 0',
    triangles(f.tril, (distance, diagonal) => distance <= diagonal),
  ),
  triu: composed(
    'The upper triangle of the last two axes.',
    'y[i, j] = j - i >= diagonal ? x[i, j] : 0',
    triangles(f.triu, (distance, diagonal) => distance >= diagonal),
  ),
}
