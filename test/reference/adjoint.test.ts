import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Attrs, type RefTensor, references } from '../../src/reference/index.ts'

// <A x, y> = <x, A^T y>: each gather-like row against the row that is its transpose.

const sizeOf = (shape: readonly number[]): number => shape.reduce((p, n) => p * n, 1)

function counted(shape: readonly number[], seed: number): RefTensor {
  return { shape, data: Float64Array.from({ length: sizeOf(shape) }, (_, i) => ((i * 7 + seed) % 23) - 11) }
}

const dot = (a: RefTensor, b: RefTensor): number => a.data.reduce((sum, v, i) => sum + v * b.data[i]!, 0)

type Name = keyof typeof references

function transposed(there: [Name, Attrs], back: [Name, Attrs], shape: readonly number[], index?: RefTensor): void {
  const x = counted(shape, 3)
  const more = index === undefined ? [] : [index]
  const ax = references[there[0]]([x, ...more], there[1])[0]!
  const y = counted(ax.shape, 5)
  const aty = references[back[0]]([y, ...more], back[1])[0]!
  expect(aty.shape).toEqual(x.shape)
  expect(dot(ax, y)).toBe(dot(x, aty))
}

const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 })

test('slice and embed', () => {
  fc.assert(
    fc.property(shapes, fc.infiniteStream(fc.integer({ min: 0, max: 9 })), (shape, dice) => {
      const roll = (n: number): number => (dice.next().value as number) % n
      const starts = shape.map((n) => roll(n))
      const steps = shape.map(() => (1 + roll(3)) * (roll(2) === 0 ? 1 : -1))
      const window = shape.map(
        (n, i) => 1 + roll(1 + Math.floor((steps[i]! > 0 ? n - 1 - starts[i]! : starts[i]!) / Math.abs(steps[i]!))),
      )
      transposed(['slice', { starts, steps, window }], ['embed', { shape, starts, steps, window }], shape)
    }),
  )
})

test('gather and scatterAdd', () => {
  fc.assert(
    fc.property(shapes, fc.nat(99), fc.integer({ min: 1, max: 6 }), (shape, pick, count) => {
      const axis = pick % shape.length
      const n = shape[axis]!
      const index = { shape: [count], data: Float64Array.from({ length: count }, (_, i) => (i * 3 + pick) % n) }
      transposed(['gather', { axis }], ['scatterAdd', { axis, n }], shape, index)
    }),
  )
})

test('takeAlong and takeAlongGrad', () => {
  fc.assert(
    fc.property(shapes, fc.nat(99), fc.integer({ min: 1, max: 6 }), (shape, pick, count) => {
      const axis = pick % shape.length
      const n = shape[axis]!
      const to = shape.map((size, i) => (i === axis ? count : size))
      const index = { shape: to, data: Float64Array.from({ length: sizeOf(to) }, (_, i) => (i * 3 + pick) % n) }
      transposed(['takeAlong', { axis }], ['takeAlongGrad', { axis, n }], shape, index)
    }),
  )
})

test('transpose and its inverse', () => {
  fc.assert(
    fc.property(shapes, fc.nat(23), (shape, pick) => {
      const perm = shape.map((_, i) => (i + pick) % shape.length)
      const inverse = perm.map((_, i) => perm.indexOf(i))
      transposed(['transpose', { perm }], ['transpose', { perm: inverse }], shape)
    }),
  )
})

test('broadcastTo and sum', () => {
  fc.assert(
    fc.property(shapes, fc.nat(15), (shape, mask) => {
      const narrow = shape.map((n, i) => (mask & (1 << i) ? 1 : n))
      const axes = shape.map((_, i) => i).filter((i) => narrow[i] === 1)
      transposed(['broadcastTo', { shape }], ['sum', { axes, keepDims: true }], narrow)
    }),
  )
})
