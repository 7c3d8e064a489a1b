import { ArgumentError } from '../errors.ts'
import { known } from '../options.ts'
import type { EpochEvent } from './events.ts'

export interface EarlyStopping {
  /**
   * What to watch, of the validation data where there are any: 'loss' (default) or a metric whose value is a number. Or a
   * function of the event of an epoch.
   */
  readonly monitor?: string | ((event: EpochEvent) => number)
  /** Whether lower or higher is better. Default: 'min' for the loss, 'max' for a metric. */
  readonly mode?: 'min' | 'max'
  /** Epochs without progress that are borne; the next one ends the run. Default: none is the last. */
  readonly patience?: number
  /** Progress is more than this. Default 0. */
  readonly minDelta?: number
  /** End with the weights of the best epoch. Default true. */
  readonly restoreBest?: boolean
}

/** Says whether an epoch is the best so far. */
export class Watch {
  readonly restoreBest: boolean
  readonly #options: EarlyStopping
  readonly #higher: boolean

  constructor(options: EarlyStopping) {
    const where = 'train.earlyStopping'
    const {
      monitor = 'loss',
      mode,
      patience,
      minDelta = 0,
      restoreBest = true,
    } = known(where, options, 'monitor mode patience minDelta restoreBest')
    if (patience !== undefined && !(Number.isSafeInteger(patience) && patience >= 0))
      throw new ArgumentError('patience is out of range', {
        where,
        expected: 'a whole number of epochs from 0 up',
        received: String(patience),
      })
    if (!(minDelta >= 0))
      throw new ArgumentError('minDelta is out of range', {
        where,
        expected: 'a number from 0 up',
        received: String(minDelta),
      })
    if (mode !== undefined && mode !== 'min' && mode !== 'max')
      throw new ArgumentError('mode is none', { where, expected: "'min' or 'max'", received: String(mode) })
    this.#options = options
    this.restoreBest = restoreBest
    this.#higher = (mode ?? (monitor === 'loss' || typeof monitor === 'function' ? 'min' : 'max')) === 'max'
  }

  valueOf(event: EpochEvent): number {
    const { monitor = 'loss' } = this.#options
    if (typeof monitor === 'function') return monitor(event)
    const { loss, metrics } = event.validation ?? { loss: event.loss, metrics: event.metrics ?? {} }
    const value = monitor === 'loss' ? loss : (metrics as Readonly<Record<string, unknown>>)[monitor]
    if (typeof value !== 'number')
      throw new ArgumentError(`there is no number '${monitor}' to watch`, {
        where: 'train.earlyStopping.monitor',
        expected: ['loss', ...Object.keys(metrics)].join(', '),
        received: monitor,
      })
    return value
  }

  /** NaN is never better, and anything is better than nothing. */
  isBetter(value: number, best: number | undefined): boolean {
    if (best === undefined) return !Number.isNaN(value)
    const { minDelta = 0 } = this.#options
    return this.#higher ? value > best + minDelta : value < best - minDelta
  }

  isOver(waited: number): boolean {
    return waited > (this.#options.patience ?? Number.POSITIVE_INFINITY)
  }
}
