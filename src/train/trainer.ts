import type { Batch } from '../data/loader.ts'
import { split } from '../data/split.ts'
import { AnomalyError, ArgumentError, DataError, EngineError } from '../errors.ts'
import type { Module } from '../nn/module.ts'
import type { StateData } from '../nn/state.ts'
import type { Tensor } from '../ops/tensor.ts'
import type { Engine } from '../program/engine.ts'
import type { Attempt } from '../program/step.ts'
import { withEngine } from '../tensor/current.ts'
import {
  type Best,
  type Checkpoint,
  checkBuild,
  Generators,
  type Json,
  loadOwners,
  type Owners,
  readOwners,
  type StateOwner,
} from './checkpoint.ts'
import { type Evaluation, Evaluator } from './evaluate.ts'
import type { EpochEvent, FitEvent, FitResult, StepEvent } from './events.ts'
import { type Feed, feedOf, isStream, type Ready, type Source } from './feed.ts'
import { type Metrics, Tally } from './metric.ts'
import { inMode } from './mode.ts'
import { type Callbacks, checkOptions, engineOf, type FitOptions } from './options.ts'
import { Pace } from './pace.ts'
import { captured, eager, type Runner } from './runner.ts'
import { flowOf, stepOf } from './step.ts'
import { Watch } from './stopping.ts'

/**
 * A training run. Iterating over it runs it, event by event: while the loop's body works nothing else does, so weights may
 * be read there; `run()` (and `fit`) go to the end. The model and the optimizer keep what was learnt.
 */
export class Trainer<K extends string, M extends Metrics = Record<never, never>> implements AsyncIterable<FitEvent<M>> {
  readonly model: Module
  readonly options: FitOptions<K, M>
  readonly #engine: Engine
  #data: Source<K>
  readonly #owners: Owners
  readonly #generators: Generators
  readonly #tally: Tally<M>
  readonly #runners = new Map<string, Runner>()
  /** What the runners run. */
  readonly #traces = new Map<string, () => Readonly<Record<string, Tensor>>>()
  readonly #pace: Pace
  readonly #watch: Watch | undefined
  readonly #stopping = new AbortController()
  /** stop() or the caller's signal. */
  readonly #halt: AbortSignal
  #feed: Feed<K> | undefined
  #evaluator: Evaluator<K, M> | undefined
  #started = false
  /** The data are in memory, and a resumed run is where it was. */
  #opened = false
  /** Between two events: the engine is at work. */
  #working = false
  /** A checkpoint that is being read. */
  #taking: Promise<unknown> | undefined
  /** Who waits for a checkpoint at the end of the steps under way. */
  #waiting: (() => void)[] = []
  /** The last place where every number was finite, of a run that looks. */
  #sound: Checkpoint | undefined
  /** What a checkpoint says once the best weights are back. */
  #last: Checkpoint | undefined
  #seed: number | undefined
  #step = 0
  #epoch = 0
  #at = 0
  #lossSum = 0
  #lossRows = 0
  #waited = 0
  #best: Best | undefined
  #losses = new Float32Array(256)
  #history: EpochEvent[] = []
  /** Where the last checkpoint was saved. */
  #saved = ''

  constructor(model: Module, data: Source<K>, options: FitOptions<K, M>) {
    checkOptions(data, options)
    this.model = model
    this.options = options
    this.#engine = engineOf(model)
    this.#data = data
    this.#generators = new Generators(this.#engine)
    this.#tally = new Tally(this.#engine, this.#measuresTraining ? (options.metrics ?? ({} as M)) : ({} as M))
    this.#pace = new Pace(options.chunkMilliseconds ?? 80)
    this.#watch = options.earlyStopping === undefined ? undefined : new Watch(options.earlyStopping)
    const { signal } = this.#stopping
    this.#halt = options.signal === undefined ? signal : AbortSignal.any([signal, options.signal])
    const parts = new Map<string, StateOwner>(Object.entries(options.state ?? {}))
    if (options.optimizer !== undefined) parts.set('optimizer', options.optimizer)
    if (options.ema !== undefined) parts.set('ema', options.ema)
    this.#owners = { model, parts }
  }

