import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  add,
  capture,
  type Engine,
  init,
  mse,
  nn,
  optim,
  parameter,
  randomNormal,
  type Tensor,
  tensor,
  valueAndGrad,
} from '../../src/index.ts'

let engine: Engine
beforeEach(async () => {
  engine = await init({ threads: 2, seed: 2 })
})
afterEach(() => engine.close())

it('a two-layer net learns XOR', async () => {
  const x = tensor([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ])
  const y = tensor([[0], [1], [1], [0]])
  const model = nn.sequential([nn.linear(2, 8), nn.tanh(), nn.linear(8, 1)])
  const optimizer = optim.adam(model, { lr: 0.05 })
  using step = capture(() => {
    const { value, grads } = valueAndGrad(() => mse(model.forward(x), y), model)
    optimizer.step(grads)
    return { loss: value }
  })
  const { curves } = await step.runMany(500)
  expect(curves.loss[0]).toBeGreaterThan(0.1)
  expect(curves.loss.at(-1)).toBeLessThan(1e-3)
  expect([...(await model.forward(x).data())].map(Math.round)).toEqual([0, 1, 1, 0])
})

it('two losses and two optimizers fit in one captured step', async () => {
  const generator = nn.linear(2, 1)
  const discriminator = nn.linear(1, 1)
  const g = optim.adam(generator, { lr: 0.01 })
  const d = optim.sgd(discriminator, { lr: 0.05, momentum: 0.5 })
  const realness = (x: Tensor): Tensor => discriminator.forward(x).neg().softplus().mean()
  const before = [await generator.stateDict(), await discriminator.stateDict()]
  using step = capture(() => {
    const real = randomNormal([32, 1], { mean: 2, stddev: 0.1 })
    const fake = generator.forward(randomNormal([32, 2]))
    const first = valueAndGrad(
      () => add(realness(real), discriminator.forward(fake.stopGradient()).softplus().mean()),
      discriminator,
    )
    d.step(first.grads)
    // Sees the discriminator as it is after its own update.
    const second = valueAndGrad(() => realness(generator.forward(randomNormal([32, 2]))), generator)
    g.step(second.grads)
    return { d: first.value, g: second.value }
  })
  const { curves } = await step.runMany(200)
  expect(await generator.stateDict()).not.toEqual(before[0])
  expect(await discriminator.stateDict()).not.toEqual(before[1])
  expect(curves.g.at(-1)).toBeLessThan(curves.g[0] as number)
  expect([...curves.d, ...curves.g].every(Number.isFinite)).toBe(true)
  expect([g.steps.item(), d.steps.item()]).toEqual([200, 200])
})

it('the gradient of a tied weight is the sum over its uses', async () => {
  const w = parameter(tensor([2]))
  const optimizer = optim.sgd({ w }, { lr: 1 })
  using step = capture(() => {
    const { value, grads } = valueAndGrad(() => w.mul(w).mul(3).add(w).sum(), { w })
    optimizer.step(grads)
    return { loss: value }
  })
  expect((await step.runMany(1)).curves.loss[0]).toBe(14)
  expect(w.item()).toBe(2 - 13)
})

describe('inside a captured step', () => {
  it('the learning rate follows its schedule without JavaScript', async () => {
    const w = parameter(tensor([0]))
    const optimizer = optim.sgd({ w }, { lr: optim.schedule.step(1, { every: 2, gamma: 0.5 }) })
    using step = capture(() => {
      optimizer.step({ w: tensor([-1]) })
      return { w: w.sum() }
    })
    const { curves } = await step.runMany(6)
    expect([...curves.w]).toEqual([1, 2, 2.5, 3, 3.25, 3.5])
  })

  it('an optimizer made inside is refused', () => {
    const w = parameter(tensor([0]))
    expect(() =>
      capture(() => {
        optim.adam({ w }).step({ w: tensor([1]) })
        return { w: w.sum() }
      }),
    ).toThrow(/created inside/)
  })
})
