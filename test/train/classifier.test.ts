import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { numericGradients } from '../../src/check/index.ts'
import {
  ArgumentError,
  crossEntropy,
  DataError,
  data,
  type Engine,
  init,
  nn,
  optim,
  ShapeError,
  scope,
  train,
  valueAndGrad,
} from '../../src/index.ts'
import { clouds, twoMoons } from '../helpers/points.ts'

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
}: Job): Promise<train.TrainEvent[]> {
  const engine = await init({ threads, seed: 12 })
  try {
    const model = nn.sequential([nn.linear(2, 24), nn.tanh(), nn.dropout(dropout), nn.linear(24, 2)])
    const optimizer = optim.adamw(model, { lr: optim.schedule.cosine(0.02, { steps: 13 * epochs, warmup: 3 }) })
    const events: train.TrainEvent[] = []
    for await (const event of train.trainClassifier({
      model,
      train: set,
      test: moons(60, 2),
      optimizer,
      epochs,
      batch: 32,
      shuffle: 4,
      gradients,
      chunkMilliseconds,
    }))
      events.push(event)
    return events
  } finally {
    await engine.close()
  }
}

const done = (events: readonly train.TrainEvent[]): train.DoneEvent => events.at(-1) as train.DoneEvent

describe('trainClassifier', () => {
  it('learns, and tells how', async () => {
    const events = await run({ epochs: 40, set: moons(400) })
    const steps = events.filter((event) => event.type === 'step')
    const epochs = events.filter((event) => event.type === 'epoch')
    const end = done(events)
    expect(end.type).toBe('done')
    expect(end.testAccuracy).toBeGreaterThan(0.95)
    expect(end.losses).toHaveLength(40 * 13)
    expect(end.losses.every(Number.isFinite)).toBe(true)
    expect(steps.flatMap(({ losses }) => [...losses])).toEqual([...end.losses])
    expect(steps.at(-1)?.step).toBe(end.steps)
    expect(steps.at(-1)?.secondsLeft).toBe(0)
    expect(epochs.map(({ epoch }) => epoch)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1))
    expect(epochs.at(-1)?.loss).toBeLessThan((epochs[0]?.loss ?? 0) / 2)
    expect(epochs.at(-1)?.accuracy).toBe(end.testAccuracy)
    const { classes, counts } = end.confusion as train.Confusion
    expect(classes).toBe(2)
    expect(counts.reduce((sum, n) => sum + n, 0)).toBe(60)
    expect(((counts[0] as number) + (counts[3] as number)) / 60).toBeCloseTo(end.testAccuracy as number, 12)
    expect((counts[0] as number) + (counts[1] as number)).toBe(30)
  })

  it('gives the same weights for 1, 2, 3, 4 and 8 threads, with dropout and shuffling', async () => {
    const hashes = new Set<string>()
    for (const threads of [1, 2, 3, 4, 8])
      hashes.add(done(await run({ threads, dropout: 0.25, epochs: 6 })).weightsHash)
    expect([...hashes]).toHaveLength(1)
    expect([...hashes][0]).toMatch(/^[0-9a-f]{64}$/)
  })

  it('gives the same weights however the steps are cut into chunks', async () => {
    const a = done(await run({ dropout: 0.25, chunkMilliseconds: 1e-9 }))
    const b = done(await run({ dropout: 0.25, chunkMilliseconds: 1e9 }))
    expect(a.weightsHash).toBe(b.weightsHash)
    expect(a.losses).toEqual(b.losses)
  })

  it('follows the same curve with numeric gradients', async () => {
    const analytic = done(await run({ epochs: 2 })).losses
    const numeric = done(await run({ epochs: 2, gradients: numericGradients })).losses
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
      const options = { model, train: moons(100), optimizer, epochs: 1000, batch: 10, signal: controller.signal }
      const stopped = (async () => {
        let steps = 0
        for await (const event of train.trainClassifier(options)) {
          if (event.type === 'step') steps = event.step
          if (steps > 25) controller.abort(new Error('enough'))
        }
      })()
      await expect(stopped).rejects.toThrow('enough')
      expect(optimizer.steps.item()).toBeGreaterThan(25)
      expect(optimizer.steps.item()).toBeLessThan(10_000)
      for await (const event of train.trainClassifier({ ...options, signal: undefined, epochs: 1 }))
        if (event.type === 'done') expect(event.losses.every(Number.isFinite)).toBe(true)
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
        for await (const event of train.trainClassifier({
          model,
          train: moons(50),
          test: moons(20),
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
    const good = { model, train: moons(20), optimizer, epochs: 1, batch: 8 }
    const { x, y } = twoMoons(20)
    const wrong: [Partial<train.TrainOptions>, new (...args: never[]) => Error][] = [
      [{ epochs: 0 }, ArgumentError],
      [{ epochs: 1.5 }, ArgumentError],
      [{ batch: 0 }, ArgumentError],
      [{ chunkMilliseconds: 0 }, ArgumentError],
      [{ clipNorm: -1 }, ArgumentError],
      [{ gradients: 'numeric' as unknown as train.GradientFunction }, ArgumentError],
      [{ train: data.arrays({ x, y: Float32Array.from(y) }, { shapes: { x: [2] } }) as Set }, DataError],
      [{ train: data.arrays({ x }, { shapes: { x: [2] } }) as Set }, DataError],
      [{ train: data.arrays({ x, y: y.map((label) => label * 2) }, { shapes: { x: [2] } }) }, DataError],
      [{ test: data.arrays({ x, y: y.map((label) => label - 1) }, { shapes: { x: [2] } }) }, DataError],
      [{ train: data.arrays(clouds(20, 3, 2), { shapes: { x: [3] } }) }, ShapeError],
    ]
    const before = await model.stateDict()
    for (const [options, kind] of wrong)
      await expect(
        train.trainClassifier({ ...good, ...options }).next(),
        JSON.stringify(Object.keys(options)),
      ).rejects.toThrow(kind)
    await expect(train.trainClassifier({ ...good, signal: AbortSignal.abort(new Error('no')) }).next()).rejects.toThrow(
      'no',
    )
    expect(await model.stateDict()).toEqual(before)
    expect(optimizer.steps.item()).toBe(0)
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
          for await (const event of train.trainClassifier({
            model,
            train: set,
            optimizer,
            epochs: 3,
            batch: 16,
            shuffle: 2,
          }))
            if (event.type === 'step') curve.push(...event.losses)
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
