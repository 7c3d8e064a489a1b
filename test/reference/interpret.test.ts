import { expect, test } from 'vitest'
import { Evaluation, evaluate, type GraphNode, type GraphValue } from '../../src/reference/index.ts'
import { feed, leaf, node, nodes } from '../helpers/graph.ts'

const x = leaf([2, 2], [1, 2, 3, 4])
const y = leaf([2], [10, 20])

test('evaluates a graph', () => {
  const sum = node('add', [node('matmul', [x, x], { transposeB: true }), y])
  expect(Array.from(evaluate([sum], feed)[0]!.data)).toEqual([1 + 4 + 10, 3 + 8 + 20, 3 + 8 + 10, 9 + 16 + 20])
})

test('gives leaves and several outputs of one node', () => {
  const labels = leaf([2], [0, -1])
  const [loss, kept] = nodes('crossEntropy', [x, labels], { ignoreIndex: -1, smoothing: 0 })
  const [a, b, c] = evaluate([x, kept!, loss!], feed)
  expect(a).toBe(x.numbers)
  expect(Array.from(b!.data)).toEqual([1, 0])
  expect(c!.data[0]).toBeCloseTo(Math.log(Math.E + 1), 12)
})

test('computes each node once, however often it is used', () => {
  let value: GraphValue = x
  for (let i = 0; i < 60; i++) value = node('mul', [node('add', [value, value]), leaf([], [0.5])])
  let computed = 0
  const evaluation = new Evaluation([value], feed)
  const [result] = evaluation.replay(() => {
    computed++
    return undefined
  })
  expect(computed).toBe(120)
  expect(Array.from(result!.data)).toEqual([1, 2, 3, 4])
})

test('a chain of 50,000 nodes is no problem', () => {
  let value: GraphValue = leaf([], [0])
  const one = leaf([], [1])
  const shape = value.shape
  for (let i = 0; i < 50_000; i++) {
    const outputs: GraphValue[] = []
    const producer: GraphNode = { op: { name: 'add' }, inputs: [value, one], outputs, attrs: {} }
    outputs.push({ shape, dtype: 'float32', producer, index: 0 })
    value = outputs[0]!
  }
  expect(evaluate([value], feed)[0]!.data[0]).toBe(50_000)
})

test('with other numbers in one leaf, computes only what depends on it', () => {
  const hidden = node('tanh', [node('matmul', [x, x])])
  const out = node('sum', [node('add', [hidden, y])], {})
  const evaluation = new Evaluation([out, hidden], feed)
  const seen: string[] = []
  const moved = evaluation.outputs(y, Float64Array.of(0, 0), (n) => {
    seen.push(n.op.name)
    return undefined
  })
  expect(seen).toEqual(['add', 'sum'])
  expect(moved[1]).toBe(evaluation.outputs()[1])
  expect(moved[0]!.data[0]).toBeCloseTo(evaluation.outputs()[0]!.data[0]! - 60, 12)
})

test('what passes through stopGradient stays as it was', () => {
  const held = node('stopGradient', [node('square', [y])])
  const out = node('add', [held, y])
  const moved = new Evaluation([out], feed).outputs(y, Float64Array.of(11, 21))
  expect(Array.from(moved[0]!.data)).toEqual([111, 421])
})

test('an observer may replace results', () => {
  const evaluation = new Evaluation([node('neg', [node('square', [y])])], feed)
  const [result] = evaluation.replay((n, _inputs, outputs) =>
    n.op.name === 'square' ? outputs.map((t) => ({ shape: t.shape, data: t.data.map((v) => v + 1) })) : undefined,
  )
  expect(Array.from(result!.data)).toEqual([-101, -401])
})

test('says which operation it does not know', () => {
  const outputs: GraphValue[] = []
  outputs.push({
    shape: [],
    dtype: 'float32',
    producer: { op: { name: 'toString' }, inputs: [], outputs, attrs: {} },
    index: 0,
  })
  expect(() => evaluate(outputs, feed)).toThrow(/toString: no reference/)
})

test('refuses numbers that do not fill a leaf', () => {
  expect(() => evaluate([x], () => ({ shape: [3], data: new Float64Array(3) }))).toThrow(/expected 4 for \[2,2\]/)
})
