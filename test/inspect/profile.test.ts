import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  ArgumentError,
  capture,
  crossEntropy,
  DisposedError,
  data,
  dropout,
  type Engine,
  IndexError,
  init,
  nn,
  optim,
  type Step,
  spec,
  tensor,
  valueAndGrad,
  withEngine,
} from '../../src/index.ts'
import { chromeTrace, flameChart, type Profile, profile, timeText } from '../../src/inspect/index.ts'

let engine: Engine
beforeAll(async () => {
  engine = await init({ threads: 2, seed: 3 })
})
afterAll(() => engine.close())

/** A small classifier with dropout and shuffled batches: everything that a step can change. */
function made(): { model: nn.Module; step: Step<never, 'loss'>; close: () => void } {
  const model = nn.sequential([nn.linear(256, 512), nn.relu(), nn.linear(512, 10)])
  const optimizer = optim.adamw(model, { lr: 0.01 })
  const set = data.arrays(
    {
      x: Float32Array.from({ length: 256 * 128 }, (_, i) => ((i * 37) % 101) / 50 - 1),
      y: Int32Array.from({ length: 128 }, (_, i) => i % 10),
    },
    { shapes: { x: [256] } },
  )
  const batches = data.loader(set, { batch: 64, shuffle: true })
  const step = capture(() => {
    const { x, y } = batches.next()
    const loss = (): ReturnType<typeof crossEntropy> =>
      crossEntropy(model.forward(dropout(x as never, 0.1)), y as never)
    const { value, grads } = valueAndGrad(loss, model)
    optimizer.step(grads)
    return { loss: value }
  })
  return {
    model,
    step: step as Step<never, 'loss'>,
    close: () => {
      step.dispose()
      batches.dispose()
      optimizer.dispose()
      model.dispose()
    },
  }
}

