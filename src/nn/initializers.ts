import { ArgumentError, ShapeError } from '../errors.ts'
import { checkTensor } from '../ops/apply.ts'
import { full, zeros } from '../ops/create.ts'
import { abs, clip, greater, where } from '../ops/functions.ts'
import { randomNormal, randomUniform } from '../ops/random.ts'
import type { Tensor } from '../ops/tensor.ts'
import { type Parameter, parameter } from '../ops/variable.ts'
import { scope } from '../tensor/scope.ts'
import { checkNumber, shapeText } from '../tensor/shape.ts'
import { orthogonal } from './orthogonal.ts'

/** How many inputs feed one output of a layer, and how many outputs one input feeds. */
export interface Fan {
  readonly inputs: number
  readonly outputs: number
}

/** Makes the first value of a parameter; random ones draw from the engine's seed. */
export type Initializer = (shape: readonly number[], fan: Fan) => Tensor

const uniform =
  (limit: (fan: Fan) => number): Initializer =>
  (shape, fan) =>
    randomUniform(shape, { min: -limit(fan), max: limit(fan) })
const normal =
  (deviation: (fan: Fan) => number): Initializer =>
  (shape, fan) =>
    randomNormal(shape, { mean: 0, stddev: deviation(fan) })

/** A layer without inputs has nothing to draw: its spread is taken as that of one input. */
const root = (numerator: number, n: number): number => Math.sqrt(numerator / Math.max(n, 1))

export type InitializerName =
  | 'glorotUniform'
  | 'glorotNormal'
  | 'heUniform'
  | 'heNormal'
  | 'lecunUniform'
  | 'lecunNormal'
  | 'fanIn'
  | 'orthogonal'
  | 'zeros'
  | 'ones'

/** A name, or a function such as those of `initializer`. */
export type InitializerChoice = InitializerName | Initializer

const named: Readonly<Record<InitializerName, Initializer>> = {
  /** U(-l, l), l = sqrt(6 / (inputs + outputs)): tanh and sigmoid (Glorot and Bengio 2010). */
  glorotUniform: uniform(({ inputs, outputs }) => root(6, inputs + outputs)),
  /** N(0, 2 / (inputs + outputs)). */
  glorotNormal: normal(({ inputs, outputs }) => root(2, inputs + outputs)),
  /** U(-l, l), l = sqrt(6 / inputs): relu and its kin (He et al. 2015). */
  heUniform: uniform(({ inputs }) => root(6, inputs)),
  /** N(0, 2 / inputs). */
  heNormal: normal(({ inputs }) => root(2, inputs)),
  /** U(-l, l), l = sqrt(3 / inputs): selu (LeCun et al. 1998). */
  lecunUniform: uniform(({ inputs }) => root(3, inputs)),
  /** N(0, 1 / inputs). */
  lecunNormal: normal(({ inputs }) => root(1, inputs)),
  /** U(-l, l), l = 1 / sqrt(inputs): what PyTorch's layers start from. */
  fanIn: uniform(({ inputs }) => root(1, inputs)),
  /** Orthonormal rows or columns: deep and recurrent networks (Saxe et al. 2014). */
  orthogonal: orthogonal(),
  zeros: (shape) => zeros(shape),
  ones: (shape) => full(shape, 1),
}

/** N(mean, stddev^2) without what lies farther than `bound` deviations (at least 1) from the mean. */
export function truncatedNormal(stddev: number, mean = 0, bound = 2): Initializer {
  checkNumber(stddev, 'truncatedNormal.stddev', 'a finite number from 0 up', (s) => s >= 0 && s < Infinity)
  checkNumber(bound, 'truncatedNormal.bound', 'a number of at least 1', (b) => b >= 1)
  return (shape) => {
    // What lies outside is drawn again; after the last draw, about one number in 10^11 is moved to the bound.
    let x = randomNormal(shape)
    for (let draw = 1; draw < (bound < 2 ? 23 : 8); draw++) x = where(greater(abs(x), bound), randomNormal(shape), x)
    return clip(x, -bound, bound).mul(stddev).add(mean)
  }
}

/** Every element is `value`. */
export function constant(value: number): Initializer {
  checkNumber(value, 'constant.value', 'a number', () => true)
  return (shape) => full(shape, value)
}

/** N(mean, stddev^2). */
export function normalInitializer(stddev: number, mean = 0): Initializer {
  return (shape) => randomNormal(shape, { mean, stddev })
}

/** U(min, max). */
export function uniformInitializer(min: number, max: number): Initializer {
  return (shape) => randomUniform(shape, { min, max })
}

/** A parameter with its first value. */
export function drawn(choice: InitializerChoice, shape: readonly number[], fan: Fan): Parameter {
  return scope(() => parameter(first(choice, shape, fan)))
}

function first(choice: InitializerChoice, shape: readonly number[], fan: Fan): Tensor {
  const value = checkTensor(initializerOf(choice)(shape, fan), 'initializer')
  if (String(value.shape) !== String(shape))
    throw new ShapeError('the value does not fit the variable', {
      where: 'initializer',
      expected: shapeText(shape),
      received: shapeText(value.shape),
    })
  return value
}

export interface WeightOptions {
  /** Adds a bias. Default true. */
  bias?: boolean
  /** Of the weight. Default 'fanIn': uniform within 1 / sqrt(inputs of an output). */
  initializer?: InitializerChoice
  /** Default 'fanIn'. */
  biasInitializer?: InitializerChoice
}

/** A weight and a bias; neither, if one of the initializers fails. */
export function weightAndBias(
  shape: readonly number[],
  outputs: number,
  fan: Fan,
  { bias = true, initializer = 'fanIn', biasInitializer = 'fanIn' }: WeightOptions,
): [Parameter, Parameter | undefined] {
  return scope(() => {
    const values = [first(initializer, shape, fan), ...(bias ? [first(biasInitializer, [outputs], fan)] : [])]
    return values.map((value) => parameter(value)) as [Parameter, Parameter | undefined]
  })
}

/** The initializer of that name, or the function itself. */
export function initializerOf(choice: InitializerChoice): Initializer {
  if (typeof choice === 'function') return choice
  if (Object.hasOwn(named, choice)) return named[choice]
  throw new ArgumentError('no such initializer', {
    where: 'initializer',
    expected: `a function or one of ${Object.keys(named).join(', ')}`,
    received: String(choice),
  })
}