  /** Metrics are taken of the validation data if there are any, else of the training data as they go by. */
  get #measuresTraining(): boolean {
    return this.options.trainMetrics ?? this.options.validation === undefined
  }

  /** Steps done. */
  get step(): number {
    return this.#step
  }
  /** Whole epochs done. */
  get epoch(): number {
    return this.#epoch
  }

  /** Ends the run at the end of the step under way, as if all steps were done. */
  stop(): void {
    this.#stopping.abort()
  }

  /** Goes to the end. */
  async run(): Promise<FitResult<M>> {
    let result: FitResult<M> | undefined
    for await (const event of this) if (event.type === 'done') result = event
    return result as FitResult<M>
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FitEvent<M>, void, undefined> {
    if (this.#started) throw new EngineError('the run was started before', { where: 'Trainer', hint: 'Make another.' })
    this.#started = true
    this.#working = true
    try {
      for await (const event of this.#run()) {
        this.#working = false
        await this.#tell(event)
        yield event
        await this.#taking
        this.#working = true
      }
    } catch (error) {
      this.#working = false
      if (this.options.signal?.aborted && this.#opened) await this.#save('end')
      throw error
    } finally {
      this.#working = false
      await this.#close()
    }
  }

  async #tell(event: FitEvent<M>): Promise<void> {
    for (const callbacks of [this.options as Callbacks<M>, ...(this.options.callbacks ?? [])])
      if (event.type === 'begin') await callbacks.onBegin?.(event, this)
      else if (event.type === 'step') await callbacks.onStep?.(event, this)
      else if (event.type === 'epoch') await callbacks.onEpoch?.(event, this)
      else await callbacks.onDone?.(event, this)
  }

  async *#run(): AsyncGenerator<FitEvent<M>, void, undefined> {
    const { signal } = this.options
    signal?.throwIfAborted()
    await this.#open()
    this.#opened = true
    yield { type: 'begin', step: this.#step, steps: this.#steps }
    let reason: FitResult['reason'] = 'finished'
    while (reason === 'finished' && !this.#isDone) {
      this.#throwIfAborted()
      await this.#feed?.begin(this.#epoch, this.#at)
      const over = yield* this.#steps_()
      if (this.#stopping.signal.aborted) reason = 'stopped'
      if (!over) break
      const event = await this.#finishEpoch()
      yield event
      await this.#save('epoch')
      if (this.#stopping.signal.aborted) reason = 'stopped'
      else if (this.#watch?.isOver(this.#waited)) reason = 'early'
    }
    await this.#save('end')
    const validation = await this.#conclude(reason)
    yield {
      type: 'done',
      reason,
      epochs: this.#epoch,
      steps: this.#step,
      losses: this.#losses.slice(0, this.#step),
      history: this.#history,
      validation,
      best: this.#best && { epoch: this.#best.epoch, step: this.#best.step, value: this.#best.value },
      trainSeconds: this.#pace.seconds,
      samplesPerSecond: this.#pace.samplesPerSecond,
    }
  }

  // ---- the pieces of a run -------------------------------------------------------------------

  /** Data into memory, and a resumed run to where it was. */
  async #open(): Promise<void> {
    const { options } = this
    const engine = this.#engine
    await engine.flushAsync()
    const from = options.resume
    const saved = from?.progress.seed
    if (saved !== undefined && options.seed !== undefined && saved !== options.seed)
      throw differs('seed', saved, options.seed)
    this.#seed = saved ?? options.seed ?? engine.seed
    let { validation } = options
    if (typeof validation === 'number') {
      if (isStream(this.#data))
        throw new ArgumentError('a stream cannot be split', {
          where: 'train.validation',
          expected: 'a data set or a stream of its own',
          received: String(validation),
        })
      const parts = await withEngine(engine, () =>
        split(this.#data as never, validation as number, this.#seed as number),
      )
      this.#data = parts.train
      validation = parts.test
    }
    const seed = (options.shuffle ?? true) ? this.#seed : undefined
    this.#feed = feedOf(engine, this.#data, { batch: options.batch, seed }, 'train')
    if (validation !== undefined)
      this.#evaluator = new Evaluator(this.model, validation as Source<K>, {
        loss: options.loss,
        metrics: options.metrics,
        forward: options.forward,
        target: options.target,
      })
    if (from !== undefined) await this.#resume(from)
    if (options.anomaly === true) this.#sound = await this.#take()
  }

  async #resume(from: Checkpoint): Promise<void> {
    const engine = this.#engine
    checkBuild(from, engine, this.options.anyBuild ?? false)
    const here = this.#dataFacts
    for (const name of ['rows', 'batch'] as const)
      if (from.progress.data[name] !== here[name]) throw differs(name, from.progress.data[name], here[name])
    await this.#restore(from)
  }

  async #restore(from: Checkpoint): Promise<void> {
    const engine = this.#engine
    await withEngine(engine, () => loadOwners(from, this.#owners))
    await engine.flushAsync()
    this.#generators.load(from.generators)
    this.#tally.load(from.tally)
    const { progress } = from
    this.#step = progress.step
    this.#epoch = progress.epoch
    this.#at = progress.stepInEpoch
    this.#lossSum = progress.lossSum
    this.#lossRows = progress.lossRows
    this.#waited = progress.waited
    this.#pace.seconds = progress.trainSeconds
    this.#best = from.best
    this.#losses = new Float32Array(Math.max(256, from.losses.length))
    this.#losses.set(from.losses)
    this.#history = from.history.map((event) => event as unknown as EpochEvent)
  }

  get #dataFacts(): { rows?: number; batch?: number } {
    return isStream(this.#data) ? {} : { rows: this.#data.size, batch: this.options.batch ?? 32 }
  }

  get #steps(): number | undefined {
    const { steps, epochs } = this.options
    const each = this.#feed?.stepsPerEpoch
    return steps ?? (each === undefined ? undefined : (epochs as number) * each)
  }

  get #isDone(): boolean {
    const { steps = Infinity, epochs = Infinity } = this.options
    return this.#step >= steps || this.#epoch >= epochs
  }

  /** Most steps until something is due. */
  get #most(): number {
    const { steps = Infinity, checkpoint } = this.options
    const every = checkpoint?.everySteps
    const due = every === undefined ? Infinity : every - (this.#step % every)
    return Math.min(this.#pace.steps, steps - this.#step, due)
  }

  /** Steps to the end of the epoch; false where the run ends before. */
  async *#steps_(): AsyncGenerator<StepEvent, boolean, undefined> {
    const feed = this.#feed as Feed<K>
    const stop = this.#halt
    for (;;) {
      if (stop.aborted || this.#most <= 0) break
      const ready = await this.#nextBatches(feed, this.#most)
      if (ready === undefined) {
        if (stop.aborted) break
        if (this.#at === 0)
          throw new DataError('an epoch without a batch', { where: `train, epoch ${this.#epoch + 1} of the stream` })
        return true
      }
      const runner = await this.#runner(ready)
      const begun = performance.now()
      const attempt = await runner.run(ready.steps, stop)
      this.#took(ready, attempt, performance.now() - begun)
      if (attempt.failure !== undefined) throw attempt.failure
      if (this.options.anomaly === true) await this.#look()
      await this.#serve()
      if (attempt.steps > 0) yield await this.#stepEvent(attempt)
      if (this.options.signal?.aborted) break
      const every = this.options.checkpoint?.everySteps
      if (every !== undefined && attempt.steps > 0 && this.#step % every === 0) await this.#save('step')
    }
    this.#throwIfAborted()
    if (stop.aborted) return false
    // The last step of a run may be the last of its epoch too.
    return (await this.#nextBatches(feed, 1)) === undefined && !stop.aborted
  }

  /** Lets those take their checkpoint who asked for one. */
  async #serve(): Promise<void> {
    if (this.#waiting.length === 0) return
    for (const take of this.#waiting.splice(0)) take()
    // They go on in a microtask and leave their promise behind.
    await Promise.resolve()
    await Promise.resolve()
    await this.#taking
  }

  /** Undefined at the end of the epoch, and when the run is to end while it waits. */
  async #nextBatches(feed: Feed<K>, most: number): Promise<Ready | undefined> {
    try {
      return await feed.ready(most, this.#halt)
    } catch (error) {
      if (this.#halt.aborted) return undefined
      throw error
    }
  }

  /** The step for batches of that shape; both share weights and state. */
  async #runner({ kind }: Ready): Promise<Runner> {
    const known = this.#runners.get(kind)
    if (known !== undefined) return known
    const engine = this.#engine
    const feed = this.#feed as Feed<K>
    const { model, options } = this
    const flow = flowOf(model, options)
    await this.#tally.prepare(() =>
      inMode(model, false, () => {
        const batch = feed.blank(kind)
        return [flow.output(batch), flow.target(batch)]
      }),
    )
    await engine.flushAsync()
    const own = options.step
    const step: (batch: Batch<K>) => Readonly<Record<string, Tensor>> =
      own ??
      stepOf(
        model,
        { ...options, loss: options.loss, optimizer: options.optimizer },
        this.#tally.empty ? undefined : (output, target) => this.#tally.add(output, target),
      )
    const fn = (): Readonly<Record<string, Tensor>> => inMode(model, true, () => step(feed.batch(kind)))
    const runner = options.gradients === undefined ? captured(engine, fn) : eager(engine, fn)
    this.#traces.set(kind, fn)
    this.#runners.set(kind, runner)
    this.#generators.meet(runner.generators)
    return runner
  }

  /** Counts what was done. */
  #took({ rows }: Ready, { steps, curves }: Attempt, milliseconds: number): void {
    const losses = curves['loss'] ?? new Float32Array(steps).fill(Number.NaN)
    if (this.#step + steps > this.#losses.length) {
      const more = new Float32Array(Math.max(2 * this.#losses.length, this.#step + steps))
      more.set(this.#losses)
      this.#losses = more
    }
    this.#losses.set(losses, this.#step)
    for (const loss of losses) this.#lossSum += rows * loss
    this.#lossRows += rows * steps
    this.#step += steps
    this.#at += steps
    this.#feed?.ran(steps)
    this.#pace.ran(steps, rows * steps, milliseconds)
  }

  /** Ends the run where a loss or a variable is not finite; else remembers where it is. */
  async #look(): Promise<void> {
    const before = this.#sound as Checkpoint
    const now = await this.#take()
    const { step, epoch, stepInEpoch } = before.progress
    const steps = this.#step - step
    const finite = (data: StateData): boolean => data instanceof Int32Array || data.every(Number.isFinite)
    if (finite(now.losses.subarray(step)) && [...now.model.values()].every(({ data }) => finite(data))) {
      this.#sound = now
      return
    }
    const { inspectStep } = await import('./anomaly.ts')
    const feed = this.#feed as Feed<K>
    const again = async (): Promise<void> => {
      await this.#restore(before)
      // The order of an epoch is the same again.
      await feed.begin(epoch, stepInEpoch)
    }
    await again()
    try {
      for (let i = 0; i < steps; i++) {
        const { kind } = (await feed.ready(1)) as Ready
        await this.#runner({ kind } as Ready)
        await inspectStep(this.#engine, this.model, this.#traces.get(kind) as never, step + i + 1)
        feed.ran(1)
      }
    } finally {
      await again()
    }
    throw new AnomalyError('step', this.#step, 'a loss or a weight is not finite', { where: 'train' })
  }

  async #stepEvent({ steps, curves }: Attempt): Promise<StepEvent> {
    const losses = this.#losses.slice(this.#step - steps, this.#step)
    const { loss: _, ...others } = curves
    const whole = this.#steps
    return {
      type: 'step',
      epoch: this.#epoch + 1,
      step: this.#step,
      steps: whole,
      loss: losses.reduce((sum, loss) => sum + loss, 0) / steps,
      losses,
      curves: others,
      learningRate: await this.#rate(),
      samplesPerSecond: this.#pace.samplesPerSecond,
      secondsLeft: whole === undefined ? undefined : (whole - this.#step) * this.#pace.secondsPerStep,
    }
  }

  async #rate(): Promise<number | undefined> {
    const rate = this.options.optimizer?.rate()
    if (rate === undefined) return undefined
    try {
      return (await rate.data())[0] as number
    } finally {
      rate.dispose()
    }
  }

  async #finishEpoch(): Promise<EpochEvent<M>> {
    const metrics = this.#tally.empty ? undefined : await this.#tally.values()
    const made = {
      type: 'epoch' as const,
      epoch: this.#epoch + 1,
      epochs: this.options.epochs,
      step: this.#step,
      loss: this.#lossSum / this.#lossRows,
      metrics,
      validation: await this.#evaluate(),
      trainSeconds: this.#pace.seconds,
    }
    this.#epoch++
    this.#at = 0
    this.#lossSum = 0
    this.#lossRows = 0
    await this.#tally.reset()
    const value = this.#watch?.valueOf({ ...made, best: false })
    const best = value !== undefined && (this.#watch?.isBetter(value, this.#best?.value) ?? false)
    if (best) {
      const { model, parts } = await readOwners(this.#owners)
      const ema = parts.get('ema')
      this.#best = { value: value as number, epoch: this.#epoch, step: this.#step, state: model, ema }
    }
    this.#waited = best ? 0 : this.#waited + 1
    const event: EpochEvent<M> = { ...made, best }
    this.#history.push(event)
    return event
  }

  async #evaluate(): Promise<Evaluation<M> | undefined> {
    const { ema, signal } = this.options
    const evaluator = this.#evaluator
    if (evaluator === undefined) return undefined
    await this.#engine.flushAsync()
    if (ema === undefined) return evaluator.run(signal)
    ema.swap()
    try {
      return await evaluator.run(signal)
    } finally {
      await this.#engine.flushAsync()
      ema.swap()
      await this.#engine.flushAsync()
    }
  }

  /** The best weights where they are wanted, and what the model is worth with those it ends with. */
  async #conclude(reason: FitResult['reason']): Promise<Evaluation<M> | undefined> {
    const last = this.#history.at(-1)
    const best = this.#best
    if (reason !== 'stopped' && best !== undefined && this.#watch?.restoreBest === true) {
      if (best.step === this.#step) return last?.validation as Evaluation<M> | undefined
      this.#last = await this.#take()
      this.model.loadStateDict(best.state)
      if (best.ema !== undefined) this.options.ema?.loadStateDict(best.ema)
      await this.#engine.flushAsync()
      return this.#history[best.epoch - 1]?.validation as Evaluation<M> | undefined
    }
    if (last?.step === this.#step) return last.validation as Evaluation<M> | undefined
    return this.#evaluate()
  }

  #throwIfAborted(): void {
    this.options.signal?.throwIfAborted()
  }

  async #close(): Promise<void> {
    for (const take of this.#waiting.splice(0)) take()
    if (!this.#engine.isClosed) await this.#engine.flushAsync()
    for (const runner of this.#runners.values()) runner[Symbol.dispose]()
    this.#feed?.[Symbol.dispose]()
    this.#evaluator?.[Symbol.dispose]()
    await this.#tally.close()
  }

  // ---- checkpoints ---------------------------------------------------------------------------

  /**
   * All that the run needs to go on from here, in this or another process. While steps are under way, from their end.
   */
  async checkpoint(): Promise<Checkpoint> {
    if (this.#working) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    if (this.#last !== undefined) return this.#last
    const taking = this.#take()
    this.#taking = taking.catch(() => {})
    return taking
  }

  async #take(): Promise<Checkpoint> {
    await this.#engine.flushAsync()
    const { model, parts } = await readOwners(this.#owners)
    return {
      build: this.#engine.runtime.build,
      progress: {
        step: this.#step,
        epoch: this.#epoch,
        stepInEpoch: this.#at,
        lossSum: this.#lossSum,
        lossRows: this.#lossRows,
        seed: this.#seed,
        data: this.#dataFacts,
        waited: this.#waited,
        trainSeconds: this.#pace.seconds,
      },
      model,
      parts,
      generators: this.#generators.words(),
      tally: await this.#tally.save(),
      best: this.#best,
      losses: this.#losses.slice(0, this.#step),
      history: [...this.#history] as unknown as readonly Json[],
      preprocessing: this.options.preprocessing,
      config: this.options.config,
    }
  }

  async #save(at: 'step' | 'epoch' | 'end'): Promise<void> {
    const { checkpoint } = this.options
    if (checkpoint === undefined) return
    const { everySteps, everyEpochs = everySteps === undefined ? 1 : undefined } = checkpoint
    if (at === 'epoch' && (everyEpochs === undefined || this.#epoch % everyEpochs !== 0)) return
    const now = `${this.#step} in ${this.#epoch}`
    if (at === 'end' && this.#saved === now) return
    this.#saved = now
    await checkpoint.to.save(await this.#take())
  }
}

const differs = (what: string, saved: unknown, here: unknown): DataError =>
  new DataError(`the checkpoint is of a run with another ${what}`, {
    where: 'resume',
    expected: String(saved),
    received: String(here),
    hint: 'Only with the same data and batches does a run go on with the same bits.',
  })

/** Trains a model to the end of the run. The same as `new Trainer(model, data, options).run()`. */
export async function fit<K extends string, M extends Metrics = Record<never, never>>(
  model: Module,
  data: Source<K>,
  options: FitOptions<K, M>,
): Promise<FitResult<M>> {
  return new Trainer(model, data, options).run()
}
