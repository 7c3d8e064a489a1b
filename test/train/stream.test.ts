import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { crossEntropy, DataError, data, type Engine, init, nn, optim, train } from '../../src/index.ts'
import { clouds } from '../helpers/points.ts'

type Rows = data.Dataset<'x' | 'y'>
const set: Rows = data.arrays(clouds(70, 5, 3), { shapes: { x: [5] } })

/** The batches of a loader's epochs, as a stream. */
function batched(batch: number, seed: number, wait?: () => Promise<void>): data.BatchStream<'x' | 'y'> {
  return {
    async *epoch(n) {
      using batches = data.loader(set, { batch, shuffle: seed })
      await batches.begin(n)
      const order = await batches.order()
      for (let at = 0; at < order.length; at += batch) {
        await wait?.()
        yield data.take(set, order.slice(at, at + batch))
      }
    },
  }
}

let engine: Engine
beforeEach(async () => {
  engine = await init({ threads: 2, seed: 3 })
})
afterEach(() => engine.close())

const network = (): nn.Sequential => nn.sequential([nn.linear(5, 16), nn.relu(), nn.dropout(0.2), nn.linear(16, 3)])

describe('a stream of batches', () => {
  it('gives the bits of the same rows in memory, smaller last batches included', async () => {
    const hashes: string[] = []
    const curves: Float32Array[] = []
    for (const source of [
      set,
      batched(16, 3),
      batched(16, 3, () => new Promise((resolve) => setTimeout(resolve, 1))),
    ]) {
      engine.generator.restore(Int32Array.of(9, 9, 9, 9))
      using model = network()
      using optimizer = optim.adam(model, { lr: 0.01 })
      const options = { loss: crossEntropy, optimizer, epochs: 4, ...(source === set ? { batch: 16 } : {}) }
      const { losses, epochs } = await train.fit(model, source, options)
      expect(epochs).toBe(4)
      curves.push(losses)
      hashes.push(train.hashState(await model.stateDict()))
    }
    expect(curves[0]).toHaveLength(20)
    expect(curves[1]).toEqual(curves[0])
    expect(curves[2]).toEqual(curves[0])
    expect(new Set(hashes).size).toBe(1)
  })

  it('reads ahead while steps run, and no further than its slots', async () => {
    let made = 0
    const stream: data.BatchStream<'x' | 'y'> = {
      async *epoch() {
        for (;;) {
          made++
          yield data.take(set, [made % 70, (made + 1) % 70])
        }
      },
    }
    const model = network()
    const ahead: number[] = []
    await train.fit(model, stream, {
      loss: crossEntropy,
      optimizer: optim.sgd(model, { lr: 0.1 }),
      steps: 200,
      onStep: ({ step }) => void ahead.push(made - step),
    })
    expect(Math.max(...ahead)).toBeGreaterThan(1)
    expect(Math.max(...ahead)).toBeLessThanOrEqual(18)
  })

  it('takes batches of any number of rows, one program for each', async () => {
    const sizes = [4, 4, 7, 4, 1, 7, 7]
    const stream: data.BatchStream<'x' | 'y'> = {
      async *epoch() {
        for (const size of sizes)
          yield data.take(
            set,
            Array.from({ length: size }, (_, i) => i),
          )
      },
    }
    const model = network()
    const seen: number[] = []
    const { steps, history } = await train.fit(model, stream, {
      loss: crossEntropy,
      optimizer: optim.sgd(model, { lr: 0.1 }),
      epochs: 2,
      validation: stream,
      onStep: ({ losses }) => void seen.push(losses.length),
    })
    expect(steps).toBe(14)
    expect(seen.reduce((a, b) => a + b)).toBe(14)
    expect(history[0]?.validation?.rows).toBe(34)
  })

  it('ends with the error of the stream, after the batches before it', async () => {
    const broken = (fault: () => unknown): data.BatchStream<'x' | 'y'> => ({
      async *epoch() {
        yield data.take(set, [0, 1])
        yield data.take(set, [2, 3])
        yield fault() as Rows
      },
    })
    const faults: [() => unknown, RegExp][] = [
      [
        () => {
          throw new Error('the disk is gone')
        },
        /the disk is gone/,
      ],
      [() => undefined, /batch 2 of the stream: no batch.*undefined/],
      [() => ({ x: [1], y: 0 }), /batch 2 of the stream: no batch.*Object.*\.batch\(size\)/],
      [() => data.take(set, []), /batch 2 of the stream: an empty batch/],
      [() => ({ size: 2, columns: { x: { data: new Float32Array(9), shape: [5] } } }), /batch 2 .*column 'x'/],
      [() => ({ size: 1, columns: { x: { data: [1], shape: [] } } }), /batch 2 .*column 'x'/],
    ]
    const before = engine.handles
    for (const [fault, message] of faults) {
      using model = network()
      using optimizer = optim.sgd(model, { lr: 0.1 })
      const trainer = new train.Trainer(model, broken(fault), { loss: crossEntropy, optimizer, epochs: 1 })
      await expect(trainer.run()).rejects.toThrow(message)
      expect(trainer.step).toBe(2)
    }
    const empty: data.BatchStream<'x' | 'y'> = { async *epoch() {} }
    using model = network()
    using optimizer = optim.sgd(model, { lr: 0.1 })
    await expect(train.fit(model, empty, { loss: crossEntropy, optimizer, epochs: 1 })).rejects.toThrow(DataError)
    model.dispose()
    optimizer.dispose()
    expect(engine.handles).toBe(before)
  })

  it('is let go of when the run is aborted while it waits', async () => {
    let closed = false
    const slow: data.BatchStream<'x' | 'y'> = {
      epoch: () => ({
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise(() => {}),
          return: async () => {
            closed = true
            return { done: true, value: undefined }
          },
        }),
      }),
    }
    const model = network()
    const controller = new AbortController()
    const running = train.fit(model, slow, {
      loss: crossEntropy,
      optimizer: optim.sgd(model, { lr: 0.1 }),
      epochs: 1,
      signal: controller.signal,
    })
    setTimeout(() => controller.abort(new Error('no more')), 20)
    await expect(running).rejects.toThrow('no more')
    expect(closed).toBe(true)
  })
})
