import { afterAll, expect, test } from 'vitest'
import * as cr from '../src/index.ts'

// Public functions called with anything whatever, as plain JavaScript can: they work, or say in a typed error what is wrong.

type Anything = (...things: unknown[]) => unknown

const engine = await cr.init({ threads: 1, seed: 1 })
afterAll(() => engine.close())

/** Those of engines and scopes, whose only argument has to be a function or a tensor, which the compiler says. */
const APART = ['init', 'withEngine', 'currentEngine', 'scope', 'keep', 'capture', 'view']

const functionsOf = (name: string, space: object): (readonly [string, Anything])[] =>
  Object.entries(space)
    .filter(([key, f]) => typeof f === 'function' && /^[a-z]/.test(key) && !APART.includes(key))
    .map(([key, f]) => [`${name}${key}`, f as Anything])

const all = [
  ...functionsOf('', cr),
  ...functionsOf('nn.', cr.nn),
  ...functionsOf('optim.', cr.optim),
  ...functionsOf('optim.schedule.', cr.optim.schedule),
]

const things = (): unknown[] => {
  const x = cr.tensor([1, 2, 3, 4, 5, 6], [2, 3])
  const images = cr.ones([1, 1, 4, 4])
  const indices = cr.tensor(Int32Array.of(1, 0))
  const w = cr.parameter(cr.ones([2, 3]))
  const plain = [undefined, null, true, Number.NaN, -1, 3, 'x', [], [1, 2], {}, () => 1]
  return [...plain, x, images, indices, cr.zeros([0, 3]), cr.full([], 2), w, [w], { keepDims: true }, cr.nn.relu()]
}

test('there is something to call', () => expect(all.length).toBeGreaterThan(250))

test.each(all)('%s', (_name, f) => {
  const untyped: string[] = []
  let state = 7
  const next = (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 1
    return (state >>> 8) % n
  }
  const call = (...given: unknown[]): void => {
    using _ = cr.scope()
    try {
      const made = f(...given) as { dataSync?: () => unknown; dispose?: () => void } | undefined
      made?.dataSync?.()
      made?.dispose?.()
      engine.flush()
    } catch (error) {
      if (!(error instanceof cr.ChainruleError)) untyped.push(`${error} of ${given.map(String).join(' and ')}`)
    }
  }
  const count = 20
  call()
  for (let i = 0; i < count; i++) {
    using _ = cr.scope()
    call(things()[i])
  }
  for (let trial = 0; trial < 100; trial++) {
    using _ = cr.scope()
    const list = things()
    call(...Array.from({ length: 2 + (trial % 3) }, () => list[next(list.length)]))
  }
  expect(untyped.slice(0, 5)).toEqual([])
})
