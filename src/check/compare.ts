import { ArgumentError } from '../errors.ts'
import { known } from '../options.ts'
import { Evaluation, type Feed, type GraphValue, type RefTensor } from '../reference/index.ts'
import { generator, signs } from './random.ts'
import { type CheckedParameter, type EngineEntry, type Entry, GradientReport } from './report.ts'
import { type Slope, slopeAlong } from './slope.ts'
import { rounded } from './spread.ts'
import { Surface } from './surface.ts'

export interface CheckOptions {
  /** Parameters of at most this many elements are checked element by element (default 64). */
  readonly exhaustive?: number
  /** Random directions along which each larger parameter is checked (default 8). */
  readonly samples?: number
  /** Largest relative difference between the analytic and the numeric derivative (default 1e-6). */
  readonly tolerance?: number
  /** Seed of the directions (default 1). */
  readonly seed?: number
}

/** A loss, the gradients that the rules gave for it, and where the numbers come from. */
export interface Subject {
  readonly loss: GraphValue
  readonly parameters: readonly SubjectParameter[]
  readonly feed: Feed
}

export interface SubjectParameter {
  readonly name: string
  readonly leaf: GraphValue
  readonly gradient: GraphValue
}

/** Compares, once the gradients are there that the engine computed, one for each parameter. */
export type Comparison = (engine: readonly ArrayLike<number>[]) => GradientReport

/** A derivative that counts as zero: as a part of the largest of its parameter, and of the loss. */
const SMALL = 1e-3
const TINY = 1e-6

/**
 * Three ways to one gradient that share no code: central differences of the f64 reference against the gradient rules
 * evaluated in f64, and these against what the engine computed in f32. All of it but the last comparison is done
 * when this returns, so that what the engine does next changes nothing.
 */
export function compareGradients(subject: Subject, options: CheckOptions = {}): Comparison {
  const { exhaustive, samples, tolerance, seed } = checked(options)
  const { parameters, feed } = subject
  const fixed = new Set(parameters.map((p) => p.leaf))
  const surface = new Surface(subject.loss, feed, fixed)
  const rules = new Evaluation(
    parameters.map((p) => p.gradient),
    feed,
    fixed,
  )
  const random = generator(seed)
  const analytic = rules.outputs()
  const allowed = spreadOf(rules, analytic, random)
  const judged = parameters.map(({ name, leaf }, i) => {
    const gradient = analytic[i] as RefTensor
    const directions = gradient.data.length <= exhaustive ? 0 : samples
    const pairs =
      directions === 0 ? elements(surface, leaf, gradient) : projections(surface, leaf, gradient, directions, random)
    const zero = TINY * Math.max(1, Math.abs(surface.loss))
    return { name, shape: leaf.shape, directions, ...judge(pairs, tolerance, zero) }
  })
  return (engine) => {
    const params = judged.map((param, i): CheckedParameter => {
      const worst = worstOf(engine[i] ?? [], analytic[i] as RefTensor, allowed[i] as Float64Array)
      return { ...param, engine: worst }
    })
    return new GradientReport(params, tolerance)
  }
}

function checked(options: CheckOptions): Required<CheckOptions> {
  known('checkGradients', options, 'exhaustive samples tolerance seed')
  const all = { exhaustive: 64, samples: 8, tolerance: 1e-6, seed: 1, ...options }
  const whole = (least: number) => (value: number) => Number.isInteger(value) && value >= least
  const rules: Readonly<Record<keyof CheckOptions, readonly [string, (value: number) => boolean]>> = {
    exhaustive: ['a whole number from 0 up', whole(0)],
    samples: ['a whole number from 1 up', whole(1)],
    tolerance: ['a number above 0', (value) => value > 0 && value < Infinity],
    seed: ['a whole number', Number.isInteger],
  }
  for (const [name, value] of Object.entries(all)) {
    const rule = rules[name as keyof CheckOptions]
    if (!rule[1](value))
      throw new ArgumentError('the option does not fit', {
        where: `checkGradients.${name}`,
        expected: rule[0],
        received: String(value),
      })
  }
  return all
}

interface Pair {
  readonly index: number
  readonly at: string
  readonly analytic: number
  readonly slope: Slope
}

