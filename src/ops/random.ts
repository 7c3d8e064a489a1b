import { RANDOM_BERNOULLI, RANDOM_NORMAL, RANDOM_UNIFORM } from '../abi/constants.ts'
import { ShapeError } from '../errors.ts'
import { known } from '../options.ts'
import type { Engine } from '../program/engine.ts'
import type { Generator } from '../program/generator.ts'
import type { Attrs, Shape, Spec } from '../program/graph.ts'
import { currentEngine } from '../tensor/current.ts'
import { checkNumber, checkShape, shapeText } from '../tensor/shape.ts'
import { applyAll, checkTensor, checkTypes } from './apply.ts'
import { unsqueeze } from './arrange.ts'
import { attr, defineOp, type OpRow, type OpTable } from './define.ts'
import { finite, log, neg, sub } from './functions.ts'
import { argmax } from './reduce.ts'
import { Tensor } from './tensor.ts'

// Random numbers are element i of draw d of a counter-based generator (Philox 4x32-10, Salmon et al. 2011): the same
// for any number of threads, and drawn anew each time a captured step runs.

/** Where the draw of a node lies from the counter in memory. */
export const drawOf = (attrs: Attrs): number => attr<Generator>(attrs, 'generator').relative(attr(attrs, 'draw'))

/** Programs tell draws apart by their distance from the counter. */
export const key = (attrs: Attrs): string => JSON.stringify({ ...attrs, generator: undefined, draw: drawOf(attrs) })

function source(name: string, fn: number, doc: string, formula: string, parameters: readonly [string, string?]): OpRow {
  return defineOp({
    name,
    doc,
    formula,
    gradient: 'piecewise constant',
    key,
    infer: (_, attrs) => [{ shape: attr<Shape>(attrs, 'shape'), dtype: 'float32' }],
    lower({ inputs: [generator], outputs: [y], attrs, emit }) {
      if (generator === undefined || y === undefined) return
      const [p0, p1] = parameters.map((parameter) => (parameter === undefined ? 0 : attr<number>(attrs, parameter)))
      emit('random', { fn, y, n: y.bytes / 4, p0: p0 ?? 0, p1: p1 ?? 0, generator, draw: drawOf(attrs) })
    },
  })
}

export const randomOps: OpTable<'uniform' | 'normal' | 'bernoulli' | 'permutation' | 'dropout'> = {
  uniform: source(
    'uniform',
    RANDOM_UNIFORM,
    'Uniform numbers from min up to, not including, max.',
    'min + u (max - min)',
    ['min', 'max'],
  ),
  normal: source('normal', RANDOM_NORMAL, 'Normal numbers.', 'mean + stddev z', ['mean', 'stddev']),
  bernoulli: source('bernoulli', RANDOM_BERNOULLI, '1 with probability p, else 0.', 'u < p', ['p']),
  permutation: defineOp({
    name: 'permutation',
    doc: 'The numbers 0 to n - 1 in random order, int32.',
    formula: 'a uniform permutation',
    gradient: 'piecewise constant',
    key,
    infer: (_, attrs) => [{ shape: [attr<number>(attrs, 'n')], dtype: 'int32' }],
    lower({ inputs: [generator], outputs: [y], attrs, emit }) {
      if (generator !== undefined && y !== undefined)
        emit('permutation', { y, n: y.bytes / 4, generator, draw: drawOf(attrs) })
    },
  }),
  dropout: defineOp({
    name: 'dropout',
    doc: 'Zeroes elements with probability p and scales the others by 1 / (1 - p); the backward pass draws the same mask again.',
    formula: 'u >= p ? x / (1 - p) : 0',
    key,
    infer(inputs) {
      checkTypes('dropout', inputs.slice(0, 1), 'float32')
      return [inputs[0] as Spec]
    },
    lower({ inputs: [x, generator], outputs: [y], attrs, emit }) {
      if (x !== undefined && generator !== undefined && y !== undefined)
        emit('dropout', { x, y, n: y.bytes / 4, p: attr(attrs, 'p'), generator, draw: drawOf(attrs) })
    },
    gradient: ({ dy, attrs }) => [drop(dy, attr(attrs, 'generator'), attrs), undefined],
  }),
}

/** Applies a random op, with the words of the generator as its last operand. */
export function drawnAll(op: OpRow, generator: Generator, inputs: readonly Tensor[], attrs: Attrs): readonly Tensor[] {
  const { engine } = generator
  const state = new Tensor(engine, generator.state)
  try {
    return applyAll(op, [...inputs, state], { generator, ...attrs }, engine)
  } finally {
    state.dispose()
  }
}
const drawn = (...operands: Parameters<typeof drawnAll>): Tensor => drawnAll(...operands)[0] as Tensor

