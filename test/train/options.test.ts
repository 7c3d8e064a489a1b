import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  ArgumentError,
  add,
  bceWithLogits,
  crossEntropy,
  data,
  type Engine,
  init,
  mse,
  nn,
  optim,
  randomNormal,
  type Tensor,
  train,
  valueAndGrad,
} from '../../src/index.ts'
import { held, type Keys, near, network, set, trained, weightsOf } from '../helpers/models.ts'

let engine: Engine
beforeEach(async () => {
  engine = await init({ threads: 2, seed: 3 })
})
afterEach(() => engine.close())

describe('one step', () => {
  it('is the same in parts, of unequal size too, with weights and penalty', async () => {
    const whole = await trained({})
    for (const accumulate of [1, 2, 5, 48, 1000]) near(await trained({ accumulate }), whole)
    const penalty = { classWeights: [1, 2, 0.5] }
    near(await trained({ accumulate: 7, ...penalty }), await trained(penalty))
    expect(await trained({ accumulate: 1 })).toEqual(whole)
  })

  it('clips gradients by norm and by value', async () => {
    const before = await weightsOf(network())
    const moved = (now: readonly number[]): number[] => now.map((value, i) => value - (before[i] as number))
    const step = { steps: 1, optimizer: undefined as never }
    const run = async (options: object): Promise<number[]> => {
      using model = network()
      const optimizer = optim.sgd(model, { lr: 1 })
      await train.fit(model, set, { loss: crossEntropy, batch: 48, ...step, ...options, optimizer })
      return moved(await weightsOf(model))
    }
    const free = await run({})
    const norm = Math.sqrt(free.reduce((sum, g) => sum + g * g, 0))
    near(
      await run({ clipNorm: norm / 4 }),
      free.map((g) => g / 4),
    )
    near(await run({ clipNorm: norm * 4 }), free)
    near(
      await run({ clipValue: 0.01 }),
      free.map((g) => Math.min(0.01, Math.max(-0.01, g))),
    )
  })

  it('adds a penalty, and does what comes after the update', async () => {
    const model = network()
    const optimizer = optim.sgd(model, { lr: 0 })
    const plain = await train.fit(model, set, { loss: crossEntropy, optimizer, steps: 1 })
    let traced = 0
    const more = await train.fit(model, set, {
      loss: crossEntropy,
      optimizer,
      steps: 1,
      penalty: () => optim.l2(model, 1),
      afterStep: () => {
        traced++
        optim.maxNorm(model, 1e-3)
      },
    })
    const squares = (await weightsOf(network())).reduce((sum, w) => sum + w * w, 0)
    expect((more.losses[0] as number) - (plain.losses[0] as number)).toBeCloseTo(squares, 3)
    expect(traced).toBe(1)
    expect(Math.max(...((await model.parameters()[0]?.data()) ?? []))).toBeLessThan(1.1e-3)
  })

  it('records what is watched', async () => {
    const model = network()
    const norms: number[] = []
    const { losses } = await train.fit(model, set, {
      loss: crossEntropy,
      optimizer: optim.sgd(model, { lr: 0.1 }),
      epochs: 2,
      batch: 8,
      watch: ({ grads, loss, batch }) => ({
        norm: optim.globalNorm(grads),
        twice: loss.mul(2),
        rows: batch.y.toFloat().mul(0).add(1).sum(),
      }),
      onStep({ curves, losses: here }) {
        norms.push(...(curves['norm'] as Float32Array))
        expect([...(curves['twice'] as Float32Array)]).toEqual([...here].map((loss) => 2 * loss))
        expect([...(curves['rows'] as Float32Array)].every((rows) => rows === 8)).toBe(true)
      },
    })
    expect(norms).toHaveLength(losses.length)
    expect(norms.every((norm) => norm > 0)).toBe(true)
  })

  it('takes other columns, other targets and models of several inputs', async () => {
    class Two extends nn.Module {
      a = nn.linear(2, 1)
      b = nn.linear(3, 1)
      override forward(x: Tensor, z: Tensor): Tensor {
        return this.a.forward(x).add(this.b.forward(z))
      }
    }
    const model = new Two()
    const n = 40
    const left = Float32Array.from({ length: 2 * n }, (_, i) => ((i * 7) % 11) / 11)
    const right = Float32Array.from({ length: 3 * n }, (_, i) => ((i * 5) % 13) / 13)
    const price = Float32Array.from({ length: n }, (_, i) => (left[2 * i] as number) - (right[3 * i] as number))
    const table = data.arrays({ left, right, price }, { shapes: { left: [2], right: [3], price: [1] } })
    const flow = {
      forward: (batch: data.Batch<'left' | 'right' | 'price'>) => model.forward(batch.left, batch.right),
      target: 'price',
    } as const
    const { validation } = await train.fit(model, table, {
      ...flow,
      loss: mse,
      optimizer: optim.adam(model, { lr: 0.05 }),
      epochs: 150,
      validation: 0.25,
      metrics: { r2: train.r2() },
    })
    expect(validation?.rows).toBe(10)
    expect(validation?.metrics.r2).toBeGreaterThan(0.95)
    const again = await train.evaluate(model, table, { ...flow, loss: mse, metrics: { r2: train.r2() } })
    expect(again.metrics.r2).toBeGreaterThan(0.95)
  })
})

