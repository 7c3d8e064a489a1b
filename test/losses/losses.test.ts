import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkGradients, numericGradients } from '../../src/check/index.ts'
import * as cr from '../../src/index.ts'

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
const X = numbers(N * C, 1)
const LABELS = [3, 0, 6, 3, 2]
const WEIGHTS = numbers(C, 4).map((w) => Math.fround(Math.abs(w) + 0.1))
const labels = (list = LABELS): cr.Tensor => cr.tensor(Int32Array.from(list))
const matrix = (flat: readonly number[]): cr.Tensor => cr.tensor([...flat], [N, C])

const close = (got: number, right: number): void =>
  expect(Math.abs(got - right)).toBeLessThanOrEqual(2e-6 * (1 + Math.abs(right)))
const sumOf = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0)

/** PyTorch 1.13: cross_entropy and nll_loss of images [2, 3, 2, 2]. */
const PYTORCH = {
  x: [
    -1.12584, -1.15236, -0.2505786, -0.4338788, 0.8487104, 0.6920092, -0.3160128, -2.115219, 0.4680964, -0.1577124,
    1.44366, 0.2660494, 0.1664553, 0.8743818, -0.1434738, -0.1116093, 0.9318266, 1.259009, 2.004981, 0.0537369,
    0.6180567, -0.4128022, -0.8410648, -2.316042,
  ],
  soft: [
    0.08754356, 0.2158473, 0.2843013, 0.09423606, 0.1363045, 0.06094583, 0.1703699, 0.05313317, 0.776152, 0.7232069,
    0.5453287, 0.8526308, 0.1485422, 0.3035505, 0.1398314, 0.2397721, 0.6352923, 0.1947738, 0.08425295, 0.2659664,
    0.2161655, 0.5016757, 0.7759157, 0.4942615,
  ],
  labels: [2, 0, 1, 1, 1, 2, 1, 1],
  ignoring: [2, -100, 1, 1, 1, 2, 1, 1],
  weights: [0.5, 1, 2],
  plain: [[0.9806944, 2.30537, 2.064094, 2.844408, 0.7865685, 2.297007, 0.161045, 0.6632557], [1.512805], [12.10244]],
  all: [[1.825697, 0, 1.896093, 2.565674, 0.8801359, 4.056819, 0.6175011, 1.006846], [1.427641], [12.84877]],
  ofSoft: [[1.630046, 2.020539, 1.01905, 1.086713, 1.123421, 2.445402, 4.361895, 3.095414], [2.09781], [16.78248]],
  nll: [[1.961389, 0, 2.064094, 2.844408, 0.7865685, 4.594013, 0.161045, 0.6632557], [1.452753], [13.07477]],
} as const

describe('classes along axis 1 of images', () => {
  const ints = (list: readonly number[]): cr.Tensor => cr.tensor(Int32Array.from(list), [2, 2, 2])
  const image = (list: readonly number[]): cr.Tensor => cr.tensor([...list], [2, 3, 2, 2])

  it.each<[string, readonly (readonly number[])[], (o: cr.CrossEntropyOptions) => cr.Tensor]>([
    ['labels', PYTORCH.plain, (o) => cr.crossEntropy(image(PYTORCH.x), ints(PYTORCH.labels), o)],
    [
      'weights, smoothing and labels that do not count',
      PYTORCH.all,
      (o) =>
        cr.crossEntropy(image(PYTORCH.x), ints(PYTORCH.ignoring), {
          ...o,
          weights: cr.tensor([...PYTORCH.weights]),
          labelSmoothing: 0.2,
          ignoreIndex: -100,
        }),
    ],
    [
      'distributions',
      PYTORCH.ofSoft,
      (o) =>
        cr.crossEntropy(image(PYTORCH.x), image(PYTORCH.soft), {
          ...o,
          weights: cr.tensor([...PYTORCH.weights]),
          labelSmoothing: 0.2,
        }),
    ],
    [
      'nll',
      PYTORCH.nll,
      (o) =>
        cr.nll(image(PYTORCH.x).logSoftmax(1), ints(PYTORCH.ignoring), {
          ...o,
          weights: cr.tensor([...PYTORCH.weights]),
          ignoreIndex: -100,
        }),
    ],
  ])('%s', (_, right, loss) => {
    using _scope = cr.scope()
    for (const [i, reduction] of (['none', 'mean', 'sum'] as const).entries()) {
      const y = loss({ reduction })
      expect(y.shape).toEqual(reduction === 'none' ? [2, 2, 2] : [])
      for (const [k, v] of y.dataSync().entries()) close(v, right[i]![k]!)
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
      () => cr.crossEntropy(cr.zeros([1, C, N]), bad.reshape([1, N])),
    ])
      expect(() => loss().item()).toThrow(cr.IndexError)
  })
})

/** -ln of the probability of a target, by going through every sequence of classes. x [time][classes], logarithms. */
function spelled(x: readonly (readonly number[])[], target: readonly number[], blank: number): number {
  const classes = x[0]!.length
  let total = 0
  for (let code = 0; code < classes ** x.length; code++) {
    const path = x.map((_, t) => Math.floor(code / classes ** t) % classes)
    const read = path.filter((c, t) => c !== blank && c !== path[t - 1])
    if (read.length === target.length && read.every((c, i) => c === target[i]))
      total += Math.exp(sumOf(path.map((c, t) => x[t]![c]!)))
  }
  return -Math.log(total)
}

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
  const right = logsOf(raw).map((x, b) => spelled(x.slice(0, inputs[b]), targets[b]!.slice(0, counts[b]), 0))
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
      close(each[b]!, spelled(logs.slice(0, inputs[b]), others[b]!.slice(0, counts[b]), 2))
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
})
