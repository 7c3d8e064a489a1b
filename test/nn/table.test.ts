// Every layer of nn, by the table: what it computes against the same graph in f64, its gradients, states and refusals.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { spreadOf } from '../../src/check/compare.ts'
import { checkGradients } from '../../src/check/index.ts'
import { memoryOf } from '../../src/check/memory.ts'
import { distance, numbersOf } from '../../src/check/operands.ts'
import { generator } from '../../src/check/random.ts'
import {
  DataError,
  type Elements,
  type Engine,
  gradients,
  init,
  type nn,
  scope,
  type Tensor,
  tensor,
  withEngine,
} from '../../src/index.ts'
import { Evaluation } from '../../src/reference/index.ts'
import { engine, openForAll, refused, t } from '../ops/wrong/calls.ts'
import { layers } from './layers/index.ts'
import type { LayerCase, MakerName } from './layers/types.ts'

const names = Object.keys(layers) as MakerName[]
const THREADS = [1, 2, 3, 4] as const
const bits = (data: Elements): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
const text = (i: number, { inputs }: LayerCase): string =>
  `case ${i} ${JSON.stringify(inputs.map((operand) => operand.shape))}`

const operandsOf = (c: LayerCase): Tensor[] =>
  c.inputs.map((operand, i) => tensor(numbersOf(operand, i + 1), operand.shape, { dtype: operand.dtype ?? 'float32' }))

const results = (c: LayerCase, module: nn.Module, operands: Tensor[]): readonly Tensor[] => {
  if (c.call !== undefined) return c.call(module, ...operands)
  const forward = module.forward as unknown as (...x: readonly Tensor[]) => Tensor
  return [forward.apply(module, operands)]
}

/** A loss in which every element counts differently. */
function lossOf(c: LayerCase, module: nn.Module, operands: Tensor[]): Tensor {
  return results(c, module, operands)
    .map((y, i) => y.mul(tensor(numbersOf({ shape: y.shape, fill: 'any' }, 50 + i), y.shape)).sum())
    .reduce((sum, part) => sum.add(part))
}

/** Everything that is differentiated, by name. */
function leavesOf(module: nn.Module, operands: readonly Tensor[]): Record<string, Tensor> {
  const floats = operands.flatMap((x, i) => (x.dtype === 'float32' ? [[`input ${i}`, x] as const] : []))
  return { ...Object.fromEntries(module.namedParameters()), ...Object.fromEntries(floats) }
}

/** Results, gradients and variables in both modes. */
function everything(c: LayerCase): Elements[] {
  using _ = scope()
  using module = c.make()
  const operands = operandsOf(c)
  return [true, false].flatMap((training) => {
    module.train(training)
    const made = results(c, module, operands).map((y) => y.dataSync())
    if (c.empty === true) return made
    const slopes = Object.values(gradients(() => lossOf(c, module, operands), leavesOf(module, operands)))
    return [...made, ...slopes.map((g) => g.dataSync()), ...module.variables().map((v) => v.dataSync())]
  })
}

/** What the engine computes, and the traced graph in f64. */
function traced(
  engine: Engine,
  c: LayerCase,
  module: nn.Module,
  operands: Tensor[],
): { readonly made: readonly Tensor[]; readonly evaluation: Evaluation } {
  engine.flush()
  const tape = engine.startTape()
  try {
    const made = results(c, module, operands)
    const states = made.map((y) => y.state)
    return { made, evaluation: new Evaluation(states, memoryOf(engine, 'layers')) }
  } finally {
    engine.stopTape(tape)
  }
}

/** The same side by side; a text for what is out of its bound. */
function faults(engine: Engine, c: LayerCase, module: nn.Module): string[] {
  using _ = scope()
  const { made, evaluation } = traced(engine, c, module, operandsOf(c))
  const exact = evaluation.outputs()
  const bounds = spreadOf(evaluation, exact, generator(1))
  return made.flatMap((y, k) => distance(y.dataSync(), exact[k]!, bounds[k]!).fault ?? [])
}

const sort = (v: number): string => (Number.isFinite(v) ? 'finite' : String(v))

/** The same of what is NaN, infinite or finite, with one such element in the first operand of numbers. */
function spoiled(engine: Engine, c: LayerCase, module: nn.Module, bad: number): string[] {
  using _ = scope()
  const first = c.inputs.findIndex(({ dtype = 'float32' }) => dtype === 'float32')
  const operands = operandsOf(c).map((x, i) => {
    if (i !== first) return x
    const data = Float32Array.from(x.dataSync())
    data[0] = bad
    return tensor(data, x.shape)
  })
  const { made, evaluation } = traced(engine, c, module, operands)
  const exact = evaluation.outputs()
  return made.flatMap((y, k) =>
    Array.from(y.dataSync()).flatMap((got, i) => {
      const want = exact[k]!.data[i] as number
      return sort(got) === sort(want) ? [] : [`output ${k} element ${i}: got ${got}, want ${want}`]
    }),
  )
}

