import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkGradients } from '../../src/check/index.ts'
import * as cr from '../../src/index.ts'

// Pooling and convolution that other operations make up, and draws of classes: values and gradients.

let engine: cr.Engine
beforeAll(async () => {
  engine = await cr.init({ threads: 2 })
})
afterAll(() => engine.close())

const made = (shape: readonly number[], seed = 1): cr.Tensor =>
  cr.tensor(
    Float32Array.from({ length: shape.reduce((p, n) => p * n, 1) }, (_, i) => Math.sin(1 + 1.7 * i * seed)),
    [...shape],
  )
const numbers = (x: cr.Tensor): number[] => Array.from(x.dataSync())
const close = (got: cr.Tensor, want: readonly number[]): void => {
  for (const [i, v] of numbers(got).entries()) expect(v, `element ${i}`).toBeCloseTo(want[i] as number, 5)
  expect(got.size).toBe(want.length)
}

/** [from, to) of part i of n elements in m parts, as PyTorch has it. */
const part = (n: number, m: number, i: number): [number, number] => [
  Math.floor((i * n) / m),
  Math.ceil(((i + 1) * n) / m),
]

/** What f makes of the elements of each part of [planes, h, w]. */
function byParts(x: cr.Tensor, [m, n]: readonly [number, number], f: (values: number[]) => number): number[] {
  const [h, w] = x.shape.slice(2) as [number, number]
  const data = numbers(x)
  const planes = data.length / (h * w)
  const y: number[] = []
  for (let p = 0; p < planes; p++)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        const values: number[] = []
        for (let r = part(h, m, i)[0]; r < part(h, m, i)[1]; r++)
          for (let c = part(w, n, j)[0]; c < part(w, n, j)[1]; c++) values.push(data[(p * h + r) * w + c] as number)
        y.push(f(values))
      }
  return y
}
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length

describe('adaptive pooling', () => {
  const SIZES = [
    [7, 5, 3, 2],
    [8, 6, 4, 3],
    [5, 7, 7, 5],
    [10, 13, 4, 13],
    [1, 1, 3, 1],
    [4, 9, 1, 4],
  ] as const
  test.each(SIZES)('%i x %i to %i x %i: means and largest values of the parts that PyTorch has', async (h, w, m, n) => {
    using _ = cr.scope()
    const x = made([2, 3, h, w])
    close(cr.adaptiveAvgPool2d(x, [m, n]), byParts(x, [m, n], mean))
    close(
      cr.adaptiveMaxPool2d(x, [m, n]),
      byParts(x, [m, n], (values) => Math.max(...values)),
    )
    const weights = made([2, 3, m, n], 3)
    for (const f of [cr.adaptiveAvgPool2d, cr.adaptiveMaxPool2d]) {
      const report = await checkGradients(() => f(x, [m, n]).mul(weights).sum(), { x }, { samples: 2 })
      expect(report.ok, report.print()).toBe(true)
    }
  })

  test('of one part is global', () => {
    using _ = cr.scope()
    const x = made([2, 3, 5, 4])
    close(cr.globalMaxPool2d(x), numbers(x.max([2, 3])))
    expect(cr.nn.globalMaxPool2d().forward(x).shape).toEqual([2, 3, 1, 1])
    const [g] = cr.gradients(() => cr.globalMaxPool2d(cr.ones([1, 1, 2, 2]).mul(x.mean())).sum(), [x]) as [cr.Tensor]
    close(g, new Array(120).fill(1 / 120))
  })

  test('of a sequence is that of a row', () => {
    using _ = cr.scope()
    const x = made([2, 3, 7])
    expect(cr.adaptiveAvgPool1d(x, 3).shape).toEqual([2, 3, 3])
    close(cr.adaptiveAvgPool1d(x, 3), numbers(cr.adaptiveAvgPool2d(x.reshape([2, 3, 1, 7]), [1, 3])))
    close(cr.adaptiveMaxPool1d(x, 3), numbers(cr.adaptiveMaxPool2d(x.reshape([2, 3, 1, 7]), [1, 3])))
  })

  test('what is infinite or NaN stays in its parts; the first of equal values takes the gradient', () => {
    using _ = cr.scope()
    const x = cr.tensor([1, Infinity, 3, 4, 4, 6, Number.NaN], [1, 1, 1, 7])
    expect(numbers(cr.adaptiveAvgPool2d(x, [1, 4]))).toEqual([Infinity, Infinity, Math.fround(14 / 3), Number.NaN])
    expect(numbers(cr.adaptiveMaxPool2d(x, [1, 4]))).toEqual([Infinity, Infinity, 6, Number.NaN])
    const equal = cr.tensor(new Float32Array(15).fill(2), [1, 1, 3, 5])
    const [g] = cr.gradients(() => cr.adaptiveMaxPool2d(equal, 2).sum(), [equal]) as [cr.Tensor]
    expect(numbers(g)).toEqual([1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0])
  })
})

