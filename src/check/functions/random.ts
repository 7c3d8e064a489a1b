import { categorical, randomNormal, randomUniform } from '../../ops/random.ts'
import type { Tensor } from '../../ops/tensor.ts'
import { Generator } from '../../program/generator.ts'
import type { Shape } from '../../program/graph.ts'
import { type RefTensor, references } from '../../reference/index.ts'
import { BIG, x } from '../cases/types.ts'
import { constant } from './cases.ts'
import { filled, reader } from './references.ts'
import type { FunctionCase, Functions } from './types.ts'

const SEED = 77
/** The words of a generator with this seed: key, stream, counter. */
const WORDS: RefTensor = { shape: [4], data: Float64Array.of(SEED, 0, 0, 0) }

/** The first draw of a generator of its own. */
function drawn<T>(engine: Tensor['engine'], draw: (generator: Generator) => T): T {
  const generator = new Generator(engine, SEED)
  try {
    return draw(generator)
  } finally {
    generator.dispose()
  }
}

/** Numbers of a shape; the operand only tells the engine. */
const source = (
  shape: Shape,
  call: (generator: Generator) => Tensor,
  name: 'uniform' | 'normal',
  attrs: Readonly<Record<string, number>>,
): FunctionCase => ({
  inputs: [x([1])],
  call: (t) => drawn((t as Tensor).engine, call),
  reference: () => references[name]([WORDS], { shape, draw: 0, ...attrs }) as readonly [RefTensor],
})

const SHAPES: readonly Shape[] = [[], [0], [1], [5], [17], [2, 0, 3], [5, 1, 13], BIG]

const classes = (rows: Shape, count: number, samples?: number, logits?: readonly number[]): FunctionCase => ({
  inputs: [x([...rows, count], logits ?? 'any')],
  call: (t) =>
    drawn((t as Tensor).engine, (generator) =>
      categorical(t as Tensor, { generator, ...(samples === undefined ? {} : { samples }) }),
    ),
  reference: (t) => {
    const drawnShape = [...rows, ...(samples === undefined ? [] : [samples]), count]
    const [u] = references.uniform([WORDS], { shape: drawnShape, draw: 0, min: 0, max: 1 }) as readonly [RefTensor]
    const [read, uniform] = [reader(t as RefTensor), reader(u)]
    return filled(drawnShape.slice(0, -1), (index) => {
      const row = index.slice(0, rows.length)
      const scores = Array.from(
        { length: count },
        (_, k) => read([...row, k]) - Math.log(-Math.log(uniform([...index, k]))),
      )
      return scores.indexOf(Math.max(...scores))
    })
  },
})

export const random: Functions<'categorical' | 'randomNormal' | 'randomUniform'> = {
  categorical: constant(
    'Indices of the last axis, each with the probability softmax(logits); int32.',
    'argmax(logits - ln(-ln u))',
    [
      classes([], 1),
      classes([], 5),
      classes([7], 3),
      classes([5], 4, 3),
      classes([2, 3], 17, 0),
      classes([0], 3),
      classes([3, 5], 33, 2),
      classes([1], 4, 9, [0, -Infinity, 3, -Infinity]),
      classes([29], 691),
    ],
  ),
  randomNormal: constant('Normal numbers of a mean and a standard deviation.', 'mean + stddev z', [
    ...SHAPES.map((shape) =>
      source(shape, (generator) => randomNormal(shape, { generator }), 'normal', { mean: 0, stddev: 1 }),
    ),
    source([33], (generator) => randomNormal([33], { generator, mean: -3, stddev: 0.1 }), 'normal', {
      mean: -3,
      stddev: 0.1,
    }),
  ]),
  randomUniform: constant('Uniform numbers from min up to, not including, max.', 'min + u (max - min)', [
    ...SHAPES.map((shape) =>
      source(shape, (generator) => randomUniform(shape, { generator }), 'uniform', { min: 0, max: 1 }),
    ),
    source([33], (generator) => randomUniform([33], { generator, min: -3, max: 0.1 }), 'uniform', {
      min: -3,
      max: 0.1,
    }),
  ]),
}