describe('a step of your own', () => {
  it('updates what it likes; its state goes into checkpoints', async () => {
    const run = async (resume?: train.Checkpoint): Promise<[string[], train.Checkpoint]> => {
      engine.generator.restore(Int32Array.of(1, 1, 1, 0))
      class Pair extends nn.Module {
        generator = nn.linear(2, 1)
        judge = nn.sequential([nn.linear(1, 4), nn.relu(), nn.linear(4, 1)])
        override forward(x: Tensor): Tensor {
          return this.judge.forward(x)
        }
      }
      const model = new Pair()
      const g = optim.adam(model.generator, { lr: 0.01 })
      const d = optim.sgd(model.judge, { lr: 0.05, momentum: 0.5 })
      const real = data.arrays({ x: Float32Array.from({ length: 64 }, (_, i) => 2 + i / 640) }, { shapes: { x: [1] } })
      const trainer = new train.Trainer(model, real, {
        step({ x }) {
          const no = (fake: Tensor): Tensor => model.judge.forward(fake).softplus().mean()
          const yes = (seen: Tensor): Tensor => model.judge.forward(seen).neg().softplus().mean()
          const noise = randomNormal([16, 2])
          const first = valueAndGrad(() => add(yes(x), no(model.generator.forward(noise).stopGradient())), model.judge)
          d.step(first.grads)
          const second = valueAndGrad(() => yes(model.generator.forward(noise)), model.generator)
          g.step(second.grads)
          return { loss: first.value, generator: second.value }
        },
        state: { g, d },
        steps: 12,
        batch: 16,
        resume,
      })
      let middle: train.Checkpoint | undefined
      const curve: number[] = []
      for await (const event of trainer)
        if (event.type === 'step') {
          curve.push(...(event.curves['generator'] as Float32Array))
          if (event.step >= 5) middle ??= await trainer.checkpoint()
        }
      if (resume === undefined) expect(curve).toHaveLength(12)
      const states = await Promise.all([model, g, d].map((owner) => owner.stateDict()))
      return [states.map(train.hashState), middle as train.Checkpoint]
    }
    const [whole, checkpoint] = await run()
    expect([...checkpoint.parts.keys()].sort()).toEqual(['d', 'g'])
    const [resumed] = await run(train.decodeCheckpoint(train.encodeCheckpoint(checkpoint)))
    expect(resumed).toEqual(whole)
  })
})

describe('validation', () => {
  it('takes the running mean of the weights, and leaves the weights alone', async () => {
    const model = network()
    const ema = optim.ema(model, { decay: 0.9, warmup: false })
    const { validation } = await train.fit(model, set, {
      loss: crossEntropy,
      optimizer: optim.sgd(model, { lr: 0.5 }),
      ema,
      steps: 5,
      validation: held,
    })
    const raw = await train.evaluate(model, held, { loss: crossEntropy })
    ema.swap()
    const mean = await train.evaluate(model, held, { loss: crossEntropy })
    expect(validation?.loss).toBe(mean.loss)
    expect(raw.loss).not.toBe(mean.loss)
  })

  it('measures the training rows as they go by where there is none', async () => {
    const model = network()
    const metrics = { accuracy: train.accuracy(), confusion: train.confusion() }
    const options = { loss: crossEntropy, optimizer: optim.sgd(model, { lr: 0 }), epochs: 2, batch: 10, metrics }
    const { history } = await train.fit(model, set, options)
    const { metrics: seen } = await train.evaluate(model, set, { metrics })
    expect(history.map((event) => event.metrics)).toEqual([seen, seen])
    const { history: other } = await train.fit(model, set, { ...options, validation: held })
    expect(other[0]?.metrics).toBeUndefined()
  })
})

it('options that go with nothing are refused', async () => {
  const model = network()
  const good = { loss: bceWithLogits, optimizer: optim.sgd(model, { lr: 0.1 }), epochs: 1 }
  const stream: data.BatchStream<Keys> = { async *epoch() {} }
  await expect(train.fit(model, stream, { ...good, batch: 4 })).rejects.toThrow(ArgumentError)
  await expect(train.fit(model, stream, { ...good, validation: 0.5 })).rejects.toThrow(ArgumentError)
  await expect(train.fit(model, 7 as never, good)).rejects.toThrow(ArgumentError)
  await expect(train.fit(model, set, { step: 3 as never, epochs: 1 })).rejects.toThrow(ArgumentError)
})
