import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunRecorder, type RunReport, renderReport } from '../../src/cli/report/index.ts'
import { capture, crossEntropy, data, type Engine, init, nn, optim, spec, train } from '../../src/index.ts'
import { layerNorms, profile } from '../../src/inspect/index.ts'
import { unclosed } from './markup.ts'

let engine: Engine
beforeAll(async () => {
  engine = await init({ threads: 2, seed: 3 })
})
afterAll(() => engine.close())

/** Two well separated classes. */
const rows = 64
const set = data.arrays(
  {
    x: Float32Array.from({ length: rows * 4 }, (_, i) => (Math.floor(i / 4) % 2 === 0 ? 1 : -1) + ((i * 37) % 11) / 20),
    y: Int32Array.from({ length: rows }, (_, i) => i % 2),
  },
  { shapes: { x: [4] } },
)

const some: RunReport = {
  title: 'a run',
  cards: [
    { kind: 'curves', title: 'Loss', xLabel: 'step', curves: [{ name: 'loss', x: [1, 2], y: [1, Number.NaN] }] },
    { kind: 'layers', title: 'Norms', xLabel: 'step', x: [1, 2], layers: [{ name: 'a', y: [1, 2] }] },
    { kind: 'confusion', title: 'Confusion', classes: 2, counts: [3, 1, 0, 4], names: ['cat', 'dog'] },
    {
      kind: 'samples',
      title: 'Samples',
      note: 'of the test',
      samples: [
        { image: { pixels: [0, 1, 1, 0], rows: 2, columns: 2 }, actual: 'cat', predicted: 'dog', confidence: 0.7 },
        { text: 'a row', predicted: 'dog' },
      ],
    },
    { kind: 'facts', title: 'Run', rows: [['threads', '2']] },
    { kind: 'text', title: 'Sample', note: 'made up', text: 'one\n two' },
  ],
  tiles: [{ value: '98 %', label: 'accuracy' }],
  footer: { text: 'Again:', command: 'chainrule train' },
}

