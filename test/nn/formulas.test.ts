import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Engine, init, nn, scope, type Tensor, tensor } from '../../src/index.ts'

// Cells, layers of products, rms normalization and positions against their textbook formulas in f64, with PyTorch's layout of the state.

let engine: Engine
beforeAll(async () => {
  engine = await init({ threads: 1, seed: 21 })
})
afterAll(() => engine.close())

type State = (name: string) => readonly number[]
const stateOf = async (module: nn.Module): Promise<State> => {
  const state = new Map(await module.stateDict())
  return (name) => Array.from(state.get(name)?.data as ArrayLike<number>)
}
const X = [0.5, -1.25, 2]
const H = [0.25, -0.5, 0.75, 1]
const C = [-1, 0.5, 2, 0.125]
const row = (list: readonly number[]): Tensor => tensor(Float32Array.from(list), [1, list.length])
const close = (got: Tensor, want: readonly number[]): void => {
  const data = Array.from(got.dataSync())
  expect(data.length).toBe(want.length)
  // sums of at most 9 products of numbers below 2
  for (const [i, v] of data.entries()) expect(Math.abs(v - (want[i] as number)), `element ${i}`).toBeLessThan(4e-6)
}
/** Row r of W v + b. */
const affine = (w: readonly number[], b: readonly number[], v: readonly number[], r: number): number =>
  v.reduce((sum, value, i) => sum + value * (w[r * v.length + i] as number), b[r] as number)
const sigmoid = (v: number): number => 1 / (1 + Math.exp(-v))
/** What comes from the input and from the state, of unit j of gate g. */
const gates =
  (s: State) =>
  (g: number, j: number): [number, number] => [
    affine(s('weight_ih'), s('bias_ih'), X, 4 * g + j),
    affine(s('weight_hh'), s('bias_hh'), H, 4 * g + j),
  ]

test('rnnCell: tanh(W x + b + U h + c)', async () => {
  using module = nn.rnnCell(3, 4)
  const at = gates(await stateOf(module))
  using _ = scope()
  const want = H.map((_h, j) => Math.tanh(at(0, j)[0] + at(0, j)[1]))
  close(module.forward(row(X), { h: row(H) }).h, want)
})

test('gruCell: (1 - z) n + z h, gates r z n', async () => {
  using module = nn.gruCell(3, 4)
  const at = gates(await stateOf(module))
  using _ = scope()
  const want = H.map((h, j) => {
    const [r, z] = [0, 1].map((g) => sigmoid(at(g, j)[0] + at(g, j)[1])) as [number, number]
    const n = Math.tanh(at(2, j)[0] + r * at(2, j)[1])
    return (1 - z) * n + z * h
  })
  close(module.forward(row(X), { h: row(H) }).h, want)
})

test('lstmCell: c = f c + i g, h = o tanh c, gates i f g o', async () => {
  using module = nn.lstmCell(3, 4)
  const at = gates(await stateOf(module))
  using _ = scope()
  const pre = (g: number, j: number): number => at(g, j)[0] + at(g, j)[1]
  const cells = C.map((c, j) => sigmoid(pre(1, j)) * c + sigmoid(pre(0, j)) * Math.tanh(pre(2, j)))
  const after = module.forward(row(X), { h: row(H), c: row(C) })
  close(after.c as Tensor, cells)
  close(
    after.h,
    cells.map((c, j) => sigmoid(pre(3, j)) * Math.tanh(c)),
  )
})

test('residual: x + W x + b', async () => {
  using module = nn.residual(nn.linear(3, 3))
  const s = await stateOf(module)
  using _ = scope()
  const want = X.map((v, j) => v + affine(s('layer.weight'), s('layer.bias'), X, j))
  close(module.forward(row(X)), want)
})

test('bilinear: a W_k b + bias_k', async () => {
  using module = nn.bilinear(3, 4, 2)
  const s = await stateOf(module)
  using _ = scope()
  const want = [0, 1].map((k) =>
    X.reduce(
      (sum, a, i) => sum + H.reduce((part, b, j) => part + a * b * (s('weight')[(3 * k + i) * 4 + j] as number), 0),
      s('bias')[k] as number,
    ),
  )
  close(module.forward(row(X), row(H)), want)
})

test('rmsNorm: x / sqrt(mean x^2 + eps) w', async () => {
  using module = nn.rmsNorm(4, { eps: 0.5 })
  module.loadStateDict([['weight', { shape: [4], data: Float32Array.from(C) }]])
  using _ = scope()
  const root = Math.sqrt(H.reduce((sum, v) => sum + v * v, 0) / 4 + 0.5)
  close(
    module.forward(row(H)),
    H.map((v, i) => (v / root) * (C[i] as number)),
  )
})

test('positionalEmbedding: x[t] + table[t]', async () => {
  using module = nn.positionalEmbedding(5, 2)
  const s = await stateOf(module)
  using _ = scope()
  const want = H.map((v, i) => v + (s('weight')[i] as number))
  close(module.forward(row(H).reshape([2, 2])), want)
})

test('sinusoidalPositions: sin and cos of t 10000^(-2 i / width) in turn', () => {
  using module = nn.sinusoidalPositions(4)
  using _ = scope()
  const [x, steps] = [
    [...H, ...C],
    [0, 1],
  ]
  const want = steps.flatMap((t) =>
    [0, 1, 2, 3].map((i) => {
      const angle = t * 10_000 ** (-(2 * (i >> 1)) / 4)
      return (x[4 * t + i] as number) + (i % 2 === 0 ? Math.sin(angle) : Math.cos(angle))
    }),
  )
  close(module.forward(row(x).reshape([2, 4])), want)
})
