import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkGradients } from '../../src/check/index.ts'
import {
  add,
  type Engine,
  GradientError,
  gradients,
  init,
  mul,
  type OpName,
  ops,
  scope,
  sum,
  type Tensor,
  tensor,
} from '../../src/index.ts'
import { applyAll } from '../../src/ops/apply.ts'
import type { OpRow } from '../../src/ops/define.ts'
import { cases, type OpCase } from './cases/index.ts'
import { numbersOf, type Prepared, prepare } from './run.ts'

let engine: Engine
beforeAll(async () => {
  engine = await init({ threads: 2 })
})
afterAll(() => engine.close())

const rows: readonly (readonly [OpName, OpRow])[] = Object.entries(ops) as [OpName, OpRow][]
const sizeOf = ({ inputs }: OpCase): number => Math.max(0, ...inputs.map((x) => x.shape.reduce((p, n) => p * n, 1)))
const isTame = ({ inputs }: OpCase): boolean => inputs.every((x) => x.fill !== 'special' && x.fill !== 'wide')

/** A case whose results a loss can depend on. */
const isFloat = (name: OpName, { inputs, attrs = {} }: OpCase): boolean => {
  const specs = inputs.map(({ shape, dtype = 'float32' }) => ({ shape, dtype }))
  return (
    ops[name].infer(specs, attrs).every(({ dtype }) => dtype === 'float32') && specs.some((x) => x.dtype === 'float32')
  )
}

/** A case with something in it. */
const first = (name: OpName): OpCase => cases[name].find((c) => c.inputs.length === 0 || sizeOf(c) > 0) as OpCase

/** A loss in which every element of every result counts differently. */
function weighted(name: OpName, { operands }: Prepared): Tensor {
  const { inputs, attrs } = operands()
  const { saved = [] } = ops[name]
  const parts = applyAll(ops[name], inputs, attrs, engine).flatMap((y, k) => {
    if (saved.includes(k)) return []
    const weights = numbersOf({ shape: y.shape, fill: 'any' }, 100 + k)
    return sum(mul(y, tensor(weights, y.shape, { engine })))
  })
  return parts.reduce((total, part) => add(total, part))
}

const differentiable = (tensors: readonly Tensor[]): Tensor[] => tensors.filter((t) => t.dtype === 'float32')

describe('every rule agrees with central differences and with the engine', () => {
  const ruled = rows.filter(([, row]) => typeof row.gradient === 'function')

  test.each(ruled)('%s', async (name) => {
    const list = cases[name].filter((c) => sizeOf(c) <= 600 && isTame(c) && isFloat(name, c))
    let checked = 0
    for (const [i, c] of list.entries()) {
      using _ = scope()
      const prepared = prepare(engine, name, c)
      const report = await checkGradients(() => weighted(name, prepared), differentiable(prepared.tensors), {
        exhaustive: 40,
        samples: 3,
      })
      const shapes = JSON.stringify({ shapes: c.inputs.map((x) => x.shape), attrs: c.attrs })
      expect(report.ok, `case ${i} ${shapes}\n${report.print()}`).toBe(true)
      checked += report.params.reduce((n, p) => n + p.entries.length, 0)
    }
    expect(checked).toBeGreaterThan(3)
  })
})

describe('operations without a rule', () => {
  const flat = rows.filter(([, row]) => row.gradient === 'piecewise constant' || row.gradient === 'update')
  const refused = rows.filter(([, row]) => row.gradient === 'no second derivative')

  test.each(flat)('%s passes no gradient on', (name) => {
    using _ = scope()
    const prepared = prepare(engine, name, first(name))
    const { inputs, attrs } = prepared.operands()
    const made = applyAll(ops[name], inputs, attrs, engine)
    const other = tensor([2, 3])
    // an integer or control result cannot enter a loss at all
    if (made[0]?.dtype !== 'float32') return expect(['int32', 'float64']).toContain(made[0]?.dtype)
    const params = [...differentiable(prepared.tensors), other]
    const grads = gradients(() => add(sum(mul(other, other)), weighted(name, prepared)), params)
    for (const [i, g] of grads.entries()) {
      const want = i === grads.length - 1 ? [4, 6] : new Array(params[i]!.size).fill(0)
      expect(Array.from(g.dataSync()), `parameter ${i}`).toEqual(want)
    }
  })

  test.each(refused)('%s refuses to be differentiated', (name) => {
    using _ = scope()
    const prepared = prepare(engine, name, first(name))
    const params = differentiable(prepared.tensors)
    if (params.length === 0) return expect(prepared.tensors[0]?.dtype).not.toBe('float32')
    expect(() => gradients(() => weighted(name, prepared), params)).toThrow(GradientError)
  })
})