describe('pooling of sequences', () => {
  test('is that of images of one row', async () => {
    using _ = cr.scope()
    const x = made([2, 3, 11])
    const row = x.reshape([2, 3, 1, 11])
    const options = { stride: 2, padding: 1, ceil: true }
    const wide = { stride: [1, 2], padding: [0, 1], ceil: true } as const
    close(cr.maxPool1d(x, 3, options), numbers(cr.maxPool2d(row, [1, 3], wide)))
    const apart = { countIncludePad: false }
    close(cr.avgPool1d(x, 3, { ...options, ...apart }), numbers(cr.avgPool2d(row, [1, 3], { ...wide, ...apart })))
    expect(cr.maxPool1d(x, 4).shape).toEqual([2, 3, 2])
    const weights = made([2, 3, 5], 2)
    for (const f of [cr.maxPool1d, cr.avgPool1d]) {
      const report = await checkGradients(() => f(x, 2).mul(weights).sum(), { x })
      expect(report.ok, report.print()).toBe(true)
    }
    expect(cr.nn.maxPool1d(2).forward(x).shape).toEqual([2, 3, 5])
    expect(cr.nn.adaptiveMaxPool1d(4).forward(x).shape).toEqual([2, 3, 4])
  })
})

interface Volume {
  readonly x: readonly number[]
  readonly w: readonly number[]
  readonly stride: readonly [number, number, number]
  readonly padding: readonly [number, number, number]
  readonly dilation: readonly [number, number, number]
  readonly groups: number
}
const volume = (x: readonly number[], w: readonly number[], more: Partial<Volume> = {}): Volume => ({
  x,
  w,
  stride: [1, 1, 1],
  padding: [0, 0, 0],
  dilation: [1, 1, 1],
  groups: 1,
  ...more,
})

/** Seven loops. */
function convolved(c: Volume, x: cr.Tensor, w: cr.Tensor, b: cr.Tensor): number[] {
  const [n, , ...size] = c.x as [number, number, number, number, number]
  const [o, per, ...kernel] = c.w as [number, number, number, number, number]
  const [xs, ws, bs] = [numbers(x), numbers(w), numbers(b)]
  const out = size.map((s, a) => {
    const [k, d, p] = [kernel[a] as number, c.dilation[a] as number, c.padding[a] as number]
    return Math.floor((s + 2 * p - d * (k - 1) - 1) / (c.stride[a] as number)) + 1
  })
  const at = (shape: readonly number[], place: readonly number[]): number =>
    place.reduce((index, i, a) => index * (shape[a] as number) + i, 0)
  const grid = (shape: readonly number[]): number[][] =>
    shape.reduce<number[][]>((all, s) => all.flatMap((p) => Array.from({ length: s }, (_, i) => [...p, i])), [[]])
  return grid([n, o, ...out]).map(([i, f, ...to]) => {
    let sum = bs[f as number] as number
    for (const [channel, ...tap] of grid([per, ...kernel])) {
      const from = tap.map((k, a) => (to[a] as number) * c.stride[a]! + k * c.dilation[a]! - c.padding[a]!)
      if (from.some((p, a) => p < 0 || p >= (size[a] as number))) continue
      const group = Math.floor((f as number) / (o / c.groups))
      sum +=
        (xs[at(c.x, [i as number, group * per + (channel as number), ...from])] as number) *
        (ws[at(c.w, [f as number, channel as number, ...tap])] as number)
    }
    return sum
  })
}

