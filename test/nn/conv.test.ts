// Convolutions, pooling and normalization against plain loops in double precision, and their layers.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as cr from '../../src/index.ts'
import { numbers as random } from '../helpers/operands.ts'

const { nn } = cr
let engine: cr.Engine
beforeAll(async () => {
  engine = await cr.init({ threads: 2, seed: 3 })
})
afterAll(() => engine.close())

type Pair = readonly [number, number]
const product = (sizes: readonly number[]): number => sizes.reduce((n, size) => n * size, 1)
const filled = (shape: readonly number[], seed: number): cr.Tensor => cr.tensor(random(product(shape), seed), shape)

/** Within 40 roundings of numbers around 1. */
function close(got: cr.Tensor, shape: readonly number[], want: readonly number[]): void {
  expect(got.shape).toEqual(shape)
  const data = got.dataSync()
  expect(data.length).toBe(want.length)
  want.forEach((w, i) => {
    if (!(Math.abs((data[i] as number) - w) <= 40 * 2 ** -24 * (1 + Math.abs(w))))
      throw new Error(`element ${i} is ${data[i]}, should be ${w}`)
  })
}

interface Geometry {
  readonly stride?: Pair
  /** Top, bottom, left, right. */
  readonly sides?: readonly [number, number, number, number]
  readonly dilation?: Pair
  readonly groups?: number
  readonly outputPadding?: Pair
}

/** y[n, o, i, j] = b[o] + sum over the group's channels and the taps. */
function convolved(x: cr.Tensor, w: cr.Tensor, b: cr.Tensor, g: Geometry): { shape: number[]; data: number[] } {
  const { stride = [1, 1], sides = [0, 0, 0, 0], dilation = [1, 1], groups = 1 } = g
  const [batch, channels, height, width] = x.shape as [number, number, number, number]
  const [filters, each, kh, kw] = w.shape as [number, number, number, number]
  const tall = Math.floor((height + sides[0] + sides[1] - dilation[0] * (kh - 1) - 1) / stride[0]) + 1
  const wide = Math.floor((width + sides[2] + sides[3] - dilation[1] * (kw - 1) - 1) / stride[1]) + 1
  const [xs, ws, bs] = [x.dataSync(), w.dataSync(), b.dataSync()]
  const data: number[] = []
  for (let n = 0; n < batch; n++)
    for (let o = 0; o < filters; o++)
      for (let i = 0; i < tall; i++)
        for (let j = 0; j < wide; j++) {
          let sum = bs[o] as number
          for (let c = 0; c < each; c++)
            for (let k = 0; k < kh; k++)
              for (let l = 0; l < kw; l++) {
                const channel = Math.floor(o / (filters / groups)) * each + c
                const [row, column] = [
                  i * stride[0] + k * dilation[0] - sides[0],
                  j * stride[1] + l * dilation[1] - sides[2],
                ]
                if (row < 0 || row >= height || column < 0 || column >= width) continue
                const at = ((n * channels + channel) * height + row) * width + column
                sum += (xs[at] as number) * (ws[((o * each + c) * kh + k) * kw + l] as number)
              }
          data.push(sum)
        }
  return { shape: [batch, filters, tall, wide], data }
}

