import { scalar, scalars } from '../ops/scalar.ts'
import type { Tensor } from '../ops/tensor.ts'
import { known } from '../options.ts'
import { checkNumber } from '../tensor/shape.ts'
import { nonNegative, positive } from './options.ts'

export { type PlateauOptions, type PlateauSchedule, reduceOnPlateau } from './plateau.ts'

/**
 * A learning rate as a float64 scalar expression of the number of steps done (0 at the first step). It is part of the
 * captured step, so it costs a few instructions and no JavaScript. Any function of this form is a schedule.
 */
export type Schedule = (step: Tensor) => Tensor

const { add, sub, mul, div, min, max, pow, log, cos, floor, less, select } = scalars

export function constant(rate: number): Schedule {
  check('constant', { rate })
  return () => scalar(rate)
}

/** rate * gamma ^ floor(t / every). */
export function step(rate: number, options: { every: number; gamma?: number }): Schedule {
  const { every, gamma = 0.1 } = known('schedule.step', options, 'every gamma')
  check('step', { rate, gamma }, { every })
  return (t) => mul(rate, pow(gamma, floor(div(t, every))))
}

/** rate times gamma at each of the milestones. */
export function multiStep(rate: number, options: { milestones: readonly number[]; gamma?: number }): Schedule {
  const { milestones, gamma = 0.1 } = known('schedule.multiStep', options, 'milestones gamma')
  const steps = [milestones].flat()
  check('multiStep', { rate, gamma }, Object.fromEntries(steps.map((m, i) => [`milestones[${i}]`, m])))
  return (t) => steps.reduce<Tensor>((y, m) => mul(y, select(less(t, m), 1, gamma)), scalar(rate))
}

/** rate * gamma ^ t. */
export function exponential(rate: number, options: { gamma: number }): Schedule {
  const { gamma } = known('schedule.exponential', options, 'gamma')
  check('exponential', { rate, gamma })
  return (t) => mul(rate, pow(gamma, t))
}

/** From rate * from to rate * to over `steps` steps, then constant. */
export function linear(rate: number, options: { steps: number; from?: number; to?: number }): Schedule {
  const { steps, from = 1, to = 0 } = known('schedule.linear', options, 'steps from to')
  check('linear', { rate, from, to }, { steps })
  return (t) => mul(rate, add(from, mul(to - from, div(min(t, steps), steps))))
}

/** minimum + (rate - minimum) (1 - t / steps) ^ power, the minimum (default 0) from `steps` on. */
export function polynomial(rate: number, options: { steps: number; power?: number; minimum?: number }): Schedule {
  const { steps, power = 1, minimum = 0 } = known('schedule.polynomial', options, 'steps power minimum')
  check('polynomial', { rate, power, minimum }, { steps })
  return (t) => add(minimum, mul(rate - minimum, pow(sub(1, div(min(t, steps), steps)), power)))
}

export interface CosineOptions {
  /** Steps from the peak to the minimum. */
  steps: number
  /** Steps of linear rise before that. Default 0. */
  warmup?: number
  /** The rate at the end. Default 0. */
  minimum?: number
  /** What comes after `steps`: the minimum for good (default), or the cosine goes on and rises again. */
  after?: 'hold' | 'wave'
}

/** minimum + (rate - minimum) (1 + cos(pi t / steps)) / 2. */
export function cosine(rate: number, options: CosineOptions): Schedule {
  const {
    steps,
    warmup: rise = 0,
    minimum = 0,
    after = 'hold',
  } = known('schedule.cosine', options, 'steps warmup minimum after')
  check('cosine', { rate, minimum }, { steps })
  const fall: Schedule = (t) => between(rate, minimum, div(after === 'wave' ? t : min(t, steps), steps))
  return rise === 0 ? fall : warmup(fall, { steps: rise })
}

/** A cosine from rate to minimum over `period` steps, begun again each time with a period `growth` times as long. */
export function cosineRestarts(rate: number, options: { period: number; growth?: number; minimum?: number }): Schedule {
  const { period, growth = 1, minimum = 0 } = known('schedule.cosineRestarts', options, 'period growth minimum')
  check('cosineRestarts', { rate, minimum }, { period, growth })
  if (growth === 1) return (t) => between(rate, minimum, sub(div(t, period), floor(div(t, period))))
  checkNumber(growth, 'schedule.cosineRestarts.growth', 'a number of at least 1', (g) => g >= 1)
  return (t) => {
    // Period n begins at period (growth^n - 1) / (growth - 1); the nudge absorbs the rounding of log at those steps.
    const n = floor(add(div(log(add(mul(div(t, period), growth - 1), 1)), log(growth)), 1e-12))
    const scale = pow(growth, n)
    const begin = mul(period / (growth - 1), sub(scale, 1))
    return between(rate, minimum, max(0, div(sub(t, begin), mul(scale, period))))
  }
}

export interface OneCycleOptions {
  /** Length of the whole cycle. */
  steps: number
  /** Part of the cycle in which the rate rises. Default 0.3. */
  rise?: number
  /** The cycle starts at rate / startFactor. Default 25. */
  startFactor?: number
  /** It ends at the starting rate / endFactor. Default 10000. */
  endFactor?: number
}

/** Up to rate and far down again, both along a cosine (Smith and Topin 2018). */
export function oneCycle(rate: number, options: OneCycleOptions): Schedule {
  const {
    steps,
    rise = 0.3,
    startFactor = 25,
    endFactor = 1e4,
  } = known('schedule.oneCycle', options, 'steps rise startFactor endFactor')
  check('oneCycle', { rate, rise }, { steps, startFactor, endFactor })
  const top = rise * steps - 1
  const last = steps - 1
  const room = 'a part of the cycle that leaves room on both sides'
  checkNumber(rise, 'schedule.oneCycle.rise', room, () => top > 0 && top < last)
  const start = rate / startFactor
  return (t) =>
    select(
      less(t, top),
      between(start, rate, div(t, top)),
      between(rate, start / endFactor, div(min(sub(t, top), last - top), last - top)),
    )
}

/** A linear rise to what `schedule` starts with over `steps` steps, then `schedule` from its beginning. */
export function warmup(schedule: Schedule, options: { steps: number }): Schedule {
  const { steps } = known('schedule.warmup', options, 'steps')
  check('warmup', {}, { steps })
  // The first step is 1 / (steps + 1) of the way up: a rate of 0 would waste it.
  return join((t) => mul(schedule(scalar(0)), div(add(t, 1), steps + 1)), steps, schedule)
}

/** `first` for `steps` steps, then `second` from its beginning. */
export function join(first: Schedule, steps: number, second: Schedule): Schedule {
  check('join', {}, { steps })
  return (t) => select(less(t, steps), first(t), second(max(0, sub(t, steps))))
}

/** From a to b along half a cosine as x goes from 0 to 1. */
function between(a: number, b: number, x: Tensor): Tensor {
  return add(b, mul((a - b) / 2, add(1, cos(mul(Math.PI, x)))))
}

/** Rates and factors are finite and not negative; lengths are above 0. */
function check(name: string, values: Record<string, number>, lengths: Record<string, number> = {}): void {
  nonNegative(`schedule.${name}`, values)
  positive(`schedule.${name}`, lengths)
}
