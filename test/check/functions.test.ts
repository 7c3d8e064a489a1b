import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Operand } from '../../src/check/cases/index.ts'
import {
  checkComposed,
  compared,
  computed,
  floatsOf,
  functionNames,
  operandsOf,
  type Proof,
  proofsOf,
  rowOf,
} from '../../src/check/function-table.ts'
import type { FunctionName, Wider } from '../../src/check/functions/index.ts'
import { sizeOf } from '../../src/check/operands.ts'
import { weighted } from '../../src/check/table.ts'
import type * as publicNames from '../../src/index.ts'
import { type Elements, type Engine, gradients, init, mul, type OpName, Scope, sum, tensor } from '../../src/index.ts'
import type * as f from '../../src/ops/functions.ts'
import { differs } from '../helpers/bits.ts'

/** The rows are those of the functions that are exported, no more and no less; otherwise this does not compile. */
type Exported = Exclude<Extract<keyof typeof f, keyof typeof publicNames>, OpName> | Wider
const complete: [Exclude<Exported, FunctionName>, Exclude<FunctionName, Exported>] extends [never, never]
  ? true
  : never = true

// The functions that other operations make up against f64 references of their own, as the rows of the op table.

test('every exported function is in the table', () => expect(complete).toBe(true))

const engines: Engine[] = []
beforeAll(async () => {
  for (const numerics of ['fast', 'reproducible'] as const)
    for (const threads of [1, 2, 3, 4]) engines.push(await init({ threads, numerics }))
})
afterAll(async () => {
  for (const engine of engines) await engine.close()
})

describe.each(functionNames)('%s', (name) => {
  const row = rowOf(name)

  test('is within its bound in both builds, with the same bits on 1 to 4 threads', () => {
    const handles = engines.map((engine) => engine.handles)
    const proofs = proofsOf(engines[0] as Engine, row.cases)
    let first: ReturnType<typeof computed> = []
    for (const [i, engine] of engines.entries()) {
      const results = computed(engine, row.cases)
      const builds = i % 4 === 0
      if (builds) expect(compared(results, proofs, row.cases).faults).toEqual([])
      for (const [c, outputs] of first.entries())
        for (const [k, { data }] of outputs.entries()) {
          // where nothing is rounded there is nothing that the builds could round in two ways
          if (builds && (proofs[c] as Proof).bounds[k]?.some((bound) => bound !== 0)) continue
          const other = results[c]?.[k]?.data as Elements
          const how = builds ? 'in the other build' : `on ${engine.threads} threads`
          expect(differs(other, data, !builds), `case ${c} output ${k} ${how}`).toBe(false)
        }
      if (builds) first = results
    }
    expect(engines.map((engine) => engine.handles)).toEqual(handles)
  })

  if (row.gradient === 'composed')
    test('has the gradient of what it computes', async () => {
      const { report, faults } = await checkComposed(engines[1] as Engine, row)
      expect(faults).toEqual([])
      expect(report.derivatives).toBeGreaterThan(3)
    })
  else
    test('passes no gradient on', () => {
      const engine = engines[1] as Engine
      using _ = new Scope(engine)
      const isFloat = ({ dtype = 'float32' }: Operand): boolean => dtype === 'float32'
      const c = row.cases.find(({ inputs }) => inputs.some(isFloat) && sizeOf({ inputs }) > 0)
      // whole numbers have no gradient at all
      if (c === undefined) return expect(row.cases.every(({ inputs }) => !inputs.some(isFloat))).toBe(true)
      const tensors = operandsOf(engine, c)
      const floats = tensors.filter(({ dtype }) => dtype === 'float32')
      const other = tensor([2, 3], undefined, { engine })
      const grads = gradients(
        () => sum(mul(other, other)).add(weighted(engine, floatsOf(c.call(...tensors)))),
        [...floats, other],
      )
      for (const [i, g] of grads.entries()) {
        const want = i === floats.length ? [4, 6] : new Array(g.size).fill(0)
        expect(Array.from(g.dataSync()), `operand ${i}`).toEqual(want)
      }
    })
})