describe('convolution of volumes', () => {
  test.each([
    volume([1, 1, 1, 1, 1], [1, 1, 1, 1, 1]),
    volume([2, 2, 3, 4, 5], [3, 2, 2, 3, 2]),
    volume([1, 2, 4, 3, 5], [2, 2, 3, 3, 3], { padding: [1, 1, 1] }),
    volume([1, 4, 5, 4, 6], [6, 2, 2, 2, 3], { groups: 2, stride: [2, 1, 3], padding: [0, 1, 2] }),
    volume([2, 2, 7, 5, 5], [2, 1, 3, 2, 2], { groups: 2, dilation: [2, 1, 3], padding: [2, 0, 1], stride: [3, 2, 1] }),
  ])('%# is the sum over channels and taps', async (c) => {
    using _ = cr.scope()
    const [x, w, b] = [made(c.x), made(c.w, 2), made([c.w[0] as number], 3)]
    const y = (): cr.Tensor => cr.conv3d(x, w, b, c)
    close(y(), convolved(c, x, w, b))
    const weights = made(y().shape, 5)
    const report = await checkGradients(() => y().mul(weights).sum(), { x, w, b }, { samples: 3 })
    expect(report.ok, report.print()).toBe(true)
  })

  test('same keeps the size, and the layer has the names and shapes of PyTorch', () => {
    using _ = cr.scope()
    const x = made([1, 2, 4, 5, 6])
    expect(cr.conv3d(x, made([3, 2, 2, 3, 4]), undefined, { padding: 'same' }).shape).toEqual([1, 3, 4, 5, 6])
    const layer = cr.nn.conv3d(2, 3, [1, 2, 3])
    expect([...layer.namedParameters()].map(([name, p]) => [name, p.shape])).toEqual([
      ['weight', [3, 2, 1, 2, 3]],
      ['bias', [3]],
    ])
    expect(layer.forward(x).shape).toEqual([1, 3, 4, 4, 4])
    expect(() => layer.forward(x.reshape([2, 4, 5, 6]))).toThrow(cr.ShapeError)
    layer.dispose()
  })
})

test.each(['max', 'avg'] as const)('%s pooling of volumes takes every window', async (kind) => {
  using _ = cr.scope()
  const x = made([2, 1, 5, 4, 6])
  const data = numbers(x)
  const [f, want] =
    kind === 'max' ? [cr.maxPool3d, (v: number[]) => Math.max(...v)] : [cr.avgPool3d, (v: number[]) => mean(v)]
  const expected: number[] = []
  for (const n of [0, 1])
    for (let d = 0; d + 2 <= 5; d += 3)
      for (let h = 0; h + 2 <= 4; h++)
        for (let w = 0; w + 3 <= 6; w += 2) {
          const values: number[] = []
          for (let i = d; i < d + 2; i++)
            for (let j = h; j < h + 2; j++)
              for (let k = w; k < w + 3; k++) values.push(data[((n * 5 + i) * 4 + j) * 6 + k] as number)
          expected.push(want(values))
        }
  const y = (): cr.Tensor => f(x, [2, 2, 3], { stride: [3, 1, 2] })
  expect(y().shape).toEqual([2, 1, 2, 3, 2])
  close(y(), expected)
  const weights = made([2, 1, 2, 3, 2], 4)
  const report = await checkGradients(() => y().mul(weights).sum(), { x }, { samples: 3 })
  expect(report.ok, report.print()).toBe(true)
})

describe('categorical', () => {
  test('draws each class as often as its probability says, replayable from a generator', () => {
    using _ = cr.scope()
    const logits = cr.tensor([Math.log(0.5), Math.log(0.2), -Infinity, Math.log(0.3)])
    const draw = (): number[] => {
      const generator = new cr.Generator(engine, 9)
      const made = numbers(cr.categorical(logits, { samples: 20_000, generator }))
      generator.dispose()
      return made
    }
    const drawn = draw()
    expect(draw()).toEqual(drawn)
    const counts = [0, 1, 2, 3].map((k) => drawn.filter((v) => v === k).length / drawn.length)
    // four standard deviations
    for (const [k, p] of [0.5, 0.2, 0, 0.3].entries())
      expect(Math.abs((counts[k] as number) - p)).toBeLessThanOrEqual(4 * Math.sqrt((p * (1 - p)) / drawn.length))
  })
  test('a row at a time, int32, anew in each run of a step', () => {
    const logits = cr.tensor(
      Float32Array.from({ length: 60 }, (_, i) => (i % 3 === Math.floor(i / 3) % 3 ? 80 : 0)),
      [20, 3],
    )
    expect(cr.categorical(logits).dtype).toBe('int32')
    expect(numbers(cr.categorical(logits))).toEqual(Array.from({ length: 20 }, (_, i) => i % 3))
    expect(cr.categorical(logits.reshape([4, 5, 3]), { samples: 2 }).shape).toEqual([4, 5, 2])
    const flat = cr.zeros([50, 7])
    const step = cr.capture(() => ({ y: cr.categorical(flat).toFloat() }))
    const first = Array.from(step.run().y)
    expect(Array.from(step.run().y)).not.toEqual(first)
    step.dispose()
  })
})
