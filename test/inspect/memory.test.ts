import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  ArgumentError,
  capture,
  DataError,
  type Engine,
  init,
  io,
  mse,
  nn,
  optim,
  type Step,
  spec,
  tensor,
  valueAndGrad,
} from '../../src/index.ts'
import { describe as described, describeText, memoryPlan, memoryText } from '../../src/inspect/index.ts'

let engine: Engine
beforeAll(async () => {
  engine = await init({ threads: 1, seed: 3 })
})
afterAll(() => engine.close())

describe('the memory plan', () => {
  it('has everything that a step keeps alive, each once and by its name, and a run takes nothing more', async () => {
    using model = nn.sequential([nn.linear(6, 16), nn.batchNorm(16), nn.relu(), nn.linear(16, 2)])
    using optimizer = optim.adam(model, { lr: 0.01 })
    using target = tensor(new Float32Array(16), [8, 2])
    using step = capture(
      ({ x }) => {
        const { value, grads } = valueAndGrad(() => mse(model.forward(x), target), model)
        optimizer.step(grads)
        return { loss: value }
      },
      { x: spec([8, 6]) },
    )
    const before = engine.runtime.bytesInUse
    const plan = memoryPlan(step, { model, optimizers: [optimizer] })
    expect(plan.bytes).toBe(step.peakBytes)
    expect(plan.items.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(plan.bytes)
    const weights = 4 * (6 * 16 + 16 + 16 + 16 + 16 * 2 + 2)
    expect(plan.totals.parameters).toBe(weights)
    expect(plan.totals['model state']).toBe(4 * 2 * 16)
    expect(plan.totals.optimizer).toBeGreaterThanOrEqual(2 * weights)
    expect(plan.totals.inputs).toBe(8 * 6 * 4)
    expect(plan.totals.arena).toBe(step.compiled.arenaBytes)
    expect(
      plan.items
        .filter(({ kind }) => kind === 'parameters')
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...model.namedParameters()].map(([name]) => name).sort())
    expect(plan.items).toContainEqual({ kind: 'inputs', name: 'x', bytes: 192, shape: [8, 6] })
    expect(plan.items.some(({ kind, bytes }) => kind === 'data' && bytes === 64)).toBe(true)
    expect(
      plan.items
        .filter(({ kind }) => kind === 'results')
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['curve of loss', 'loss'])
    await step.runMany(50)
    expect(engine.runtime.bytesInUse).toBe(before)
    expect(memoryPlan(step, { model, optimizers: [optimizer] })).toEqual(plan)
  })

  it('counts what two steps share once', () => {
    using model = nn.linear(4, 4)
    const make = (rows: number): Step => capture(({ x }) => ({ y: model.forward(x as never) }), { x: spec([rows, 4]) })
    using a = make(2)
    using b = make(3)
    const both = memoryPlan([a, b], { model })
    expect(both.totals.parameters).toBe(80)
    expect(both.bytes).toBe(a.peakBytes + b.peakBytes - 80)
    expect(both.arenas).toHaveLength(2)
  })

  it('says where the arena is fullest', () => {
    using model = nn.sequential([nn.linear(4, 64), nn.tanh(), nn.linear(64, 1)])
    using step = capture(({ x }) => ({ loss: valueAndGrad(() => model.forward(x).sum(), model).value }), {
      x: spec([32, 4]),
    })
    const [peak] = memoryPlan(step).arenas
    expect(peak?.bytes).toBeLessThanOrEqual(step.compiled.arenaBytes)
    expect(peak?.buffers.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(peak?.bytes)
    const { lifetimes } = step.compiled.program.plan
    for (let i = 0; i < step.instructions; i++) {
      const alive = [...lifetimes].filter(([, { first, last }]) => first <= i && i <= last)
      expect(alive.reduce((sum, [{ bytes }]) => sum + bytes, 0)).toBeLessThanOrEqual(peak?.bytes as number)
    }
    expect(memoryText(memoryPlan(step, { model }))).toMatch(/in all.*\n[\s\S]*parameters[\s\S]*arena at its fullest/)
  })

  it('refuses what is no step', () => {
    expect(() => memoryPlan({} as Step)).toThrow(ArgumentError)
  })
})

describe('a description', () => {
  it('of a model and of its file are the same', async () => {
    using model = nn.sequential([nn.linear(3, 2), nn.batchNorm(2)])
    const bytes = io.encodeState(await model.stateDict(), [['note', 'a long\nnote '.repeat(40)]])
    const [own, file] = [described(model), described(bytes)]
    const sorted = (list: typeof own.tensors) => [...list].sort((a, b) => (a.name < b.name ? -1 : 1))
    expect(sorted(file.tensors)).toEqual(sorted(own.tensors))
    expect(own.tensors[0]).toEqual({ name: '0.weight', dtype: 'F32', shape: [2, 3], bytes: 24 })
    expect([own.elements, own.bytes]).toEqual([16, 64])
    const text = describeText(file)
    expect(text).toContain('0.weight')
    expect(text).toContain('6 tensors, 16 numbers, 64 B')
    expect(text.split('\n').at(-1)).toMatch(/^note: a long note a long.*…$/)
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100)
  })

  it('names the file that is none', () => {
    expect(() => described(new Uint8Array(4), 'model.bin')).toThrow(DataError)
    expect(() => described(new Uint8Array(4), 'model.bin')).toThrow(/model\.bin/)
  })
})
