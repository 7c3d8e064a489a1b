import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  ArgumentError,
  DTypeError,
  type Engine,
  gradients,
  init,
  nn,
  optim,
  parameter,
  ShapeError,
  scope,
  tensor,
  type Variable,
  zeros,
} from '../../src/index.ts'

let engine: Engine
beforeAll(async () => {
  engine = await init({ threads: 1, seed: 3 })
})
afterAll(() => engine.close())

const values = async (v: Variable): Promise<number[]> => [...(await v.data())]

describe('structures', () => {
  it('modules, arrays and records are all taken, with names for the state', () => {
    const model = nn.sequential([nn.linear(2, 2)])
    expect([...optim.sgd(model, { lr: 1, momentum: 0.5 }).state().keys()]).toEqual([
      'step',
      '0.weight.velocity',
      '0.bias.velocity',
    ])
    const w = parameter(zeros([2]))
    expect([...optim.adam([w]).state().keys()]).toEqual(['step', '0.m', '0.v', 'beta1Power', 'beta2Power'])
    expect([...optim.sgd({ w }, { lr: 1 }).parameters.keys()]).toEqual(['w'])
  })

  it('a step with a rate from a schedule', async () => {
    const w = parameter(tensor([1]))
    const optimizer = optim.sgd({ w }, { lr: optim.schedule.step(1, { every: 1, gamma: 0.5 }) })
    const seen: number[] = []
    for (let t = 0; t < 3; t++) {
      seen.push(optimizer.rate().item())
      optimizer.step({ w: tensor([1]) })
    }
    expect(seen).toEqual([1, 0.5, 0.25])
    expect(await values(w)).toEqual([1 - 1.75])
  })

  it('the state goes out and comes back', async () => {
    const w = parameter(tensor([1, -2]))
    const optimizer = optim.adamw({ w }, { lr: 0.1 })
    optimizer.step({ w: tensor([0.5, 0.25]) })
    const saved = await optimizer.stateDict()
    const at = await values(w)
    optimizer.step({ w: tensor([0.5, 1]) })
    const twice = await values(w)
    w.assign(tensor(at))
    const other = optim.adamw({ w }, { lr: 0.1 })
    other.loadStateDict(saved)
    other.step({ w: tensor([0.5, 1]) })
    expect(await values(w)).toEqual(twice)
    expect(await other.stateDict()).toEqual(await optimizer.stateDict())
  })

  it('frozen parameters stay', async () => {
    const model = nn.sequential([nn.linear(2, 2), nn.linear(2, 1)])
    const optimizer = optim.sgd(model, { lr: 1 })
    const first = model.layers[0] as nn.Linear
    const before = await values(first.weight)
    first.freeze()
    optimizer.step(gradients(model.forward(tensor([[1, 1]])).sum(), model))
    expect(await values(first.weight)).toEqual(before)
  })
})

