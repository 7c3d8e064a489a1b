import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { onnxRows } from '../../src/export/onnx/table.ts'
import { type Engine, init } from '../../src/index.ts'
import { cases } from './cases.ts'
import { agree } from './run.ts'

let engine: Engine
const rules = Object.entries(onnxRows).map(([name, row]) => [name, vi.spyOn(row, 'rule')] as const)
beforeAll(async () => {
  engine = await init({ threads: 1, seed: 3 })
})
afterAll(() => engine.close())

describe('an exported model gives in onnxruntime what it gives here', () => {
  it.each(cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    await agree(one)
  })

  it('and these cases use every row of the mapping', () => {
    expect(rules.filter(([, rule]) => rule.mock.calls.length === 0).map(([name]) => name)).toEqual([])
  })
})