/** The mask of a draw, applied. */
export function drop(x: Tensor, generator: Generator, attrs: Attrs): Tensor {
  return drawn(randomOps.dropout, generator, [x], attrs)
}

export interface RandomOptions {
  /** The generator to draw from; the engine's own by default. */
  readonly generator?: Generator
}

function fresh(op: OpRow, attrs: Attrs, { generator }: RandomOptions, engine: Engine = currentEngine()): Tensor {
  const from = generator ?? engine.generator
  return drawn(op, from, [], { ...attrs, draw: from.draw() })
}

/** Uniform numbers, min <= y < max (0 and 1 by default). */
export function randomUniform(
  shape: Shape,
  options: RandomOptions & { readonly min?: number; readonly max?: number } = {},
): Tensor {
  const { min = 0, max = 1 } = known('randomUniform', options, 'min max generator')
  finite(min, 'randomUniform.min')
  finite(max, 'randomUniform.max')
  return fresh(randomOps.uniform, { shape: [...checkShape(shape, 'randomUniform')], min, max }, options)
}

/** Normal numbers of a mean (0) and a standard deviation (1). */
export function randomNormal(
  shape: Shape,
  options: RandomOptions & { readonly mean?: number; readonly stddev?: number } = {},
): Tensor {
  const { mean = 0, stddev = 1 } = known('randomNormal', options, 'mean stddev generator')
  finite(mean, 'randomNormal.mean')
  finite(stddev, 'randomNormal.stddev')
  return fresh(randomOps.normal, { shape: [...checkShape(shape, 'randomNormal')], mean, stddev }, options)
}

/** 1 with probability p, else 0. */
export function bernoulli(shape: Shape, p: number, options: RandomOptions = {}): Tensor {
  return fresh(
    randomOps.bernoulli,
    { shape: [...checkShape(shape, 'bernoulli')], p: probability(p, 'bernoulli.p') },
    known('bernoulli', options, 'generator'),
  )
}

/** The numbers 0 to n - 1 in random order, int32. */
export function permutation(n: number, options: RandomOptions = {}): Tensor {
  checkShape([n], 'permutation')
  return fresh(randomOps.permutation, { n }, known('permutation', options, 'generator'))
}

export interface CategoricalOptions extends RandomOptions {
  /** Draws of each row, as a new last axis. Default: one, without that axis. */
  readonly samples?: number
}

/**
 * Indices of the last axis, int32, each with the probability softmax(logits) that it has: the largest of the logits with
 * Gumbel noise -ln(-ln u) added (Gumbel 1954). Logits of -Infinity are never drawn. Throws ShapeError for no classes.
 */
export function categorical(logits: Tensor, options: CategoricalOptions = {}): Tensor {
  const { samples } = known('categorical', options, 'samples generator')
  const where = 'categorical'
  checkTypes(where, [checkTensor(logits, where)], 'float32')
  const classes = logits.shape.at(-1) ?? 0
  if (classes === 0)
    throw new ShapeError('there are no classes to draw from', {
      where,
      expected: '[.., classes]',
      received: shapeText(logits.shape),
    })
  const rows = logits.shape.slice(0, -1)
  if (samples !== undefined) checkShape([...rows, samples, classes], where)
  const scores = samples === undefined ? logits : unsqueeze(logits, -2)
  const from = options.generator ?? logits.engine.generator
  const shape = samples === undefined ? [...rows, classes] : [...rows, samples, classes]
  const noise = log(neg(log(randomUniform(shape, { generator: from }))))
  return argmax(sub(scores, noise), -1)
}

/** Zeroes elements with probability p and scales the rest, so that the mean stays (inverted dropout, Srivastava et al. 2014). */
export function dropout(x: Tensor, p: number, options: RandomOptions = {}): Tensor {
  const { generator } = known('dropout', options, 'generator')
  const from = generator ?? checkTensor(x, 'dropout').engine.generator
  return drop(x, from, { p: rate(p, 'dropout.p'), draw: from.draw() })
}

/** The probability of a dropout; dropping everything would leave nothing. */
export const rate = (p: number, where: string): number =>
  checkNumber(p, where, 'a number from 0 to less than 1', (v) => v >= 0 && v < 1)

const probability = (p: number, where: string): number =>
  checkNumber(p, where, 'a number from 0 to 1', (v) => v >= 0 && v <= 1)
