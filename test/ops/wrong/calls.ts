import { afterAll, beforeAll, expect } from 'vitest'
import {
  ChainruleError,
  type Engine,
  init,
  type OpName,
  ops,
  scalar,
  scope,
  Tensor,
  tensor,
  type Variable,
  variable,
} from '../../../src/index.ts'
import { applyAll } from '../../../src/ops/apply.ts'

// Bad arguments, by what an operation takes.

/** Anything at all: what JavaScript lets through. */
// biome-ignore lint/suspicious/noExplicitAny: wrong arguments are the point
export type Anything = any
export type Call = readonly [what: string, call: () => unknown]

export interface Tools {
  readonly x: Tensor
  readonly v: Tensor
  readonly i: Tensor
  readonly s: Tensor
  readonly dead: Tensor
  readonly foreign: Tensor
  readonly kept: Variable
}

/** What `openForAll` opened. */
export let t: Tools
export let engine: Engine

/** Two engines while the tests of this place run, and tensors of them to be used as they should not be. */
export function openForAll(): void {
  let other: Engine
  beforeAll(async () => {
    other = await init({ threads: 1 })
    const foreign = tensor([[1, 2, 3, 4]])
    engine = await init({ threads: 2 })
    const dead = tensor([1, 2])
    dead.dispose()
    t = {
      x: tensor(
        Float32Array.from({ length: 12 }, (_, k) => k / 4),
        [3, 4],
      ),
      v: tensor([1, 2, 3, 4, 5]),
      i: tensor(Int32Array.of(0, 1, 2), [3]),
      s: scalar(0.5),
      dead,
      foreign,
      kept: variable(tensor([1, 2, 3])),
    }
  })
  afterAll(async () => {
    await engine.close()
    await other.close()
  })
}

/** What no operation takes as a tensor. */
export const notTensors = (call: (x: Anything) => unknown): Call[] => [
  ['null', () => call(null)],
  ['undefined', () => call(undefined)],
  ['a string', () => call('x')],
  ['an array', () => call([1, 2, 3])],
  ['a typed array', () => call(Float32Array.of(1, 2))],
  ['an object like a tensor', () => call({ shape: [3], dtype: 'float32', rank: 1, size: 3 })],
  ['a disposed tensor', () => call(t.dead)],
]

export const notFloats = (call: (x: Anything) => unknown): Call[] => [
  ...notTensors(call),
  ['int32', () => call(t.i)],
  ['a control scalar', () => call(t.s)],
]

export const unary = (call: (x: Anything) => unknown): Call[] => [...notFloats(call), ['a number', () => call(3)]]

/** Of what takes int32, too. */
export const orWhole = (calls: readonly Call[]): Call[] => calls.filter(([what]) => what !== 'int32')

/** Of what takes two of int32, too: together with another type, or with a number that is none of them. */
export const wholes = (call: (a: Anything, b: Anything) => unknown): Call[] => [
  ...binary(call),
  ['int32 with float32', () => call(t.i, tensor([1, 2, 3]))],
  ['float32 with int32', () => call(tensor([1, 2, 3]), t.i)],
  ['int32 with a half', () => call(t.i, 0.5)],
  ['a number beyond int32', () => call(2 ** 31, t.i)],
  ['int32 with NaN', () => call(t.i, Number.NaN)],
]

export const binary = (call: (a: Anything, b: Anything) => unknown): Call[] => [
  ...notFloats((a) => call(a, t.x)),
  ...notFloats((b) => call(t.x, b)),
  ['shapes that do not broadcast', () => call(t.x, t.v)],
  ['two numbers', () => call(1, 2)],
  ['a tensor of another engine', () => call(t.x, t.foreign)],
]

export const anyNumber = (name: string, call: (n: Anything) => unknown): Call[] => [
  [`${name}: NaN`, () => call(Number.NaN)],
  [`${name}: a string`, () => call('1')],
  [`${name}: null`, () => call(null)],
]

export const axes = (call: (axis: Anything) => unknown): Call[] => [
  ['an axis too far', () => call(2)],
  ['an axis too far from the end', () => call(-3)],
  ['half an axis', () => call(0.5)],
  ['a named axis', () => call('rows')],
]

export const reduction = (call: (x: Anything, axes?: Anything) => unknown): Call[] => [
  ...unary((x) => call(x)),
  ...axes((axis) => call(t.x, axis)),
  ['an axis twice', () => call(t.x, [0, -2])],
]

export const position = (call: (x: Anything, axis?: Anything) => unknown): Call[] => [
  ...unary((x) => call(x)),
  ...axes((axis) => call(t.x, axis)),
  ['an empty axis', () => call(tensor(new Float32Array(0), [2, 0]), 1)],
]

