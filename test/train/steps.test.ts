import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  add,
  capture,
  crossEntropy,
  data,
  type Engine,
  init,
  mse,
  nn,
  optim,
  parameter,
  randomNormal,
  scope,
  type Tensor,
  tensor,
  train,
  valueAndGrad,
} from '../../src/index.ts'
import { clouds } from '../helpers/points.ts'

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
  expect([...(await model.forward(x).data())].map((p) => p > 0.5)).toEqual([false, true, true, false])
})

/** The pieces of an adversarial step: two nets, two losses, two optimizers. */
function adversaries(): {
  step: () => { d: Tensor; g: Tensor }
  state: () => Promise<nn.State[]>
  done: () => number[]
} {
  const generator = nn.linear(2, 1)
  const discriminator = nn.sequential([nn.linear(1, 4), nn.relu(), nn.linear(4, 1)])
  const g = optim.adam(generator, { lr: 0.01 })
  const d = optim.sgd(discriminator, { lr: 0.05, momentum: 0.5 })
  const realness = (x: Tensor): Tensor => discriminator.forward(x).neg().softplus().mean()
  return {
    step: () => {
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
    },
    state: () => Promise.all([generator.stateDict(), discriminator.stateDict()]),
    done: () => [g.steps.item(), d.steps.item()],
  }
}

it('two losses and two optimizers fit in one captured step', async () => {
  const first = adversaries()
  const before = await first.state()
  using step = capture(first.step)
  const { curves } = await step.runMany(8)
  expect(first.done()).toEqual([8, 8])
  const after = await first.state()
  expect(after[0]).not.toEqual(before[0])
  expect(after[1]).not.toEqual(before[1])

  const other = await init({ threads: 1, seed: 2 })
  try {
    const second = adversaries()
    const losses: number[][] = []
    for (let i = 0; i < 8; i++) {
      using _ = scope()
      const { d, g } = second.step()
      losses.push([d.item(), g.item()])
    }
    expect(losses).toEqual([...curves.d].map((d, i) => [d, curves.g[i]]))
    expect(await second.state()).toEqual(after)
  } finally {
    await other.close()
  }
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

it('30 steps with dropout, shuffling and clipping give the same bits on 1, 2, 3, 4 and 8 threads', async () => {
  const set = data.arrays(clouds(640, 96, 10), { shapes: { x: [96] } })
  const seen = new Map<number, { hash: string; losses: number[] }>()
  for (const threads of [1, 2, 3, 4, 8]) {
    const other = await init({ threads, seed: 9 })
    try {
      using batches = data.loader(set, { batch: 96, shuffle: true })
      const model = nn.sequential([
        nn.linear(96, 384),
        nn.gelu(),
        nn.dropout(0.3),
        nn.linear(384, 128),
        nn.relu(),
        nn.linear(128, 10),
      ])
      const optimizer = optim.adamw(model, { lr: optim.schedule.cosine(2e-3, { steps: 30, warmup: 5 }) })
      using step = capture(() => {
        const { x, y } = batches.next()
        const { value, grads } = valueAndGrad(() => crossEntropy(model.forward(x), y), model)
        optimizer.step(optim.clipByGlobalNorm(grads, 0.5))
        return { loss: value }
      })
      // The steps are large enough to be shared: a single thread would prove nothing.
      expect(step.threads).toBe(threads)
      const losses: number[] = []
      for (let epoch = 0; epoch < 5; epoch++) {
        await batches.begin(epoch)
        losses.push(...(await step.runMany(batches.wholeBatches)).curves.loss)
      }
      seen.set(threads, { hash: train.hashState(await model.stateDict()), losses })
    } finally {
      await other.close()
    }
  }
  const [one, ...others] = [...seen.values()]
  expect(one?.losses).toHaveLength(30)
  expect(one?.losses.at(-1)).toBeLessThan((one?.losses[0] ?? 0) / 2)
  for (const other of others) expect(other).toEqual(one)
})
