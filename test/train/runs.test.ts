import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { crossEntropy, data, type Engine, init, mse, nn, optim, train } from '../../src/index.ts'
import { held, type Keys, network, set, weightsOf } from '../helpers/models.ts'
import { twoMoons } from '../helpers/points.ts'

let engine: Engine
beforeEach(async () => {
  engine = await init({ threads: 2, seed: 3 })
})
afterEach(() => engine.close())

describe('early stopping', () => {
  /** A model whose loss falls until step 6 and rises from then on: one step an epoch. */
  async function valley(earlyStopping: train.EarlyStopping): Promise<train.FitResult & { weight: number }> {
    const model = nn.linear(1, 1, { bias: false })
    model.weight.set([3])
    const rows = data.arrays({ x: Float32Array.of(1), y: Float32Array.of(0) }, { shapes: { x: [1], y: [1] } })
    const result = await train.fit(model, rows, {
      loss: mse,
      optimizer: optim.sgd(model, { lr: 0 }),
      afterStep: () => model.weight.assign(model.weight.sub(0.5)),
      epochs: 30,
      validation: rows,
      metrics: { size: train.mean((output) => output.abs()), nearness: train.mean((output) => output.abs().neg()) },
      earlyStopping,
    })
    return { ...(result as train.FitResult), weight: (await model.weight.data())[0] as number }
  }

  it('ends after its patience, with the best weights', async () => {
    const result = await valley({ patience: 3 })
    expect(result.reason).toBe('early')
    expect(result.best).toEqual({ epoch: 6, step: 6, value: 0 })
    expect(result.epochs).toBe(10)
    expect(result.weight).toBe(0)
    expect(result.validation?.loss).toBe(0)
    expect(result.history.map(({ best }) => best).lastIndexOf(true)).toBe(5)
  })

  it('watches metrics in either direction, with a least step, or a function', async () => {
    expect((await valley({ patience: 0 })).epochs).toBe(7)
    const last = await valley({ patience: 2, restoreBest: false })
    expect([last.epochs, last.weight]).toEqual([9, -1.5])
    expect((await valley({ monitor: 'size', mode: 'min', patience: 1 })).best?.epoch).toBe(6)
    expect((await valley({ monitor: 'nearness', patience: 1 })).best?.epoch).toBe(6)
    // The loss falls from 6.25 by 2.25, 1.75, 1.25, .75 and .25.
    expect((await valley({ minDelta: 1, patience: 1 })).best?.epoch).toBe(4)
    expect((await valley({ monitor: ({ step }) => Math.abs(step - 9), patience: 1 })).best?.epoch).toBe(9)
    const never = await valley({ monitor: () => Number.NaN, patience: 4 })
    expect([never.epochs, never.best]).toEqual([5, undefined])
    expect((await valley({})).reason).toBe('finished')
    await expect(valley({ monitor: 'f1' })).rejects.toThrow(
      /there is no number 'f1' to watch; expected loss, size, nearness/,
    )
  })

  it('leaves a checkpoint that goes on from the end, not from the best', async () => {
    const model = network()
    const optimizer = optim.sgd(model, { lr: 3 })
    const trainer = new train.Trainer(model, set, {
      loss: crossEntropy,
      optimizer,
      epochs: 9,
      validation: held,
      earlyStopping: { monitor: ({ epoch }) => Math.abs(epoch - 3) },
    })
    const { best } = await trainer.run()
    expect(best?.epoch).toBe(3)
    const checkpoint = await trainer.checkpoint()
    expect(checkpoint.progress.step).toBe(18)
    expect(checkpoint.model).not.toEqual(await model.stateDict())
    expect(checkpoint.best?.state).toEqual(await model.stateDict())
  })
})

