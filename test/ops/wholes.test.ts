import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  abs,
  add,
  argmax,
  argsort,
  clip,
  concat,
  cumsum,
  type Engine,
  equal,
  gather,
  greater,
  init,
  less,
  logicalAnd,
  logicalNot,
  maskedFill,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  pad,
  prod,
  sign,
  slice,
  sort,
  square,
  sub,
  sum,
  type Tensor,
  tensor,
  toFloat,
  toInt,
  valueAndGrad,
  where,
} from '../../src/index.ts'

// Whole numbers: what labels, indices and counts are computed with.

let engine: Engine
beforeAll(async () => {
  engine = await init({ threads: 2 })
})
afterAll(() => engine.close())

const whole = (...list: readonly number[]): Tensor => tensor(Int32Array.from(list), [list.length])
const read = (x: Tensor): [string, number[]] => [x.dtype, Array.from(x.dataSync())]

test('sums, differences and products wrap around as in 32-bit machines', () => {
  const [a, b] = [0x7fffffff, -(2 ** 31), 123456789, -7]
    .flatMap((p) => [0x7fffffff, -1, 987654321].map((q) => [p, q] as const))
    .reduce<[number[], number[]]>(
      ([ps, qs], [p, q]) => [
        [...ps, p],
        [...qs, q],
      ],
      [[], []],
    )
  const each = (f: (p: number, q: number) => number): number[] => a.map((p, i) => f(p, b[i] as number))
  expect(read(add(whole(...a), whole(...b)))).toEqual(['int32', each((p, q) => (p + q) | 0)])
  expect(read(sub(whole(...a), whole(...b)))).toEqual(['int32', each((p, q) => (p - q) | 0)])
  expect(read(mul(whole(...a), whole(...b)))).toEqual(['int32', each(Math.imul)])
  expect(read(neg(whole(5, 0, -(2 ** 31))))).toEqual(['int32', [-5, 0, -(2 ** 31)]])
  expect(read(abs(whole(5, 0, -9)))).toEqual(['int32', [5, 0, 9]])
  expect(read(sum(whole(2 ** 31 - 1, 2)))).toEqual(['int32', [-(2 ** 31) + 1]])
})

test('numbers beside whole tensors are whole', () => {
  const x = whole(1, 2, 3)
  expect(read(add(x, 4))).toEqual(['int32', [5, 6, 7]])
  expect(read(sub(10, x))).toEqual(['int32', [9, 8, 7]])
  expect(read(maximum(x, 2))).toEqual(['int32', [2, 2, 3]])
  expect(read(minimum(2, x))).toEqual(['int32', [1, 2, 2]])
  expect(read(x.add(0x1000001))).toEqual(['int32', [0x1000002, 0x1000003, 0x1000004]])
})

test('comparisons say 1 or 0 as float32, exact where float32 is not', () => {
  const [a, b] = [whole(2 ** 24 + 1, 2 ** 24, -5), whole(2 ** 24, 2 ** 24, -5)]
  expect(read(equal(a, b))).toEqual(['float32', [0, 1, 1]])
  expect(read(greater(a, b))).toEqual(['float32', [1, 0, 0]])
  expect(read(less(b, a))).toEqual(['float32', [1, 0, 0]])
  expect(read(logicalAnd(a, whole(0, 1, 2)))).toEqual(['float32', [0, 1, 1]])
  expect(read(logicalNot(whole(0, 3)))).toEqual(['float32', [1, 0]])
  expect(read(whole(0, 3).any())).toEqual(['float32', [1]])
  expect(read(whole(0, 3).all())).toEqual(['float32', [0]])
})

test('accuracy without leaving the engine: labels met by the largest logit', () => {
  const logits = tensor([[1, 3, 2], [5, 0, 1], [0, 0, 1]]) // biome-ignore format: rows
  const hits = equal(argmax(logits, 1), whole(1, 2, 2))
  expect(mean(hits).item()).toBeCloseTo(2 / 3)
})