describe('wrong calls change nothing', () => {
  it('gradients that do not fit', async () => {
    const w = parameter(tensor([1, 2]))
    const b = parameter(tensor([3]))
    const optimizer = optim.sgd({ w, b }, { lr: 1 })
    const g = tensor([1, 1])
    for (const [wrong, kind] of [
      [{ w: g }, ArgumentError],
      [{ w: g, b: tensor([1]), c: g }, ArgumentError],
      [{ w: g, b: g }, ShapeError],
      [{ w: g, b: tensor(1) }, ShapeError],
      [{ w: g, b: tensor([1], [1], { dtype: 'int32' }) }, DTypeError],
      [[g, tensor([1])], ArgumentError],
    ] as const)
      expect(() => optimizer.step(wrong)).toThrow(kind)
    expect(await values(w)).toEqual([1, 2])
    expect(optimizer.steps.item()).toBe(0)
  })

  it('parameters and options that make no optimizer', () => {
    const w = parameter(zeros([2]))
    const good = { lr: 0.1 }
    for (const wrong of [
      () => optim.sgd([], good),
      () => optim.sgd([w, w], good),
      () => optim.sgd([zeros([2])], good),
      () => optim.sgd([w], { lr: -1 }),
      () => optim.sgd([w], { lr: Number.NaN }),
      () => optim.sgd([w], { lr: '0.1' as unknown as number }),
      () => optim.sgd([w], { lr: 1, momentum: 1 }),
      () => optim.sgd([w], { lr: 1, nesterov: true }),
      () => optim.sgd([w], { lr: 1, nesterov: true, momentum: 0.9, dampening: 0.1 }),
      () => optim.sgd([w], { lr: 1, weightDecay: -1 }),
      () => optim.adam([w], { betas: [0.9, 1] }),
      () => optim.adam([w], { eps: -1 }),
      () => optim.rmsprop([w], { alpha: 1 }),
      () => optim.adagrad([w], { lr: -1, lrDecay: 0.5 }),
      () => optim.adagrad([w], { initialSum: Number.NaN }),
      () => optim.clipByGlobalNorm([zeros([1])], 0),
      () => optim.clipByValue([zeros([1])], -1),
      () => optim.globalNorm([]),
      () => optim.l1([w], -1),
      () => optim.l2([], 1),
    ])
      expect(wrong).toThrow(ArgumentError)
  })
})

describe('clipping and penalties', () => {
  it('by value keeps the structure', async () => {
    const { a, b } = optim.clipByValue({ a: tensor([-3, 0.5]), b: tensor([[2]]) }, 1)
    expect([...(await a.data()), ...(await b.data())]).toEqual([-1, 0.5, 1])
  })

  it('l1 and l2 and their gradients', async () => {
    const w = parameter(tensor([3, -4]))
    expect(optim.l1([w], 0.5).item()).toBe(3.5)
    expect(optim.l2([w], 0.5).item()).toBe(12.5)
    const [d1] = gradients(() => optim.l1([w], 0.5), [w])
    const [d2] = gradients(() => optim.l2([w], 0.5), [w])
    expect([...(await (d1 as typeof w).data())]).toEqual([0.5, -0.5])
    expect([...(await (d2 as typeof w).data())]).toEqual([3, -4])
  })

  it('l2 and weight decay of SGD are the same step', async () => {
    const a = parameter(tensor([3, -4]))
    const b = parameter(tensor([3, -4]))
    using _ = scope()
    optim.sgd([a], { lr: 0.25 }).step(gradients(() => optim.l2([a], 0.5), [a]))
    optim.sgd([b], { lr: 0.25, weightDecay: 1 }).step([zeros([2])])
    expect(await values(a)).toEqual(await values(b))
  })
})

describe("a user's own optimizer", () => {
  /** Sign of the momentum: Lion without its interpolation. */
  class SignMomentum extends optim.Optimizer {
    readonly momentum: ReadonlyMap<Variable, Variable> = this.slot('momentum')
    protected override update({ parameter: p, gradient }: optim.Update): void {
      const m = this.momentum.get(p) as Variable
      const next = m.mul(0.5).add(gradient)
      m.assign(next)
      p.assign(p.sub(next.clip(-1, 1).mul(0.125)))
    }
  }

  it('is a class with one method', async () => {
    const w = parameter(tensor([1, 1]))
    const optimizer = new SignMomentum([w], 1)
    optimizer.step([tensor([4, -4])])
    optimizer.step([tensor([-4, 0])])
    expect(await values(w)).toEqual([1, 1.25])
    expect([...optimizer.state().keys()]).toEqual(['step', '0.momentum'])
  })
})

it('dispose frees the state and keeps the parameters', async () => {
  const w = parameter(tensor([1]))
  const before = engine.handles
  const optimizer = optim.adam({ w })
  using _ = scope()
  optimizer.step({ w: tensor([1]) })
  optimizer.dispose()
  expect(engine.handles - before).toBe(1) // the gradient
  expect((await values(w))[0]).toBeCloseTo(1 - 1e-3, 6)
})
