import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cases } from '../../src/check/cases/index.ts'
import { rounding } from '../../src/check/index.ts'
import { compute, distance, expected } from '../../src/check/operands.ts'
import { type Elements, type Engine, init, type OpName, ops } from '../../src/index.ts'
import { type ReferenceName, references } from '../../src/reference/index.ts'
import { differs } from '../helpers/bits.ts'

/** The references are those of the op table, no more and no less; otherwise this does not compile. */
const complete: Readonly<Record<OpName, unknown>> & Readonly<Record<ReferenceName, unknown>> = references
const nothingElse: Exclude<ReferenceName, OpName> extends never ? true : never = true

const names = Object.keys(ops) as OpName[]
const THREADS = [1, 2, 3, 4] as const
/** What the first build gave for the operations that are exact: the other gives the same bits. */
const exact = new Map<OpName, Elements[][]>()

test('every operation has a reference', () => {
  expect(nothingElse && Object.keys(complete).sort()).toEqual([...names].sort())
})

describe.each(['fast', 'reproducible'] as const)('numerics: %s', (numerics) => {
  const engines: Engine[] = []
  beforeAll(async () => {
    for (const threads of THREADS) engines.push(await init({ threads, numerics }))
  })
  afterAll(async () => {
    for (const engine of engines) await engine.close()
  })

  test.each(names)('%s is within its bound, with the same bits on 1 to 4 threads', (name) => {
    const list = cases[name]
    expect(list.length).toBeGreaterThan(2)
    const [one, ...more] = engines as [Engine, ...Engine[]]
    const handles = engines.map((engine) => engine.handles)
    const results = compute(one, name, list)
    for (const [i, c] of list.entries()) {
      const { inputs, attrs, outputs } = expected(one, name, c)
      const bounds = rounding[name](inputs, attrs, outputs)
      for (const [k, want] of outputs.entries()) {
        const where = `case ${i} ${JSON.stringify({ shapes: c.inputs.map((x) => x.shape), attrs: c.attrs })} output ${k}`
        expect(distance(results[i]![k]!, want, bounds[k]!).fault, where).toBeUndefined()
      }
    }
    if (rounding[name].text === 'exact') {
      for (const [i, outputs] of (exact.get(name) ?? []).entries())
        for (const [k, data] of outputs.entries())
          expect(differs(results[i]![k]!, data), `case ${i} output ${k} in the other build`).toBe(false)
      exact.set(name, results)
    }
    for (const engine of more) {
      const again = compute(engine, name, list)
      for (const [i, outputs] of again.entries()) {
        for (const [k, data] of outputs.entries()) {
          const other = differs(data, results[i]![k]!, true)
          expect(other, `case ${i} output ${k} on ${engine.threads} threads`).toBe(false)
        }
      }
    }
    expect(engines.map((engine) => engine.handles)).toEqual(handles)
  })
})
