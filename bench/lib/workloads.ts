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
import { Gpt, type GptSizes } from './gpt.ts'

/** A training workload: the same in every library it is measured in. */
export type Workload = Mlp | Cnn | GptWorkload

interface Common {
  readonly name: string
  readonly doc: string
  readonly batch: number
  readonly loss: 'crossEntropy' | 'mse'
  readonly optimizer:
    | { readonly name: 'sgd'; readonly lr: number; readonly momentum: number }
    | { readonly name: 'adam'; readonly lr: number }
    | { readonly name: 'adamw'; readonly lr: number; readonly weightDecay: number }
}
interface Mlp extends Common {
  readonly model: 'mlp'
  readonly sizes: readonly number[]
  readonly activation: 'relu' | 'tanh'
}
interface Cnn extends Common {
  readonly model: 'cnn'
}
interface GptWorkload extends Common, GptSizes {
  readonly model: 'gpt'
}

export const workloads: readonly Workload[] = [
  {
    name: 'W1',
    doc: 'MLP 784-128-10, ReLU, cross-entropy, batch 64, SGD with momentum',
    model: 'mlp',
    batch: 64,
    sizes: [784, 128, 10],
    activation: 'relu',
    loss: 'crossEntropy',
    optimizer: { name: 'sgd', lr: 0.01, momentum: 0.9 },
  },
  {
    name: 'W2',
    doc: 'MLP 784-512-512-10, ReLU, cross-entropy, batch 128, Adam',
    model: 'mlp',
    batch: 128,
    sizes: [784, 512, 512, 10],
    activation: 'relu',
    loss: 'crossEntropy',
    optimizer: { name: 'adam', lr: 0.001 },
  },
  {
    name: 'W3',
    doc: 'MLP 2-16-16-1, tanh, MSE, batch 32, Adam',
    model: 'mlp',
    batch: 32,
    sizes: [2, 16, 16, 1],
    activation: 'tanh',
    loss: 'mse',
    optimizer: { name: 'adam', lr: 0.001 },
  },
  {
    name: 'W4',
    doc: 'CNN on 28 x 28: conv 3x3x32, pool 2, conv 3x3x64, pool 2, dense 128, dense 10, batch 64, Adam',
    model: 'cnn',
    batch: 64,
    loss: 'crossEntropy',
    optimizer: { name: 'adam', lr: 0.001 },
  },
  {
    name: 'W5',
    doc: 'character transformer: 4 layers of width 128, 4 heads, context 64, batch 16, AdamW',
    model: 'gpt',
    batch: 16,
    vocabulary: 65,
    context: 64,
    width: 128,
    heads: 4,
    layers: 4,
    loss: 'crossEntropy',
    optimizer: { name: 'adamw', lr: 0.001, weightDecay: 0.01 },
  },
  {
    name: 'W8',
    doc: 'MLP 1024-4096-1024, ReLU, MSE, batch 256, SGD',
    model: 'mlp',
    batch: 256,
    sizes: [1024, 4096, 1024],
    activation: 'relu',
    loss: 'mse',
    optimizer: { name: 'sgd', lr: 0.01, momentum: 0 },
  },
]

export interface Built {
  readonly step: Step<never, 'loss'>
  /** The model's answer to the same inputs. */
  readonly infer: Step<never, 'y'>
  readonly model: nn.Layer
  readonly x: Tensor
  readonly y: Tensor
  dispose(): void
}

/** Captures the training step and the forward pass of a workload in the current engine. */
export function build(workload: Workload): Built {
  const { loss } = workload
  const { model, x, y } = parts(workload)
  const opt = optimizerOf(workload, model)
  x.dataSync()
  y.dataSync()
  const step = capture(() => {
    const { value, grads } = valueAndGrad(() => {
      const out = model.forward(x)
      if (loss === 'mse') return mse(out, y)
      return crossEntropy(out.reshape([y.size, -1]), y.reshape([-1]))
    }, model)
    opt.step(grads)
    return { loss: value }
  })
  const infer = capture(() => ({ y: model.forward(x) }))
  const dispose = (): void => {
    step.dispose()
    infer.dispose()
  }
  return { step, infer, model, x, y, dispose }
}

/** Labels 0 .. classes - 1, all alike often. */
const labels = (shape: readonly number[], classes: number): Tensor =>
  tensor(
    Int32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i * 7) % classes),
    shape,
    { dtype: 'int32' },
  )

function parts(workload: Workload): Pick<Built, 'model' | 'x' | 'y'> {
  const { batch } = workload
  switch (workload.model) {
    case 'mlp': {
      const { sizes, loss, activation } = workload
      const classes = sizes.at(-1) as number
      const y = loss === 'mse' ? randomNormal([batch, classes]) : labels([batch], classes)
      return { model: perceptron(sizes, activation), x: randomNormal([batch, sizes[0] as number]), y }
    }
    case 'cnn':
      return { model: cnn(), x: randomNormal([batch, 1, 28, 28]), y: labels([batch], 10) }
    case 'gpt': {
      const { vocabulary, context } = workload
      const y = labels([batch, context], vocabulary)
      return { model: new Gpt(workload), x: labels([batch, context], vocabulary), y }
    }
  }
}

function optimizerOf({ optimizer }: Workload, model: nn.Module): optim.Optimizer {
  switch (optimizer.name) {
    case 'sgd':
      return optim.sgd(model, { lr: optimizer.lr, momentum: optimizer.momentum })
    case 'adam':
      return optim.adam(model, { lr: optimizer.lr })
    case 'adamw':
      return optim.adamw(model, { lr: optimizer.lr, weightDecay: optimizer.weightDecay })
  }
}

function perceptron(sizes: readonly number[], activation: 'relu' | 'tanh'): nn.Layer {
  const layers = sizes.slice(1).map((out, i) => nn.linear(sizes[i] as number, out))
  return nn.sequential(
    layers.flatMap((layer, i): nn.Layer[] =>
      i === layers.length - 1 ? [layer] : [layer, activation === 'relu' ? nn.relu() : nn.tanh()],
    ),
  )
}

const cnn = (): nn.Layer =>
  nn.sequential([
    nn.conv2d(1, 32, 3),
    nn.relu(),
    nn.maxPool2d(2),
    nn.conv2d(32, 64, 3),
    nn.relu(),
    nn.maxPool2d(2),
    nn.flatten(),
    nn.linear(1600, 128),
    nn.relu(),
    nn.linear(128, 10),
  ])

/** Runs a second over about `seconds` of what `run` does so often; a few runs before tell how many that are. */
export async function rateOf(run: (times: number) => unknown, seconds: number): Promise<number> {
  const timed = async (times: number): Promise<number> => {
    const begin = performance.now()
    await run(times)
    return (performance.now() - begin) / 1000
  }
  let times = 1
  let trial = await timed(1)
  while (trial < seconds / 20 && times < 1e6) {
    times *= 2
    trial = await timed(times)
  }
  const wanted = Math.max(trial > seconds ? 1 : 3, Math.ceil((times / trial) * seconds))
  return wanted / (await timed(wanted))
}

/** Steps a second over about `seconds`, on the pool. */
export const rate = (step: Step<never, 'loss'>, seconds: number): Promise<number> =>
  rateOf((steps) => step.runMany(steps), seconds)
