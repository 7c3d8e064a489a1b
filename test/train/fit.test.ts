import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { numericGradients } from '../../src/check/index.ts'
import {
  ArgumentError,
  crossEntropy,
  DataError,
  DTypeError,
  data,
  type Engine,
  IndexError,
  init,
  nn,
  optim,
  ShapeError,
  scope,
  train,
  valueAndGrad,
} from '../../src/index.ts'
import { clouds, twoMoons } from '../helpers/points.ts'

const metrics = { accuracy: train.accuracy(), confusion: train.confusion() }
type Measured = typeof metrics
type Set = data.Dataset<'x' | 'y'>
const moons = (n: number, seed = 1): Set => data.arrays(twoMoons(n, seed), { shapes: { x: [2] } })

interface Job {
  readonly threads?: number
  readonly dropout?: number
  readonly epochs?: number
  readonly gradients?: train.GradientFunction
  readonly chunkMilliseconds?: number
  readonly set?: Set
}

/** Trains a small net in an engine of its own. */
async function run({
  threads = 2,
  dropout = 0,
  epochs = 3,
  gradients,
  chunkMilliseconds,
  set = moons(150),
}: Job): Promise<{ events: train.FitEvent<Measured>[]; done: train.DoneEvent<Measured>; hash: string }> {
  const engine = await init({ threads, seed: 12 })
  try {
    const model = nn.sequential([nn.linear(2, 24), nn.tanh(), nn.dropout(dropout), nn.linear(24, 2)])
    const optimizer = optim.adamw(model, { lr: optim.schedule.cosine(0.02, { steps: 13 * epochs, warmup: 3 }) })
    const events: train.FitEvent<Measured>[] = []
    for await (const event of new train.Trainer(model, set, {
      loss: crossEntropy,
      optimizer,
      epochs,
      batch: 32,
      seed: 4,
      validation: moons(60, 2),
      metrics,
      gradients,
      chunkMilliseconds,
    }))
      events.push(event)
    const done = events.at(-1) as train.DoneEvent<Measured>
    return { events, done, hash: train.hashState(await model.stateDict()) }
  } finally {
    await engine.close()
  }
}

