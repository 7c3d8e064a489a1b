import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkGradients } from '../../src/check/index.ts'
import * as cr from '../../src/index.ts'
import * as wrongs from './wrong/calls.ts'

// Functions that are no rows of the op table: what they compute, their gradients, and wrong calls.

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

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
const elu = (x: number, alpha: number): number => (x > 0 ? x : alpha * Math.expm1(x))
const hardsigmoid = (x: number): number => Math.min(Math.max(x / 6 + 0.5, 0), 1)

interface Composed {
  readonly f: (x: cr.Tensor) => cr.Tensor
  readonly truth: (x: number) => number
  /** False for functions that are constant piece by piece. */
  readonly smooth?: false
}
const ONE: Readonly<Record<string, Composed>> = {
  selu: { f: cr.selu, truth: (x) => 1.0507009873554805 * elu(x, 1.6732632423543772) },
  celu: { f: (x) => cr.celu(x, 0.7), truth: (x) => 0.7 * elu(x / 0.7, 1) },
  mish: { f: cr.mish, truth: (x) => x * Math.tanh(Math.log1p(Math.exp(x))) },
  softsign: { f: cr.softsign, truth: (x) => x / (1 + Math.abs(x)) },
  relu6: { f: cr.relu6, truth: (x) => Math.min(Math.max(x, 0), 6) },
  hardsigmoid: { f: cr.hardsigmoid, truth: hardsigmoid },
  hardswish: { f: cr.hardswish, truth: (x) => x * hardsigmoid(x) },
  logicalNot: { f: cr.logicalNot, truth: (x) => (x === 0 ? 1 : 0), smooth: false },
  isNaN: { f: cr.isNaN, truth: (x) => (Number.isNaN(x) ? 1 : 0), smooth: false },
  isFinite: { f: cr.isFinite, truth: (x) => (Number.isFinite(x) ? 1 : 0), smooth: false },
}

describe.each(Object.entries(ONE))('%s', (_name, { f, truth, smooth }) => {
  test('is what it should be', () => {
    using _ = cr.scope()
    const special = smooth === false ? [Number.NaN, Infinity, -Infinity, 0, -0, 1e-45] : [Number.NaN, 0, -0]
    const x = Float32Array.from([...special, ...Array.from({ length: 67 }, (_, i) => (i - 33.3) / 4)])
    const y = f(cr.tensor(x)).dataSync()
    for (const [i, value] of x.entries()) {
      const want = truth(value)
      if (Number.isNaN(want)) expect(y[i]).toBeNaN()
      else expect(Math.abs((y[i] as number) - want), `of ${value}`).toBeLessThanOrEqual(1e-6 * Math.abs(want) + 2e-7)
    }
  })
  // what says yes or no says it of whole numbers, too
  const calls = (): wrongs.Call[] => (smooth === false ? wrongs.orWhole(wrongs.unary(f)) : wrongs.unary(f))
  test('refuses bad calls', () => wrongs.refused(calls()))
  // Constant piece by piece: differences across a step say nothing.
  if (smooth === false) return
  test('has the gradient of its formula', async () => {
    using _ = cr.scope()
    const x = cr.tensor(Float32Array.from({ length: 23 }, (_, i) => (i - 11.4) / 1.7))
    const report = await checkGradients(() => f(x).mul(f(x)).sum(), [x])
    expect(report.ok, report.print()).toBe(true)
  })
})

test('derivatives at the ends are those of PyTorch', () => {
  using _ = cr.scope()
  const slope = (f: (x: cr.Tensor) => cr.Tensor, ...x: number[]): number[] => {
    const at = cr.tensor(x)
    return Array.from(cr.gradients(() => f(at).sum(), [at])[0]!.dataSync())
  }
  expect(slope((x) => cr.hardtanh(x), -1, 0, 1)).toEqual([0, 1, 0])
  expect(slope(cr.relu6, 0, 3, 6)).toEqual([0, 1, 0])
  expect(slope(cr.hardsigmoid, -3, 3)).toEqual([0, 0])
  expect(slope(cr.hardswish, -4, -3, 3, 4)).toEqual([0, -0.5, 1, 1])
  expect(slope((x) => cr.prelu(x, cr.tensor([0.5])), -1, 0, 1)).toEqual([0.5, 0.5, 1])
})

