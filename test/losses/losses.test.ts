import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkGradients, numericGradients } from '../../src/check/index.ts'
import * as cr from '../../src/index.ts'
import * as plain from './plain.ts'

let engine: cr.Engine
beforeAll(async () => {
  engine = await cr.init({ threads: 2 })
})
afterAll(() => engine.close())

/** Numbers from -2 to 2 without a pattern. */
function numbers(n: number, seed: number): number[] {
  let x = seed * 40503 + 977
  return Array.from({ length: n }, () => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0
    return Math.fround((x / 2 ** 32 - 0.5) * 4)
  })
}
const [N, C] = [5, 7]
const rowsOf = (flat: readonly number[], n = C): number[][] =>
  Array.from({ length: flat.length / n }, (_, i) => flat.slice(i * n, (i + 1) * n))

const X = numbers(N * C, 1)
const Y = numbers(N * C, 2)
const Z = numbers(N * C, 3)
const LABELS = [3, 0, 6, 3, 2]
const SIGNS = [1, -1, 1, 1, -1]
const HITS = X.map((_, i) => ((i * 7) % 3 === 0 ? 1 : 0))
const WEIGHTS = numbers(C, 4).map((w) => Math.fround(Math.abs(w) + 0.1))
const SOFT = rowsOf(numbers(N * C, 5)).flatMap((row) => {
  const e = row.map((v) => Math.exp(v))
  return e.map((v) => Math.fround(v / e.reduce((a, b) => a + b)))
})
const labels = (list = LABELS): cr.Tensor => cr.tensor(Int32Array.from(list))
const matrix = (flat: readonly number[]): cr.Tensor => cr.tensor([...flat], [N, C])

type Parameters = Readonly<Record<string, cr.Parameter>>
interface Row {
  /** By name: what is differentiated. */
  readonly parameters: Readonly<Record<string, readonly number[]>>
  readonly loss: (p: Parameters, options: cr.LossOptions) => cr.Tensor
  /** Loss of each row or element. */
  readonly right: readonly number[]
  /** What the mean divides by; default: how many there are. */
  readonly over?: number
}

const rowWise = (f: (x: number[], i: number) => number): number[] => rowsOf(X).map(f)
const sumOf = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0)
const w = (label: number): number => WEIGHTS[label] as number
const isKept = LABELS.map((label) => (label === 3 ? 0 : 1))
const far = LABELS.map((label) => (label === 3 ? -100 : label))
const logs = rowsOf(X).flatMap((row) => row.map((v) => Math.fround(v - 3)))

