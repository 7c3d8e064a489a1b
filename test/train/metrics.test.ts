import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  ArgumentError,
  crossEntropy,
  data,
  type Engine,
  init,
  mse,
  nn,
  ShapeError,
  type Tensor,
  train,
} from '../../src/index.ts'
import { Same } from '../helpers/models.ts'
import { uniform } from '../helpers/points.ts'

let engine: Engine
beforeAll(async () => {
  engine = await init({ threads: 2, seed: 1 })
})
afterAll(() => engine.close())

const next = uniform(7)
const ROWS = 1500
const CLASSES = 4
const scores = Float32Array.from({ length: ROWS * CLASSES }, () => 4 * next() - 2)
const labels = Int32Array.from({ length: ROWS }, (_, i) => {
  if (next() < 0.5) return Math.floor(next() * CLASSES)
  const row = [...scores.subarray(i * CLASSES, (i + 1) * CLASSES)]
  return row.indexOf(Math.max(...row))
})
const classified = data.arrays({ x: scores, y: labels }, { shapes: { x: [CLASSES] } })

/** A value for each row, the class first. */
const perRow = (of: (row: number[], label: number) => number): number[] =>
  Array.from(labels, (label, i) => of([...scores.subarray(i * CLASSES, (i + 1) * CLASSES)], label))
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length
const best = (row: readonly number[]): number => row.indexOf(Math.max(...row))

async function measure<M extends train.Metrics>(
  set: data.Dataset<'x' | 'y'>,
  metrics: M,
  batch = 128,
): Promise<train.Values<M>> {
  using model = new Same()
  return (await train.evaluate(model, set, { metrics, batch })).metrics
}

describe('metrics of classes', () => {
  it('are what a loop over the rows says', async () => {
    const seen = await measure(classified, {
      accuracy: train.accuracy(),
      top2: train.topK(2),
      top4: train.topK(4),
      confusion: train.confusion(),
      perplexity: train.perplexity(),
      precision: train.precision(),
      recall: train.recall({ average: 'weighted' }),
      micro: train.f1({ average: 'micro' }),
      macro: train.f1({ average: 'macro' }),
      second: train.precision({ average: 2 }),
    })
    const accuracy = mean(perRow((row, y) => (best(row) === y ? 1 : 0)))
    expect(seen.accuracy).toBeCloseTo(accuracy, 12)
    expect(seen.top2).toBeCloseTo(
      mean(perRow((row, y) => (row.filter((s) => s > (row[y] as number)).length < 2 ? 1 : 0))),
      12,
    )
    expect(seen.top4).toBe(1)
    const entropy = mean(
      perRow((row, y) => Math.log(row.reduce((sum, s) => sum + Math.exp(s), 0)) - (row[y] as number)),
    )
    expect(seen.perplexity).toBeCloseTo(Math.exp(entropy), 5)
    const counts = new Int32Array(CLASSES * CLASSES)
    perRow((row, y) => (counts[y * CLASSES + best(row)] = (counts[y * CLASSES + best(row)] as number) + 1))
    expect(seen.confusion).toEqual({ classes: CLASSES, counts })
    const at = (i: number, j: number): number => counts[i * CLASSES + j] as number
    const all = [0, 1, 2, 3]
    const taken = all.map((c) => all.reduce((sum, i) => sum + at(i, c), 0))
    const truly = all.map((c) => all.reduce((sum, j) => sum + at(c, j), 0))
    const precision = all.map((c) => at(c, c) / (taken[c] as number))
    const recall = all.map((c) => at(c, c) / (truly[c] as number))
    expect(seen.precision).toBeCloseTo(mean(precision), 12)
    expect(seen.recall).toBeCloseTo(accuracy, 12)
    expect(seen.micro).toBeCloseTo(accuracy, 12)
    expect(seen.macro).toBeCloseTo(
      mean(
        all.map((c) => {
          const [p, r] = [precision[c] as number, recall[c] as number]
          return (2 * p * r) / (p + r)
        }),
      ),
      12,
    )
    expect(seen.second).toBeCloseTo(precision[2] as number, 12)
  })

  it('do not depend on the batches', async () => {
    const metrics = { accuracy: train.accuracy(), confusion: train.confusion(), f1: train.f1() }
    const one = await measure(classified, metrics, ROWS)
    for (const batch of [1500, 7, 100]) expect(await measure(classified, metrics, batch)).toEqual(one)
  })

  it('take logits of two classes in one column', async () => {
    const x = Float32Array.of(3, -1, 0.5, -2, 1, -0.1)
    const y = Float32Array.of(1, 0, 0, 0, 1, 1)
    const set = data.arrays({ x, y }, { shapes: { x: [1], y: [1] } })
    const seen = await measure(set, {
      accuracy: train.accuracy(),
      high: train.accuracy({ threshold: 0.7 }),
      confusion: train.confusion(),
      precision: train.precision(),
      recall: train.recall(),
      f1: train.f1(),
    })
    expect(seen.accuracy).toBeCloseTo(4 / 6, 12)
    expect(seen.high).toBeCloseTo(5 / 6, 12)
    expect([...seen.confusion.counts]).toEqual([2, 1, 1, 2])
    expect(seen.precision).toBeCloseTo(2 / 3, 12)
    expect(seen.recall).toBeCloseTo(2 / 3, 12)
    expect(seen.f1).toBeCloseTo(2 / 3, 12)
  })

  it('score 0 where a class was never taken', async () => {
    const set = data.arrays({ x: Float32Array.of(1, 0, 1, 0), y: Int32Array.of(0, 1) }, { shapes: { x: [2] } })
    expect(await measure(set, { p: train.precision(), r: train.recall(), f: train.f1() })).toEqual({ p: 0, r: 0, f: 0 })
  })
})

