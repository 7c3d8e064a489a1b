import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkGradients } from '../../src/check/index.ts'
import * as cr from '../../src/index.ts'
import * as wrongs from './wrong/calls.ts'

let engine: cr.Engine
let other: cr.Engine
let t: wrongs.Tools
beforeAll(async () => {
  const opened = await wrongs.open()
  engine = opened.engine
  other = opened.other
  t = opened.tools
})
afterAll(async () => {
  await engine.close()
  await other.close()
})

const made = (shape: readonly number[], seed: number): cr.Tensor =>
  cr.tensor(
    Float32Array.from({ length: shape.reduce((n, size) => n * size, 1) }, (_, i) => (((i + seed) * 7) % 11) / 4 - 1.1),
    [...shape],
  )

interface Axes {
  readonly labels: readonly string[]
  readonly shape: readonly number[]
}

/** The sum over all indices, one by one; the labels are single characters and an ellipsis is spelled out as digits. */
function truth(terms: readonly Axes[], data: readonly ArrayLike<number>[], result: readonly string[]): number[] {
  const sizes = new Map<string, number>()
  for (const { labels, shape } of terms)
    for (const [i, label] of labels.entries()) sizes.set(label, Math.max(sizes.get(label) ?? 0, shape[i] as number))
  const loop = [...result, ...[...sizes.keys()].filter((label) => !result.includes(label))]
  const total = loop.reduce((n, label) => n * (sizes.get(label) as number), 1)
  const count = result.reduce((n, label) => n * (sizes.get(label) as number), 1)
  const y = new Array<number>(count).fill(0)
  for (let step = 0; step < total; step++) {
    const index = new Map<string, number>()
    for (let i = loop.length - 1, rest = step; i >= 0; i--) {
      const size = sizes.get(loop[i] as string) as number
      index.set(loop[i] as string, rest % size)
      rest = Math.floor(rest / size)
    }
    const term = terms.reduce((product, { labels, shape }, k) => {
      const at = labels.reduce((sum, label, i) => {
        const size = shape[i] as number
        return sum * size + (size === 1 ? 0 : (index.get(label) as number))
      }, 0)
      return product * (data[k]?.[at] as number)
    }, 1)
    const to = Math.floor(step / (total / count))
    y[to] = (y[to] as number) + term
  }
  return y
}

/** Equation, shapes, the same equation with digits for the axes of an ellipsis, shape of the result. */
const equations: readonly (readonly [string, readonly (readonly number[])[], string, readonly number[]])[] = [
  [
    'ij,jk->ik',
    [
      [3, 4],
      [4, 5],
    ],
    'ij,jk->ik',
    [3, 5],
  ],
  [
    'ij,jk',
    [
      [3, 4],
      [4, 5],
    ],
    'ij,jk->ik',
    [3, 5],
  ],
  [
    'ji,jk->ki',
    [
      [4, 3],
      [4, 5],
    ],
    'ji,jk->ki',
    [5, 3],
  ],
  [
    'ij,kj->ik',
    [
      [3, 4],
      [5, 4],
    ],
    'ij,kj->ik',
    [3, 5],
  ],
  [
    'bij,bjk->bik',
    [
      [2, 3, 4],
      [2, 4, 5],
    ],
    'bij,bjk->bik',
    [2, 3, 5],
  ],
  [
    'bhqd,bhkd->bhqk',
    [
      [2, 2, 3, 4],
      [2, 2, 5, 4],
    ],
    'bhqd,bhkd->bhqk',
    [2, 2, 3, 5],
  ],
  [
    'bqhd,bkhd->bhqk',
    [
      [2, 3, 2, 4],
      [2, 5, 2, 4],
    ],
    'bqhd,bkhd->bhqk',
    [2, 2, 3, 5],
  ],
  ['i,j->ij', [[3], [4]], 'i,j->ij', [3, 4]],
  ['i,i->', [[5], [5]], 'i,i->', []],
  ['i,i->i', [[5], [5]], 'i,i->i', [5]],
  ['ij->ji', [[2, 3]], 'ij->ji', [3, 2]],
  ['ba', [[2, 3]], 'ba->ab', [3, 2]],
  ['ij->', [[2, 3]], 'ij->', []],
  ['ii->i', [[4, 4]], 'ii->i', [4]],
  ['ii', [[4, 4]], 'ii->', []],
  ['iji->ji', [[3, 2, 3]], 'iji->ji', [2, 3]],
  ['iii->i', [[3, 3, 3]], 'iii->i', [3]],
  [
    'bij,bij->b',
    [
      [2, 3, 4],
      [2, 3, 4],
    ],
    'bij,bij->b',
    [2],
  ],
  ['ij,j,jk->ik', [[2, 3], [3], [3, 4]], 'ij,j,jk->ik', [2, 4]],
  [
    'ab,cd,bd->ca',
    [
      [2, 3],
      [4, 2],
      [3, 2],
    ],
    'ab,cd,bd->ca',
    [4, 2],
  ],
  [
    'ij,kl->i',
    [
      [2, 3],
      [4, 2],
    ],
    'ij,kl->i',
    [2],
  ],
  [
    ' i j , j k -> i k ',
    [
      [2, 3],
      [3, 2],
    ],
    'ij,jk->ik',
    [2, 2],
  ],
  [
    '...ij,...jk->...ik',
    [
      [2, 3, 4],
      [2, 4, 2],
    ],
    '0ij,0jk->0ik',
    [2, 3, 2],
  ],
  [
    '...ij,...jk',
    [
      [5, 1, 3, 4],
      [2, 4, 2],
    ],
    '10ij,0jk->10ik',
    [5, 2, 3, 2],
  ],
  ['...i,i->...', [[2, 3, 4], [4]], '10i,i->10', [2, 3]],
  [
    'i...,i...->...',
    [
      [3, 2],
      [3, 1],
    ],
    'i0,i0->0',
    [2],
  ],
  ['...,...->...', [[2, 1], [3]], '10,0->10', [2, 3]],
  ['...i->i', [[2, 3, 4]], '10i->i', [4]],
  [
    'ij,jk->ik',
    [
      [3, 0],
      [0, 5],
    ],
    'ij,jk->ik',
    [3, 5],
  ],
]