/** Every input adds its filters to the output, of which `sides` are cut off and `outputPadding` is added at the ends. */
function transposed(x: cr.Tensor, w: cr.Tensor, b: cr.Tensor, g: Geometry): { shape: number[]; data: number[] } {
  const { stride = [1, 1], sides = [0, 0, 0, 0], dilation = [1, 1], groups = 1, outputPadding = [0, 0] } = g
  const [batch, channels, height, width] = x.shape as [number, number, number, number]
  const [, each, kh, kw] = w.shape as [number, number, number, number]
  const tall = (height - 1) * stride[0] - sides[0] - sides[1] + dilation[0] * (kh - 1) + outputPadding[0] + 1
  const wide = (width - 1) * stride[1] - sides[2] - sides[3] + dilation[1] * (kw - 1) + outputPadding[1] + 1
  const [xs, ws, bs] = [x.dataSync(), w.dataSync(), b.dataSync()]
  const outputs = each * groups
  const data = Array.from(
    { length: batch * outputs * tall * wide },
    (_, at) => bs[Math.floor(at / (tall * wide)) % outputs] as number,
  )
  for (let n = 0; n < batch; n++)
    for (let c = 0; c < channels; c++)
      for (let i = 0; i < height; i++)
        for (let j = 0; j < width; j++)
          for (let o = 0; o < each; o++)
            for (let k = 0; k < kh; k++)
              for (let l = 0; l < kw; l++) {
                const [row, column] = [
                  i * stride[0] + k * dilation[0] - sides[0],
                  j * stride[1] + l * dilation[1] - sides[2],
                ]
                if (row < 0 || row >= tall || column < 0 || column >= wide) continue
                const to = Math.floor(c / (channels / groups)) * each + o
                const value =
                  (xs[((n * channels + c) * height + i) * width + j] as number) *
                  (ws[((c * each + o) * kh + k) * kw + l] as number)
                const at = ((n * outputs + to) * tall + row) * wide + column
                data[at] = (data[at] as number) + value
              }
  return { shape: [batch, outputs, tall, wide], data }
}

describe("padding 'same'", () => {
  it.each<[number, number, Pair, number]>([
    [3, 3, [1, 1], 1],
    [2, 5, [1, 1], 1],
    [4, 1, [1, 1], 2],
    [3, 2, [2, 3], 1],
    [1, 1, [1, 1], 2],
  ])('keeps the size: a %i x %i filter, dilation %j, %i groups', (kh, kw, dilation, groups) => {
    const [x, w, b] = [filled([2, 4, 7, 9], 1), filled([6, 4 / groups, kh, kw], 2), filled([6], 3)]
    // what is odd goes to the end, as in PyTorch
    const half = (k: number, d: number): Pair => [Math.floor((d * (k - 1)) / 2), Math.ceil((d * (k - 1)) / 2)]
    const sides = [...half(kh, dilation[0]), ...half(kw, dilation[1])] as unknown as [number, number, number, number]
    const y = cr.conv2d(x, w, b, { padding: 'same', dilation, groups })
    const want = convolved(x, w, b, { sides, dilation, groups })
    expect(want.shape).toEqual([2, 6, 7, 9])
    close(y, want.shape, want.data)
    const layer = nn.conv2d(4, 6, [kh, kw], { padding: 'same', dilation, groups })
    expect(layer.forward(x).shape).toEqual([2, 6, 7, 9])
  })

  it('of sequences', () => {
    const [x, w, b] = [filled([2, 3, 11], 4), filled([5, 3, 4], 5), filled([5], 6)]
    const want = convolved(x.reshape([2, 3, 1, 11]), w.reshape([5, 3, 1, 4]), b, { sides: [0, 0, 1, 2] })
    close(cr.conv1d(x, w, b, { padding: 'same' }), [2, 5, 11], want.data)
    const one = convolved(x.reshape([2, 3, 1, 11]), w.reshape([5, 3, 1, 4]), b, { sides: [0, 0, 2, 0], stride: [1, 3] })
    close(cr.conv1d(x, w, b, { padding: [2, 0], stride: 3 }), [2, 5, one.shape[3] as number], one.data)
  })
})

