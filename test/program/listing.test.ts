import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import {
  capture,
  crossEntropy,
  init,
  mse,
  nn,
  optim,
  type Shape,
  type Step,
  spec,
  type Tensor,
  valueAndGrad,
} from '../../src/index.ts'

// Programs and memory maps of a few models as committed text, so that a change of operations, fusion, planner or
// scheduler shows what it did to them. UPDATE_LISTINGS=1 writes them anew: look at the difference before you commit it.

const folder = fileURLToPath(new URL('../golden/listings/', import.meta.url))
const update = process.env['UPDATE_LISTINGS'] === '1'

function compare(name: string, text: string): void {
  const file = `${folder}${name}.txt`
  if (update) {
    mkdirSync(folder, { recursive: true })
    writeFileSync(file, `${text}\n`)
  }
  expect(existsSync(file), `${file} is there`).toBe(true)
  expect(`${text}\n`, `${name}: UPDATE_LISTINGS=1 accepts the change`).toBe(readFileSync(file, 'utf8'))
}

interface Model {
  readonly doc: string
  readonly batch: number
  /** Widths from the inputs to the outputs. */
  readonly sizes: readonly number[]
  readonly activation: () => readonly nn.Layer[]
  readonly optimizer: (model: nn.Module) => optim.Optimizer
  /** Variables that the optimizer keeps for each parameter. */
  readonly slots: number
  readonly classes: boolean
}

const listed: Readonly<Record<string, Model>> = {
  classifier: {
    doc: 'MLP 64-128-10, relu, cross-entropy, batch 64, SGD with momentum',
    batch: 64,
    sizes: [64, 128, 10],
    activation: () => [nn.relu()],
    optimizer: (model) => optim.sgd(model, { lr: 0.1, momentum: 0.9 }),
    slots: 1,
    classes: true,
  },
  regression: {
    doc: 'MLP 2-16-16-1, tanh, mean squared error, batch 32, Adam',
    batch: 32,
    sizes: [2, 16, 16, 1],
    activation: () => [nn.tanh()],
    optimizer: (model) => optim.adam(model, { lr: 0.001 }),
    slots: 2,
    classes: false,
  },
  dropout: {
    doc: 'MLP 64-256-10, relu and dropout, cross-entropy, batch 64, SGD along a cosine with a linear start',
    batch: 64,
    sizes: [64, 256, 10],
    activation: () => [nn.relu(), nn.dropout(0.2)],
    optimizer: (model) => optim.sgd(model, { lr: optim.schedule.cosine(0.1, { steps: 1000, warmup: 50 }) }),
    slots: 0,
    classes: true,
  },
}

/** Those that the figures in bench/ are about. */
const measured: Readonly<Record<string, Model>> = {
  W1: {
    doc: 'MLP 784-128-10, relu, cross-entropy, batch 64, SGD with momentum',
    batch: 64,
    sizes: [784, 128, 10],
    activation: () => [nn.relu()],
    optimizer: (model) => optim.sgd(model, { lr: 0.01, momentum: 0.9 }),
    slots: 1,
    classes: true,
  },
  W2: {
    doc: 'MLP 784-512-512-10, relu, cross-entropy, batch 128, Adam',
    batch: 128,
    sizes: [784, 512, 512, 10],
    activation: () => [nn.relu()],
    optimizer: (model) => optim.adam(model, { lr: 0.001 }),
    slots: 2,
    classes: true,
  },
}

/** What `look` sees of the captured step on so many threads. */
async function captured<T>(model: Model, threads: number, look: (step: Step<'x' | 'y', 'loss'>) => T): Promise<T> {
  const engine = await init({ threads, seed: 1 })
  try {
    const { batch, sizes } = model
    const layers = sizes.slice(1).flatMap((outputs, i): readonly nn.Layer[] => {
      const linear = nn.linear(sizes[i] as number, outputs)
      return i === sizes.length - 2 ? [linear] : [linear, ...model.activation()]
    })
    const net = nn.sequential(layers)
    const optimizer = model.optimizer(net)
    const width = (size: number | undefined): Shape => [batch, size ?? 0]
    const loss = (x: Tensor, y: Tensor): Tensor => (model.classes ? crossEntropy : mse)(net.forward(x), y)
    using step = capture(
      ({ x, y }) => {
        const { value, grads } = valueAndGrad(() => loss(x, y), net)
        optimizer.step(grads)
        return { loss: value }
      },
      { x: spec(width(sizes[0])), y: model.classes ? spec([batch], 'int32') : spec(width(sizes.at(-1))) },
    )
    return look(step)
  } finally {
    await engine.close()
  }
}

const cases = (models: Readonly<Record<string, Model>>): { name: string; threads: number; model: Model }[] =>
  Object.entries(models).flatMap(([name, model]) => [1, 2].map((threads) => ({ name, threads, model })))