describe.each(['fast', 'reproducible'] as const)('numerics: %s', (numerics) => {
  const engines: Engine[] = []
  let checked: Engine
  beforeAll(async () => {
    for (const threads of THREADS) engines.push(await init({ threads, numerics, seed: 9 }))
    checked = await init({ threads: 2, numerics, seed: 9 })
  })
  afterAll(async () => {
    for (const engine of [...engines, checked]) await engine.close()
  })

  test.each(names)('%s has the same bits on 1 to 4 threads', (name) => {
    const handles = engines.map((engine) => engine.handles)
    for (const [i, c] of layers[name].cases.entries()) {
      const [one, ...more] = engines.map((engine) => withEngine(engine, () => everything(c)))
      for (const [k, other] of more.entries())
        for (const [j, data] of other.entries())
          expect(Buffer.compare(bits(data), bits(one![j]!)), `${text(i, c)} result ${j} on ${k + 2} threads`).toBe(0)
    }
    expect(engines.map((engine) => engine.handles)).toEqual(handles)
  })

  test.each(names)('%s is its graph in f64, and has the gradients of its differences', async (name) => {
    for (const [i, c] of layers[name].cases.entries()) {
      using _ = scope()
      using module = c.make()
      for (const training of [true, false]) {
        module.train(training)
        const where = `${text(i, c)} ${training ? 'training' : 'evaluation'}`
        expect(faults(checked, c, module), where).toEqual([])
        if (c.empty === true) continue
        const operands = operandsOf(c)
        const leaves = leavesOf(module, operands)
        if (Object.keys(leaves).length === 0) continue
        const report = await checkGradients(() => lossOf(c, module, operands), leaves, { exhaustive: 12, samples: 2 })
        expect(report.ok, `${where}\n${report.print()}`).toBe(true)
      }
    }
  })

  test.each(names)('%s has NaN, infinities and finite numbers where its graph in f64 has', (name) => {
    for (const [i, c] of layers[name].cases.entries()) {
      // no number goes in
      if (c.empty === true || c.inputs.every(({ dtype }) => dtype === 'int32')) continue
      using module = c.make()
      module.eval()
      for (const bad of [Number.NaN, Infinity, -Infinity])
        expect(spoiled(checked, c, module, bad), `${text(i, c)} ${bad}`).toEqual([])
    }
  })
})

describe('states, tables and refusals', () => {
  openForAll()

  const answer = (c: LayerCase, module: nn.Module): Elements[] => {
    using _ = scope()
    return results(c, module.eval(), operandsOf(c)).map((y) => y.dataSync())
  }

  test.each(names)('%s computes the same with the state of another', async (name) => {
    for (const [i, c] of layers[name].cases.entries()) {
      using one = c.make()
      using two = c.make()
      // running statistics that are not those of the beginning
      if (c.empty !== true) scope(() => void results(c, one, operandsOf(c)).map((y) => y.dataSync()))
      const state = await one.stateDict()
      expect([...state.keys()].length, text(i, c)).toBe(new Set(one.variables()).size)
      two.loadStateDict(state)
      expect(await two.stateDict()).toEqual(state)
      expect(answer(c, two), text(i, c)).toEqual(answer(c, one))
      for (const missing of state.keys()) {
        const less = new Map([...state].filter(([key]) => key !== missing))
        expect(() => two.loadStateDict(less)).toThrow(DataError)
      }
      expect(() => two.loadStateDict([...state, ['more', { shape: [1], data: Float32Array.of(1) }]])).toThrow(DataError)
      expect(await two.stateDict()).toEqual(state)
    }
  })

  test.each(names)('%s has a table of its own', (name) => {
    const c = layers[name].cases[0] as LayerCase
    using _ = scope()
    using module = c.make()
    const parameters = module.variables().reduce((sum, { size }) => sum + size, 0)
    const trained = module.parameters().reduce((sum, { size }) => sum + size, 0)
    const group = (n: number): string => n.toLocaleString('en-US')
    const total = `${group(parameters)} parameters (${group(trained)} trained), ${group(4 * parameters)} bytes`
    const table = module.summary()
    expect(table.split('\n').at(-1)).toBe(total)
    const leaf = [...module.namedModules()].length === 1
    if (leaf) expect(table).toContain(name)
    const [input] = c.inputs
    if (c.call !== undefined || c.inputs.length !== 1 || input === undefined) return
    const [y] = results(c, module.eval(), operandsOf(c)) as [Tensor]
    const shown = module.summary(input.shape, input.dtype)
    if (leaf) expect(shown.split('\n')[1]).toMatch(new RegExp(`${name} +\\[${y.shape.join(', ')}\\] `))
    expect(shown.split('\n').at(-1)).toBe(total)
  })

  test.each(names)('%s refuses bad calls and stays as it is', async (name) => {
    const c = layers[name].cases[0] as LayerCase
    using layer = c.make()
    const [state, right] = [await layer.stateDict(), answer(c, layer)]
    layer.train()
    const handles = engine.handles
    refused(layers[name].wrong(t, layer))
    expect(engine.handles).toBe(handles)
    expect(Array.from(t.kept.dataSync())).toEqual([1, 2, 3])
    expect(Array.from(t.v.add(1).dataSync())).toEqual([2, 3, 4, 5, 6])
    expect(await layer.stateDict()).toEqual(state)
    expect(answer(c, layer)).toEqual(right)
  })
})