describe('a profile', () => {
  let result: Profile
  let step: Step<never, 'loss'>
  let model: nn.Module
  let close: () => void
  beforeAll(async () => {
    ;({ model, step, close } = made())
    result = await profile(step, { rounds: 5, model })
  })
  afterAll(() => close())

  it('has every share of every instruction, in order and without overlap', () => {
    const { slots, threads } = step.compiled.program.schedule
    expect(threads).toBe(2)
    expect(result.instructions).toBe(slots.length)
    expect(result.entries).toHaveLength(slots.reduce((sum, slot) => sum + slot.threads, 0))
    for (const [i, slot] of slots.entries()) {
      const own = result.entries.filter(({ instruction }) => instruction === i)
      expect(own.map(({ thread }) => thread)).toEqual(Array.from({ length: slot.threads }, (_, p) => slot.first + p))
      expect(own.every(({ kernel }) => kernel === slot.instruction.name)).toBe(true)
    }
    for (let thread = 0; thread < 2; thread++) {
      let end = 0
      for (const { start, ms } of result.entries.filter((entry) => entry.thread === thread)) {
        expect(start).toBeGreaterThanOrEqual(end - 1e-9)
        expect(ms).toBeGreaterThanOrEqual(0)
        end = start + ms
      }
      expect(end).toBeLessThanOrEqual(result.ms + 1e-9)
    }
    expect(result.barriers).toHaveLength(step.barriers)
    expect(result.ms).toBeGreaterThan(0)
    expect(result.measuredMs).toBeGreaterThan(0)
  })

  it('has no share that begins before the threads have met', () => {
    const { slots } = step.compiled.program.schedule
    let met = 0
    let at = 0
    for (const [i, { barrier }] of slots.entries()) {
      if (barrier) met = result.barriers[at++] as number
      for (const { start } of result.entries.filter(({ instruction }) => instruction === i))
        expect(start).toBeGreaterThanOrEqual(met)
    }
  })

  it('knows the layer and the pass', () => {
    const found = (pass: string, op: RegExp): (string | undefined)[] => [
      ...new Set(result.entries.filter((entry) => entry.pass === pass && op.test(entry.op)).map(({ layer }) => layer)),
    ]
    expect(found('forward', /atmul/)).toEqual(['0 (linear)', '2 (linear)'])
    expect(found('backward', /matmul/)).toEqual(['2 (linear)', '0 (linear)'])
    expect(found('backward', /reluGrad/)).toEqual(['1 (relu)'])
    expect(found('update', /adam/).sort()).toEqual(['0 (linear)', '2 (linear)'])
    expect(found('forward', /crossEntropy/)).toEqual([undefined])
    const { entries } = result
    expect(new Set(entries.map(({ pass }) => pass))).toEqual(new Set(['forward', 'backward', 'update']))
  })

  it('puts everything back: the steps that follow give the same losses', async () => {
    const other = await init({ threads: 2, seed: 3 })
    const plain = withEngine(other, made)
    const again = await init({ threads: 2, seed: 3 })
    const profiled = withEngine(again, made)
    const before = await plain.step.runMany(3)
    expect((await profiled.step.runMany(3)).curves.loss).toEqual(before.curves.loss)
    await profile(profiled.step, { rounds: 3 })
    expect((await profiled.step.runMany(3)).curves.loss).toEqual((await plain.step.runMany(3)).curves.loss)
    await other.close()
    await again.close()
  })

  it('is drawn as a flame chart and as a trace', () => {
    const svg = flameChart(result)
    expect(svg).toMatch(/^<svg [^>]*class="flame"/)
    expect(svg).toContain('thread 1')
    expect(svg).toContain('<title>0 (linear), backward</title>')
    expect(svg).not.toMatch(/NaN|undefined|Infinity/)
    const trace = JSON.parse(chromeTrace(result)) as { traceEvents: { ph: string; dur?: number; name: string }[] }
    const shares = trace.traceEvents.filter(({ ph }) => ph === 'X')
    expect(shares).toHaveLength(result.entries.length)
    const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0)
    expect(sum(shares.map(({ dur }) => dur as number))).toBeCloseTo(1000 * sum(result.entries.map(({ ms }) => ms)), 6)
    expect(trace.traceEvents.filter(({ ph }) => ph === 'M')).toHaveLength(2)
  })

  it('escapes what it did not write itself, and copes with nothing', () => {
    const entry = { ...(result.entries[0] as Profile['entries'][0]), op: '<b>"&', ms: 1 }
    expect(flameChart({ ...result, entries: [entry], ms: 1 })).toContain('&#60;b&#62;&#34;&#38;')
    expect(flameChart({ ...result, entries: [], barriers: [], ms: 0 })).not.toMatch(/NaN|Infinity/)
  })
})

describe('profile', () => {
  let own: Engine
  beforeAll(async () => {
    own = await init({ threads: 2 })
  })
  afterAll(() => own.close())

  it('raises what the step would raise, and changes nothing then', async () => {
    using model = nn.linear(3, 2)
    using optimizer = optim.sgd(model, { lr: 0.1 })
    const step = capture(
      ({ x, y }) => {
        const { value, grads } = valueAndGrad(() => crossEntropy(model.forward(x), y), model)
        optimizer.step(grads)
        return { loss: value }
      },
      { x: spec([2, 3]), y: spec([2], 'int32') },
    )
    step.set({ x: [1, 2, 3, 4, 5, 6], y: [0, 7] })
    const before = await model.stateDict()
    await expect(profile(step, { rounds: 2 })).rejects.toThrow(IndexError)
    expect(await model.stateDict()).toEqual(before)
    step.set({ y: [0, 1] })
    expect(step.run().loss[0]).toBeGreaterThan(0)
    step.dispose()
    await expect(profile(step)).rejects.toThrow(DisposedError)
  })

  it('refuses a number of rounds that is none', async () => {
    const x = tensor([1, 2])
    const step = capture(() => ({ y: x.add(1) }))
    await expect(profile(step, { rounds: 0 })).rejects.toThrow(ArgumentError)
    step.dispose()
    x.dispose()
  })
})

describe('a time', () => {
  it.each([
    [12.345, '12.3 ms'],
    [0.5, '500 us'],
    [0.0004, '400 ns'],
  ])('%d is %s', (ms, text) => expect(timeText(ms)).toBe(text))
})
