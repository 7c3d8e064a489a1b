import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as cr from '../../src/index.ts'

// What the table of functions (src/check/functions) does not say: derivatives where there is none, and who owns what.

let engine: cr.Engine
beforeAll(async () => {
  engine = await cr.init({ threads: 2 })
})
afterAll(() => engine.close())

const list = (x: cr.Tensor | undefined): number[] => Array.from((x as cr.Tensor).dataSync())

describe('derivatives at kinks', () => {
  const slope = (f: (x: cr.Tensor) => cr.Tensor, ...x: number[]): number[] => {
    using _ = cr.scope()
    const at = cr.tensor(x)
    return list(cr.gradients(() => f(at).sum(), [at])[0])
  }

  test('at the ends of an activation are those of PyTorch', () => {
    expect(slope((x) => cr.hardtanh(x), -1, 0, 1)).toEqual([0, 1, 0])
    expect(slope(cr.relu6, 0, 3, 6)).toEqual([0, 1, 0])
    expect(slope(cr.hardsigmoid, -3, 3)).toEqual([0, 0])
    expect(slope(cr.hardswish, -4, -3, 3, 4)).toEqual([0, -0.5, 1, 1])
    expect(slope((x) => cr.prelu(x, cr.tensor([0.5])), -1, 0, 1)).toEqual([0.5, 0.5, 1])
  })

  test('of a deviation and of a length of 0 are 0', () => {
    expect(slope((x) => x.std(), 1, 1, 1)).toEqual([0, 0, 0])
    expect(slope((x) => x.norm(), 0, 0, 0)).toEqual([0, 0, 0])
  })

  test('go to the first of equal values in parts that overlap', () => {
    const same = new Array<number>(15).fill(2)
    expect(slope((x) => cr.adaptiveMaxPool2d(x.reshape([1, 1, 3, 5]), 2), ...same)).toEqual([
      1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0,
    ])
  })

  test('of a product through zeros, of any order', () => {
    using _ = cr.scope()
    const x = cr.tensor([0, 2, 3, 0.5, -1])
    const first = cr.gradients(() => x.prod(), [x])[0]
    expect(list(first).map((v) => v + 0)).toEqual([-3, 0, 0, 0, 0])
    const second = cr.gradients(() => (cr.gradients(() => x.prod(), [x])[0] as cr.Tensor).sum(), [x])[0]
    // d2 / dx0 dxi = the product of the others, and the same again for row 0
    expect(list(second)).toEqual([-1.5 - 1 - 6 + 3, -1.5, -1, -6, 3])
  })
})

test('what where and maskedFill do not pick leaks neither forwards nor backwards', () => {
  using _ = cr.scope()
  const x = cr.tensor([-1, 0, 4, 9])
  const positive = cr.greater(x, 0)
  const y = cr.where(positive, x.log(), x.maskedFill(positive, Number.NaN))
  expect(list(y)).toEqual([-1, 0, Math.fround(Math.log(4)), Math.fround(Math.log(9))])
  const [a, b] = [cr.tensor([Number.NaN, 2]), cr.tensor([3, Infinity])]
  const picked = (): cr.Tensor => cr.where(cr.tensor([0, 1]), a, b).mul(cr.tensor([5, 7]))
  const [da, db] = cr.gradients(() => picked().sum(), [a, b])
  expect(list(da)).toEqual([0, 7])
  expect(list(db)).toEqual([5, 0])
})

test('an index outside of oneHot and scatterAdd is an IndexError', () => {
  using _ = cr.scope()
  const index = cr.tensor(Int32Array.of(2, 0, 3))
  expect(() => cr.oneHot(index, 3).dataSync()).toThrow(cr.IndexError)
  expect(() => cr.scatterAdd(cr.ones([3, 2]), index, 0, 3).dataSync()).toThrow(cr.IndexError)
})

test('einsum gives its operand a second name, not a second owner', () => {
  using _ = cr.scope()
  const x = cr.ones([2, 3])
  cr.einsum('ij->ij', x).dispose()
  expect(x.dataSync().length).toBe(6)
})