describe('transposed convolution', () => {
  it.each<[string, Geometry]>([
    ['plain', {}],
    ['with output padding', { stride: [2, 3], outputPadding: [1, 2] }],
    ['with output padding below a dilation', { stride: [1, 2], dilation: [3, 2], outputPadding: [0, 1] }],
    ['with padding cut off', { stride: [2, 2], sides: [1, 1, 2, 2], outputPadding: [1, 0] }],
    ['in groups', { stride: [2, 1], groups: 2, outputPadding: [1, 0] }],
  ])('%s', (_, g) => {
    const { stride = [1, 1], sides = [0, 0, 0, 0], dilation = [1, 1], groups = 1, outputPadding = [0, 0] } = g
    const [x, w, b] = [filled([2, 4, 4, 5], 1), filled([4, 3, 3, 4], 2), filled([3 * groups], 3)]
    const options = { stride, padding: [sides[0], sides[2]] as Pair, dilation, groups, outputPadding }
    const want = transposed(x, w, b, g)
    close(cr.convTranspose2d(x, w, b, options), want.shape, want.data)
  })

  it('of sequences', () => {
    const [x, w, b] = [filled([2, 4, 6], 1), filled([4, 3, 4], 2), filled([3], 3)]
    const want = transposed(x.reshape([2, 4, 1, 6]), w.reshape([4, 3, 1, 4]), b, {
      stride: [1, 3],
      sides: [0, 0, 1, 1],
      dilation: [1, 2],
      outputPadding: [0, 2],
    })
    const y = cr.convTranspose1d(x, w, b, { stride: 3, padding: 1, dilation: 2, outputPadding: 2 })
    close(y, [2, 3, want.shape[3] as number], want.data)
  })

  it('is the gradient of the convolution', () => {
    const [x, w] = [cr.parameter(filled([1, 3, 6, 5], 1)), filled([4, 3, 3, 2], 2)]
    const dy = filled([1, 4, 3, 4], 3)
    const [slope] = cr.gradients(
      () =>
        cr
          .conv2d(x, w, undefined, { stride: [2, 1], padding: [1, 0] })
          .mul(dy)
          .sum(),
      [x],
    )
    const back = cr.convTranspose2d(dy, w, undefined, { stride: [2, 1], padding: [1, 0], outputPadding: [1, 0] })
    close(back, [1, 3, 6, 5], Array.from(slope!.dataSync()))
  })
})

describe('adaptiveAvgPool2d', () => {
  it.each<[number | Pair, Pair]>([
    [1, [1, 1]],
    [
      [2, 3],
      [2, 3],
    ],
    [
      [6, 1],
      [6, 1],
    ],
    [
      [6, 9],
      [6, 9],
    ],
  ])('to %j is the mean of each part', (size, [tall, wide]) => {
    const x = filled([2, 3, 6, 9], 7)
    const data = x.dataSync()
    const want: number[] = []
    for (let plane = 0; plane < 6; plane++)
      for (let i = 0; i < tall; i++)
        for (let j = 0; j < wide; j++) {
          const [rows, columns] = [6 / tall, 9 / wide]
          let sum = 0
          for (let k = 0; k < rows; k++)
            for (let l = 0; l < columns; l++) sum += data[(plane * 6 + i * rows + k) * 9 + j * columns + l] as number
          want.push(sum / (rows * columns))
        }
    close(cr.adaptiveAvgPool2d(x, size), [2, 3, tall, wide], want)
    if (tall * wide === 1) close(cr.globalAvgPool2d(x), [2, 3, 1, 1], want)
  })
})

describe('layers of convolution', () => {
  it("have PyTorch's names and layouts, and load back to the same bits", async () => {
    const model = nn.sequential([
      nn.conv1d(4, 6, 3, { groups: 2 }),
      nn.conv2d(3, 5, [2, 4]),
      nn.convTranspose1d(4, 6, 3, { groups: 2 }),
      nn.convTranspose2d(3, 5, [2, 4], { bias: false }),
      nn.batchNorm(5),
      nn.groupNorm(2, 6),
    ])
    const state = await model.stateDict()
    expect([...state].map(([name, { shape }]) => [name, shape])).toEqual([
      ['0.weight', [6, 2, 3]],
      ['0.bias', [6]],
      ['1.weight', [5, 3, 2, 4]],
      ['1.bias', [5]],
      ['2.weight', [4, 3, 3]],
      ['2.bias', [6]],
      ['3.weight', [3, 5, 2, 4]],
      ['4.weight', [5]],
      ['4.bias', [5]],
      ['4.running_mean', [5]],
      ['4.running_var', [5]],
      ['5.weight', [6]],
      ['5.bias', [6]],
    ])
    const layer = nn.conv2d(3, 5, [2, 4], { stride: 2, padding: 1 })
    const own = new Map([
      ['weight', state.get('1.weight')!],
      ['bias', state.get('1.bias')!],
    ])
    layer.loadStateDict(own)
    const x = filled([2, 3, 6, 7], 4)
    const [w, b] = ['1.weight', '1.bias'].map((name) => cr.tensor(state.get(name)!.data, state.get(name)!.shape))
    const want = convolved(x, w!, b!, { stride: [2, 2], sides: [1, 1, 1, 1] })
    close(layer.forward(x), want.shape, want.data)
    expect(await layer.stateDict()).toEqual(own)
  })
})