describe('einsum', () => {
  test.each(equations)('%s of %j', async (equation, shapes, spelled, shape) => {
    using _ = cr.scope()
    const operands = shapes.map((size, i) => made(size, 3 * i))
    const [terms = '', result = ''] = spelled.split('->')
    const named = terms.split(',').map((term, i) => ({ labels: [...term], shape: shapes[i] as readonly number[] }))
    const want = truth(
      named,
      operands.map((x) => x.dataSync()),
      [...result],
    )
    const y = cr.einsum(equation, ...operands)
    expect(y.shape).toEqual(shape)
    for (const [i, value] of y.dataSync().entries()) expect(value).toBeCloseTo(want[i] as number, 4)
    if (operands.some((x) => x.size === 0)) return
    const report = await checkGradients(
      () =>
        cr
          .einsum(equation, ...operands)
          .square()
          .sum(),
      operands,
    )
    expect(report.ok, report.print()).toBe(true)
  })

  test('gives its operand a second name, not a second owner', () => {
    using _ = cr.scope()
    const x = made([2, 3], 0)
    cr.einsum('ij->ij', x).dispose()
    expect(x.dataSync().length).toBe(6)
  })

  test('refuses bad calls', () =>
    wrongs.refused([
      ...wrongs.notTensors((x) => cr.einsum('i,i->', x, t.v)),
      ['int32', () => cr.einsum('i', t.i)],
      ['a number for the equation', () => cr.einsum(1 as wrongs.Anything, t.v)],
      ['two arrows', () => cr.einsum('i->i->i', t.v)],
      ['a digit', () => cr.einsum('i1->i', t.x)],
      ['two ellipses', () => cr.einsum('......', t.x)],
      ['two dots', () => cr.einsum('..i', t.x)],
      ['too few operands', () => cr.einsum('i,j', t.v)],
      ['too many operands', () => cr.einsum('i', t.v, t.v)],
      ['no operands', () => cr.einsum('')],
      ['too few letters', () => cr.einsum('i', t.x)],
      ['too many letters', () => cr.einsum('ijk->i', t.x)],
      ['more letters than axes beside an ellipsis', () => cr.einsum('...ijk', t.x)],
      ['a letter with two sizes', () => cr.einsum('ij,ij->', t.x, t.x.transpose())],
      ['a letter with two sizes in one term', () => cr.einsum('ii', t.x)],
      ['a letter that is 1 elsewhere', () => cr.einsum('i,i->', t.v, cr.ones([1]))],
      ['ellipses that do not broadcast', () => cr.einsum('...,...->...', t.x, t.v)],
      ['an unknown letter behind the arrow', () => cr.einsum('ij->k', t.x)],
      ['a letter twice behind the arrow', () => cr.einsum('ij->ii', t.x)],
      ['a malformed result', () => cr.einsum('ij->i.', t.x)],
      ['a tensor of another engine', () => cr.einsum('ij,ij->', t.x, t.foreign.expand([3, 4]))],
    ]))
})

