// What `chainrule bench` measures. The whole suite, with comparisons, is bench/ in the sources.
import {
  add,
  capture,
  crossEntropy,
  type Engine,
  init,
  matmul,
  randomNormal,
  type Step,
  tensor,
  valueAndGrad,
  withEngine,
} from '../index.ts'
import { adam, type Optimizer, sgd } from '../optim/index.ts'
import type { Build } from '../runtime/wasm.ts'
import { machineLine } from './machine.ts'
import { buildModel, type ModelSpec, type Network } from './models.ts'
import { CHAINS, peakLoop } from './peak.ts'
import { paint, type Terminal } from './terminal.ts'

export interface BenchSettings {
  readonly seconds: number
  readonly threads: number | 'auto'
  readonly wide: boolean
  readonly json: boolean
}

interface Case {
  readonly name: string
  readonly unit: 'GFLOP/s' | 'GB/s' | 'steps/s'
  /** Work of one step in the unit. */
  readonly work: number
  /** Captures the step in the current engine. */
  make(): Step
}

const product = (n: number): Case => ({
  name: `product of ${n} x ${n} matrices`,
  unit: 'GFLOP/s',
  work: (2 * n ** 3) / 1e9,
  make() {
    const [a, b] = [randomNormal([n, n]), randomNormal([n, n])]
    a.dataSync()
    b.dataSync()
    return capture(() => ({ c: matmul(a, b) }))
  },
})

const sum = (n: number, what: string): Case => ({
  name: `sum of two arrays, ${what}`,
  unit: 'GB/s',
  work: (12 * n) / 1e9,
  make() {
    const [a, b] = [randomNormal([n]), randomNormal([n])]
    a.dataSync()
    b.dataSync()
    return capture(() => ({ c: add(a, b) }))
  },
})

interface Training {
  readonly name: string
  readonly spec: ModelSpec
  readonly input: readonly number[]
  readonly classes: number
  optimizer(model: Network): Optimizer
}
const trainings: readonly Training[] = [
  {
    name: 'MLP 784-128-10, batch 64, SGD',
    spec: { kind: 'mlp', sizes: [784, 128, 10], activation: 'relu', dropout: 0 },
    input: [64, 784],
    classes: 10,
    optimizer: (model) => sgd(model, { lr: 0.01, momentum: 0.9 }),
  },
  {
    name: 'MLP 784-512-512-10, batch 128, Adam',
    spec: { kind: 'mlp', sizes: [784, 512, 512, 10], activation: 'relu', dropout: 0 },
    input: [128, 784],
    classes: 10,
    optimizer: (model) => adam(model, { lr: 0.001 }),
  },
  {
    name: 'CNN 32-64 on 28 x 28, batch 64, Adam',
    spec: {
      kind: 'cnn',
      image: [1, 28, 28],
      channelsLast: false,
      channels: [32, 64],
      batchNorm: false,
      hidden: [128],
      outputs: 10,
      activation: 'relu',
      dropout: 0,
    },
    input: [64, 784],
    classes: 10,
    optimizer: (model) => adam(model, { lr: 0.001 }),
  },
  {
    name: 'transformer 4 x 128, context 64, batch 16, Adam',
    spec: { kind: 'transformer', vocabulary: 65, context: 64, width: 128, layers: 4, heads: 4, dropout: 0 },
    input: [16, 64],
    classes: 65,
    optimizer: (model) => adam(model, { lr: 0.001 }),
  },
]

const training = ({ name, spec, input, classes, optimizer }: Training): Case => ({
  name,
  unit: 'steps/s',
  work: 1,
  make() {
    const model = buildModel(spec)
    const update = optimizer(model)
    const tokens = spec.kind === 'transformer'
    const size = input.reduce((a, b) => a * b)
    const labels = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => (i * 7) % classes)
    const x = tokens ? tensor(labels(size), input, { dtype: 'int32' }) : randomNormal(input)
    const y = tensor(labels(tokens ? size : (input[0] as number)), undefined, { dtype: 'int32' })
    x.dataSync()
    return capture(() => {
      const loss = (): ReturnType<typeof crossEntropy> => crossEntropy(model.forward(x).reshape([y.size, -1]), y)
      const { value, grads } = valueAndGrad(loss, model)
      update.step(grads)
      return { loss: value }
    })
  },
})

const cases: readonly Case[] = [
  product(128),
  product(512),
  product(1024),
  sum(8192, 'in cache'),
  sum(4_000_000, 'in memory'),
  ...trainings.map(training),
]

const TURNS = 100_000

/** The most multiply-adds on vectors of 128 bits that one core does from WebAssembly, in GFLOP/s. */
function peak(build: Build, seconds: number): number {
  const loops = CHAINS.map((chains) => ({ chains, loop: peakLoop(chains, build === 'relaxed') }))
  let best = 0
  const end = performance.now() + seconds * 1000
  do
    for (const { chains, loop } of loops) {
      const begin = performance.now()
      loop(TURNS)
      best = Math.max(best, (TURNS * chains * 8) / ((performance.now() - begin) * 1e6))
    }
  while (performance.now() < end)
  return best
}

/** Work a second: the best of some runs that take `seconds` together. */
async function rate(engine: Engine, { make, work }: Case, seconds: number): Promise<number> {
  const step = withEngine(engine, make)
  try {
    let steps = 1
    let best = 0
    for (const end = performance.now() + seconds * 1000; performance.now() < end; ) {
      const begin = performance.now()
      await step.runMany(steps)
      const spent = (performance.now() - begin) / 1000
      best = Math.max(best, (steps * work) / spent)
      if (spent < seconds / 10) steps *= 2
    }
    return best
  } finally {
    step.dispose()
  }
}

/** Measures and prints a line for each case; false where it was stopped. */
export async function runBench(
  { seconds, threads, wide, json }: BenchSettings,
  out: Terminal,
  signal: AbortSignal,
): Promise<boolean> {
  const all = await init({ threads, wide, seed: 1 })
  const one = all.threads === 1 ? undefined : await init({ threads: 1, wide, seed: 1 })
  const { build } = all.runtime
  try {
    const top = peak(build, seconds)
    const facts = {
      build,
      wide: all.runtime.wide,
      threads: all.threads,
      machine: machineLine(),
      peakGflops: round(top),
    }
    const cells = (...values: string[]): string =>
      ` ${values.map((value, i) => (i === 0 ? value.padEnd(48) : value.padStart(12))).join('')}`
    if (json) out.write(`${JSON.stringify({ event: 'start', ...facts })}\n`)
    else {
      const vectors = all.runtime.wide ? ', wide' : ''
      out.write(` ${paint(out, machineLine(), 'bold')}  ${build} build${vectors}\n`)
      out.write(` multiply-adds of one core on 128 bits: ${round(top)} GFLOP/s\n\n`)
      const heads = one === undefined ? ['1 thread'] : ['1 thread', `${all.threads} threads`]
      out.write(`${paint(out, cells('', ...heads), 'dim')}\n`)
    }
    for (const item of cases) {
      const rates: number[] = []
      for (const engine of one === undefined ? [all] : [one, all]) {
        if (signal.aborted) return false
        rates.push(round(await rate(engine, item, seconds)))
      }
      const { name, unit } = item
      if (json) out.write(`${JSON.stringify({ event: 'case', name, unit, rates })}\n`)
      else out.write(`${cells(name, ...rates.map(String))}  ${paint(out, unit, 'dim')}\n`)
    }
    return true
  } finally {
    await all.close()
    await one?.close()
  }
}

const round = (value: number): number => (value >= 100 ? Math.round(value) : Number(value.toPrecision(3)))
