import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as cr from '../../src/index.ts'

const { nn } = cr
let engine: cr.Engine
beforeAll(async () => {
  engine = await cr.init({ threads: 1, seed: 5 })
})
afterAll(() => engine.close())

const layers: readonly (readonly [string, () => cr.nn.Layer, (x: cr.Tensor) => cr.Tensor])[] = [
  ['selu', nn.selu, cr.selu],
  ['celu', () => nn.celu(0.5), (x) => cr.celu(x, 0.5)],
  ['mish', nn.mish, cr.mish],
  ['softsign', nn.softsign, cr.softsign],
  ['logSigmoid', nn.logSigmoid, cr.logSigmoid],
  ['hardtanh', () => nn.hardtanh(-2, 1), (x) => cr.hardtanh(x, -2, 1)],
  ['hardsigmoid', nn.hardsigmoid, cr.hardsigmoid],
  ['hardswish', nn.hardswish, cr.hardswish],
  ['relu6', nn.relu6, cr.relu6],
  ['glu', () => nn.glu(1), (x) => cr.glu(x, 1)],
  ['prelu', nn.prelu, (x) => cr.where(cr.greater(x, 0), x, x.mul(0.25))],
  ['prelu', () => nn.prelu({ channels: 4, slope: 0.5 }), (x) => cr.where(cr.greater(x, 0), x, x.mul(0.5))],
]

describe('activations', () => {
  it.each(layers)('%s is the function of its name', (name, make, f) => {
    using _ = cr.scope()
    const x = cr.tensor(
      Float32Array.from({ length: 24 }, (_, i) => (i - 11.4) / 2),
      [2, 4, 3],
    )
    const layer = make()
    expect(layer.kind).toBe(name)
    expect(layer.forward(x).dataSync()).toEqual(f(x).dataSync())
  })

  it('prelu has a slope for each channel, which learns', () => {
    using _ = cr.scope()
    const layer = nn.prelu({ channels: 3 })
    expect(layer.parameters().map((p) => p.shape)).toEqual([[3]])
    const x = cr.tensor([-1, -2, 3, -4, 5, -6], [2, 3])
    const { grads } = cr.valueAndGrad(() => layer.forward(x).sum(), layer)
    expect(Array.from(Object.values(grads)[0]!.dataSync())).toEqual([-5, -2, -6])
    expect(() => layer.forward(cr.tensor([1, 2]))).toThrow(cr.ShapeError)
    expect(() => layer.forward(cr.zeros([2, 4]))).toThrow(cr.ShapeError)
    for (const channels of [0, 1.5, -1, Number.NaN]) expect(() => nn.prelu({ channels })).toThrow(cr.ArgumentError)
    expect(() => nn.prelu({ slope: Number.NaN })).toThrow(cr.ArgumentError)
  })
})
