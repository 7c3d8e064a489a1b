import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Engine, init } from '../src/index.ts'
import { run, unsupported } from './golden-adapter.ts'
import { differences, suite, tensors } from './helpers/golden.ts'

// Every case that PyTorch computed, through the public API: it passes, or its operation is on the list of those that
// this set of kernels lacks. Nothing is skipped.

const expected = {
  layers: { passed: 56, unsupported: 0 },
  ops: { passed: 187, unsupported: 0 },
  losses: { passed: 42, unsupported: 0 },
  optimizers: { passed: 30, unsupported: 0 },
  special: { passed: 105, unsupported: 0 },
  curves: { passed: 6, unsupported: 0 },
}

describe.each(['fast', 'reproducible'] as const)('numerics: %s', (numerics) => {
  let engine: Engine
  beforeAll(async () => {
    engine = await init({ threads: 2, numerics })
  })
  afterAll(() => engine.close())

  describe.each(Object.keys(expected) as (keyof typeof expected)[])('golden suite %s', (name) => {
    const from = suite(name)
    const outcome = { passed: 0, unsupported: 0 }

    test.each(from.cases.map((c) => [c.id, c] as const))('%s', (_id, c) => {
      const handles = engine.handles
      const result = run(c, tensors(from, c.inputs), {
        gradOutputs: tensors(from, c.grad_outputs),
        batches: tensors(from, c.batches),
      })
      expect(engine.handles, 'tensors that the case left behind').toBe(handles)
      if (result === undefined) {
        expect(unsupported[c.op] ?? unsupported[c.id], `${c.op} has no reason`).toBeDefined()
        outcome.unsupported++
      } else {
        expect(differences(from, c, result)).toEqual([])
        outcome.passed++
      }
    })

    test('as many cases passed as before', () => {
      expect(outcome).toEqual(expected[name])
    })
  })
})
