import * as cr from '../src/index.ts'
import { type Attrs, asTensor, numbers } from './golden-adapter.ts'
import { cnnCurve } from './golden-cnn.ts'
import { gptCurve } from './golden-gpt.ts'
import type { GoldenCase, GoldenTensor, Numbers, Result } from './helpers/golden.ts'

// Optimizers, schedules and training curves of the golden cases.

type Given = Readonly<Record<string, GoldenTensor>>
type Parameters = Readonly<Record<string, cr.Parameter>>

function parametersOf(given: Given, names: readonly string[]): Parameters {
  return Object.fromEntries(names.map((name) => [name, cr.parameter(asTensor(given[name]!))]))
}

/** Row t of a tensor whose first axis counts steps or batches. */
function row(t: GoldenTensor, index: number): GoldenTensor {
  const [count, ...shape] = t.shape
  const size = t.data.length / count!
  return { ...t, shape, data: (t.data as Float32Array).subarray(index * size, (index + 1) * size) }
}

const plain = (t: GoldenTensor): ArrayLike<number> => t.data as Float32Array

/** Variables outlive every scope: whoever made them disposes of them. */
function release(parameters: Parameters, optimizer: cr.optim.Optimizer): void {
  for (const variable of [...Object.values(parameters), ...optimizer.state().values()]) variable.dispose()
}

function optimizerFor(name: string, parameters: Parameters | cr.nn.Module, a: Attrs): cr.optim.Optimizer {
  const [lr, weightDecay] = [a['lr'] as number, (a['weight_decay'] as number | undefined) ?? 0]
  if (name.startsWith('sgd')) {
    return cr.optim.sgd(parameters, {
      lr,
      weightDecay,
      momentum: (a['momentum'] as number | undefined) ?? 0,
      dampening: (a['dampening'] as number | undefined) ?? 0,
      nesterov: a['nesterov'] === true,
    })
  }
  const eps = a['eps'] as number
  if (name === 'rmsprop') {
    return cr.optim.rmsprop(parameters, {
      lr,
      weightDecay,
      eps,
      alpha: a['alpha'] as number,
      momentum: a['momentum'] as number,
      centered: a['centered'] === true,
    })
  }
  if (name === 'adagrad') {
    return cr.optim.adagrad(parameters, {
      lr,
      weightDecay,
      eps,
      lrDecay: a['lr_decay'] as number,
      initialSum: a['initial_accumulator_value'] as number,
    })
  }
  const options = { lr, weightDecay, betas: a['betas'] as [number, number], eps, amsgrad: a['amsgrad'] === true }
  return name === 'adamw' ? cr.optim.adamw(parameters, options) : cr.optim.adam(parameters, options)
}

/** Parameters after each step, from gradients that are given. */
const update =
  (name: string) =>
  (given: Given, attrs: Attrs): Result | undefined => {
    return cr.scope(() => {
      const parameters = parametersOf(given, ['p0', 'p1'])
      const optimizer = optimizerFor(name, parameters, attrs)
      const steps = attrs['steps'] as number
      const trail: Record<string, number[]> = { p0: [], p1: [] }
      for (let t = 0; t < steps; t++) {
        cr.scope(() => {
          optimizer.step({ p0: asTensor(row(given['g0']!, t)), p1: asTensor(row(given['g1']!, t)) })
          for (const key of ['p0', 'p1']) trail[key]!.push(...parameters[key]!.dataSync())
        })
      }
      const outputs = Object.fromEntries(
        Object.entries(trail).map(([key, data]): [string, Numbers] => [
          key,
          { shape: [steps, ...parameters[key]!.shape], data },
        ]),
      )
      release(parameters, optimizer)
      return { outputs }
    })
  }

export const optimizers: Readonly<Record<string, (given: Given, attrs: Attrs) => Result | undefined>> = {
  sgd: update('sgd'),
  adam: update('adam'),
  adamw: update('adamw'),
  rmsprop: update('rmsprop'),
  adagrad: update('adagrad'),
  clip_grad_norm: (given, attrs) =>
    cr.scope(() => {
      const gradients = { g0: asTensor(given['g0']!), g1: asTensor(given['g1']!) }
      const clipped = cr.optim.clipByGlobalNorm(gradients, attrs['max_norm'] as number)
      const total_norm = numbers(cr.optim.globalNorm(gradients))
      return { outputs: { total_norm, g0: numbers(clipped.g0), g1: numbers(clipped.g1) } }
    }),
}

