import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { crossEntropy, data, type Engine, init, nn, optim, train } from '../../src/index.ts'
import { clouds } from '../helpers/points.ts'

let engine: Engine
beforeEach(async () => {
  engine = await init({ threads: 2, seed: 3 })
})
afterEach(() => engine.close())

const set = data.arrays(clouds(4096, 16, 3), { shapes: { x: [16] } })
const network = (): nn.Sequential => nn.sequential([nn.linear(16, 64), nn.relu(), nn.linear(64, 3)])

/** Calls of the executor, and whether one is under way. */
function watch(): { readonly repeats: number[]; busy: () => boolean } {
  const repeats: number[] = []
  let under = 0
  const original = engine.runtime.runAsync.bind(engine.runtime)
  vi.spyOn(engine.runtime, 'runAsync').mockImplementation(async (...args) => {
    repeats.push(args[1])
    under++
    try {
      return await original(...args)
    } finally {
      under--
    }
  })
  return { repeats, busy: () => under > 0 }
}

describe('a run of many steps', () => {
  it('calls the executor once for hundreds of them, and JavaScript is free meanwhile', async () => {
    const model = network()
    const seen = watch()
    let events = 0
    const { steps } = await train.fit(model, set, {
      loss: crossEntropy,
      optimizer: optim.adam(model),
      epochs: 4,
      batch: 4,
      chunkMilliseconds: 1e9,
      onStep: () => void events++,
    })
    expect(steps).toBe(4096)
    // 1, 4, 16, 64 and 256 steps to learn how long one takes; then whole epochs.
    expect(events).toBeLessThan(12)
    const many = seen.repeats.filter((repeat) => repeat > 1)
    expect(many.reduce((sum, repeat) => sum + repeat, 0)).toBeGreaterThanOrEqual(4096 - 1)
    expect(many.length).toBeLessThan(12)
  })

  it('writes the next batches of a stream while the threads compute on those before', async () => {
    const seen = watch()
    const made = { busy: 0, all: 0 }
    const stream: data.BatchStream<'x' | 'y'> = {
      async *epoch() {
        for (let at = 0; at < 128; at++) {
          await new Promise((resolve) => setTimeout(resolve))
          made.all++
          if (seen.busy()) made.busy++
          yield data.take(
            set,
            Array.from({ length: 1024 }, (_, i) => (at + i) % 4096),
          )
        }
      },
    }
    const model = network()
    await train.fit(model, stream, { loss: crossEntropy, optimizer: optim.adam(model), epochs: 1 })
    expect(made.all).toBe(128)
    expect(made.busy).toBeGreaterThan(3)
  })
})
