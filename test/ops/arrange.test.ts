import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkGradients } from '../../src/check/index.ts'
import * as cr from '../../src/index.ts'
import * as wrongs from './wrong/calls.ts'

// Shape operations that are composed of rows of the op table.

let engine: cr.Engine
let other: cr.Engine
let t: wrongs.Tools
beforeAll(async () => {
  const opened = await wrongs.open()
  engine = opened.engine
  other = opened.other
  t = opened.tools
})
afterAll(async () => {
  await engine.close()
  await other.close()
})

const counting = (...shape: number[]): cr.Tensor =>
  cr.tensor(
    Float32Array.from({ length: shape.reduce((n, size) => n * size, 1) }, (_, i) => i),
    shape,
  )
const list = (x: cr.Tensor): number[] => Array.from(x.dataSync())
const rows = (x: cr.Tensor): number[][] => {
  const n = x.shape.at(-1) as number
  return Array.from({ length: x.size / n }, (_, i) => list(x).slice(i * n, (i + 1) * n))
}
async function sound(f: (x: cr.Tensor) => cr.Tensor, shape: readonly number[]): Promise<void> {
  using _ = cr.scope()
  const x = cr.tensor(
    Float32Array.from({ length: shape.reduce((n, size) => n * size, 1) }, (_, i) => ((i * 7) % 11) / 3 - 1.4),
    [...shape],
  )
  const weights = (y: cr.Tensor): cr.Tensor =>
    cr.tensor(
      Float32Array.from({ length: y.size }, (_, i) => ((i * 5) % 7) - 2.5),
      y.shape,
    )
  const report = await checkGradients(() => {
    const y = f(x)
    return y.mul(weights(y)).sum()
  }, [x])
  expect(report.ok, report.print()).toBe(true)
}

describe('pad', () => {
  test('with a value, mirrored, or with the last elements', () => {
    using _ = cr.scope()
    const x = counting(2, 3)
    const pads = [
      [1, 0],
      [2, 1],
    ] as const
    expect(rows(cr.pad(x, pads, { value: -1 }))).toEqual([
      [-1, -1, -1, -1, -1, -1],
      [-1, -1, 0, 1, 2, -1],
      [-1, -1, 3, 4, 5, -1],
    ])
    expect(rows(x.pad(pads, { mode: 'reflect' }))).toEqual([
      [5, 4, 3, 4, 5, 4],
      [2, 1, 0, 1, 2, 1],
      [5, 4, 3, 4, 5, 4],
    ])
    expect(rows(x.pad(pads, { mode: 'replicate' }))).toEqual([
      [0, 0, 0, 1, 2, 2],
      [0, 0, 0, 1, 2, 2],
      [3, 3, 3, 4, 5, 5],
    ])
    expect(list(cr.pad(cr.tensor(Int32Array.of(5)), [[1, 1]], { value: -3 }))).toEqual([-3, 5, -3])
    expect(list(cr.pad(cr.tensor([1]), [[1, 0]], { value: -Infinity }))).toEqual([-Infinity, 1])
  })
  test.each(['constant', 'reflect', 'replicate'] as const)('the gradient of %s', (mode) =>
    sound(
      (x) =>
        x.pad(
          [
            [2, 1],
            [0, 3],
          ],
          { mode, value: 2 },
        ),
      [3, 4],
    ),
  )
  test('refuses what does not fit', () => {
    const one = [[1, 1]] as const
    wrongs.refused([
      ...wrongs.notTensors((x) => cr.pad(x, one)),
      ['too few pads', () => cr.pad(t.x, one)],
      ['too many pads', () => cr.pad(t.v, [...one, ...one])],
      ['a negative pad', () => cr.pad(t.v, [[-1, 0]])],
      ['half a pad', () => cr.pad(t.v, [[0.5, 0]])],
      ['one number', () => cr.pad(t.v, 1 as wrongs.Anything)],
      ['an unknown mode', () => cr.pad(t.v, one, { mode: 'wrap' as wrongs.Anything })],
      ['half a whole number', () => cr.pad(t.i, one, { value: 0.5 })],
      ['a string for the value', () => cr.pad(t.v, one, { value: '0' as wrongs.Anything })],
      ['a mirror that is too short', () => cr.pad(t.v, [[5, 0]], { mode: 'reflect' })],
      ['nothing to repeat', () => cr.pad(cr.zeros([0]), one, { mode: 'replicate' })],
    ])
  })
})

