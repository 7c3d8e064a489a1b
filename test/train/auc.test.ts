import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { crossEntropy, data, type Engine, init, nn, optim, ShapeError, train } from '../../src/index.ts'
import { Same } from '../helpers/models.ts'
import { clouds, uniform } from '../helpers/points.ts'

let engine: Engine
let model: Same
beforeAll(async () => {
  engine = await init({ threads: 2, seed: 1 })
  model = new Same()
})
afterAll(() => engine.close())

const next = uniform(7)

async function measured(
  set: data.Dataset<'x' | 'y'>,
  batch: number | undefined,
  options?: train.AucOptions,
): Promise<number> {
  return (await train.evaluate(model, set, { metrics: { auc: train.auc(options) }, batch })).metrics.auc
}

/** Over all pairs. */
const area = (s: ArrayLike<number>, y: ArrayLike<number>): number => {
  let [right, pairs] = [0, 0]
  for (let i = 0; i < s.length; i++)
    for (let j = 0; j < s.length; j++) {
      if (y[i] !== 1 || y[j] !== 0) continue
      pairs++
      const [a, b] = [s[i] as number, s[j] as number]
      right += a > b ? 1 : a === b ? 0.5 : 0
    }
  return right / pairs
}

describe('auc', () => {
  it('of more classes is the mean of each against the rest', async () => {
    const rows = 60
    const x = Float32Array.from({ length: 3 * rows }, () => 4 * next() - 2)
    const y = Int32Array.from({ length: rows }, (_, i) => i % 3)
    const set = data.arrays({ x, y }, { shapes: { x: [3] } })
    let mean = 0
    for (let k = 0; k < 3; k++) {
      const scores = Array.from(y, (_, i) => {
        const row = [...x.subarray(3 * i, 3 * i + 3)].map(Math.exp)
        return (row[k] as number) / row.reduce((sum, e) => sum + e)
      })
      mean +=
        area(
          scores,
          Array.from(y, (label) => (label === k ? 1 : 0)),
        ) / 3
    }
    expect(await measured(set, 7)).toBeCloseTo(mean, 12)
    const two = data.arrays({ x, y: y.map((label) => label % 2) }, { shapes: { x: [3] } })
    expect(await measured(two, 7)).toBeNaN()
  })

  const rows = 2000
  const y = Int32Array.from({ length: rows }, () => (next() < 0.3 ? 1 : 0))
  // Close together, with many equal ones: ranks of a fixed number would not tell them apart.
  const x = Float32Array.from(y, (label) => 5 + Math.fround(Math.round(300 * next() + 40 * label) * 1e-6))
  const one = data.arrays({ x, y: Float32Array.from(y) }, { shapes: { x: [1], y: [1] } })

  it('is the part of the pairs in the right order, to the last of them', async () => {
    const exact = area(x, y)
    expect(exact).toBeGreaterThan(0.55)
    expect(new Set(x).size).toBeLessThan(rows / 4)
    for (const batch of [undefined, rows, 64, 7, 1]) expect(await measured(one, batch)).toBe(exact)
    const two = Float32Array.from({ length: 2 * rows }, (_, i) => (i % 2 === 0 ? 0 : (x[i >> 1] as number)))
    expect(await measured(data.arrays({ x: two, y }, { shapes: { x: [2] } }), 100)).toBe(exact)
  })

  it('keeps nothing in the engine when it is done', async () => {
    await measured(one, 64)
    const [handles, bytes] = [engine.handles, engine.runtime.bytesInUse]
    await measured(one, 64)
    expect([engine.handles, engine.runtime.bytesInUse]).toEqual([handles, bytes])
  })

  it('takes streams of batches of all sizes', async () => {
    const sizes = [1, 3, 500, 2, 3, 900, 591]
    const stream: data.BatchStream<'x' | 'y'> = {
      async *epoch() {
        let at = 0
        for (const size of sizes) {
          yield data.take(
            one,
            Array.from({ length: size }, (_, i) => at + i),
          )
          at += size
        }
      },
    }
    const { metrics } = await train.evaluate(model, stream, { metrics: { auc: train.auc() } })
    expect(metrics.auc).toBe(area(x, y))
  })

  it('counts equal scores half, ranks infinities, and is NaN without a class or with NaN', async () => {
    const of = (values: readonly number[], labels: readonly number[], options?: train.AucOptions): Promise<number> =>
      measured(
        data.arrays({ x: Float32Array.from(values), y: Int32Array.from(labels) }, { shapes: { x: [1] } }),
        undefined,
        options,
      )
    for (const options of [{}, { approximate: true }]) {
      expect(await of([1, 1, 1, 1], [0, 1, 0, 1], options)).toBe(0.5)
      expect(await of([0, -0], [0, 1], options)).toBe(0.5)
      expect(await of([-Infinity, Infinity], [0, 1], options)).toBe(1)
      expect(await of([3, 2], [0, 1], options)).toBe(0)
      expect(await of([3, 2], [1, 1], options)).toBeNaN()
      expect(await of([3, Number.NaN], [0, 1], options)).toBeNaN()
    }
  })

  it('is near by where memory may not grow, and says what it cannot take', async () => {
    const wide = Float32Array.from(y, (label) => 12 * (next() - 0.5) + 2 * label)
    const set = data.arrays({ x: wide, y }, { shapes: { x: [1] } })
    const near = await measured(set, 128, { approximate: true })
    expect(near).not.toBe(area(wide, y))
    expect(Math.abs(near - area(wide, y))).toBeLessThan(2e-4)
    const three = data.arrays({ x: new Float32Array(6), y: new Int32Array(2) }, { shapes: { x: [3] } })
    await expect(measured(three, 2, { approximate: true })).rejects.toThrow(ShapeError)
  })

  it('is measured of training rows as they go by, in parts of a batch and across a checkpoint', async () => {
    const set = data.arrays(clouds(90, 4, 2), { shapes: { x: [4] } })
    const run = async (accumulate: number, resume?: train.Checkpoint) => {
      engine.generator.restore(Int32Array.of(4, 4, 4, 0))
      const net = nn.sequential([nn.linear(4, 2)])
      const saved: train.Checkpoint[] = []
      const { history } = await train.fit(net, set, {
        loss: crossEntropy,
        optimizer: optim.sgd(net, { lr: 0 }),
        epochs: 2,
        batch: 8,
        accumulate,
        metrics: { auc: train.auc() },
        checkpoint: { everySteps: 5, to: { save: (checkpoint) => void saved.push(checkpoint) } },
        resume,
      })
      const { metrics } = await train.evaluate(net, set, { metrics: { auc: train.auc() } })
      return { aucs: history.map((event) => event.metrics?.auc), whole: metrics.auc, saved }
    }
    const first = await run(1)
    expect(first.aucs).toEqual([first.whole, first.whole])
    expect((await run(3)).aucs).toEqual(first.aucs)
    const middle = train.decodeCheckpoint(train.encodeCheckpoint(first.saved[2] as train.Checkpoint))
    expect(middle.progress).toMatchObject({ epoch: 1, stepInEpoch: 3 })
    expect((await run(1, middle)).aucs).toEqual(first.aucs)
  })
})
