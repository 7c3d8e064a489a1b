import { oneOf } from '../ops/functions.ts'
import { scalar, scalars } from '../ops/scalar.ts'
import type { Tensor } from '../ops/tensor.ts'
import { type Variable, variable } from '../ops/variable.ts'
import { known } from '../options.ts'
import { currentEngine, withEngine } from '../tensor/current.ts'
import { scoped } from '../tensor/scope.ts'
import { fraction, nonNegative } from './options.ts'
import type { Schedule } from './schedules.ts'

export interface PlateauOptions {
  /** What the rate is multiplied by. Default 0.1. */
  readonly factor?: number
  /** Observations without progress that are borne; the next one lowers the rate. Default 10. */
  readonly patience?: number
  /** Progress is more than this part of the best value. Default 1e-4. */
  readonly threshold?: number
  /** Whether a lower ('min', default) or a higher value ('max') is better. */
  readonly mode?: 'min' | 'max'
  /** Observations after a reduction that do not count. Default 0. */
  readonly cooldown?: number
  /** The rate never falls below this. Default 0. */
  readonly minimum?: number
}

/** A schedule that follows what it is told. */
export interface PlateauSchedule extends Schedule, Disposable {
  /** Takes a loss or a score in: part of the step when called while it is captured, or from JavaScript once an epoch. */
  observe(metric: Tensor | number): void
  /** Best value, observations without progress, cooldown left, rate: saved with the optimizer that uses the schedule. */
  state(): ReadonlyMap<string, Variable>
  dispose(): void
}

const { add, sub, mul, max, neg, less, select, fromFloat } = scalars

/** The rate, times `factor` whenever the observed value has made no progress for more than `patience` observations. */
export function reduceOnPlateau(rate: number, options: PlateauOptions = {}): PlateauSchedule {
  const {
    factor = 0.1,
    patience = 10,
    threshold = 1e-4,
    mode = 'min',
    cooldown = 0,
    minimum = 0,
  } = known('schedule.reduceOnPlateau', options, 'factor patience threshold mode cooldown minimum')
  nonNegative('schedule.reduceOnPlateau', { rate, patience, threshold, cooldown, minimum })
  fraction('schedule.reduceOnPlateau', { factor })
  oneOf(mode, ['min', 'max'], 'schedule.reduceOnPlateau.mode')
  const engine = currentEngine()
  const within = (run: () => void): void => withEngine(engine, () => scoped(engine, run))
  const state = new Map<string, Variable>()
  // Values are taken so that lower is better; the first one beats this.
  for (const [name, first] of Object.entries({ best: 1e300, waited: 0, cooldown: 0, rate }))
    within(() => {
      state.set(name, variable(scalar(first), { name }))
    })
  const [best, waited, cooling, current] = [...state.values()] as [Variable, Variable, Variable, Variable]

  const observe = (metric: Tensor | number): void =>
    within(() => {
      const value = typeof metric === 'number' ? scalar(metric) : fromFloat(metric)
      const lower = mode === 'min' ? value : neg(value)
      const progress = less(lower, sub(best, mul(threshold, max(best, neg(best)))))
      const isCooling = less(0, cooling)
      const idle = select(progress, 0, add(waited, 1))
      const count = select(isCooling, 0, idle)
      const reduces = less(patience, count)
      const next = [
        select(progress, lower, best),
        select(reduces, 0, count),
        select(reduces, cooldown, max(0, sub(cooling, 1))),
        select(reduces, max(mul(current, factor), minimum), current),
      ] as const
      for (const [i, target] of [best, waited, cooling, current].entries()) target.assign(next[i] as Tensor)
    })
  const dispose = (): void => {
    for (const kept of state.values()) kept.dispose()
  }
  const schedule: Schedule = () => current.alias()
  return Object.assign(schedule, { observe, state: () => state, dispose, [Symbol.dispose]: dispose })
}
