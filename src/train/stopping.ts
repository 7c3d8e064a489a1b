import { ArgumentError } from '../errors.ts'
import type { Best } from './checkpoint.ts'
import type { EpochEvent } from './events.ts'
import type { Kit } from './kit.ts'
import type { Metrics } from './metric.ts'
import { readOwners } from './resume.ts'
import type { Run } from './run.ts'
import { takeCheckpoint } from './take.ts'

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

/** Says whether an epoch is the best so far, and keeps its weights. */
export class Watch {
  readonly #kit: Kit
  readonly #restoreBest: boolean
  readonly #options: EarlyStopping
  readonly #higher: boolean

  constructor(kit: Kit, options: EarlyStopping) {
    const where = 'train.earlyStopping'
    const {
      monitor = 'loss',
      mode,
      patience,
      minDelta = 0,
      restoreBest = true,
    } = kit.known(where, options, 'monitor mode patience minDelta restoreBest')
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
    this.#kit = kit
    this.#options = options
    this.#restoreBest = restoreBest
    this.#higher = (mode ?? (monitor === 'loss' || typeof monitor === 'function' ? 'min' : 'max')) === 'max'
  }

  /** Keeps the weights of the epoch that ended where it is the best so far; says whether it is. */
  async take<K extends string, M extends Metrics>(
    { record, owners }: Run<K, M>,
    event: EpochEvent<M>,
  ): Promise<boolean> {
    const value = this.#valueOf(event as unknown as EpochEvent)
    if (!this.#isBetter(value, record.best?.value)) return false
    const { model, parts } = await readOwners(owners)
    record.best = { value, epoch: record.epoch, step: record.step, state: model, ema: parts.get('ema') }
    return true
  }

  /** Puts the best weights back where they are wanted and not there anyway; says whose they are then. */
  async restore<K extends string, M extends Metrics>(run: Run<K, M>): Promise<Best | undefined> {
    const { best, step } = run.record
    if (best === undefined || !this.#restoreBest || best.step === step) return undefined
    run.last = await takeCheckpoint(run)
    this.#kit.withEngine(run.engine, () => {
      run.model.loadStateDict(best.state)
      if (best.ema !== undefined) run.options.ema?.loadStateDict(best.ema)
    })
    await run.engine.flushAsync()
    return best
  }

  #valueOf(event: EpochEvent): number {
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
  #isBetter(value: number, best: number | undefined): boolean {
    if (best === undefined) return !Number.isNaN(value)
    const { minDelta = 0 } = this.#options
    return this.#higher ? value > best + minDelta : value < best - minDelta
  }

  isOver(waited: number): boolean {
    return waited > (this.#options.patience ?? Number.POSITIVE_INFINITY)
  }
}