/** (x - mean) / sqrt(variance + eps) over slices of `size` elements, times and plus what the channel says. */
function normalized(
  x: cr.Tensor,
  size: number,
  channel: (at: number) => readonly [number, number],
  centred: boolean,
): number[] {
  const data = Array.from(x.dataSync())
  return data.map((v, at) => {
    const slice = data.slice(Math.floor(at / size) * size, (Math.floor(at / size) + 1) * size)
    const mean = centred ? slice.reduce((sum, u) => sum + u, 0) / size : 0
    const variance = slice.reduce((sum, u) => sum + (u - mean) ** 2, 0) / size
    const [scale, shift] = channel(at)
    return ((v - mean) / Math.sqrt(variance + 1e-5)) * scale + shift
  })
}

describe('normalization', () => {
  it('rmsNorm divides by the root mean square of the last axis', () => {
    const [x, weight] = [filled([3, 4, 7], 1), filled([7], 2)]
    const scale = weight.dataSync()
    const want = normalized(x, 7, (at) => [scale[at % 7] as number, 0], false)
    close(cr.rmsNorm(x, { weight, eps: 1e-5 }), [3, 4, 7], want)
    close(
      cr.rmsNorm(x, { eps: 1e-5 }),
      [3, 4, 7],
      normalized(x, 7, () => [1, 0], false),
    )
  })

  it('instanceNorm normalizes each channel of each sample', () => {
    const [x, weight, bias] = [filled([2, 3, 4, 5], 3), filled([3], 4), filled([3], 5)]
    const [scale, shift] = [weight.dataSync(), bias.dataSync()]
    const channel = (at: number) => {
      const c = Math.floor(at / 20) % 3
      return [scale[c] as number, shift[c] as number] as const
    }
    close(cr.instanceNorm(x, { weight, bias }), [2, 3, 4, 5], normalized(x, 20, channel, true))
    close(
      cr.instanceNorm(x),
      [2, 3, 4, 5],
      normalized(x, 20, () => [1, 0], true),
    )
  })

  it('batchNorm in a captured step moves its running statistics, and reads them in evaluation', () => {
    const layer = nn.batchNorm(3, { momentum: 0.25 })
    using step = cr.capture(({ x }) => ({ y: layer.forward(x) }), { x: cr.spec([4, 3, 5]) })
    const mean = [0, 0, 0]
    const variance = [1, 1, 1]
    for (const seed of [1, 2, 3]) {
      const x = random(60, seed, seed)
      const { y } = step.run({ x })
      for (let c = 0; c < 3; c++) {
        const own = Array.from(x).filter((_, at) => Math.floor(at / 5) % 3 === c)
        const average = own.reduce((sum, v) => sum + v, 0) / 20
        const squares = own.reduce((sum, v) => sum + (v - average) ** 2, 0)
        const spread = Math.sqrt(squares / 20 + 1e-5)
        const got = Array.from(y as ArrayLike<number>).filter((_, at) => Math.floor(at / 5) % 3 === c)
        for (const [i, v] of got.entries()) expect(v).toBeCloseTo(((own[i] as number) - average) / spread, 5)
        mean[c] = 0.75 * (mean[c] as number) + 0.25 * average
        variance[c] = 0.75 * (variance[c] as number) + (0.25 * squares) / 19
      }
    }
    close(layer.running_mean, [3], mean)
    close(layer.running_var, [3], variance)
    layer.eval()
    const x = filled([2, 3, 2], 9)
    const data = x.dataSync()
    const want = Array.from(data, (v, at) => {
      const c = Math.floor(at / 2) % 3
      return (v - (mean[c] as number)) / Math.sqrt((variance[c] as number) + 1e-5)
    })
    close(layer.forward(x), [2, 3, 2], want)
    close(layer.running_mean, [3], mean)
  })
})