describe('truth values', () => {
  const values = [0, -0, 1, -2, Number.NaN, 1e-45]
  test.each([
    ['logicalAnd', cr.logicalAnd, (a: boolean, b: boolean) => a && b],
    ['logicalOr', cr.logicalOr, (a: boolean, b: boolean) => a || b],
    ['logicalXor', cr.logicalXor, (a: boolean, b: boolean) => a !== b],
  ] as const)('%s of all pairs; NaN is true', (_name, f, truth) => {
    using _ = cr.scope()
    const got = f(cr.tensor(values, [6, 1]), cr.tensor(values, [6])).dataSync()
    const want = values.flatMap((a) => values.map((b) => (truth(a !== 0, b !== 0) ? 1 : 0)))
    expect(Array.from(got)).toEqual(want)
    expect(Array.from(f(cr.tensor([0, 3]), 1).dataSync())).toEqual([0, 3].map((a) => (truth(a !== 0, true) ? 1 : 0)))
    wrongs.refused(wrongs.binary(f))
  })
})

describe('where and maskedFill', () => {
  test('what is not picked leaks neither forwards nor backwards', () => {
    using _ = cr.scope()
    const x = cr.tensor([-1, 0, 4, 9])
    const positive = cr.greater(x, 0)
    const y = (): cr.Tensor => cr.where(positive, x.log(), x.maskedFill(positive, Number.NaN))
    expect(Array.from(y().dataSync())).toEqual([-1, 0, Math.fround(Math.log(4)), Math.fround(Math.log(9))])
    const a = cr.tensor([Number.NaN, 2])
    const b = cr.tensor([3, Infinity])
    const [da, db] = cr.gradients(
      () =>
        cr
          .where(cr.tensor([0, 1]), a, b)
          .mul(cr.tensor([5, 7]))
          .sum(),
      [a, b],
    )
    expect(Array.from(da!.dataSync())).toEqual([0, 7])
    expect(Array.from(db!.dataSync())).toEqual([5, 0])
  })
  test('picks whole numbers, too', () => {
    using _ = cr.scope()
    const y = cr.where(cr.tensor([1, 0, 1]), cr.tensor(Int32Array.of(1, 2, -3)), cr.tensor(Int32Array.of(7, 8, 9)))
    expect([y.dtype, ...y.dataSync()]).toEqual(['int32', 1, 8, -3])
  })
  test('-0 is false, NaN is true', () => {
    using _ = cr.scope()
    const y = cr.where(cr.tensor([-0, Number.NaN, 1e-45]), 1, 2)
    expect(Array.from(y.dataSync())).toEqual([2, 1, 1])
  })
  test('maskedFill refuses bad calls', () => {
    wrongs.refused([
      ...wrongs.notTensors((x) => cr.maskedFill(x, t.x, 0)),
      ...wrongs.notFloats((mask) => cr.maskedFill(t.x, mask, 0)),
      ['shapes that do not broadcast', () => cr.maskedFill(t.x, t.v, 0)],
    ])
  })
})

describe('prelu and glu', () => {
  test('learn slopes, one for all or one a channel', async () => {
    using _ = cr.scope()
    const x = cr.tensor(
      Float32Array.from({ length: 24 }, (_, i) => (i - 11.4) / 5),
      [2, 3, 4],
    )
    for (const slope of [cr.tensor([0.25]), cr.tensor([0.25, -0.5, 1.5], [3, 1])]) {
      const report = await checkGradients(() => cr.prelu(x, slope).square().sum(), [x, slope])
      expect(report.ok, report.print()).toBe(true)
    }
    wrongs.refused(wrongs.binary(cr.prelu).filter(([what]) => what !== 'a number' && what !== 'two numbers'))
  })
  test('glu gates one half with the other', async () => {
    using _ = cr.scope()
    const data = Float32Array.from({ length: 24 }, (_, i) => ((i * 7) % 24) / 6 - 2)
    const x = cr.tensor(data, [2, 6, 2])
    const y = cr.glu(x, 1)
    expect(y.shape).toEqual([2, 3, 2])
    const want = Array.from(y.dataSync(), (_, i) => {
      const at = Math.floor(i / 6) * 12 + (i % 6)
      return (data[at] as number) * sigmoid(data[at + 6] as number)
    })
    for (const [i, v] of y.dataSync().entries()) expect(v).toBeCloseTo(want[i] as number, 5)
    const report = await checkGradients(() => cr.glu(x, -2).square().sum(), [x])
    expect(report.ok, report.print()).toBe(true)
    wrongs.refused([
      ...wrongs.unary((x) => cr.glu(x)),
      ...wrongs.axes((axis) => cr.glu(t.x, axis)),
      ['an odd axis', () => cr.glu(t.x, 0)],
    ])
  })
  test('celu refuses an alpha that is not positive', () => {
    wrongs.refused([
      ...wrongs.anyNumber('alpha', (n) => cr.celu(t.x, n)),
      ['0', () => cr.celu(t.x, 0)],
      ['below 0', () => cr.celu(t.x, -1)],
      ...wrongs.unary((x) => cr.celu(x)),
    ])
  })
})