describe('events and callbacks', () => {
  const options = (model: nn.Module): train.FitOptions<Keys> => ({
    loss: crossEntropy,
    optimizer: optim.sgd(model, { lr: 0.1 }),
    epochs: 3,
    batch: 8,
    chunkMilliseconds: 1e-9,
  })

  it('come in order, and each is awaited while nothing else runs', async () => {
    const model = network()
    const seen: string[] = []
    let busy = 0
    const slow = async (name: string): Promise<void> => {
      expect(++busy).toBe(1)
      const before = await weightsOf(model)
      await new Promise((resolve) => setTimeout(resolve, 2))
      expect(await weightsOf(model)).toEqual(before)
      seen.push(name)
      busy--
    }
    await train.fit(model, set, {
      ...options(model),
      epochs: 1,
      batch: 24,
      onBegin: () => slow('begin'),
      onStep: ({ step }) => slow(`step ${step}`),
      onEpoch: () => slow('epoch'),
      onDone: () => slow('done'),
      callbacks: [{ onEpoch: () => slow('epoch, second') }],
    })
    expect(seen).toEqual(['begin', 'step 1', 'step 2', 'epoch', 'epoch, second', 'done'])
  })

  it('end the run cleanly when they throw', async () => {
    const model = network()
    const before = engine.handles
    for (const name of ['onBegin', 'onStep', 'onEpoch', 'onDone'] as const) {
      const given = options(model)
      const fail = async (): Promise<never> => {
        await Promise.resolve()
        throw new Error(`no ${name}`)
      }
      await expect(train.fit(model, set, { ...given, [name]: fail })).rejects.toThrow(`no ${name}`)
      given.optimizer?.dispose()
    }
    expect(engine.handles).toBe(before)
    await train.fit(model, set, options(model))
  })

  it('can stop the run', async () => {
    const model = network()
    const saved: number[] = []
    const result = await train.fit(model, set, {
      ...options(model),
      onStep: ({ step }, run) => void (step === 4 && run.stop()),
      checkpoint: { everyEpochs: 2, to: { save: ({ progress }) => void saved.push(progress.step) } },
      validation: held,
    })
    expect(result.reason).toBe('stopped')
    expect(result.steps).toBe(4)
    expect(result.epochs).toBe(0)
    expect(result.validation?.rows).toBe(30)
    expect(saved).toEqual([4])
  })

  it('say when checkpoints are saved', async () => {
    const model = network()
    const at: string[] = []
    const to = { save: ({ progress: { step, epoch } }: train.Checkpoint) => void at.push(`${step}/${epoch}`) }
    await train.fit(model, set, { ...options(model), checkpoint: { to } })
    await train.fit(model, set, { ...options(model), checkpoint: { to, everySteps: 4 } })
    await train.fit(model, set, { ...options(model), steps: 7, epochs: undefined, checkpoint: { to, everyEpochs: 1 } })
    expect(at).toEqual(['6/1', '12/2', '18/3', '4/0', '8/1', '12/1', '16/2', '18/3', '6/1', '7/1'])
    const failing = { save: () => Promise.reject(new Error('disk full')) }
    await expect(train.fit(model, set, { ...options(model), checkpoint: { to: failing } })).rejects.toThrow('disk full')
  })

  it('a run runs once', async () => {
    const model = network()
    const trainer = new train.Trainer(model, set, options(model))
    await trainer.run()
    await expect(trainer.run()).rejects.toThrow(/started before/)
    expect(trainer.epoch).toBe(3)
  })
})

describe('abort', () => {
  it('is honoured within a step, and the weights are those of the last whole step', async () => {
    const rows = data.arrays(twoMoons(64), { shapes: { x: [2] } })
    /** Weights after each number of steps. */
    const states: string[] = []
    const build = (): { model: nn.Module; options: train.FitOptions<Keys> } => {
      engine.generator.restore(Int32Array.of(2, 2, 2, 0))
      const model = nn.sequential([nn.linear(2, 64), nn.tanh(), nn.dropout(0.1), nn.linear(64, 2)])
      return {
        model,
        options: { loss: crossEntropy, optimizer: optim.adam(model, { lr: 0.01 }), epochs: 100, batch: 8 },
      }
    }
    {
      const { model, options } = build()
      const step = {
        ...options,
        epochs: 15,
        checkpoint: {
          everySteps: 1,
          to: { save: (c: train.Checkpoint) => void states.push(train.hashState(c.model)) },
        },
      }
      states.push(train.hashState(await model.stateDict()))
      await train.fit(model, rows, step)
    }
    for (let i = 0; i < 40; i++) {
      const { model, options } = build()
      const controller = new AbortController()
      const trainer = new train.Trainer(model, rows, { ...options, epochs: 15, signal: controller.signal })
      setTimeout(() => controller.abort(new Error('enough')), i / 8)
      const ended = await trainer.run().then(
        () => true,
        (error: unknown) => {
          expect(String(error)).toContain('enough')
          return false
        },
      )
      const hash = train.hashState(await model.stateDict())
      if (!ended) expect(states[trainer.step === 0 ? 0 : trainer.step]).toBe(hash)
      model.dispose()
      options.optimizer?.dispose()
    }
  })
})

describe('memory', () => {
  const steps = 1_000_000
  it(`stays the same from the second epoch on, over ${steps} steps`, { timeout: 600_000 }, async () => {
    const model = nn.sequential([nn.linear(4, 8), nn.relu(), nn.dropout(0.1), nn.linear(8, 3)])
    let first: string | undefined
    let events = 0
    await train.fit(model, data.take(set, [...Array(48).keys(), ...Array(16).keys()]), {
      loss: crossEntropy,
      optimizer: optim.adam(model, { lr: 1e-3 }),
      ema: optim.ema(model),
      steps,
      batch: 3,
      validation: held,
      metrics: { accuracy: train.accuracy() },
      trainMetrics: true,
      onEpoch({ epoch }) {
        const now = `${engine.handles} handles, ${engine.runtime.bytesInUse} bytes`
        if (epoch === 2) first = now
        if (epoch >= 2) expect(now).toBe(first)
        events++
      },
    })
    expect(events).toBe(Math.floor(steps / 22))
  })
})
