import { describe, expect, it } from 'vitest'
import { crossEntropy, data, init, nn, optim, train } from '../../src/index.ts'
import { fitMemory } from '../../src/inspect/index.ts'
import { clouds } from '../helpers/points.ts'

type Keys = 'x' | 'y'
const set = data.arrays(clouds(1000, 36, 3), { shapes: { x: [1, 6, 6] } })
const held = data.arrays(clouds(700, 36, 3, 2), { shapes: { x: [1, 6, 6] } })
const stream: data.BatchStream<Keys> = {
  async *epoch() {
    for (let at = 0; at < 960; at += 32)
      yield data.take(
        set,
        Array.from({ length: 32 }, (_, i) => at + i),
      )
  },
}

const networks = {
  mlp: () => nn.sequential([nn.flatten(), nn.linear(36, 64), nn.gelu(), nn.dropout(0.1), nn.linear(64, 3)]),
  cnn: () =>
    nn.sequential([nn.conv2d(1, 8, 3, { padding: 1 }), nn.batchNorm(8), nn.relu(), nn.flatten(), nn.linear(288, 3)]),
}

/** Everything that takes memory: a smaller last batch, an evaluation with one too, metrics, running means, accumulation. */
const full = (model: nn.Module): train.FitOptions<Keys, { accuracy: train.Metric; auc: train.Metric }> => ({
  loss: crossEntropy,
  optimizer: optim.adamw(model, { lr: optim.schedule.cosine(0.01, { steps: 100 }) }),
  ema: optim.ema(model),
  epochs: 3,
  batch: 48,
  accumulate: 2,
  clipNorm: 1,
  classWeights: [1, 2, 1],
  validation: held,
  metrics: { accuracy: train.accuracy(), auc: { ...train.accuracy(), rows: (output) => ({ all: output.max(-1) }) } },
  trainMetrics: true,
  earlyStopping: { patience: 9 },
  checkpoint: { everySteps: 7, to: { save: () => {} } },
})
const plain = (model: nn.Module): train.FitOptions<Keys> => ({
  loss: crossEntropy,
  optimizer: optim.sgd(model, { lr: 0.01 }),
  epochs: 2,
})

describe('the memory of a run', () => {
  for (const [name, network] of Object.entries(networks))
    for (const [kind, source, options] of [
      ['with all options', set, full],
      ['with few', set, plain],
      ['over a stream', stream, plain],
    ] as const)
      for (const threads of [1, 2])
        it(`of the ${name} ${kind} on ${threads} threads is known before it starts, and held`, async () => {
          // An engine plans, another one that never planned has to keep to it.
          let planned = 0
          for (const part of ['plan', 'run']) {
            const engine = await init({ threads, seed: 3 })
            try {
              const { allocator } = engine.runtime
              const model = network()
              const given = options(model) as train.FitOptions<Keys>
              const handles = engine.handles
              const weights = train.hashState(await model.stateDict())
              allocator.startPeak()
              if (part === 'plan') {
                const plan = await fitMemory(model, source, given)
                planned = plan.peak
                expect(planned).toBeGreaterThanOrEqual(plan.totals.arena + plan.totals.data + plan.before)
                expect(engine.handles).toBe(handles)
                expect(train.hashState(await model.stateDict())).toBe(weights)
                const after = allocator.bytesInUse
                expect((await fitMemory(model, source, given)).peak).toBeGreaterThanOrEqual(planned)
                expect(allocator.bytesInUse).toBe(after)
              } else {
                await train.fit(model, source, given)
                expect(allocator.peakBytesInUse).toBeLessThanOrEqual(planned)
                expect(allocator.peakBytesInUse).toBeGreaterThan(0.98 * planned)
              }
            } finally {
              await engine.close()
            }
          }
        })
})
