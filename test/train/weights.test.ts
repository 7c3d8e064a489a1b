import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  ArgumentError,
  crossEntropy,
  data,
  type Engine,
  init,
  mse,
  nn,
  optim,
  ShapeError,
  type Tensor,
  tensor,
  train,
} from '../../src/index.ts'
import { held, near, network, set, trained, weightsOf } from '../helpers/models.ts'

let engine: Engine
beforeEach(async () => {
  engine = await init({ threads: 2, seed: 3 })
})
afterEach(() => engine.close())

describe('in a step, weights', () => {
  it('weighs classes as crossEntropy does', async () => {
    const weights = tensor([1, 3, 0.25])
    const own = await trained({ loss: (output: Tensor, y: Tensor) => crossEntropy(output, y, { weights }) })
    near(await trained({ classWeights: [1, 3, 0.25] }), own)
    expect(own).not.toEqual(await trained({}))
  })

  it('counts a row of weight 2 twice, and one of weight 0 not at all', async () => {
    const w = Float32Array.from({ length: 48 }, (_, i) => [0, 1, 2][i % 3] as number)
    const rows = [...w].flatMap((weight, i) => new Array<number>(weight).fill(i))
    const repeated = await trained({}, data.take(set, rows))
    const { x, y } = set.columns
    const weighted = data.arrays({ x: x.data, y: y.data, w }, { shapes: { x: [4] } })
    near(await trained({ sampleWeight: 'w' }, weighted as never), repeated)
    const none = data.arrays({ x: x.data, y: y.data, w: new Float32Array(48) }, { shapes: { x: [4] } })
    expect(await trained({ sampleWeight: 'w' }, none as never)).toEqual(await weightsOf(network()))
  })

  it('needs a loss of each row for weights', async () => {
    const loss = (output: Tensor, y: Tensor): Tensor => crossEntropy(output, y)
    for (const classWeights of [
      [1, 2],
      [1, 2, 3, 4],
    ])
      await expect(trained({ classWeights })).rejects.toThrow(/classWeights does not fit.*one for each of 3 classes/)
    await expect(trained({ loss, classWeights: [1, 1, 1] })).rejects.toThrow(ShapeError)
    await expect(trained({ loss, classWeights: [1, 1, 1] })).rejects.toThrow(/reduction: 'none'/)
  })
})

describe('in an evaluation, weights', () => {
  const w = Float32Array.from({ length: 30 }, (_, i) => [0, 1, 2, 0.5][i % 4] as number)
  const { x, y } = held.columns
  const weighted = data.arrays({ x: x.data, y: y.data as Int32Array, w }, { shapes: { x: [4] } })
  const classWeights = [1, 3, 0.25]

  /** What a loop over the rows says. */
  async function expected(model: nn.Module, of: (i: number) => number): Promise<number> {
    const { data: outputs } = await train.predict(model, held)
    let [sum, over] = [0, 0]
    for (let i = 0; i < 30; i++) {
      const row = [...outputs.subarray(3 * i, 3 * i + 3)]
      const loss = Math.log(row.reduce((total, z) => total + Math.exp(z), 0)) - (row[y.data[i] as number] as number)
      sum += of(i) * loss
      over += of(i)
    }
    return sum / over
  }

  it('make the loss a mean over them, however the rows are cut into batches', async () => {
    const model = network()
    const cases = [
      [{ sampleWeight: 'w' }, (i: number) => w[i] as number],
      [{ classWeights }, (i: number) => classWeights[y.data[i] as number] as number],
      [
        { sampleWeight: 'w', classWeights },
        (i: number) => (w[i] as number) * (classWeights[y.data[i] as number] as number),
      ],
    ] as const
    for (const [options, of] of cases)
      for (const batch of [30, 7, 1]) {
        const { loss, rows } = await train.evaluate(model, weighted, { loss: crossEntropy, ...options, batch })
        expect(loss).toBeCloseTo(await expected(model, of), 5)
        expect(rows).toBe(30)
      }
    const plain = await train.evaluate(model, weighted, { loss: crossEntropy })
    expect(plain.loss).toBeCloseTo(await expected(model, () => 1), 5)
    expect(Math.abs(plain.loss - (await expected(model, cases[0][1])))).toBeGreaterThan(1e-3)
  })

  it('count for the validation of a run, but not in its metrics', async () => {
    const model = network()
    const metrics = { accuracy: train.accuracy() }
    const options = { loss: crossEntropy, sampleWeight: 'w', classWeights, metrics } as const
    const { validation } = await train.fit(model, weighted, {
      ...options,
      optimizer: optim.sgd(model, { lr: 0.1 }),
      epochs: 1,
      validation: weighted,
    })
    const after = await train.evaluate(model, weighted, options)
    expect(validation).toEqual(after)
    expect(after.metrics).toEqual((await train.evaluate(model, held, { metrics })).metrics)
  })

  it('of nothing leave no mean, and wrong ones are refused', async () => {
    const model = network()
    const loss = crossEntropy
    const none = data.arrays({ x: x.data, w: new Float32Array(30), y: y.data as Int32Array }, { shapes: { x: [4] } })
    expect((await train.evaluate(model, none, { loss, sampleWeight: 'w' })).loss).toBeNaN()
    const refused = (options: object): Promise<unknown> =>
      train.evaluate(model, weighted, { loss, ...options } as train.EvaluateOptions<'x' | 'y', never>)
    await expect(refused({ classWeights: [1, -1, 1] })).rejects.toThrow(ArgumentError)
    await expect(refused({ sampleWeight: 'v' })).rejects.toThrow(/no column 'v'/)
    const whole = (output: Tensor, target: Tensor): Tensor => crossEntropy(output, target)
    await expect(refused({ loss: whole, sampleWeight: 'w' })).rejects.toThrow(ShapeError)
    const numbers = data.arrays({ x: x.data, y: x.data }, { shapes: { x: [4], y: [4] } })
    using same = nn.linear(4, 4)
    await expect(train.evaluate(same, numbers, { loss: mse, classWeights })).rejects.toThrow(/one class a row/)
  })
})