describe('dot', () => {
  test('of two vectors', async () => {
    using _ = cr.scope()
    const [a, b] = [made([37], 1), made([37], 5)]
    expect(cr.dot(a, b).shape).toEqual([])
    expect(cr.dot(a, b).item()).toBeCloseTo(
      Array.from(a.dataSync()).reduce((sum, v, i) => sum + v * (b.dataSync()[i] as number), 0),
      4,
    )
    const report = await checkGradients(() => cr.dot(a, b).square(), [a, b])
    expect(report.ok, report.print()).toBe(true)
  })
  test('refuses bad calls', () =>
    wrongs.refused([
      ...wrongs.notFloats((x) => cr.dot(x, t.v)),
      ['a matrix', () => cr.dot(t.x, t.v)],
      ['another length', () => cr.dot(t.v, cr.ones([4]))],
    ]))
})

describe('reductions that others make up', () => {
  const values = [0, 2, 0, 0, Number.NaN, -0]
  test('any, all', () => {
    using _ = cr.scope()
    const x = cr.tensor(values, [2, 3])
    expect(Array.from(x.any(1).dataSync())).toEqual([1, 1])
    expect(Array.from(x.any(0).dataSync())).toEqual([0, 1, 0])
    expect(Array.from(x.all(0).dataSync())).toEqual([0, 1, 0])
    expect(x.all([0, 1], { keepDims: true }).shape).toEqual([1, 1])
    expect([cr.zeros([0]).any().item(), cr.zeros([0]).all().item()]).toEqual([0, 1])
    wrongs.refused(wrongs.orWhole(wrongs.reduction(cr.any)))
    wrongs.refused(wrongs.orWhole(wrongs.reduction(cr.all)))
  })
  test('std', async () => {
    using _ = cr.scope()
    const x = made([4, 5], 2)
    const row = Array.from(x.dataSync().slice(0, 5))
    const mean = row.reduce((a, b) => a + b) / 5
    const squares = row.reduce((sum, v) => sum + (v - mean) ** 2, 0)
    expect(x.std(1).dataSync()[0]).toBeCloseTo(Math.sqrt(squares / 4), 5)
    expect(x.std(1, { correction: 0 }).dataSync()[0]).toBeCloseTo(Math.sqrt(squares / 5), 5)
    const report = await checkGradients(() => x.std(0, { keepDims: true }).square().sum(), [x])
    expect(report.ok, report.print()).toBe(true)
    const same = cr.ones([3])
    expect(Array.from(cr.gradients(() => same.std(), [same])[0]!.dataSync())).toEqual([0, 0, 0])
    wrongs.refused(wrongs.reduction(cr.std))
  })
  test('norms', async () => {
    using _ = cr.scope()
    const x = cr.tensor([3, -4, 0, 0, 1, 2], [2, 3])
    expect(x.norm(1).dataSync()[0]).toBe(5)
    expect(Array.from(x.norm(1, { ord: 1 }).dataSync())).toEqual([7, 3])
    expect(x.norm(undefined, { ord: Infinity }).item()).toBe(4)
    const zero = cr.zeros([3])
    expect(Array.from(cr.gradients(() => zero.norm(), [zero])[0]!.dataSync())).toEqual([0, 0, 0])
    expect(cr.tensor([Number.NaN, 1]).norm().item()).toBeNaN()
    for (const ord of [1, 2, Infinity]) {
      const y = made([3, 4], 2)
      const report = await checkGradients(() => y.norm(1, { ord }).square().sum(), [y])
      expect(report.ok, report.print()).toBe(true)
    }
    wrongs.refused([
      ...wrongs.reduction(cr.norm),
      ...[0, 3, Number.NaN].map((ord) => [`order ${ord}`, () => cr.norm(t.x, 0, { ord })] as const),
    ])
  })
  test('derivatives of a product through zeros, of any order', () => {
    using _ = cr.scope()
    const x = cr.tensor([0, 2, 3, 0.5, -1])
    const first = cr.gradients(() => x.prod(), [x])[0]!
    expect(Array.from(first.dataSync(), (v) => v + 0)).toEqual([-3, 0, 0, 0, 0])
    const second = cr.gradients(() => cr.gradients(() => x.prod(), [x])[0]!.sum(), [x])[0]!
    // d2 / dx0 dxi = the product of the others, and the same again for row 0
    expect(Array.from(second.dataSync())).toEqual([-1.5 - 1 - 6 + 3, -1.5, -1, -6, 3])
  })
})
