import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cases, type OpCase } from '../../src/check/cases/index.ts'
import { prepare, sizeOf } from '../../src/check/operands.ts'
import { checkRule, weightedLoss } from '../../src/check/table.ts'
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

let engine: Engine
beforeAll(async () => {
  engine = await init({ threads: 2 })
})
afterAll(() => engine.close())

const rows: readonly (readonly [OpName, OpRow])[] = Object.entries(ops) as [OpName, OpRow][]
/** A case with something in it. */
const first = (name: OpName): OpCase => cases[name].find((c) => c.inputs.length === 0 || sizeOf(c) > 0) as OpCase

const differentiable = (tensors: readonly Tensor[]): Tensor[] => tensors.filter((t) => t.dtype === 'float32')

describe('every rule agrees with central differences and with the engine', () => {
  const ruled = rows.filter(([, row]) => typeof row.gradient === 'function')

  test.each(ruled)('%s', async (name) => {
    const { report, faults } = await checkRule(engine, name)
    expect(faults).toEqual([])
    expect(report.derivatives).toBeGreaterThan(3)
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
    const grads = gradients(() => add(sum(mul(other, other)), weightedLoss(engine, name, prepared)), params)
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
    expect(() => gradients(() => weightedLoss(engine, name, prepared), params)).toThrow(GradientError)
  })
})