describe('metrics of numbers', () => {
  it('are what a loop says, also far from zero', async () => {
    for (const offset of [0, 2000]) {
      const y = Float32Array.from({ length: 900 }, () => offset + 10 * next())
      const x = Float32Array.from(y, (v) => v + 4 * (next() - 0.5))
      const set = data.arrays({ x, y }, { shapes: { x: [1] } })
      const seen = await measure(set, {
        mse: train.meanSquaredError(),
        mae: train.meanAbsoluteError(),
        r2: train.r2(),
        bias: train.mean((output, target) => output.sub(target.reshape(output.shape))),
      })
      const errors = Array.from(y, (v, i) => (x[i] as number) - v)
      const center = mean([...y])
      const residual = mean(errors.map((e) => e * e))
      expect(seen.mse).toBeCloseTo(residual, 4)
      expect(seen.mae).toBeCloseTo(mean(errors.map(Math.abs)), 4)
      expect(seen.bias).toBeCloseTo(mean(errors), 4)
      expect(seen.r2).toBeCloseTo(1 - residual / mean(Array.from(y, (v) => (v - center) ** 2)), 4)
    }
  })

  it('take a metric of your own, with sums of any shape', async () => {
    const columns: train.Metric<number[]> = {
      sums: (output) => ({
        total: output.sum(0),
        rows: output
          .slice([0, 0], [output.shape[0] as number, 1])
          .mul(0)
          .add(1)
          .sum(),
      }),
      value: ({ total, rows }) => Array.from(total as Float64Array, (v) => v / (rows?.[0] as number)),
    }
    const seen = await measure(classified, { columns })
    for (const [c, value] of seen.columns.entries())
      expect(value).toBeCloseTo(mean(perRow((row) => row[c] as number)), 5)
  })
})

describe('evaluate and predict', () => {
  it('give loss, rows and outputs in order', async () => {
    using model = nn.sequential([nn.linear(CLASSES, 3), nn.dropout(0.5)])
    const set = data.arrays({ x: scores, y: labels.map((label) => label % 3) }, { shapes: { x: [CLASSES] } })
    const before = engine.handles
    const bytes = engine.runtime.bytesInUse
    const all = await train.predict(model, set, { batch: 400 })
    expect(all.shape).toEqual([ROWS, 3])
    const { loss, rows } = await train.evaluate(model, set, { loss: crossEntropy })
    expect(rows).toBe(ROWS)
    let sum = 0
    for (let i = 0; i < ROWS; i++) {
      const row = [...all.data.subarray(i * 3, i * 3 + 3)]
      sum += Math.log(row.reduce((a, b) => a + Math.exp(b), 0)) - (row[(labels[i] as number) % 3] as number)
    }
    expect(loss).toBeCloseTo(sum / ROWS, 5)
    const parts: number[] = []
    const stream: data.BatchStream<'x'> = {
      async *epoch() {
        for (let at = 0; at < ROWS; at += 600) {
          const x = scores.subarray(at * CLASSES, (at + 600) * CLASSES)
          yield data.arrays({ x }, { shapes: { x: [CLASSES] } })
        }
      },
    }
    for await (const { data: values } of train.predictions(model, stream)) parts.push(...values)
    expect(parts).toEqual([...all.data])
    expect(engine.handles).toBe(before)
    await train.predict(model, set, { batch: 400 })
    const settled = engine.runtime.bytesInUse
    await train.predict(model, set, { batch: 400 })
    expect(engine.runtime.bytesInUse).toBe(settled)
    expect(settled).toBeGreaterThanOrEqual(bytes)
  })

  it('name what does not fit', async () => {
    using model = new Same()
    await expect(train.evaluate(model, classified)).rejects.toThrow(/nothing to measure/)
    await expect(train.evaluate(model, classified, null as never)).rejects.toThrow(/no options/)
    const numbers = data.arrays({ x: scores, y: Float32Array.from(labels) }, { shapes: { x: [CLASSES] } })
    await expect(measure(numbers, { accuracy: train.accuracy() })).rejects.toThrow(ShapeError)
    await expect(measure(numbers, { top: train.topK(2) })).rejects.toThrow(ShapeError)
    await expect(measure(classified, { auc: train.auc({ approximate: true }) })).rejects.toThrow(ShapeError)
    await expect(measure(classified, { r2: train.r2() })).rejects.toThrow(ShapeError)
    await expect(measure(classified, { p: train.precision({ average: 4 }) })).rejects.toThrow(ArgumentError)
    expect(() => train.topK(0)).toThrow(ArgumentError)
    expect(() => train.f1({ average: 'mean' as never })).toThrow(ArgumentError)
    await expect(train.evaluate(model, classified, {})).rejects.toThrow(ArgumentError)
    await expect(train.evaluate(model, classified, { loss: mse, batch: 0 })).rejects.toThrow(ArgumentError)
    const average = (x: Tensor): Tensor => x.mean(0)
    await expect(train.predict(model, classified, { forward: ({ x }) => average(x) })).rejects.toThrow(ShapeError)
    await expect(train.predict(model, Float32Array.of(1) as never)).rejects.toThrow(/predict: .*data set.*Float32Array/)
    await expect(train.evaluate(model, undefined as never, { loss: mse })).rejects.toThrow(
      /evaluate: .*data set.*undefined/,
    )
    const stream = data.batches(classified, { batch: 4 })
    await expect(train.predict(model, stream as never)).rejects.toThrow(/predictions\(model, stream\)/)
  })
})
