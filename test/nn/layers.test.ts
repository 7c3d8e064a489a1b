import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Engine, init, nn, type Tensor, tensor, withEngine } from '../../src/index.ts'

let engine: Engine
beforeAll(async () => {
  engine = await init({ threads: 1, seed: 5 })
})
afterAll(() => engine.close())

const numbers = (t: Tensor): number[] => [...t.dataSync()]

describe('initializers', () => {
  const [inputs, outputs] = [200, 300]
  const drawn = (choice: nn.InitializerName | nn.Initializer): number[] =>
    numbers(nn.linear(inputs, outputs, { initializer: choice }).weight)
  const deviation = (values: readonly number[]): number =>
    Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length)

  const uniform: [nn.InitializerName, number][] = [
    ['glorotUniform', Math.sqrt(6 / (inputs + outputs))],
    ['heUniform', Math.sqrt(6 / inputs)],
    ['lecunUniform', Math.sqrt(3 / inputs)],
    ['fanIn', 1 / Math.sqrt(inputs)],
  ]
  it.each(uniform)('%s fills its range', (name, limit) => {
    const values = drawn(name)
    expect(values.every((v) => Math.abs(v) <= limit * (1 + 1e-6))).toBe(true)
    expect(Math.max(...values)).toBeGreaterThan(0.99 * limit)
    expect(Math.min(...values)).toBeLessThan(-0.99 * limit)
    expect(deviation(values)).toBeCloseTo(limit / Math.sqrt(3), 2)
  })

  const normal: [nn.InitializerName, number][] = [
    ['glorotNormal', Math.sqrt(2 / (inputs + outputs))],
    ['heNormal', Math.sqrt(2 / inputs)],
    ['lecunNormal', Math.sqrt(1 / inputs)],
  ]
  it.each(normal)('%s has its deviation', (name, stddev) => {
    const values = drawn(name)
    expect(deviation(values) / stddev).toBeCloseTo(1, 1)
    expect(values.some((v) => Math.abs(v) > 3 * stddev)).toBe(true)
  })

  it('constants, and functions of the shape', () => {
    expect(new Set(drawn('zeros'))).toEqual(new Set([0]))
    expect(new Set(drawn('ones'))).toEqual(new Set([1]))
    expect(new Set(drawn(nn.constant(0.25)))).toEqual(new Set([0.25]))
    expect(deviation(drawn(nn.normalInitializer(0.02)))).toBeCloseTo(0.02, 3)
    expect(Math.min(...drawn(nn.uniformInitializer(2, 3)))).toBeGreaterThanOrEqual(2)
    const seen: unknown[] = []
    nn.linear(2, 3, {
      initializer: (shape, fan) => {
        seen.push(shape, fan)
        return tensor(new Float32Array(6), [...shape])
      },
    })
    expect(seen).toEqual([[2, 3], { inputs: 2, outputs: 3 }])
  })

  it('draw from the seed of the engine', async () => {
    const weights: number[][] = []
    for (const seed of [1, 1, 2]) {
      const other = await init({ threads: 1, seed })
      weights.push(withEngine(other, () => numbers(nn.linear(3, 3).weight)))
      await other.close()
    }
    withEngine(engine, () => expect(nn.linear(1, 1).weight.engine).toBe(engine))
    expect(weights[0]).toEqual(weights[1])
    expect(weights[0]).not.toEqual(weights[2])
  })
})

describe('linear', () => {
  it('is O = I W + b for any leading axes', async () => {
    await withEngine(engine, async () => {
      const layer = nn.linear(2, 3)
      layer.weight.assign(
        tensor([
          [1, 2, 3],
          [10, 20, 30],
        ]),
      )
      layer.bias?.assign(tensor([0.5, 0, -0.5]))
      expect(
        numbers(
          layer.forward(
            tensor([
              [1, 1],
              [2, 0],
            ]),
          ),
        ),
      ).toEqual([11.5, 22, 32.5, 2.5, 4, 5.5])
      const row = layer.forward(tensor([1, 1]))
      expect(row.shape).toEqual([3])
      expect(numbers(row)).toEqual([11.5, 22, 32.5])
      expect(layer.forward(tensor(new Float32Array(24), [3, 4, 2])).shape).toEqual([3, 4, 3])
      expect(nn.linear(2, 3, { bias: false }).parameters()).toHaveLength(1)
    })
  })
})

describe('activations', () => {
  const layers: [nn.Activation, (x: Tensor) => Tensor][] = [
    [nn.relu(), (x) => x.relu()],
    [nn.tanh(), (x) => x.tanh()],
    [nn.sigmoid(), (x) => x.sigmoid()],
    [nn.gelu(), (x) => x.gelu()],
    [nn.gelu('tanh'), (x) => x.gelu('tanh')],
    [nn.silu(), (x) => x.silu()],
    [nn.softplus(), (x) => x.softplus()],
    [nn.leakyRelu(0.2), (x) => x.leakyRelu(0.2)],
    [nn.elu(0.5), (x) => x.elu(0.5)],
    [nn.softmax(0), (x) => x.softmax(0)],
    [nn.logSoftmax(), (x) => x.logSoftmax()],
  ]
  it.each(layers.map(([layer, same]) => [layer.kind, layer, same] as const))('%s', (_, layer, same) => {
    withEngine(engine, () => {
      const x = tensor([
        [-2, -0.5, 0],
        [0.5, 2, 7],
      ])
      expect(numbers(layer.forward(x))).toEqual(numbers(same(x)))
      expect(layer.parameters()).toEqual([])
    })
  })
})
