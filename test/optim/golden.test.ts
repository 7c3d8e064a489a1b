import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Engine, init, optim, scope, type Tensor, tensor, type Variable, variable } from '../../src/index.ts'
import { differences, type GoldenCase, type Numbers, suite, tensors } from '../helpers/golden.ts'

let engine: Engine
beforeAll(async () => {
  engine = await init({ threads: 1 })
})
afterAll(() => engine.close())

const golden = suite('optimizers')
const of = (...ops: string[]): [string, GoldenCase][] =>
  golden.cases.filter(({ op }) => ops.includes(op)).map((c) => [c.id, c])

interface Attrs {
  readonly lr: number
  readonly momentum: number
  readonly dampening: number
  readonly nesterov: boolean
  readonly weight_decay: number
  readonly betas: [number, number]
  readonly eps: number
  readonly amsgrad: boolean
  readonly alpha: number
  readonly centered: boolean
  readonly lr_decay: number
  readonly initial_accumulator_value: number
  readonly steps: number
}

function optimizerOf(c: GoldenCase, parameters: Variable[]): optim.Optimizer {
  const a = c.attrs as unknown as Attrs
  if (c.op === 'sgd')
    return optim.sgd(parameters, {
      lr: a.lr,
      momentum: a.momentum,
      dampening: a.dampening,
      nesterov: a.nesterov,
      weightDecay: a.weight_decay,
    })
  if (c.op === 'rmsprop')
    return optim.rmsprop(parameters, {
      lr: a.lr,
      alpha: a.alpha,
      eps: a.eps,
      momentum: a.momentum,
      centered: a.centered,
      weightDecay: a.weight_decay,
    })
  if (c.op === 'adagrad')
    return optim.adagrad(parameters, {
      lr: a.lr,
      lrDecay: a.lr_decay,
      eps: a.eps,
      initialSum: a.initial_accumulator_value,
      weightDecay: a.weight_decay,
    })
  const options = { lr: a.lr, betas: a.betas, eps: a.eps, weightDecay: a.weight_decay, amsgrad: a.amsgrad }
  return c.op === 'adamw' ? optim.adamw(parameters, options) : optim.adam(parameters, options)
}

describe('the parameters after each step are those of PyTorch', () => {
  const cases = of('sgd', 'adam', 'adamw', 'rmsprop', 'adagrad')
  it.each(cases)('%s', async (_, c) => {
    const { p0, p1, g0, g1 } = tensors(golden, c.inputs) as Record<
      'p0' | 'p1' | 'g0' | 'g1',
      Numbers & { data: Float32Array }
    >
    const parameters = [p0, p1].map(({ data, shape }) => variable(tensor(data, [...shape])))
    const optimizer = optimizerOf(c, parameters)
    const { steps } = c.attrs as unknown as Attrs
    const got = [p0, p1].map(({ data, shape }) => ({
      shape: [steps, ...shape],
      data: new Float32Array(steps * data.length),
    }))
    for (let t = 0; t < steps; t++) {
      using _ = scope()
      optimizer.step(
        [g0, g1].map(({ data, shape }) => {
          const n = data.length / steps
          return tensor(data.slice(t * n, (t + 1) * n), shape.slice(1))
        }),
      )
      for (const [i, parameter] of parameters.entries())
        got[i]?.data.set((await parameter.data()) as Float32Array, t * parameter.size)
    }
    const [first, second] = got
    expect(differences(golden, c, { outputs: { p0: first as Numbers, p1: second as Numbers } })).toEqual([])
    expect(optimizer.steps.item()).toBe(steps)
  })
  it('in 20 cases', () => expect(cases).toHaveLength(20))
})

describe('clipByGlobalNorm', () => {
  const cases = of('clip_grad_norm')
  it.each(cases)('%s', async (_, c) => {
    const inputs = tensors(golden, c.inputs)
    const read = async (t: Tensor): Promise<Numbers> => ({ shape: t.shape, data: await t.data() })
    const gradients = [inputs['g0'], inputs['g1']].map((g) => tensor(g?.data as Float32Array, [...(g?.shape ?? [])]))
    const { max_norm } = c.attrs as { max_norm: number }
    const [g0, g1] = optim.clipByGlobalNorm(gradients, max_norm) as [Tensor, Tensor]
    const outputs = { total_norm: await read(optim.globalNorm(gradients)), g0: await read(g0), g1: await read(g1) }
    expect(differences(golden, c, { outputs })).toEqual([])
  })
  it('in 3 cases', () => expect(cases).toHaveLength(3))
})