export const shapes = (call: (shape: Anything) => unknown): Call[] => [
  ['a negative axis', () => call([3, -4])],
  ['half an axis', () => call([2.5, 2])],
  ['a number for a shape', () => call(12)],
  ['no shape', () => call(undefined)],
  ['too many axes', () => call([1, 1, 1, 1, 1, 1, 1, 1, 12])],
  ['too many elements', () => call([2 ** 16, 2 ** 16])],
]

export const windows = (call: (starts: Anything, ends?: Anything, steps?: Anything) => unknown): Call[] => [
  ['more bounds than axes', () => call([0, 0, 0])],
  ['half a bound', () => call([0.5])],
  ['a step of 0', () => call([0, 0], [1, 1], [0, 1])],
  ['NaN', () => call([Number.NaN])],
]

export const indexed = (call: (x: Anything, index: Anything, axis?: Anything) => unknown): Call[] => [
  ...notTensors((x) => call(x, t.i)),
  ...notTensors((index) => call(t.x, index)),
  ['indices that are float32', () => call(t.x, t.v)],
  ...axes((axis) => call(t.x, t.i, axis)),
]

/** The rows that only rules and the planner use: through the table. */
export const row =
  (name: OpName, attrs: Record<string, unknown> = {}) =>
  (...inputs: Anything[]) => {
    const made = applyAll(ops[name], inputs, attrs)
    return made
  }

export const labels = (call: (x: Anything, labels: Anything) => unknown): Call[] => [
  ...notFloats((x) => call(x, t.i)),
  ...notTensors((l) => call(t.x, l)),
  ['labels that are float32', () => call(t.x, tensor([0, 1, 2]))],
  ['too few labels', () => call(t.x, tensor(Int32Array.of(0, 1), [2]))],
  ['logits with three axes', () => call(t.x.reshape([3, 2, 2]), t.i)],
  ['no classes', () => call(tensor(new Float32Array(0), [3, 0]), t.i)],
]

export const probability = (call: (p: Anything) => unknown): Call[] => [
  ['p below 0', () => call(-0.1)],
  ['p above 1', () => call(1.1)],
  ['p: NaN', () => call(Number.NaN)],
  ['p: a string', () => call('0.5')],
]

export const SGD = { momentum: 0, dampening: 0, weightDecay: 0, nesterov: false }

export const products = (call: (a: Anything, b: Anything, options?: Anything) => unknown): Call[] => [
  ...notFloats((a) => call(a, t.x)),
  ...notFloats((b) => call(t.x, b)),
  ['inner sizes that differ', () => call(t.x, t.x)],
  ['inner sizes that differ when transposed', () => call(t.x, tensor([[1, 2]]), { transposeB: true })],
  [
    'batches that do not broadcast',
    () => call(tensor(new Float32Array(12), [2, 2, 3]), tensor(new Float32Array(27), [3, 3, 3])),
  ],
  ['a tensor of another engine', () => call(t.x, t.foreign)],
]

/** Each operand in turn is no float32 tensor, or has another shape. */
export function sequence(call: (...operands: Anything[]) => unknown, right: readonly (readonly number[])[]): Call[] {
  const zerosOf = (shape: readonly number[]): Tensor =>
    tensor(new Float32Array(shape.reduce((p, n) => p * n, 1)), shape)
  const operands = (at: number, other: Anything): Anything[] =>
    right.map((shape, i) => (i === at ? other : zerosOf(shape)))
  return right.flatMap((shape, at) => [
    ...notFloats((x) => call(...operands(at, x))),
    [
      `operand ${at}: longer`,
      () => call(...operands(at, zerosOf([...shape.slice(0, -1), (shape.at(-1) as number) + 1]))),
    ],
    [`operand ${at}: an axis more`, () => call(...operands(at, zerosOf([1, ...shape])))],
    [`operand ${at}: empty`, () => call(...operands(at, zerosOf([0, ...shape.slice(1)])))],
  ])
}

/** Every call throws a typed error that says what was expected or what came, and there are at least 8 of them. */
export function refused(calls: readonly Call[]): void {
  expect(calls.length).toBeGreaterThanOrEqual(8)
  const faults: string[] = []
  for (const [what, call] of calls) {
    using _ = scope()
    try {
      const result = call()
      faults.push(`${what}: ${result instanceof Tensor ? `gives ${result}` : 'passes'}`)
    } catch (error) {
      if (!(error instanceof ChainruleError)) faults.push(`${what}: ${error}`)
      else if (error.expected === undefined && error.received === undefined && error.hint === undefined)
        faults.push(`${what}: says neither what was expected nor what came: ${error.message}`)
    }
  }
  expect(faults).toEqual([])
}