const { schedule } = cr.optim

const schedules: Readonly<Record<string, (a: Readonly<Record<string, number>>, rate: number) => cr.optim.Schedule>> = {
  step: (a, rate) => schedule.step(rate, { every: a['step_size']!, gamma: a['gamma']! }),
  multistep: (a, rate) =>
    schedule.multiStep(rate, { milestones: a['milestones'] as unknown as number[], gamma: a['gamma']! }),
  exponential: (a, rate) => schedule.exponential(rate, { gamma: a['gamma']! }),
  cosine: (a, rate) => schedule.cosine(rate, { steps: a['t_max']!, minimum: a['eta_min']!, after: 'wave' }),
  linear: (a, rate) =>
    schedule.linear(rate, { steps: a['total_iters']!, from: a['start_factor']!, to: a['end_factor']! }),
  onecycle: (a) =>
    schedule.oneCycle(a['max_lr']!, {
      steps: a['total_steps']!,
      rise: a['pct_start']!,
      startFactor: a['div_factor']!,
      endFactor: a['final_div_factor']!,
    }),
  cosine_restarts: (a, rate) => schedule.cosineRestarts(rate, { period: a['t_0']!, growth: a['t_mult']! }),
}

export function lrSchedule(c: GoldenCase, attrs: Attrs): Result | undefined {
  const make = schedules[attrs['kind'] as string]
  if (make === undefined) return undefined
  const rate = make(attrs as Readonly<Record<string, number>>, attrs['base_lr'] as number)
  const lrs = (c.lrs ?? []).map((_, t) => cr.scope(() => rate(cr.scalar(t)).item()))
  return { lrs }
}

/** The three-layer perceptron of the suite, trained as a user would train it. */
export function trainingCurve(c: GoldenCase, given: Given, batches: Given): Result | undefined {
  if (c.id.startsWith('gpt/')) return gptCurve(c, given, batches)
  if (c.id.startsWith('cnn/')) {
    const settings = c.optimizer as Attrs
    const batch = (t: GoldenTensor) => (index: number) => plain(row(t, index % t.shape[0]!))
    return cnnCurve(c, given, { x: batch(batches['x']!), y: batch(batches['y']!) }, (model) =>
      optimizerFor(settings['name'] as string, model, settings),
    )
  }
  if (!c.id.startsWith('mlp/')) return undefined
  return cr.scope(() => {
    const parameters = parametersOf(given, ['w1', 'b1', 'w2', 'b2', 'w3', 'b3'])
    const p = (name: string): cr.Parameter => parameters[name]!
    const linear = (x: cr.Tensor, k: number): cr.Tensor => x.matmul(p(`w${k}`), { transposeB: true }).add(p(`b${k}`))
    const settings = c.optimizer as Attrs
    const optimizer = optimizerFor(settings['name'] as string, parameters, settings)
    const step = cr.capture(
      ({ x, y }) => {
        const { value, grads } = cr.valueAndGrad(() => {
          const logits = linear(linear(linear(x, 1).relu(), 2).gelu(), 3)
          return cr.crossEntropy(logits, y)
        }, parameters)
        optimizer.step(grads)
        return { loss: value }
      },
      { x: cr.spec([8, 12]), y: cr.spec([8], 'int32') },
    )
    const { x, y } = batches as { x: GoldenTensor; y: GoldenTensor }
    const loss = Array.from({ length: c.steps! }, (_, t) => {
      const batch = t % x.shape[0]!
      return step.run({ x: plain(row(x, batch)), y: plain(row(y, batch)) }).loss[0] as number
    })
    const outputs = Object.fromEntries(Object.entries(parameters).map(([name, w]) => [name, numbers(w)]))
    step.dispose()
    release(parameters, optimizer)
    return { loss, outputs }
  })
}
