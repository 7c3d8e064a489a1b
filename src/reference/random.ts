import { number, numbers } from './attrs.ts'
import {
  type GeneratorWords,
  philoxBernoulli,
  philoxDropout,
  philoxNormal,
  philoxPermutation,
  philoxUniform,
} from './philox.ts'
import { type Attrs, input, type Reference, type RefTensor, type Rows, sizeOf } from './tensor.ts'

/** A draw of a generator. The four words of the generator are the last operand of a random operation. */
interface Draw {
  readonly words: GeneratorWords
  readonly draw: number
}

/** The generator of an engine counts its draws from its own beginning; its words, from a later one. */
interface Counting {
  relative(draw: number): number
}

export function drawOf(inputs: readonly RefTensor[], attrs: Attrs): Draw {
  const [a, b, c, d] = Array.from(input(inputs, inputs.length - 1).data, (word) => word >>> 0)
  const draw = number(attrs, 'draw')
  const generator = attrs['generator'] as Counting | undefined
  return { words: [a, b, c, d] as GeneratorWords, draw: generator?.relative(draw) ?? draw }
}

function source(f: (from: Draw, n: number, attrs: Attrs) => ArrayLike<number>): Reference {
  return (inputs, attrs) => {
    const shape = numbers(attrs, 'shape')
    return [{ shape, data: Float64Array.from(f(drawOf(inputs, attrs), sizeOf(shape), attrs)) }]
  }
}

export const random: Rows<'uniform' | 'normal' | 'bernoulli' | 'permutation' | 'dropout'> = {
  uniform: source(({ words, draw }, n, attrs) =>
    philoxUniform(words, draw, n, number(attrs, 'min'), number(attrs, 'max')),
  ),
  normal: source(({ words, draw }, n, attrs) =>
    philoxNormal(words, draw, n, number(attrs, 'mean'), number(attrs, 'stddev')),
  ),
  bernoulli: source(({ words, draw }, n, attrs) => philoxBernoulli(words, draw, n, number(attrs, 'p'))),
  permutation: (inputs, attrs) => {
    const { words, draw } = drawOf(inputs, attrs)
    const n = number(attrs, 'n')
    return [{ shape: [n], data: Float64Array.from(philoxPermutation(words, draw, n)) }]
  },
  dropout: (inputs, attrs) => {
    const x = input(inputs, 0)
    const { words, draw } = drawOf(inputs, attrs)
    const factors = philoxDropout(words, draw, x.data.length, number(attrs, 'p'))
    // where an element is dropped the result is 0, even for an infinite one
    return [{ shape: x.shape, data: x.data.map((v, i) => (factors[i] === 0 ? 0 : v * (factors[i] as number))) }]
  },
}