test('where, masks, shapes and order keep whole numbers whole', () => {
  const x = whole(4, -1, 7, -1)
  expect(read(where(greater(x, 0), x, -100))).toEqual(['int32', [4, -100, 7, -100]])
  expect(read(maskedFill(x, equal(x, -1), 0))).toEqual(['int32', [4, 0, 7, 0]])
  expect(read(where(x.add(1), 1, 0))).toEqual(['float32', [1, 0, 1, 0]])
  expect(read(concat([x, slice(x, [2])]))).toEqual(['int32', [4, -1, 7, -1, 7, -1]])
  expect(read(gather(x, whole(2, 0)))).toEqual(['int32', [7, 4]])
  expect(read(pad(x, [[1, 0]], { value: 9 }))).toEqual(['int32', [9, 4, -1, 7, -1]])
  expect(read(x.max())).toEqual(['int32', [7]])
  expect(read(argsort(x))).toEqual(['int32', [1, 3, 0, 2]])
  expect(read(sort(x, -1, { descending: true }).values)).toEqual(['int32', [7, 4, -1, -1]])
})

test('to float32 and back', () => {
  expect(read(toInt(tensor([1.9, -1.9, 1e12, Number.NaN])))).toEqual(['int32', [1, -1, 2147483647, 0]])
  expect(read(toFloat(whole(3, -4)))).toEqual(['float32', [3, -4]])
  expect(read(tensor([2.5]).toInt().toInt())).toEqual(['int32', [2]])
})

test('gradients flow around whole numbers', () => {
  const x = tensor([1, -2, 3])
  const { grads } = valueAndGrad(() => {
    const count = sum(greater(toInt(x), 0)).stopGradient()
    return sum(mul(x, toFloat(add(toInt(x), 1)))).div(count)
  }, [x])
  expect(read(grads[0] as Tensor)).toEqual(['float32', [1, -0.5, 2]])
})

test('signs, squares and limits', () => {
  const x = whole(-(2 ** 31), -7, 0, 7, 65536, 2 ** 31 - 1)
  expect(read(sign(x))).toEqual(['int32', [-1, -1, 0, 1, 1, 1]])
  expect(read(square(x))).toEqual(['int32', [0, 49, 0, 49, 0, 1]])
  expect(read(clip(x, -5, 70000))).toEqual(['int32', [-5, -5, 0, 7, 65536, 70000]])
  expect(read(x.clip(-Infinity, 0))).toEqual(['int32', [-(2 ** 31), -7, 0, 0, 0, 0]])
  expect(read(x.clip(16777217, Infinity))).toEqual(['int32', [...Array(5).fill(16777217), 2 ** 31 - 1]])
  expect(() => clip(x, 0.5, 3)).toThrow(/clip|maximum/)
  expect(() => clip(x, 3, 1)).toThrow(/the range is empty/)
})

test('products and running sums wrap around', () => {
  const numbers = Int32Array.from({ length: 6 * 5 }, (_, i) => Math.imul(i + 3, 0x9e3779b1))
  const x = tensor(numbers, [6, 5])
  const at = (i: number, j: number): number => numbers[i * 5 + j] as number
  const range = (n: number): number[] => [...Array(n).keys()]
  const product = (list: readonly number[]): number => list.reduce((y, v) => Math.imul(y, v), 1)
  const running = (list: readonly number[]): number[] => {
    let sum = 0
    return list.map((v) => (sum = (sum + v) | 0))
  }
  expect(read(prod(x, 1))).toEqual(['int32', range(6).map((i) => product(range(5).map((j) => at(i, j))))])
  expect(read(prod(x, 0))).toEqual(['int32', range(5).map((j) => product(range(6).map((i) => at(i, j))))])
  expect(read(prod(x))).toEqual(['int32', [product([...numbers])]])
  expect(read(prod(tensor(new Int32Array(0), [2, 0]), 1))).toEqual(['int32', [1, 1]])
  expect(read(cumsum(x, 1))).toEqual(['int32', range(6).flatMap((i) => running(range(5).map((j) => at(i, j))))])
  const down = range(5).map((j) => running(range(6).map((i) => at(5 - i, j))))
  expect(read(cumsum(x, 0, { reverse: true }))).toEqual([
    'int32',
    range(6).flatMap((i) => range(5).map((j) => down[j]?.[5 - i])),
  ])
  const large = tensor(
    Int32Array.from({ length: 100_003 }, (_, i) => 2 * (i % 50) + 1),
    [100_003],
  )
  expect(prod(large).item()).toBe(product(Array.from(large.dataSync())))
})

test('a large sum of whole numbers in blocks', () => {
  const n = 100_003
  const x = tensor(
    Int32Array.from({ length: n }, (_, i) => i),
    [n],
  )
  expect(sum(x).item()).toBe(((n * (n - 1)) / 2) | 0)
  expect(x.min().item()).toBe(0)
})