function elements(surface: Surface, leaf: GraphValue, gradient: RefTensor): Pair[] {
  return Array.from(gradient.data, (analytic, index) => ({
    index,
    at: `[${position(index, leaf.shape)}]`,
    analytic,
    slope: surface.dependsOn(leaf)
      ? slopeAlong(surface.element(leaf, index), Math.max(1, Math.abs(surface.at(leaf)[index] as number)))
      : FLAT,
  }))
}

const FLAT: Slope = { value: 0, error: 0, kind: 'smooth' }

function projections(
  surface: Surface,
  leaf: GraphValue,
  gradient: RefTensor,
  count: number,
  random: () => number,
): Pair[] {
  const n = gradient.data.length
  return Array.from({ length: count }, (_, index) => {
    const direction = signs(random, n).map((sign) => sign / Math.sqrt(n))
    return {
      index,
      at: `direction ${index}`,
      analytic: gradient.data.reduce((sum, g, i) => sum + g * (direction[i] as number), 0),
      slope: surface.dependsOn(leaf) ? slopeAlong(surface.along(leaf, direction), 1) : FLAT,
    }
  })
}

/** Which derivatives agree; those that no difference can tell are counted, not passed. */
function judge(
  pairs: readonly Pair[],
  tolerance: number,
  zero: number,
): Pick<CheckedParameter, 'entries' | 'kinks' | 'unresolved'> {
  const smooth = pairs.filter((pair) => pair.slope.kind === 'smooth')
  const floor = smooth.reduce((max, pair) => Math.max(max, SMALL * Math.abs(pair.slope.value)), zero)
  const entries: Entry[] = []
  let unresolved = 0
  for (const { index, at, analytic, slope } of smooth) {
    const size = Math.max(Math.abs(analytic), Math.abs(slope.value), floor)
    const difference = Math.abs(analytic - slope.value)
    const ok = difference <= tolerance * size + slope.error
    // a difference that is off by more than a wrong rule would be proves nothing, unless it disproves
    if (ok && slope.error > 100 * tolerance * size) unresolved++
    else entries.push({ index, at, analytic, numeric: slope.value, relError: difference / size, ok })
  }
  return { entries, kinks: pairs.length - smooth.length, unresolved }
}

const TRIALS = 8

/**
 * How far a gradient in f32 may lie from the one in f64: the graph is evaluated a few times with every result moved by
 * a random part of its own rounding bound, and four times the spread of these gradients is allowed.
 */
export function spreadOf(rules: Evaluation, exact: readonly RefTensor[], random: () => number): Float64Array[] {
  const squares = exact.map((g) => new Float64Array(g.data.length))
  for (let trial = 0; trial < TRIALS; trial++) {
    for (const [k, { data }] of rounded(rules, random).entries()) {
      const sum = squares[k] as Float64Array
      data.forEach((v, i) => {
        sum[i] = (sum[i] as number) + (v - (exact[k]?.data[i] as number)) ** 2 / TRIALS
      })
    }
  }
  return squares.map((square) => {
    const mean = square.reduce((sum, v) => sum + Math.sqrt(v), 0) / Math.max(1, square.length)
    return square.map((v) => 4 * Math.sqrt(v) + mean)
  })
}

/** The element whose error is the largest part of what is allowed. */
function worstOf(engine: ArrayLike<number>, exact: RefTensor, allowed: Float64Array): EngineEntry | undefined {
  let worst: EngineEntry | undefined
  exact.data.forEach((analytic, index) => {
    const value = engine[index] ?? Number.NaN
    const error = Object.is(value, analytic) ? 0 : Math.abs(value - analytic)
    const bound = allowed[index] as number
    // NaN beside a number is the worst of all
    const ratio = error === 0 ? 0 : error < Infinity ? error / bound : Infinity
    if (worst === undefined || ratio > worst.ratio) {
      worst = { index, at: `[${position(index, exact.shape)}]`, engine: value, analytic, error, bound, ratio }
    }
  })
  return worst
}

function position(index: number, shape: readonly number[]): number[] {
  const at: number[] = []
  for (let axis = shape.length - 1, rest = index; axis >= 0; axis--) {
    const size = shape[axis] as number
    at.unshift(rest % size)
    rest = Math.floor(rest / size)
  }
  return at
}
