import {
  capture,
  crossEntropy,
  mse,
  nn,
  optim,
  randomNormal,
  type Step,
  type Tensor,
  tensor,
  valueAndGrad,
} from '../../src/index.ts'

/** A training workload: the same in every library it is measured in. Batch, layer sizes, activation, loss, optimizer. */
export interface Workload {
  readonly name: string
  readonly doc: string
  readonly batch: number
  readonly sizes: readonly number[]
  readonly activation: 'relu' | 'tanh'
  readonly loss: 'crossEntropy' | 'mse'
  readonly optimizer:
    | { readonly name: 'sgd'; readonly lr: number; readonly momentum: number }
    | { readonly name: 'adam'; readonly lr: number }
}

export const workloads: readonly Workload[] = [
  {
    name: 'W1',
    doc: 'MLP 784-128-10, ReLU, cross-entropy, batch 64, SGD with momentum',
    batch: 64,
    sizes: [784, 128, 10],
    activation: 'relu',
    loss: 'crossEntropy',
    optimizer: { name: 'sgd', lr: 0.01, momentum: 0.9 },
  },
  {
    name: 'W2',
    doc: 'MLP 784-512-512-10, ReLU, cross-entropy, batch 128, Adam',
    batch: 128,
    sizes: [784, 512, 512, 10],
    activation: 'relu',
    loss: 'crossEntropy',
    optimizer: { name: 'adam', lr: 0.001 },
  },
  {
    name: 'W3',
    doc: 'MLP 2-16-16-1, tanh, MSE, batch 32, Adam',
    batch: 32,
    sizes: [2, 16, 16, 1],
    activation: 'tanh',
    loss: 'mse',
    optimizer: { name: 'adam', lr: 0.001 },
  },
  {
    name: 'W8',
    doc: 'MLP 1024-4096-1024, ReLU, MSE, batch 256, SGD',
    batch: 256,
    sizes: [1024, 4096, 1024],
    activation: 'relu',
    loss: 'mse',
    optimizer: { name: 'sgd', lr: 0.01, momentum: 0 },
  },
]

export interface Built {
  readonly step: Step<never, 'loss'>
  /** Inputs, targets, then weight and bias of each layer, in this order: what a peer needs to start alike. */
  readonly data: readonly Tensor[]
}

/** Captures the training step of a workload in the current engine. */
export function build({ batch, sizes, activation, loss, optimizer }: Workload): Built {
  const layers = sizes.slice(1).map((out, i) => nn.linear(sizes[i] as number, out))
  const model = nn.sequential(
    layers.flatMap((layer, i): nn.Layer[] =>
      i === layers.length - 1 ? [layer] : [layer, activation === 'relu' ? nn.relu() : nn.tanh()],
    ),
  )
  const x = randomNormal([batch, sizes[0] as number])
  const classes = sizes.at(-1) as number
  const y =
    loss === 'mse'
      ? randomNormal([batch, classes])
      : tensor(Int32Array.from({ length: batch }, (_, i) => (i * 7) % classes))
  const opt =
    optimizer.name === 'sgd'
      ? optim.sgd(model, { lr: optimizer.lr, momentum: optimizer.momentum })
      : optim.adam(model, { lr: optimizer.lr })
  const data = [x, y, ...layers.flatMap((layer) => [layer.weight, layer.bias as Tensor])]
  for (const part of data) part.dataSync()
  const step = capture(() => {
    const { value, grads } = valueAndGrad(() => {
      const out = model.forward(x)
      return loss === 'mse' ? mse(out, y) : crossEntropy(out, y)
    }, model)
    opt.step(grads)
    return { loss: value }
  })
  return { step, data }
}

/** Steps a second over about `seconds`, on the pool; a few steps before tell how many that are. */
export async function rate(step: Step<never, 'loss'>, seconds: number): Promise<number> {
  const timed = async (steps: number): Promise<number> => {
    const begin = performance.now()
    await step.runMany(steps)
    return (performance.now() - begin) / 1000
  }
  await timed(1)
  const trial = await timed(20)
  const steps = Math.max(10, Math.ceil((20 / trial) * seconds))
  return steps / (await timed(steps))
}
