import { describe, expect, test } from 'vitest'
import * as cr from '../../src/index.ts'
import * as f from '../../src/ops/functions.ts'
import { engine, openForAll, refused, type Tools, t } from './wrong/calls.ts'
import { wrongFunctions } from './wrong/functions.ts'

// Bad calls of every exported function that is not a row of the op table: a typed error, and nothing has changed.

openForAll()

const names = Object.keys(wrongFunctions({} as Tools))

test('the list is what is exported, and the rows of the op table apart', () => {
  const exported = Object.entries(f).filter(([name, value]) => typeof value === 'function' && Object.hasOwn(cr, name))
  expect(names.sort()).toEqual(
    exported
      .map(([name]) => name)
      .filter((name) => !Object.hasOwn(cr.ops, name))
      .sort(),
  )
})

describe('bad calls of', () => {
  test.each(names)('%s', (name) => {
    const handles = engine.handles
    refused(wrongFunctions(t)[name as keyof ReturnType<typeof wrongFunctions>]())
    expect(engine.handles).toBe(handles)
    expect(Array.from(t.kept.dataSync())).toEqual([1, 2, 3])
    expect(Array.from(t.v.add(1).dataSync())).toEqual([2, 3, 4, 5, 6])
  })
})