describe('a report', () => {
  it('shows every card, well-formed and without anything from outside', () => {
    const page = renderReport(some)
    expect(unclosed(page)).toEqual([])
    expect(page).not.toMatch(/undefined|\[object|NaN|Infinity/)
    expect(page).not.toMatch(/<script|<link|<iframe|@import|url\(/i)
    for (const part of [
      '98 %',
      'Loss',
      'Norms',
      'cat taken for dog: 1 of 4',
      '70 % sure',
      'threads',
      'one\n two',
      'Again:',
    ])
      expect(page).toContain(part)
    expect(page.match(/<section class="card/g)).toHaveLength(6)
    expect(page).toContain('<b>cat</b> taken for <b class="wrong">dog</b>')
    expect(page).toContain('src="data:image/png;base64,')
  })

  it('escapes whatever it is given', () => {
    const evil = '"><script>alert(1)</script>'
    const change = (value: unknown): unknown =>
      typeof value === 'string'
        ? ['curves', 'layers', 'confusion', 'samples', 'facts', 'text', 'number', 'percent'].includes(value)
          ? value
          : evil
        : Array.isArray(value)
          ? value.map(change)
          : typeof value === 'object' && value !== null
            ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, change(inner)]))
            : value
    const page = renderReport(change(some) as RunReport)
    expect(page).not.toContain('<script')
    expect(unclosed(page)).toEqual([])
  })

  it('draws a heat map of many layers', () => {
    const layers = Array.from({ length: 12 }, (_, i) => ({ name: `layer ${i}`, y: [0, 1 + i, 2] }))
    const page = renderReport({
      title: 'deep',
      cards: [{ kind: 'layers', title: 'Norms', xLabel: 'step', x: [1, 2, 3], layers }],
    })
    expect(page.match(/class="heat"/g)).toHaveLength(24)
    expect(page).not.toMatch(/NaN|Infinity|undefined/)
    expect(unclosed(page)).toEqual([])
  })

  it('copes with nothing', () => {
    const page = renderReport({
      title: 'empty',
      cards: [{ kind: 'curves', title: 'Loss', xLabel: 'step', curves: [] }],
    })
    expect(page).toContain('nothing yet')
    expect(page).not.toMatch(/NaN|Infinity|undefined/)
  })
})

describe('a recorder', () => {
  it('makes the report of a run of fit, with norms, rate, metrics, matrix and timeline', async () => {
    const model = nn.sequential([nn.linear(4, 64), nn.relu(), nn.linear(64, 2)])
    const optimizer = optim.sgd(model, { lr: optim.schedule.cosine(0.1, { steps: 40 }) })
    const recorder = new RunRecorder()
    const trainer = new train.Trainer(model, set, {
      optimizer,
      loss: crossEntropy,
      validation: set,
      epochs: 5,
      batch: 8,
      metrics: { accuracy: train.accuracy(), confusion: train.confusion() },
      watch: layerNorms(model),
    })
    for await (const event of trainer) recorder.add(event)
    const step = capture(({ x }) => ({ y: model.forward(x) }), { x: spec([8, 4]) })
    const timeline = await profile(step, { rounds: 2, model })
    const report = recorder.report({ title: 'two classes', timeline, classes: ['even', 'odd'] })
    expect(report.cards.map(({ title }) => title)).toEqual([
      'Loss',
      'Accuracy',
      'Learning rate',
      'Norms of gradients',
      'Norms of weights',
      'Confusion matrix',
      'Timeline of one step',
    ])
    const [loss, accuracy, , gradients, , matrix] = report.cards
    if (loss?.kind !== 'curves' || accuracy?.kind !== 'curves' || gradients?.kind !== 'layers') throw new Error('cards')
    expect(loss.curves.map(({ name, x }) => [name, x.length])).toEqual([
      ['each step', 40],
      ['training loss', 40],
      ['validation loss', 5],
    ])
    expect(accuracy.curves[0]?.y).toHaveLength(5)
    expect(Array.from(accuracy.curves[0]?.y ?? []).at(-1)).toBe(1)
    expect(gradients.layers.map(({ name }) => name)).toEqual(['0 (linear)', '2 (linear)'])
    expect(matrix).toMatchObject({ kind: 'confusion', classes: 2, names: ['even', 'odd'] })
    const page = renderReport(report)
    expect(unclosed(page)).toEqual([])
    expect(page).not.toMatch(/undefined|NaN|\[object/)
    step.dispose()
    optimizer.dispose()
    model.dispose()
  })

  it('keeps a long run small, and its means', () => {
    const recorder = new RunRecorder()
    const losses = new Float32Array(1000).fill(2)
    for (let step = 1000; step <= 100_000; step += 1000)
      recorder.add({
        type: 'step',
        epoch: 1,
        step,
        steps: undefined,
        loss: 2,
        losses,
        curves: {},
        learningRate: 0.1,
        samplesPerSecond: 1,
        secondsLeft: undefined,
      })
    const [loss] = recorder.report({ title: 'long' }).cards
    if (loss?.kind !== 'curves') throw new Error('no curves')
    const [each] = loss.curves
    expect(each?.x.length).toBeGreaterThan(1000)
    expect(each?.x.length).toBeLessThanOrEqual(4096)
    expect(new Set(Array.from(each?.y ?? []))).toEqual(new Set([2]))
    expect(Array.from(each?.x ?? []).at(-1)).toBeGreaterThan(99_900)
  })
})

describe('norms of layers', () => {
  it('are those of gradients and weights, layer by layer', async () => {
    const model = nn.sequential([nn.linear(2, 1), nn.linear(1, 1)])
    const weights = [...model.namedParameters()]
    const grads = Object.fromEntries(weights.map(([name, parameter]) => [name, parameter.mul(2)]))
    const norms = layerNorms(model)({ grads })
    const of = (layer: string): number =>
      Math.hypot(...weights.filter(([name]) => name.startsWith(layer)).flatMap(([, w]) => [...w.dataSync()]))
    expect(Object.keys(norms).sort()).toEqual([
      'gradient norm: 0 (linear)',
      'gradient norm: 1 (linear)',
      'weight norm: 0 (linear)',
      'weight norm: 1 (linear)',
    ])
    for (const layer of ['0', '1']) {
      expect(norms[`weight norm: ${layer} (linear)`]?.item()).toBeCloseTo(of(layer), 5)
      expect(norms[`gradient norm: ${layer} (linear)`]?.item()).toBeCloseTo(2 * of(layer), 5)
    }
    model.dispose()
  })
})
