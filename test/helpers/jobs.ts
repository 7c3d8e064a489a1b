// Three training runs with everything in them that a checkpoint has to hold.
import { crossEntropy, data, type Engine, init, nn, optim, type Tensor, train } from '../../src/index.ts'
import { clouds, uniform } from './points.ts'

type Set = data.Dataset<'x' | 'y'>
const metrics = { accuracy: train.accuracy(), confusion: train.confusion() }
export type Measured = typeof metrics
export type JobName = keyof typeof jobs

export interface Job {
  readonly model: nn.Module
  readonly set: Set | data.BatchStream<'x' | 'y'>
  readonly options: train.FitOptions<'x' | 'y', Measured>
  readonly optimizer: optim.Optimizer
  readonly ema: optim.Ema
}

function mlp(): nn.Module {
  return nn.sequential([nn.linear(6, 24), nn.gelu(), nn.dropout(0.3), nn.linear(24, 3)])
}

class Convolutional extends nn.Module {
  body = nn.sequential([
    nn.conv2d(1, 6, 3, { padding: 1 }),
    nn.batchNorm(6),
    nn.relu(),
    nn.maxPool2d(2),
    nn.dropout(0.2),
    nn.flatten(),
    nn.linear(6 * 9, 3),
  ])
  override forward(x: Tensor): Tensor {
    return this.body.forward(x.reshape([-1, 1, 6, 6]))
  }
}

class Transformer extends nn.Module {
  tokens = nn.embedding(7, 12)
  layer = nn.transformerEncoderLayer(12, 2, { hidden: 24, dropout: 0.2 })
  head = nn.linear(12, 3)
  override forward(x: Tensor): Tensor {
    return this.head.forward(this.layer.forward(this.tokens.forward(x)).mean(1))
  }
}

function words(n: number): Set {
  const next = uniform(5)
  const x = Int32Array.from({ length: n * 8 }, () => Math.floor(next() * 7))
  const y = Int32Array.from({ length: n }, (_, i) => (x[i * 8] as number) % 3)
  return data.arrays({ x, y }, { shapes: { x: [8] } })
}

const points = (n: number, features: number, seed?: number): Set =>
  data.arrays(clouds(n, features, 3, seed), { shapes: { x: [features] } })

/** The same batches as a stream. */
function streamed(set: Set): data.BatchStream<'x' | 'y'> {
  return {
    async *epoch(n) {
      for (let at = 0; at < set.size; at += 16) {
        const rows = Array.from({ length: Math.min(16, set.size - at) }, (_, i) => (at + 7 * n + i) % set.size)
        yield data.take(set, rows)
      }
    },
  }
}

const jobs = {
  mlp: { model: mlp, set: () => points(90, 6) },
  cnn: { model: () => new Convolutional(), set: () => points(90, 36) },
  transformer: { model: () => new Transformer(), set: () => words(90) },
  stream: { model: mlp, set: () => streamed(points(90, 6)) },
}

/** 3 epochs of 6 steps, the last of them with fewer rows; of a set 72 rows are trained on and 18 held out. */
export const EPOCHS = 3

export function job(name: JobName): Job {
  const model = jobs[name].model()
  const set = jobs[name].set()
  const lr = optim.schedule.cosine(0.01, { steps: 40, warmup: 3 })
  const optimizer = optim.adamw(model, { lr, weightDecay: 0.01 })
  const ema = optim.ema(model, { decay: 0.9 })
  const options = {
    loss: crossEntropy,
    optimizer,
    ema,
    epochs: EPOCHS,
    clipNorm: 1,
    metrics,
    trainMetrics: true,
    earlyStopping: { monitor: 'loss', restoreBest: false },
    config: { job: name, layers: [6, 24, 3] },
    preprocessing: { kind: 'none', version: 1 },
  } as const
  if (name === 'stream') return { model, set, options: { ...options, validation: points(30, 6, 2) }, optimizer, ema }
  return { model, set, options: { ...options, batch: 13, validation: 0.2 }, optimizer, ema }
}

export const start = (threads: number, seed: number): Promise<Engine> =>
  init({ threads, seed, numerics: 'reproducible' })

/** All that must be equal, as text. */
export async function summary({ model, optimizer, ema }: Job, done: train.FitResult<Measured>): Promise<string> {
  const bits = Array.from(new Uint32Array(done.losses.slice().buffer)).join()
  const states = await Promise.all([model, optimizer, ema].map((owner) => owner.stateDict()))
  const history = done.history.map(({ trainSeconds, ...rest }) => {
    return JSON.stringify(rest, (_, value: unknown) => (ArrayBuffer.isView(value) ? [...(value as Int32Array)] : value))
  })
  return [
    ...states.map(train.hashState),
    bits,
    ...history,
    JSON.stringify(done.best),
    done.steps,
    model.variables()[0]?.engine.generator.words().join(),
  ].join('\n')
}