const rows: Readonly<Record<string, Row>> = {
  'crossEntropy of labels': {
    parameters: { x: X },
    loss: ({ x }, o) => cr.crossEntropy(x!, labels(), o),
    right: rowWise((x, i) => plain.soft(x, plain.oneHot(LABELS[i]!, C))),
  },
  'crossEntropy with class weights': {
    parameters: { x: X },
    loss: ({ x }, o) => cr.crossEntropy(x!, labels(), { ...o, weights: cr.tensor(WEIGHTS) }),
    right: rowWise((x, i) => plain.soft(x, plain.oneHot(LABELS[i]!, C), 0, WEIGHTS)),
    over: sumOf(LABELS.map(w)),
  },
  'crossEntropy with weights, smoothing and rows that do not count': {
    parameters: { x: X },
    loss: ({ x }, o) =>
      cr.crossEntropy(x!, labels(far), { ...o, weights: cr.tensor(WEIGHTS), labelSmoothing: 0.2, ignoreIndex: -100 }),
    right: rowWise((x, i) => isKept[i]! * plain.soft(x, plain.oneHot(LABELS[i]!, C), 0.2, WEIGHTS)),
    over: sumOf(LABELS.map((label, i) => isKept[i]! * w(label))),
  },
  'crossEntropy of distributions': {
    parameters: { x: X, t: SOFT },
    loss: ({ x, t }, o) => cr.crossEntropy(x!, t!, o),
    right: rowWise((x, i) => plain.soft(x, rowsOf(SOFT)[i]!)),
  },
  'crossEntropy of distributions with weights and smoothing': {
    parameters: { x: X },
    loss: ({ x }, o) => cr.crossEntropy(x!, matrix(SOFT), { ...o, weights: cr.tensor(WEIGHTS), labelSmoothing: 0.3 }),
    right: rowWise((x, i) => plain.soft(x, rowsOf(SOFT)[i]!, 0.3, WEIGHTS)),
  },
  nll: {
    parameters: { x: logs },
    loss: ({ x }, o) => cr.nll(x!, labels(), o),
    right: rowsOf(logs).map((x, i) => -x[LABELS[i]!]!),
  },
  'nll with weights and rows that do not count': {
    parameters: { x: logs },
    loss: ({ x }, o) => cr.nll(x!, labels(far), { ...o, weights: cr.tensor(WEIGHTS), ignoreIndex: -100 }),
    right: rowsOf(logs).map((x, i) => -isKept[i]! * w(LABELS[i]!) * x[LABELS[i]!]!),
    over: sumOf(LABELS.map((label, i) => isKept[i]! * w(label))),
  },
  bceWithLogits: {
    parameters: { x: X, t: SOFT },
    loss: ({ x, t }, o) => cr.bceWithLogits(x!, t!, o),
    right: X.map((x, i) => plain.bce(x, SOFT[i]!)),
  },
  'bceWithLogits with weights': {
    parameters: { x: X },
    loss: ({ x }, o) =>
      cr.bceWithLogits(x!, matrix(SOFT), { ...o, posWeight: cr.tensor(WEIGHTS), weight: cr.tensor(WEIGHTS) }),
    right: X.map((x, i) => w(i % C) * plain.bce(x, SOFT[i]!, w(i % C))),
  },
  focal: {
    parameters: { x: X },
    loss: ({ x }, o) => cr.focal(x!, matrix(HITS), o),
    right: X.map((x, i) => plain.focal(x, HITS[i]!, 2, 0.25)),
  },
  'focal without balance': {
    parameters: { x: X },
    loss: ({ x }, o) => cr.focal(x!, matrix(HITS), { ...o, gamma: 1.5, alpha: null }),
    right: X.map((x, i) => plain.focal(x, HITS[i]!, 1.5, null)),
  },
  hinge: {
    parameters: { x: X },
    loss: ({ x }, o) => cr.hinge(x!, matrix(HITS).mul(2).sub(1), o),
    right: X.map((x, i) => plain.hinge(x, 2 * HITS[i]! - 1, 1)),
  },
  'hinge squared': {
    parameters: { x: X },
    loss: ({ x }, o) => cr.hinge(x!, matrix(HITS).mul(2).sub(1), { ...o, squared: true, margin: 0.5 }),
    right: X.map((x, i) => plain.hinge(x, 2 * HITS[i]! - 1, 0.5) ** 2),
  },
  multiMargin: {
    parameters: { x: X },
    loss: ({ x }, o) => cr.multiMargin(x!, labels(), o),
    right: rowWise((x, i) => plain.multiMargin(x, LABELS[i]!, 1, 1)),
  },
  'multiMargin squared': {
    parameters: { x: X },
    loss: ({ x }, o) => cr.multiMargin(x!, labels(), { ...o, squared: true, margin: 0.5 }),
    right: rowWise((x, i) => plain.multiMargin(x, LABELS[i]!, 0.5, 2)),
  },
  mse: {
    parameters: { a: X, b: Y },
    loss: ({ a, b }, o) => cr.mse(a!, b!, o),
    right: X.map((x, i) => (x - Y[i]!) ** 2),
  },
  mae: {
    parameters: { a: X, b: Y },
    loss: ({ a, b }, o) => cr.mae(a!, b!, o),
    right: X.map((x, i) => Math.abs(x - Y[i]!)),
  },
  huber: {
    parameters: { a: X, b: Y },
    loss: ({ a, b }, o) => cr.huber(a!, b!, { ...o, delta: 0.7 }),
    right: X.map((x, i) => plain.huber(x - Y[i]!, 0.7)),
  },
  smoothL1: {
    parameters: { a: X, b: Y },
    loss: ({ a, b }, o) => cr.smoothL1(a!, b!, { ...o, beta: 0.7 }),
    right: X.map((x, i) => plain.huber(x - Y[i]!, 0.7) / 0.7),
  },
  'smoothL1 without a square': {
    parameters: { a: X, b: Y },
    loss: ({ a, b }, o) => cr.smoothL1(a!, b!, { ...o, beta: 0 }),
    right: X.map((x, i) => Math.abs(x - Y[i]!)),
  },
  klDiv: {
    parameters: { x: logs, t: SOFT },
    loss: ({ x, t }, o) => cr.klDiv(x!, t!, { reduction: 'mean', ...o }),
    right: logs.map((x, i) => plain.kl(x, SOFT[i]!)),
  },
  'klDiv of logarithms': {
    parameters: { x: logs, t: logs.map((v) => v / 2) },
    loss: ({ x, t }, o) => cr.klDiv(x!, t!, { reduction: 'mean', ...o, logTarget: true }),
    right: logs.map((x) => plain.kl(x, Math.exp(x / 2))),
  },
  cosineEmbedding: {
    parameters: { a: X, b: Y },
    loss: ({ a, b }, o) => cr.cosineEmbedding(a!, b!, cr.tensor(SIGNS), { ...o, margin: -0.4 }),
    right: rowWise((x, i) => plain.cosineEmbedding(x, rowsOf(Y)[i]!, SIGNS[i]!, -0.4)),
  },
  triplet: {
    parameters: { a: X, p: Y, n: Z },
    loss: ({ a, p, n }, o) => cr.triplet(a!, p!, n!, { ...o, margin: 2 }),
    right: rowWise((x, i) => plain.triplet(x, rowsOf(Y)[i]!, rowsOf(Z)[i]!, 2, false)),
  },
  'triplet with swap': {
    parameters: { a: X, p: Y, n: Z },
    loss: ({ a, p, n }, o) => cr.triplet(a!, p!, n!, { ...o, margin: 2, swap: true }),
    right: rowWise((x, i) => plain.triplet(x, rowsOf(Y)[i]!, rowsOf(Z)[i]!, 2, true)),
  },
}