const plural = (n: number): string => `${n} thread${n === 1 ? '' : 's'}`

describe('listings', () => {
  it.each(cases(listed))('$name, $threads thread(s)', async ({ name, threads, model }) => {
    const text = await captured(model, threads, (step) => `${step.print()}\n\n${step.memoryMap()}`)
    compare(`${name}-${threads}`, `${model.doc}; ${plural(threads)}\n\n${text}`)
  })

  it('are all of a model', () => {
    const names = [...cases(listed).map(({ name, threads }) => `${name}-${threads}.txt`), 'sizes.txt']
    expect(readdirSync(folder).sort()).toEqual(names.sort())
  })
})

interface Row {
  readonly kernel: string
  readonly commit: boolean
}

/** The instructions of a printed program: number, threads, kernel, operands; op. */
const rowsOf = (program: string): Row[] =>
  program
    .split('\n')
    .filter((line) => /^ *\d+ \d/.test(line))
    .map((line) => ({ kernel: line.trim().split(/\s+/)[2] as string, commit: line.endsWith(' commit') }))

interface Life {
  readonly begin: number
  readonly end: number
  /** A `#` for each instruction during which it is alive. */
  readonly bar: string
}

const units = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20 } as const

/** The buffers of a printed memory map. Sizes are rounded to a tenth of their unit, ends are rounded down. */
const livesOf = (map: string): Life[] =>
  [...map.matchAll(/^ *(\d+) +([\d.]+) (B|KiB|MiB) \|([.#]+)\|/gm)].map(([, offset, size, unit, bar]) => {
    const exact = unit === 'B' ? 0 : 0.05
    const begin = Number(offset)
    return { begin, end: begin + (Number(size) - exact) * units[unit as keyof typeof units], bar: bar as string }
  })

const meet = (a: Life, b: Life): boolean =>
  a.begin < b.end && b.begin < a.end && [...a.bar].some((mark, i) => mark === '#' && b.bar[i] === '#')

const bytes = (words: number): number => 4 * words

describe('the programs that the figures are about', () => {
  it('have the size that they had', async () => {
    const lines = ['model  threads  instructions  barriers  peak bytes']
    for (const { name, threads, model } of cases(measured))
      lines.push(
        await captured(model, threads, ({ instructions, barriers, peakBytes }) =>
          [
            name.padEnd(5),
            ...[threads, instructions, barriers, peakBytes].map((n, i) => String(n).padStart([9, 14, 10, 12][i] ?? 0)),
          ].join(''),
        ),
      )
    compare('sizes', lines.join('\n'))
  })

  it.each(cases({ ...measured, ...listed }))(
    '$name on $threads: as many products, updates and meetings as there must be',
    async ({ model, threads }) => {
      const { rows, barriers, instructions, lives, most } = await captured(model, threads, (step) => ({
        rows: rowsOf(step.print()),
        barriers: step.barriers,
        instructions: step.instructions,
        lives: livesOf(step.memoryMap()),
        most: step.threads,
      }))
      const layers = model.sizes.length - 1
      expect(rows.length).toBe(instructions)
      // Forward, weights and inputs of each layer, but for the inputs of the first.
      expect(rows.filter(({ kernel }) => kernel === 'gemm' || kernel === 'gemv').length).toBe(3 * layers - 1)
      // A weight and a bias each, and nothing else writes a parameter.
      const updates = rows.filter(({ kernel }) => kernel === 'sgd' || kernel === 'adam')
      expect(updates.length).toBe(2 * layers)
      expect(updates.every(({ commit }) => commit)).toBe(true)
      if (most === 1) expect(barriers).toBe(0)
      else expect(barriers).toBeLessThan(instructions)
      expect(lives.length).toBeGreaterThan(0)
      expect(lives.flatMap((a, i) => lives.slice(i + 1).filter((b) => meet(a, b)))).toEqual([])
    },
  )

  it.each(cases(measured))(
    '$name on $threads holds its variables, gradients and activations, and little more',
    async ({ model, threads }) => {
      const { batch, sizes, slots } = model
      const peak = await captured(model, threads, (step) => step.peakBytes)
      const inputs = bytes(batch * (sizes[0] as number) + batch)
      const parameters = sizes.slice(1).reduce((sum, n, i) => sum + bytes(n * ((sizes[i] as number) + 1)), 0)
      const activations = sizes.slice(1).reduce((sum, n) => sum + bytes(batch * n), 0)
      const kept = inputs + (1 + slots) * parameters
      expect(peak).toBeGreaterThan(kept + activations)
      // The program and the curve of the loss are the rest.
      expect(peak).toBeLessThan(kept + parameters + 2 * activations + 2 ** 15)
    },
  )
})