describe('fit', () => {
  it('learns, and tells how', async () => {
    const { events, done } = await run({ epochs: 40, set: moons(400) })
    const steps = events.filter((event) => event.type === 'step')
    const epochs = events.filter((event) => event.type === 'epoch')
    expect(events[0]).toEqual({ type: 'begin', step: 0, steps: 40 * 13 })
    expect(done.type).toBe('done')
    expect(done.reason).toBe('finished')
    expect(done.validation?.metrics.accuracy).toBeGreaterThan(0.95)
    expect(done.losses).toHaveLength(40 * 13)
    expect(done.losses.every(Number.isFinite)).toBe(true)
    expect(steps.flatMap(({ losses }) => [...losses])).toEqual([...done.losses])
    expect(steps.at(-1)?.step).toBe(done.steps)
    expect(steps.at(-1)?.secondsLeft).toBe(0)
    expect(epochs.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
    expect(epochs.at(-1)?.loss).toBeLessThan((epochs[0]?.loss ?? 0) / 2)
    expect(epochs.at(-1)?.validation).toEqual(done.validation)
    expect(done.history).toEqual(epochs)
    const { classes, counts } = (done.validation as train.Evaluation<Measured>).metrics.confusion
    expect(classes).toBe(2)
    expect(counts.reduce((sum, n) => sum + n, 0)).toBe(60)
    const accuracy = done.validation?.metrics.accuracy as number
    expect(((counts[0] as number) + (counts[3] as number)) / 60).toBeCloseTo(accuracy, 12)
    expect((counts[0] as number) + (counts[1] as number)).toBe(30)
  })

  it('gives the same weights for 1, 2, 3, 4 and 8 threads, with dropout and shuffling', async () => {
    const hashes = new Set<string>()
    for (const threads of [1, 2, 3, 4, 8]) hashes.add((await run({ threads, dropout: 0.25, epochs: 6 })).hash)
    expect([...hashes]).toHaveLength(1)
    expect([...hashes][0]).toMatch(/^[0-9a-f]{64}$/)
  })

  it('gives the same weights however the steps are cut into chunks', async () => {
    const a = await run({ dropout: 0.25, chunkMilliseconds: 1e-9 })
    const b = await run({ dropout: 0.25, chunkMilliseconds: 1e9 })
    expect(a.events.length).toBeGreaterThan(b.events.length)
    expect(a.hash).toBe(b.hash)
    expect(a.done.losses).toEqual(b.done.losses)
  })

  it('follows the same curve with numeric gradients', async () => {
    const analytic = (await run({ epochs: 2 })).done.losses
    const numeric = (await run({ epochs: 2, gradients: numericGradients })).done.losses
    expect(numeric).toHaveLength(analytic.length)
    for (const [i, loss] of analytic.entries())
      expect(Math.abs(loss - (numeric[i] as number))).toBeLessThan(2e-4 * loss)
  })

  it('stops at a whole step when it is aborted, and can go on', async () => {
    const engine = await init({ threads: 2, seed: 1 })
    try {
      const model = nn.sequential([nn.linear(2, 8), nn.relu(), nn.linear(8, 2)])
      const optimizer = optim.sgd(model, { lr: 0.1, momentum: 0.9 })
      const controller = new AbortController()
      const options = { loss: crossEntropy, optimizer, batch: 10 }
      const trainer = new train.Trainer(model, moons(100), {
        ...options,
        epochs: 1000,
        signal: controller.signal,
        onStep({ step }) {
          if (step > 25) controller.abort(new Error('enough'))
        },
      })
      await expect(trainer.run()).rejects.toThrow('enough')
      expect(trainer.step).toBeGreaterThan(25)
      expect(trainer.step).toBeLessThan(10_000)
      expect(optimizer.steps.item()).toBe(trainer.step)
      const { losses } = await train.fit(model, moons(100), { ...options, epochs: 1 })
      expect(losses).toHaveLength(10)
      expect(losses.every(Number.isFinite)).toBe(true)
    } finally {
      await engine.close()
    }
  })

  it('leaves nothing behind', async () => {
    const engine = await init({ threads: 1, seed: 1 })
    try {
      const model = nn.sequential([nn.linear(2, 4), nn.linear(4, 2)])
      const optimizer = optim.sgd(model, { lr: 0.1 })
      const before = engine.handles
      for (let round = 0; round < 2; round++)
        for await (const event of new train.Trainer(model, moons(50), {
          loss: crossEntropy,
          validation: moons(20),
          metrics,
          trainMetrics: true,
          optimizer,
          epochs: 2,
          batch: 16,
        }))
          if (event.type === 'step') break
      expect(engine.handles).toBe(before)
    } finally {
      await engine.close()
    }
  })
})

describe('wrong calls', () => {
  let engine: Engine
  beforeAll(async () => {
    engine = await init({ threads: 1 })
  })
  afterAll(() => engine.close())

  it('are typed errors before anything happens', async () => {
    const model = nn.sequential([nn.linear(2, 2)])
    const optimizer = optim.sgd(model, { lr: 0.1 })
    const good = { loss: crossEntropy, optimizer, epochs: 1, batch: 8 }
    const { x, y } = twoMoons(20)
    type Options = train.FitOptions<'x' | 'y'>
    const wrong: [unknown, new (...args: never[]) => Error, unknown?][] = [
      [{ epochs: -1 }, ArgumentError],
      [{ epochs: 1.5 }, ArgumentError],
      [{ epochs: undefined }, ArgumentError],
      [{ steps: 3 }, ArgumentError],
      [{ batch: 0 }, ArgumentError],
      [{ seed: -1 }, ArgumentError],
      [{ accumulate: 0 }, ArgumentError],
      [{ chunkMilliseconds: 0 }, ArgumentError],
      [{ clipNorm: -1 }, ArgumentError],
      [{ clipValue: 0 }, ArgumentError],
      [{ loss: 'crossEntropy' }, ArgumentError],
      [{ optimizer: undefined }, ArgumentError],
      [{ validation: 1 }, ArgumentError],
      [{ metrics: { accuracy: 'accuracy' } }, ArgumentError],
      [{ classWeights: [1, Number.NaN] }, ArgumentError],
      [{ target: 'z' }, ArgumentError],
      [{ sampleWeight: 'x' }, ArgumentError],
      [{ earlyStopping: { patience: -1 } }, ArgumentError],
      [{ earlyStopping: { pacience: 1 } }, ArgumentError],
      [{ checkpoint: { to: 'here' } }, ArgumentError],
      [{ checkpoint: { to: { save() {} }, everySteps: 0 } }, ArgumentError],
      [{ gradients: 'numeric' }, ArgumentError],
      [{ gradients: numericGradients, accumulate: 2 }, ArgumentError],
      [{}, ArgumentError, undefined],
      [{}, DTypeError, data.arrays({ x, y: Float32Array.from(y) }, { shapes: { x: [2] } })],
      [{}, ArgumentError, data.arrays({ x }, { shapes: { x: [2] } })],
      [{}, IndexError, data.arrays({ x, y: y.map((label) => label * 2) }, { shapes: { x: [2] } })],
      [{}, DataError, data.take(moons(20), [])],
      [{}, ShapeError, data.arrays(clouds(20, 3, 2), { shapes: { x: [3] } })],
    ]
    const before = await model.stateDict()
    for (const [options, kind, ...set] of wrong)
      await expect(
        train.fit(model, (set.length > 0 ? set[0] : moons(20)) as Set, { ...good, ...(options as object) } as Options),
        JSON.stringify(options),
      ).rejects.toThrow(kind)
    await expect(train.fit(model, moons(20), { ...good, signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow(
      'no',
    )
    expect(await model.stateDict()).toEqual(before)
    expect(optimizer.steps.item()).toBe(0)
  })
})

describe('two runs on one engine', () => {
  const job = (): [nn.Module, train.FitOptions<'x' | 'y'>] => {
    const model = nn.sequential([nn.linear(2, 4), nn.tanh(), nn.linear(4, 2)])
    return [model, { loss: crossEntropy, optimizer: optim.sgd(model, { lr: 0.1 }), epochs: 2 }]
  }

  it('may not be at work at once: the later one changes nothing, the first one goes on', async () => {
    const engine = await init({ threads: 1, seed: 5 })
    try {
      const [one, two] = [job(), job()]
      const before = await two[0].stateDict()
      const first = train.fit(one[0], moons(64), one[1])
      await expect(train.fit(two[0], moons(64), two[1])).rejects.toThrow(/another run is at work on the engine/)
      expect((await first).epochs).toBe(2)
      expect(await two[0].stateDict()).toEqual(before)
      expect((await train.fit(two[0], moons(64), { ...two[1], epochs: 1 })).epochs).toBe(1)
    } finally {
      await engine.close()
    }
  })

  it('may take turns, event by event', async () => {
    const engine = await init({ threads: 1, seed: 5 })
    try {
      const [one, two] = [job(), job()]
      for await (const event of new train.Trainer(one[0], moons(64), one[1]))
        if (event.type === 'epoch') expect((await train.fit(two[0], moons(64), two[1])).epochs).toBe(2)
    } finally {
      await engine.close()
    }
  })
})

describe('a captured step', () => {
  it('computes the bits of the same steps done eagerly', async () => {
    const states: nn.State[] = []
    const losses: number[][] = []
    for (const captured of [true, false]) {
      const engine = await init({ threads: 2, seed: 5 })
      try {
        const set = moons(64)
        using batches = data.loader(set, { batch: 16, shuffle: 2 })
        const model = nn.sequential([nn.linear(2, 8), nn.gelu(), nn.dropout(0.2), nn.linear(8, 2)])
        const optimizer = optim.adam(model, { lr: 0.01 })
        const curve: number[] = []
        if (captured) {
          const options = { loss: crossEntropy, optimizer, epochs: 3, batch: 16, seed: 2 }
          curve.push(...(await train.fit(model, set, options)).losses)
        } else {
          for (let epoch = 0; epoch < 3; epoch++)
            for await (const { x, y } of batches) {
              using _ = scope()
              const { value, grads } = valueAndGrad(() => crossEntropy(model.forward(x), y), model)
              optimizer.step(grads)
              curve.push((await value.data())[0] as number)
            }
        }
        states.push(await model.stateDict())
        losses.push(curve)
      } finally {
        await engine.close()
      }
    }
    expect(losses[0]).toEqual(losses[1])
    expect(states[0]).toEqual(states[1])
  })
})
