import { ArgumentError } from '../errors.ts'
import { known } from '../options.ts'
import { checkNumber } from '../tensor/shape.ts'
import {
  constant,
  type Initializer,
  type InitializerChoice,
  initializerOf,
  normalInitializer,
  truncatedNormal,
  uniformInitializer,
} from './initializers.ts'
import { orthogonal } from './orthogonal.ts'

/** An initializer that takes numbers, by its name. */
export type NumberedInitializer =
  /** Every element is `value`. */
  | { readonly name: 'constant'; readonly value: number }
  /** N(mean, stddev^2), mean 0 by default. */
  | { readonly name: 'normal'; readonly stddev: number; readonly mean?: number }
  /** Orthonormal rows or columns times `gain` (1). */
  | { readonly name: 'orthogonal'; readonly gain?: number }
  /** The same as normal without what lies farther than `bound` (2) deviations from the mean. */
  | { readonly name: 'truncatedNormal'; readonly stddev: number; readonly mean?: number; readonly bound?: number }
  /** U(min, max). */
  | { readonly name: 'uniform'; readonly min: number; readonly max: number }

/** How each is made, and what its numbers are called; those with a ? may be left out. */
const makers: Readonly<
  Record<NumberedInitializer['name'], readonly [make: (...numbers: never[]) => Initializer, names: string]>
> = {
  constant: [constant, 'value'],
  normal: [normalInitializer, 'stddev mean?'],
  orthogonal: [orthogonal, 'gain?'],
  truncatedNormal: [truncatedNormal, 'stddev mean? bound?'],
  uniform: [uniformInitializer, 'min max'],
}

/**
 * The initializer that a name means, or a name with numbers, as it may stand in a file of settings:
 * `{ name: 'truncatedNormal', stddev: 0.02 }`; a function is what it is. ArgumentError for another name, and for numbers
 * that are missing, do not fit or belong to another initializer.
 */
export function initializer(choice: InitializerChoice | NumberedInitializer): Initializer {
  if (typeof choice !== 'object' || choice === null) return initializerOf(choice)
  const { name, ...numbers } = choice
  if (!Object.hasOwn(makers, name))
    throw new ArgumentError('no such initializer with numbers', {
      where: 'initializer',
      expected: Object.keys(makers).join(', '),
      received: String(name),
    })
  const [make, names] = makers[name]
  const where = `initializer.${name}`
  const given: Readonly<Record<string, number>> = known(where, numbers, names.replaceAll('?', '') as never)
  const values = names.split(' ').map((key) => {
    const value = given[key.replace('?', '')]
    const optional = key.endsWith('?') && value === undefined
    return optional ? value : checkNumber(value as number, `${where}.${key}`, 'a finite number', Number.isFinite)
  })
  return make(...(values as never[]))
}
