import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  AnomalyError,
  crossEntropy,
  data,
  type Engine,
  init,
  mse,
  nn,
  optim,
  type Tensor,
  train,
} from '../../src/index.ts'
import { clouds } from '../helpers/points.ts'

let engine: Engine
beforeEach(async () => {
  engine = await init({ threads: 2, seed: 3 })
})
afterEach(() => engine.close())

/** The logarithm of what goes through, or its square root. */
class Unsafe extends nn.Module {
  readonly #of: (x: Tensor) => Tensor
  constructor(of: (x: Tensor) => Tensor) {
    super()
    this.#of = of
  }
  override get kind(): string {
    return 'unsafe'
  }
  override forward(x: Tensor): Tensor {
    return this.#of(x)
  }
}

const set = data.arrays(clouds(40, 4, 3), { shapes: { x: [4] } })

async function caught(run: () => Promise<unknown>): Promise<AnomalyError> {
  const error = await run().then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(AnomalyError)
  return error as AnomalyError
}

describe('anomaly mode', () => {
  it('names operation, layer and step of the first number that is not finite', async () => {
    // 1 at first and lower by 1/4 each step, whatever the gradient: 0 in step 5, whose logarithm is infinite.
    const falling = nn.linear(1, 1, { bias: false })
    falling.weight.set([1])
    const model = nn.sequential([falling, nn.sequential([new Unsafe((x) => x.log())])])
    const optimizer = optim.sgd(model, { lr: 0 })
    const line = data.arrays(
      { x: new Float32Array(64).fill(1), y: new Float32Array(64) },
      { shapes: { x: [1], y: [1] } },
    )
    const options = {
      loss: mse,
      optimizer,
      epochs: 3,
      batch: 8,
      anomaly: true,
      afterStep: () => falling.weight.assign(falling.weight.sub(0.25)),
    }
    for (const chunkMilliseconds of [1e-9, 1e9]) {
      falling.weight.set([1])
      const error = await caught(() => train.fit(model, line, { ...options, chunkMilliseconds }))
      expect(error.op).toBe('log')
      expect(error.step).toBe(5)
      expect(error.layer).toBe('sequential.1.0 (unsafe)')
      expect(error.message).toContain('step 5, log: the first -Infinity of the run. Its operands are finite.')
      // As it was before the chunk: whole, and not more than that.
      const [weight] = await falling.weight.data()
      expect(weight).toBeGreaterThanOrEqual(0)
      expect(weight).toBeLessThanOrEqual(1)
    }
    expect(model.forward).toBe(Object.getPrototypeOf(model).forward)
  })

  it('finds it in a gradient, and says of which operation', async () => {
    // The root of 0 is 0, and its slope infinite.
    const model = nn.sequential([nn.linear(4, 3), nn.relu(), new Unsafe((x) => x.mul(0).sqrt())])
    const error = await caught(() =>
      train.fit(model, set, { loss: crossEntropy, optimizer: optim.sgd(model, { lr: 0.1 }), steps: 5, anomaly: true }),
    )
    expect(error.layer).toBe('sequential.2 (unsafe)')
    expect(error.step).toBe(1)
    expect(error.message).toMatch(/step 1, \w+, of the gradient of sqrt: the first (NaN|-?Infinity) of the run/)
  })

  it('finds it in an update', async () => {
    const model = nn.sequential([nn.linear(4, 3)])
    const error = await caught(() =>
      train.fit(model, set, {
        loss: crossEntropy,
        optimizer: optim.sgd(model, { lr: 3e38 }),
        steps: 50,
        anomaly: true,
      }),
    )
    expect(error.step).toBeGreaterThanOrEqual(1)
    expect(error.message).toMatch(/sequential/)
    for (const variable of model.variables())
      expect(((await variable.data()) as Float32Array).every(Number.isFinite)).toBe(true)
  })

  it('finds it in the data, and says that it was there before', async () => {
    const x = Float32Array.from(set.columns.x.data)
    x[33 * 4] = Number.NaN
    const model = nn.sequential([nn.linear(4, 3)])
    const broken = data.arrays({ x, y: set.columns.y.data }, { shapes: { x: [4] } })
    const options = { loss: crossEntropy, optimizer: optim.sgd(model, { lr: 0.1 }), epochs: 1, batch: 10 }
    const error = await caught(() => train.fit(model, broken, { ...options, shuffle: false, anomaly: true }))
    expect(error.step).toBe(4)
    expect(error.op).toBe('fetchRows')
    expect(error.message).toContain('holds NaN already')
  })

  it('changes no bit of a run that stays finite', async () => {
    const run = async (anomaly: boolean): Promise<string> => {
      engine.generator.restore(Int32Array.of(1, 2, 3, 4))
      const model = nn.sequential([nn.linear(4, 8), nn.dropout(0.3), nn.linear(8, 3)])
      const optimizer = optim.adam(model, { lr: 0.01 })
      await train.fit(model, set, { loss: crossEntropy, optimizer, epochs: 3, batch: 16, anomaly })
      return train.hashState(await model.stateDict())
    }
    expect(await run(true)).toBe(await run(false))
  })
})