const parametersOf = ({ parameters }: Row): Parameters =>
  Object.fromEntries(Object.entries(parameters).map(([name, flat]) => [name, cr.parameter(matrix(flat))]))
const close = (got: number, right: number): void =>
  expect(Math.abs(got - right)).toBeLessThanOrEqual(2e-6 * (1 + Math.abs(right)))

describe.each(Object.entries(rows))('%s', (_, row) => {
  it('is its definition, reduced in three ways', () => {
    using _ = cr.scope()
    const p = parametersOf(row)
    const each = row.loss(p, { reduction: 'none' }).dataSync()
    expect(each.length).toBe(row.right.length)
    for (const [i, right] of row.right.entries()) close(each[i]!, right)
    const total = sumOf(row.right)
    close(row.loss(p, { reduction: 'sum' }).item(), total)
    close(row.loss(p, {}).item(), total / (row.over ?? row.right.length))
    expect(() => row.loss(p, { reduction: 'max' as 'sum' })).toThrow(cr.ArgumentError)
  })

  it('has the gradient of its differences', async () => {
    using _ = cr.scope()
    const p = parametersOf(row)
    const counts = cr.tensor(numbers(row.right.length, 9))
    for (const loss of [
      () => row.loss(p, {}),
      () => row.loss(p, { reduction: 'none' }).reshape([-1]).mul(counts).sum(),
    ]) {
      const report = await checkGradients(loss, p)
      expect(report.ok, report.print()).toBe(true)
    }
  })
})