describe('split', () => {
  test('into equal parts, or into sizes', async () => {
    using _ = cr.scope()
    const x = counting(2, 6)
    expect(cr.split(x, 3, 1).map(rows)).toEqual([
      [
        [0, 1],
        [6, 7],
      ],
      [
        [2, 3],
        [8, 9],
      ],
      [
        [4, 5],
        [10, 11],
      ],
    ])
    expect(x.split([1, 0, 5], -1).map((part) => part.shape)).toEqual([
      [2, 1],
      [2, 0],
      [2, 5],
    ])
    await sound((y) => y.split([1, 2], 1)[1]!, [2, 3])
  })
  test('refuses what does not add up', () =>
    wrongs.refused([
      ...wrongs.notTensors((x) => cr.split(x, 1)),
      ...wrongs.axes((axis) => cr.split(t.x, 1, axis)),
      ...[0, -1, 2, 0.5, Number.NaN, 1e9].map((n) => [`${n} parts`, () => cr.split(t.x, n)] as const),
      ['sizes that do not add up', () => cr.split(t.x, [1, 1])],
      ['no sizes', () => cr.split(cr.zeros([0]), [])],
      ['a negative size', () => cr.split(t.x, [4, -1])],
    ]))
})

describe('tile, expand, squeeze, unsqueeze', () => {
  test('repeat and stretch', async () => {
    using _ = cr.scope()
    expect(rows(cr.tile(counting(2, 2), [2, 3]))).toEqual([0, 2, 0, 2].map((n) => [n, n + 1, n, n + 1, n, n + 1]))
    expect(cr.tile(counting(2, 1, 3), [0, 2, 1]).shape).toEqual([0, 2, 3])
    expect(rows(counting(2, 1).expand([3, -1, 2])).map((r) => r.join())).toEqual([
      '0,0',
      '1,1',
      '0,0',
      '1,1',
      '0,0',
      '1,1',
    ])
    await sound((x) => x.tile([2, 1, 3]), [2, 3, 2])
    await sound((x) => x.expand([4, -1, 3]), [2, 1])
  })
  test('drop and add axes', () => {
    using _ = cr.scope()
    const x = counting(1, 3, 1)
    expect(x.squeeze().shape).toEqual([3])
    expect(x.squeeze(-1).shape).toEqual([1, 3])
    expect(x.squeeze([0, 2]).shape).toEqual([3])
    expect(counting(3).squeeze().shape).toEqual([3])
    expect(x.unsqueeze(1).shape).toEqual([1, 1, 3, 1])
    expect(x.unsqueeze(-1).shape).toEqual([1, 3, 1, 1])
  })
  test('refuse what does not fit', () => {
    wrongs.refused([
      ...wrongs.notTensors((x) => cr.tile(x, [1])),
      ['too few repeats', () => cr.tile(t.x, [2])],
      ['a negative repeat', () => cr.tile(t.x, [1, -1])],
      ['half a repeat', () => cr.tile(t.x, [1, 0.5])],
      ['a number', () => cr.tile(t.x, 2 as wrongs.Anything)],
      ['too much', () => cr.tile(t.x, [2 ** 16, 2 ** 16])],
    ])
    wrongs.refused([
      ...wrongs.notTensors((x) => cr.expand(x, [3])),
      ...wrongs.shapes((shape) => cr.expand(t.x, shape)),
      ['a new axis of size -1', () => cr.expand(t.x, [-1, 3, 4])],
    ])
    wrongs.refused([
      ...wrongs.notTensors((x) => cr.squeeze(x)),
      ...wrongs.axes((axis) => cr.squeeze(t.x, axis)),
      ['an axis that is not 1', () => cr.squeeze(t.x, 0)],
    ])
    wrongs.refused([
      ...wrongs.notTensors((x) => cr.unsqueeze(x, 0)),
      ['an axis too far', () => cr.unsqueeze(t.x, 3)],
      ['half an axis', () => cr.unsqueeze(t.x, 0.5)],
    ])
  })
})

