import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ArgumentError, type Engine, init, nn, scope, withEngine } from '../../src/index.ts'

let engine: Engine
beforeAll(async () => {
  engine = await init({ threads: 1, seed: 11, numerics: 'reproducible' })
})
afterAll(() => engine.close())

const fan = { inputs: 200, outputs: 100 }
const draw = (make: nn.Initializer, shape = [200, 100]): Float32Array => make(shape, fan).dataSync() as Float32Array
const deviation = (x: Float32Array): number => Math.sqrt(x.reduce((s, v) => s + v * v, 0) / x.length)

describe('spread', () => {
  it.each([
    ['glorotUniform', Math.sqrt(2 / 300), Math.sqrt(6 / 300)],
    ['glorotNormal', Math.sqrt(2 / 300), Infinity],
    ['heUniform', Math.sqrt(2 / 200), Math.sqrt(6 / 200)],
    ['heNormal', Math.sqrt(2 / 200), Infinity],
    ['lecunUniform', Math.sqrt(1 / 200), Math.sqrt(3 / 200)],
    ['lecunNormal', Math.sqrt(1 / 200), Infinity],
    ['fanIn', Math.sqrt(1 / 600), Math.sqrt(1 / 200)],
  ] as const)('%s', (name, spread, limit) => {
    using _ = scope()
    const x = draw(nn.initializer(name))
    // 20,000 numbers: the deviation is known to half a percent
    expect(Math.abs(deviation(x) / spread - 1)).toBeLessThan(0.02)
    expect(Math.max(...x.map(Math.abs))).toBeLessThanOrEqual(limit * (1 + 1e-6))
  })

  it('follows from the seed', async () => {
    const drawn: number[][] = []
    for (const seed of [12, 12, 13]) {
      const own = await init({ threads: 1, seed, numerics: 'reproducible' })
      drawn.push(withEngine(own, () => [...draw(nn.orthogonal(), [9, 5]), ...draw(nn.truncatedNormal(1), [9])]))
      await own.close()
    }
    expect(drawn[1]).toEqual(drawn[0])
    expect(drawn[2]).not.toEqual(drawn[0])
  })
})

describe('truncatedNormal', () => {
  it.each([
    [2, 0.8796],
    [1, 0.5397],
    [3, 0.9866],
  ])('with a bound of %d deviations', (bound, spread) => {
    const x = withEngine(engine, () => draw(nn.truncatedNormal(0.5, 3, bound)).map((v) => (v - 3) / 0.5))
    expect(Math.max(...x.map(Math.abs))).toBeLessThanOrEqual(bound + 1e-5)
    expect(Math.abs(deviation(x) / spread - 1)).toBeLessThan(0.02)
    // nothing heaps up at the bound
    expect(x.filter((v) => Math.abs(v) > bound - 1e-4).length).toBeLessThan(20)
  })

  it('wrong options', () => {
    expect(() => nn.truncatedNormal(-1)).toThrow(ArgumentError)
    expect(() => nn.truncatedNormal(1, 0, 0.5)).toThrow(ArgumentError)
    expect(() => nn.orthogonal(Number.NaN)).toThrow(ArgumentError)
  })
})

describe('orthogonal', () => {
  it.each([
    [[7, 7], 1],
    [[12, 5], 1],
    [[5, 12], 2],
    [[6, 2, 3], 1],
    [[1, 4], 1],
    [[64, 48], 1],
    [[0, 3], 1],
  ])('%j', (shape, gain) => {
    const x = withEngine(engine, () => draw(nn.orthogonal(gain), shape))
    const rows = shape[0] as number
    const columns = rows === 0 ? 0 : x.length / rows
    const wide = rows < columns
    const [count, length] = wide ? [rows, columns] : [columns, rows]
    const at = (i: number, j: number): number => x[wide ? i * columns + j : j * columns + i] as number
    for (let a = 0; a < count; a++)
      for (let b = 0; b <= a; b++) {
        let dot = 0
        for (let j = 0; j < length; j++) dot += at(a, j) * at(b, j)
        expect(Math.abs(dot - (a === b ? gain * gain : 0))).toBeLessThan(1e-6 * gain * gain)
      }
  })

  it('with numbers by name, as in a file of settings', () => {
    using _ = withEngine(engine, () => scope())
    const shape = [7, 5]
    for (const [name, make] of [
      [{ name: 'constant', value: 0.25 }, nn.constant(0.25)],
      [{ name: 'normal', stddev: 0.5, mean: 3 }, nn.normalInitializer(0.5, 3)],
      [{ name: 'normal', stddev: 2 }, nn.normalInitializer(2)],
      [{ name: 'orthogonal' }, nn.orthogonal()],
      [{ name: 'orthogonal', gain: 2 }, nn.orthogonal(2)],
      [{ name: 'truncatedNormal', stddev: 0.02 }, nn.truncatedNormal(0.02)],
      [{ name: 'truncatedNormal', stddev: 1, mean: -1, bound: 1 }, nn.truncatedNormal(1, -1, 1)],
      [{ name: 'uniform', min: 2, max: 3 }, nn.uniformInitializer(2, 3)],
      ['heNormal', nn.initializer('heNormal')],
    ] as const) {
      const words = engine.generator.words()
      const right = withEngine(engine, () => draw(make, shape))
      engine.generator.restore(words)
      expect(withEngine(engine, () => draw(nn.initializer(name), shape))).toEqual(right)
    }
    const own = nn.constant(1)
    expect(nn.initializer(own)).toBe(own)
    for (const wrong of [
      'constant',
      'toString',
      null,
      3,
      {},
      { name: 'glorotUniform', gain: 2 },
      { name: 'constant' },
      { name: 'constant', value: '1' },
      { name: 'constant', value: 1, mean: 2 },
      { name: 'truncatedNormal', mean: 2 },
      { name: 'truncatedNormal', stddev: -1 },
      { name: 'orthogonal', gain: Number.NaN },
      { name: 'uniform', min: 2 },
      { name: '__proto__' },
    ])
      expect(() => nn.initializer(wrong as never), JSON.stringify(wrong)).toThrow(ArgumentError)
  })

  it('by name, in a layer', () => {
    const { weight } = withEngine(engine, () => nn.linear(3, 4, { initializer: 'orthogonal' }))
    const gram = weight.matmul(weight, { transposeB: true }).dataSync()
    for (const [i, v] of gram.entries()) expect(v).toBeCloseTo(i % 4 === 0 ? 1 : 0, 6)
  })
})