describe('edges', () => {
  it('a target of 0 has no divergence', () => {
    const t = cr.parameter(cr.tensor([0, 1]))
    const x = cr.tensor([-1e3, -1])
    expect(cr.klDiv(x, t, { reduction: 'sum' }).item()).toBe(1)
    expect(cr.klDiv(cr.zeros([4, 3]), cr.ones([4, 3])).item()).toBe(0)
  })

  it('vectors of zeros are at right angles to all, with finite slopes', () => {
    const a = cr.parameter(cr.zeros([1, 3]))
    const b = cr.parameter(cr.tensor([[1, 2, 3]]))
    expect(cr.cosineSimilarity(a, b).item()).toBe(0)
    for (const g of cr.gradients(() => cr.cosineSimilarity(a, b).sum(), [a, b]))
      for (const v of g.dataSync()) expect(Number.isFinite(v)).toBe(true)
  })

  it('very sure logits stay finite in every binary loss', () => {
    const x = cr.parameter(cr.tensor([-200, 200, -200, 200]))
    const t = cr.tensor([0, 0, 1, 1])
    for (const [loss, right] of [
      [() => cr.bceWithLogits(x, t, { posWeight: 2, reduction: 'none' }), [0, 200, 400, 0]],
      [() => cr.focal(x, t, { gamma: 0.5, alpha: null, reduction: 'none' }), [0, 200, 200, 0]],
    ] as const) {
      expect([...loss().dataSync()]).toEqual(right)
      for (const v of cr.gradients(() => loss().sum(), [x])[0]!.dataSync()) expect(Number.isFinite(v)).toBe(true)
    }
  })

  it('labels out of range are errors in every loss that takes some', () => {
    const x = matrix(X)
    const bad = labels([3, 0, 7, 3, 2])
    for (const loss of [
      () => cr.crossEntropy(x, bad, { weights: cr.tensor(WEIGHTS) }),
      () => cr.nll(x, bad, { ignoreIndex: 3 }),
      () => cr.nll(x, bad),
      () => cr.multiMargin(x, bad),
    ])
      expect(() => loss().item()).toThrow(cr.IndexError)
  })

  it('wrong calls', () => {
    const x = matrix(X)
    const short = cr.zeros([N])
    for (const [call, kind] of [
      [() => cr.crossEntropy(x, matrix(SOFT), { ignoreIndex: 1 }), cr.ArgumentError],
      [() => cr.crossEntropy(x, labels(), { weights: short }), cr.ShapeError],
      [() => cr.crossEntropy(x, cr.zeros([N, C + 1])), cr.ShapeError],
      [() => cr.nll(x, labels(), { weights: short }), cr.ShapeError],
      [() => cr.nll(x, labels(), { ignoreIndex: 0.5 }), cr.ArgumentError],
      [() => cr.mse(x, short), cr.ShapeError],
      [() => cr.huber(x, x, { delta: 0 }), cr.ArgumentError],
      [() => cr.smoothL1(x, x, { beta: -1 }), cr.ArgumentError],
      [() => cr.bceWithLogits(x, short), cr.ShapeError],
      [() => cr.focal(x, x, { gamma: -1 }), cr.ArgumentError],
      [() => cr.focal(x, x, { alpha: 2 }), cr.ArgumentError],
      [() => cr.hinge(x, x, { margin: Number.NaN }), cr.ArgumentError],
      [() => cr.multiMargin(x, short), cr.DTypeError],
      [() => cr.klDiv(x, short), cr.ShapeError],
      [() => cr.cosineEmbedding(x, x, x), cr.ShapeError],
      [() => cr.cosineEmbedding(x, x, short, { margin: 2 }), cr.ArgumentError],
      [() => cr.cosineSimilarity(x, x, { eps: 0 }), cr.ArgumentError],
      [() => cr.triplet(x, x, short), cr.ShapeError],
      [() => cr.triplet(x, x, x, { margin: -1 }), cr.ArgumentError],
      [() => cr.mae(x, 3 as unknown as cr.Tensor), cr.DTypeError],
    ] as const)
      expect(call).toThrow(kind)
  })
})