describe('flip and roll', () => {
  test('turn and move', async () => {
    using _ = cr.scope()
    const x = counting(2, 3)
    expect(list(x.flip())).toEqual([5, 4, 3, 2, 1, 0])
    expect(list(x.flip(0))).toEqual([3, 4, 5, 0, 1, 2])
    expect(cr.zeros([0, 2]).flip().shape).toEqual([0, 2])
    expect(list(x.roll(1))).toEqual([2, 0, 1, 5, 3, 4])
    expect(list(x.roll(-7))).toEqual([1, 2, 0, 4, 5, 3])
    expect(list(x.roll(4, 0))).toEqual(list(x))
    expect(cr.zeros([0]).roll(3).shape).toEqual([0])
    await sound((y) => y.flip([0, 2]), [2, 3, 4])
    await sound((y) => y.roll(2, 1), [2, 5])
  })
  test('refuse what does not fit', () => {
    wrongs.refused([
      ...wrongs.notTensors((x) => cr.flip(x)),
      ...wrongs.axes((axis) => cr.flip(t.x, axis)),
      ['an axis twice', () => cr.flip(t.x, [0, -2])],
    ])
    wrongs.refused([
      ...wrongs.notTensors((x) => cr.roll(x, 1)),
      ...wrongs.axes((axis) => cr.roll(t.x, 1, axis)),
      ...wrongs.anyNumber('shift', (n) => cr.roll(t.x, n)),
    ])
  })
})

describe('oneHot', () => {
  test('has a 1 at each index', () => {
    using _ = cr.scope()
    const y = cr.oneHot(cr.tensor(Int32Array.of(2, 0, 1, 2), [2, 2]), 3)
    expect(y.shape).toEqual([2, 2, 3])
    expect(rows(y)).toEqual([
      [0, 0, 1],
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ])
    expect(() => cr.oneHot(cr.tensor(Int32Array.of(3)), 3).dataSync()).toThrow(cr.IndexError)
  })
  test('refuses bad calls', () =>
    wrongs.refused([
      ...wrongs.notTensors((x) => cr.oneHot(x, 3)),
      ['float32', () => cr.oneHot(t.v, 3)],
      ...wrongs.anyNumber('n', (n) => cr.oneHot(t.i, n)),
      ['a negative number', () => cr.oneHot(t.i, -1)],
    ]))
})

describe('sort and topk', () => {
  test('values and indices along any axis; ties in order, NaN last', () => {
    using _ = cr.scope()
    const x = cr.tensor([3, Number.NaN, -Infinity, 3, -0, 0])
    const up = x.sort()
    expect(list(up.values)).toEqual([-Infinity, -0, 0, 3, 3, Number.NaN])
    expect([up.indices.dtype, ...list(up.indices)]).toEqual(['int32', 2, 4, 5, 0, 3, 1])
    expect(list(x.sort(0, { descending: true }).indices)).toEqual([0, 3, 4, 5, 2, 1])
    const columns = cr.tensor([5, 1, 3, 4, 2, 6], [3, 2])
    expect(rows(columns.sort(0).values)).toEqual([
      [2, 1],
      [3, 4],
      [5, 6],
    ])
    const best = columns.topk(2, 0)
    expect(rows(best.values)).toEqual([
      [5, 6],
      [3, 4],
    ])
    expect(rows(best.indices)).toEqual([
      [0, 2],
      [1, 1],
    ])
    expect(list(cr.topk(x, 2, 0, { largest: false }).values)).toEqual([-Infinity, -0])
    expect(cr.topk(x, 0).values.shape).toEqual([0])
  })
  test('gradients go to where the values came from', async () => {
    await sound((x) => x.sort(1).values, [3, 4])
    await sound((x) => x.topk(2, 0, { largest: false }).values, [4, 3])
  })
  test('many rows on several threads', () => {
    using _ = cr.scope()
    const x = cr.randomNormal([300, 301])
    const y = x.sort().values.dataSync()
    const want = Float32Array.from(x.dataSync())
    for (let r = 0; r < 300; r++) want.subarray(r * 301, (r + 1) * 301).sort()
    expect(y).toEqual(want)
  })
})

test('scatterAdd adds slices at indices, again and again', async () => {
  using _ = cr.scope()
  const index = cr.tensor(Int32Array.of(2, 0, 2))
  expect(rows(cr.scatterAdd(counting(3, 2), index, 0, 4))).toEqual([
    [2, 3],
    [0, 0],
    [4, 6],
    [0, 0],
  ])
  await sound((x) => cr.scatterAdd(x, cr.tensor(Int32Array.of(2, 0, 2)), 1, 3), [2, 3])
  expect(() => cr.scatterAdd(counting(3, 2), index, 0, 2).dataSync()).toThrow(cr.IndexError)
})
