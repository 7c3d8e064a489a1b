import { afterEach, beforeEach, expect, it } from 'vitest'
import { crossEntropy, data, type Engine, init, nn, optim, train } from '../../src/index.ts'
import { clouds } from '../helpers/points.ts'

// The main thread of a page may not wait: whatever runs has to run on the pool. Here waiting is an error.

let engine: Engine
beforeEach(async () => {
  engine = await init({ threads: 2, seed: 3 })
  Object.defineProperty(engine.runtime, 'canBlock', { value: false })
  Object.defineProperty(engine.runtime, 'run', {
    value: () => {
      throw new Error('the main thread would wait')
    },
  })
})
afterEach(() => engine.close())

const set = data.arrays(clouds(60, 4, 3), { shapes: { x: [4] } })
const stream: data.BatchStream<'x' | 'y'> = {
  async *epoch() {
    for (let at = 0; at < 60; at += 16)
      yield data.take(
        set,
        Array.from({ length: Math.min(16, 60 - at) }, (_, i) => at + i),
      )
  },
}

it('a run with all that there is never waits', async () => {
  for (const source of [set, stream]) {
    const model = nn.sequential([nn.linear(4, 8), nn.batchNorm(8), nn.relu(), nn.dropout(0.1), nn.linear(8, 3)])
    let saved: train.Checkpoint | undefined
    const options = (): train.FitOptions<'x' | 'y'> => ({
      loss: crossEntropy,
      optimizer: optim.adamw(model, { lr: optim.schedule.cosine(0.01, { steps: 20 }) }),
      ema: optim.ema(model),
      epochs: 3,
      validation: source === set ? 0.2 : stream,
      metrics: { accuracy: train.accuracy(), perplexity: train.perplexity() },
      trainMetrics: true,
      earlyStopping: { patience: 5 },
      checkpoint: { everySteps: 2, everyEpochs: 1, to: { save: (checkpoint) => void (saved = checkpoint) } },
    })
    const first = await train.fit(model, source, options())
    expect(first.losses.every(Number.isFinite)).toBe(true)
    expect((await train.fit(model, source, { ...options(), epochs: 4, resume: saved })).epochs).toBe(4)
    await train.evaluate(model, source, { loss: crossEntropy })
    expect((await train.predict(model, set)).shape).toEqual([60, 3])
  }
})

it('finding the first number that is not finite does not wait either', async () => {
  const model = nn.sequential([nn.linear(4, 3)])
  const run = train.fit(model, set, {
    loss: (output, y) => crossEntropy(output.abs().add(1).neg().log(), y),
    optimizer: optim.sgd(model, { lr: 1 }),
    steps: 4,
    anomaly: true,
  })
  await expect(run).rejects.toThrow(/step 1, log: the first NaN/)
})
