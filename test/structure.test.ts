// What makes the machine fast, held without a clock: the instructions in the inner loops of the products, and how many
// instructions, barriers and bytes a captured step of each workload has. Other numbers here need a reason.
import { describe, expect, onTestFinished, test } from 'vitest'
import { build, workloads } from '../bench/lib/workloads.ts'
import { init, withEngine } from '../src/index.ts'
import { innerLoops } from './helpers/loops.ts'
import { type Build, binaryOf } from './helpers/machine.ts'

describe('the inner loop of a product', () => {
  const relaxed = innerLoops(binaryOf('relaxed'))
  test.each([
    ['4x8', 4, 2],
    ['6x8', 6, 2],
    ['6x16', 6, 4],
  ])('of %s broadcasts a column of A, loads a row of B, and multiplies; nothing else', (_, rows, vectors) => {
    const found = relaxed.filter(({ splat, fma, store }) => splat === rows && fma === rows * vectors && store === 0)
    // The packed one, and the one of convolutions.
    expect(found.length).toBeGreaterThanOrEqual(2)
    for (const loop of found)
      expect(loop).toMatchObject({
        splat: rows,
        load: vectors,
        fma: rows * vectors,
        mul: 0,
        add: 0,
        const: 0,
        shuffle: 0,
      })
  })

  test('of the strict build has a product and a sum in place of each', () => {
    const count = (build: Build): number =>
      innerLoops(binaryOf(build)).filter(({ splat, load, mul, add, fma, store }) => {
        const steps = build === 'simd' ? mul : fma
        return splat === 6 && load === 2 && steps === 12 && store === 0 && (build === 'relaxed' || add === 12)
      }).length
    expect(count('simd')).toBe(count('relaxed'))
    expect(innerLoops(binaryOf('simd')).every(({ fma }) => fma === 0)).toBe(true)
  })
})

test('no inner loop of an update builds a constant, and Adam reads and writes each number once', () => {
  const adam = innerLoops(binaryOf('relaxed')).filter(
    ({ load, fma, mul, store }) => load === 8 && fma === 10 && mul === 8 && store === 6,
  )
  expect(adam).toHaveLength(1)
  expect(adam[0]).toMatchObject({ const: 0, shuffle: 0 })
})

describe('a captured step', () => {
  test.each([
    // instructions, barriers on two threads, most bytes
    ['W1', 20, 7, 1.5e6],
    ['W2', 33, 9, 11.4e6],
    ['W3', 38, 0, 31e3],
    ['W4', 44, 16, 17.7e6],
    ['W5', 300, 166, 48 * 2 ** 20],
    ['W8', 24, 10, 73.5e6],
  ])(
    'of %s has %d instructions, %d barriers on two threads, and at most %d bytes',
    async (name, instructions, barriers, bytes) => {
      const engine = await init({ threads: 2, seed: 1 })
      onTestFinished(() => engine.close())
      const workload = workloads.find((candidate) => candidate.name === name)
      if (workload === undefined) throw new Error(`no workload ${name}`)
      const { step, dispose } = withEngine(engine, () => build(workload))
      expect([step.instructions, step.barriers]).toEqual([instructions, barriers])
      expect(step.peakBytes).toBeLessThanOrEqual(bytes)
      dispose()
    },
  )
})