describe('ctc', () => {
  const [T, B, K, S] = [5, 4, 3, 3]
  const raw = numbers(T * B * K, 11)
  const targets = [
    [1, 2, 1],
    [2, 2, 0],
    [1, 0, 0],
    [0, 0, 0],
  ]
  const inputs = [5, 4, 3, 5]
  const counts = [3, 2, 1, 0]
  /** Logarithms [batch][time][classes] in float64. */
  const logsOf = (flat: readonly number[]): number[][][] =>
    Array.from({ length: B }, (_, b) =>
      Array.from({ length: T }, (_, t) => {
        const x = flat.slice((t * B + b) * K, (t * B + b + 1) * K)
        const total = Math.log(sumOf(x.map((v) => Math.exp(v))))
        return x.map((v) => v - total)
      }),
    )
  const right = logsOf(raw).map((x, b) => plain.ctc(x.slice(0, inputs[b]), targets[b]!.slice(0, counts[b]), 0))
  const ints = (list: readonly number[], shape = [list.length]): cr.Tensor => cr.tensor(Int32Array.from(list), shape)
  const loss = (x: cr.Tensor, options: cr.CtcOptions = {}, lengths = inputs): cr.Tensor =>
    cr.ctc(x.logSoftmax(), ints(targets.flat(), [B, S]), ints(lengths), ints(counts), options)

  it('is the sum over all ways to read the target', () => {
    const x = cr.tensor(raw, [T, B, K])
    const each = loss(x, { reduction: 'none' }).dataSync()
    for (const [b, value] of right.entries()) close(each[b]!, value)
    close(loss(x, { reduction: 'sum' }).item(), sumOf(right))
    close(loss(x).item(), sumOf(right.map((v, b) => v / Math.max(1, counts[b]!))) / B)
  })

  it('with another blank', () => {
    const x = cr.tensor(raw, [T, B, K])
    const others = [
      [0, 1, 1],
      [1, 0, 2],
      [0, 2, 2],
      [2, 2, 2],
    ]
    const each = cr
      .ctc(x.logSoftmax(), ints(others.flat(), [B, S]), ints(inputs), ints(counts), { blank: 2, reduction: 'none' })
      .dataSync()
    for (const [b, logs] of logsOf(raw).entries())
      close(each[b]!, plain.ctc(logs.slice(0, inputs[b]), others[b]!.slice(0, counts[b]), 2))
  })

  it('has the gradient of its differences, within the bound of its roundings', async () => {
    const x = cr.parameter(cr.tensor(raw, [T, B, K]))
    for (const f of [
      () => loss(x),
      () =>
        loss(x, { reduction: 'none' })
          .mul(cr.tensor([1, -2, 3, 0.5]))
          .sum(),
    ]) {
      const report = await checkGradients(f, { x }, { exhaustive: T * B * K })
      expect(report.ok, report.print()).toBe(true)
      expect(report.params[0]!.entries.length).toBeGreaterThan(T * K * 3)
      // the bound is one: no more than some roundings of a number below 3
      expect(report.params[0]!.engine!.bound).toBeLessThan(1e-4)
    }
  })

  it('has second derivatives', () => {
    const x = cr.parameter(cr.tensor(raw, [T, B, K]))
    const slope = (): cr.Tensor =>
      cr
        .gradients(() => loss(x), [x])[0]!
        .square()
        .sum()
    const numeric = numericGradients(slope, [x])[0]!.dataSync()
    for (const [i, g] of cr.gradients(slope, [x])[0]!.dataSync().entries()) close(g, numeric[i]!)
  })

  it('a sequence that is too short has no probability', () => {
    const x = cr.parameter(cr.tensor(raw, [T, B, K]))
    const short = [2, 4, 3, 5]
    const each = loss(x, { reduction: 'none' }, short).dataSync()
    expect(each[0]).toBe(Infinity)
    close(each[1]!, right[1]!)
    const { value, grads } = cr.valueAndGrad(() => loss(x, { zeroInfinity: true, reduction: 'sum' }, short), [x])
    close(value.item(), sumOf(right.slice(1)))
    const g = grads[0]!.dataSync()
    for (const [i, v] of g.entries()) {
      expect(Number.isFinite(v)).toBe(true)
      if (Math.floor(i / K) % B === 0) expect(v).toBe(0)
    }
  })

  it('one symbol, no symbols, one time', () => {
    const x = cr.tensor(raw.slice(0, K), [1, 1, K])
    const logs = logsOf([...raw.slice(0, K), ...raw.slice(K)])[0]![0]!
    close(cr.ctc(x.logSoftmax(), ints([1], [1, 1]), ints([1]), ints([1])).item(), -logs[1]!)
    close(cr.ctc(x.logSoftmax(), ints([], [1, 0]), ints([1]), ints([0])).item(), -logs[0]!)
  })

  it('wrong calls', () => {
    const x = cr.tensor(raw, [T, B, K])
    const good = [ints(targets.flat(), [B, S]), ints(inputs), ints(counts)] as const
    const [t, i, n] = good
    for (const [call, kind] of [
      [() => cr.ctc(x.reshape([T * B, K]), ...good), cr.ShapeError],
      [() => cr.ctc(x, t.reshape([S, B]), i, n), cr.ShapeError],
      [() => cr.ctc(x, t, ints([1]), n), cr.ShapeError],
      [() => cr.ctc(x, t, i, ints([1])), cr.ShapeError],
      [() => cr.ctc(x, t.toFloat(), i, n), cr.DTypeError],
      [() => cr.ctc(t, t, i, n), cr.DTypeError],
      [() => cr.ctc(x, ...good, { blank: K }), cr.ArgumentError],
      [() => cr.ctc(x, ...good, { reduction: 'max' as 'sum' }), cr.ArgumentError],
      [() => cr.ctc(x, ints(new Array(B * S).fill(K), [B, S]), i, n).item(), cr.IndexError],
    ] as const)
      expect(call).toThrow(kind)
  })
})
