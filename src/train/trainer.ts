import { DataError, EngineError } from '../errors.ts'
import type { Module } from '../nn/module.ts'
import type { StateData } from '../nn/state.ts'
import type { Engine } from '../program/engine.ts'
import { withEngine } from '../tensor/current.ts'
import type { Step as CapturedStep } from './capture.ts'
import { type Checkpoint, Generators, type Owners, readOwners, type StateOwner } from './checkpoint.ts'
import { CheckpointDesk } from './desk.ts'
import type { Evaluation } from './evaluate.ts'
import type { EpochEvent, FitEvent, FitResult, StepEvent } from './events.ts'
import type { Ready, Source } from './feed.ts'
import { type Metrics, Tally } from './metric.ts'
import { type Opened, openData } from './open.ts'
import { type Callbacks, checkOptions, engineOf, type FitOptions } from './options.ts'
import { Pace } from './pace.ts'
import { RateReader } from './rate.ts'
import { RunRecord } from './record.ts'
import { Steps } from './steps.ts'
import type { Watch } from './stopping.ts'

/**
 * A training run. Iterating over it runs it, event by event: while the loop's body works nothing else does, so weights may
 * be read there; `run()` (and `fit`) go to the end. The model and the optimizer keep what was learnt.
 */
export class Trainer<K extends string, M extends Metrics = Record<never, never>> implements AsyncIterable<FitEvent<M>> {
  readonly model: Module
  readonly options: FitOptions<K, M>
  readonly #engine: Engine
  readonly #data: Source<K>
  readonly #owners: Owners
  readonly #generators: Generators
  readonly #tally: Tally<M>
  readonly #record = new RunRecord()
  readonly #desk = new CheckpointDesk(() => this.#take())
  readonly #pace: Pace
  #watch: Watch | undefined
  readonly #stopping = new AbortController()
  /** stop() or the caller's signal. */
  readonly #halt: AbortSignal
  /** Once the data are in memory, and a resumed run is where it was. */
  #opened: Opened<K, M> | undefined
  #steps: Steps<K, M> | undefined
  #rate: RateReader | undefined
  #started = false
  /** The last place where every number was finite, of a run that looks. */
  #sound: Checkpoint | undefined
  /** What a checkpoint says once the best weights are back. */
  #last: Checkpoint | undefined
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
    return this.#record.step
  }
  /** Whole epochs done. */
  get epoch(): number {
    return this.#record.epoch
  }

  /** The captured step, from the first one to the end of the run: to print, to inspect, to profile between two events. */
  get program(): CapturedStep | undefined {
    return this.#steps?.program
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
    this.#desk.busy = true
    try {
      for await (const event of this.#run()) {
        this.#desk.busy = false
        await this.#tell(event)
        yield event
        await this.#desk.settled()
        this.#desk.busy = true
      }
    } catch (error) {
      this.#desk.busy = false
      if (this.options.signal?.aborted && this.#steps !== undefined) await this.#save('end')
      throw error
    } finally {
      this.#desk.busy = false
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
    this.#throwIfAborted()
    const opened = await this.#open()
    const record = this.#record
    yield { type: 'begin', step: record.step, steps: this.#length }
    // A run that is resumed may have ended early before.
    let reason: FitResult['reason'] = this.#watch?.isOver(record.waited) ? 'early' : 'finished'
    while (reason === 'finished' && !this.#isDone) {
      this.#throwIfAborted()
      await opened.feed.begin(record.epoch, record.at)
      const over = yield* this.#epochSteps(opened)
      if (this.#stopping.signal.aborted) reason = 'stopped'
      if (!over) break
      yield await this.#finishEpoch()
      await this.#save('epoch')
      if (this.#stopping.signal.aborted) reason = 'stopped'
      else if (this.#watch?.isOver(record.waited)) reason = 'early'
    }
    await this.#save('end')
    const validation = await this.#conclude(reason)
    const { epoch: epochs, step: steps, losses, history, best } = record
    yield {
      type: 'done',
      reason,
      epochs,
      steps,
      losses,
      history: [...history] as unknown as EpochEvent<M>[],
      validation,
      best: best && { epoch: best.epoch, step: best.step, value: best.value },
      trainSeconds: this.#pace.seconds,
      samplesPerSecond: this.#pace.samplesPerSecond,
    }
  }

  // ---- the pieces of a run -------------------------------------------------------------------

  /** Data into memory, and a resumed run to where it was. */
  async #open(): Promise<Opened<K, M>> {
    const { options, model } = this
    const engine = this.#engine
    const { resume, earlyStopping } = options
    if (earlyStopping !== undefined) this.#watch = new (await import('./stopping.ts')).Watch(earlyStopping)
    await engine.flushAsync()
    const opened = await openData(engine, model, this.#data, options)
    this.#opened = opened
    if (resume !== undefined) await this.#restore(resume)
    if (options.anomaly === true) this.#sound = await this.#take()
    const { optimizer } = options
    await engine.flushAsync()
    if (optimizer !== undefined) this.#rate = withEngine(engine, () => new RateReader(engine, optimizer))
    const parts = { engine, model, options, tally: this.#tally, generators: this.#generators }
    this.#steps = new Steps(opened.feed, parts)
    return opened
  }

  async #restore(from: Checkpoint): Promise<void> {
    const { loadOwners } = await import('./resume.ts')
    await loadOwners(this.#engine, from, this.#owners)
    await this.#engine.flushAsync()
    this.#generators.load(from.generators)
    this.#tally.load(from.tally)
    this.#record.load(from)
    this.#pace.seconds = from.progress.trainSeconds
  }

  /** Steps of the whole run, where they are known. */
  get #length(): number | undefined {
    const { steps, epochs } = this.options
    const each = this.#opened?.feed.stepsPerEpoch
    return steps ?? (each === undefined ? undefined : (epochs as number) * each)
  }

  get #isDone(): boolean {
    const { steps = Infinity, epochs = Infinity } = this.options
    return this.#record.step >= steps || this.#record.epoch >= epochs
  }

  /** Most steps until something is due. */
  get #most(): number {
    const { steps = Infinity, checkpoint } = this.options
    const every = checkpoint?.everySteps
    const due = every === undefined ? Infinity : every - (this.#record.step % every)
    return Math.min(this.#pace.steps, steps - this.#record.step, due)
  }

  /** Steps to the end of the epoch; false where the run ends before. */
  async *#epochSteps(opened: Opened<K, M>): AsyncGenerator<StepEvent, boolean, undefined> {
    const record = this.#record
    const every = this.options.checkpoint?.everySteps
    while (!this.#halt.aborted && this.#most > 0) {
      const ready = await this.#nextBatches(opened, this.#most)
      if (ready === undefined) {
        if (this.#halt.aborted) break
        if (record.at === 0)
          throw new DataError('an epoch without a batch', { where: `train, epoch ${record.epoch + 1} of the stream` })
        return true
      }
      const event = await this.#chunk(opened, ready)
      await this.#desk.serve()
      if (event === undefined) continue
      yield event
      if (every !== undefined && record.step % every === 0 && !this.options.signal?.aborted) await this.#save('step')
    }
    this.#throwIfAborted()
    if (this.#halt.aborted) return false
    // The last step of a run may be the last of its epoch too.
    return (await this.#nextBatches(opened, 1)) === undefined && !this.#halt.aborted
  }

  /** Some steps as one program. Nothing to tell where the run was halted before the first of them was done. */
  async #chunk({ feed }: Opened<K, M>, { kind, rows, steps }: Ready): Promise<StepEvent | undefined> {
    const { runner } = await (this.#steps as Steps<K, M>).of(kind)
    const begun = performance.now()
    const attempt = await runner.run(steps, this.#halt)
    const losses = this.#record.add(rows, attempt)
    feed.ran(attempt.steps)
    this.#pace.ran(attempt.steps, rows * attempt.steps, performance.now() - begun)
    if (attempt.failure !== undefined) throw attempt.failure
    if (this.options.anomaly === true) await this.#look()
    return attempt.steps === 0 ? undefined : await this.#stepEvent(losses, attempt.curves)
  }

  /** Undefined at the end of the epoch, and when the run is to end while it waits. */
  async #nextBatches({ feed }: Opened<K, M>, most: number): Promise<Ready | undefined> {
    try {
      return await feed.ready(most, this.#halt)
    } catch (error) {
      if (this.#halt.aborted) return undefined
      throw error
    }
  }

  /** Ends the run where a loss or a variable is not finite; else remembers where it is. */
  async #look(): Promise<void> {
    const before = this.#sound as Checkpoint
    const now = await this.#take()
    const finite = (data: StateData): boolean => data instanceof Int32Array || data.every(Number.isFinite)
    const { step } = before.progress
    if (finite(now.losses.subarray(step)) && [...now.model.values()].every(({ data }) => finite(data))) {
      this.#sound = now
      return
    }
    const { feed } = this.#opened as Opened<K, M>
    const { findAnomaly } = await import('./anomaly.ts')
    await findAnomaly({
      engine: this.#engine,
      model: this.model,
      feed,
      steps: this.#steps as Steps<K, M>,
      first: step,
      count: this.#record.step - step,
      rewind: async () => {
        await this.#restore(before)
        await feed.begin(before.progress.epoch, before.progress.stepInEpoch)
      },
    })
  }

  async #stepEvent(losses: Float32Array, curves: Readonly<Record<string, Float32Array>>): Promise<StepEvent> {
    const { loss: _, ...others } = curves
    const { step, epoch } = this.#record
    const steps = this.#length
    return {
      type: 'step',
      epoch: epoch + 1,
      step,
      steps,
      loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
      losses,
      curves: others,
      learningRate: await this.#rate?.read(),
      samplesPerSecond: this.#pace.samplesPerSecond,
      secondsLeft: steps === undefined ? undefined : (steps - step) * this.#pace.secondsPerStep,
    }
  }

  async #finishEpoch(): Promise<EpochEvent<M>> {
    const record = this.#record
    const made = {
      type: 'epoch' as const,
      epoch: record.epoch + 1,
      epochs: this.options.epochs,
      step: record.step,
      loss: record.loss,
      metrics: this.#tally.empty ? undefined : await this.#tally.values(),
      validation: await this.#evaluate(),
      trainSeconds: this.#pace.seconds,
    }
    record.turn()
    await this.#tally.reset()
    const value = this.#watch?.valueOf({ ...made, best: false })
    const best = value !== undefined && (this.#watch?.isBetter(value, record.best?.value) ?? false)
    if (best) {
      const { model, parts } = await readOwners(this.#owners)
      record.best = { value, epoch: record.epoch, step: record.step, state: model, ema: parts.get('ema') }
    }
    record.waited = best ? 0 : record.waited + 1
    const event: EpochEvent<M> = { ...made, best }
    record.history.push(event)
    return event
  }

  async #evaluate(): Promise<Evaluation<M> | undefined> {
    const { ema, signal } = this.options
    const evaluator = this.#opened?.evaluator
    const engine = this.#engine
    if (evaluator === undefined) return undefined
    await engine.flushAsync()
    ema?.swap()
    try {
      return await evaluator.run(signal)
    } finally {
      await engine.flushAsync()
      ema?.swap()
      await engine.flushAsync()
    }
  }

  /** The best weights where they are wanted, and what the model is worth with those it ends with. */
  async #conclude(reason: FitResult['reason']): Promise<Evaluation<M> | undefined> {
    const { best, history, step } = this.#record
    const at = history.findLast((event) => event.step === step)
    if (reason !== 'stopped' && best !== undefined && this.#watch?.restoreBest === true && best.step !== step) {
      this.#last = await this.#take()
      await withEngine(this.#engine, () => {
        this.model.loadStateDict(best.state)
        if (best.ema !== undefined) this.options.ema?.loadStateDict(best.ema)
      })
      await this.#engine.flushAsync()
      return history.find((event) => event.step === best.step)?.validation as Evaluation<M> | undefined
    }
    return at === undefined ? this.#evaluate() : (at.validation as Evaluation<M> | undefined)
  }

  #throwIfAborted(): void {
    this.options.signal?.throwIfAborted()
  }

  async #close(): Promise<void> {
    this.#desk.open()
    if (!this.#engine.isClosed) await this.#engine.flushAsync()
    this.#steps?.[Symbol.dispose]()
    this.#rate?.[Symbol.dispose]()
    this.#opened?.feed[Symbol.dispose]()
    this.#opened?.evaluator?.[Symbol.dispose]()
    await this.#tally.close()
  }

  // ---- checkpoints ---------------------------------------------------------------------------

  /**
   * All that the run needs to go on from here, in this or another process. While steps are under way, from their end.
   */
  async checkpoint(): Promise<Checkpoint> {
    return this.#desk.ask()
  }

  async #take(): Promise<Checkpoint> {
    if (this.#last !== undefined) return this.#last
    await this.#engine.flushAsync()
    const { model, parts } = await readOwners(this.#owners)
    const { progress, ...done } = this.#record.save()
    const [seed, data] = [this.#opened?.seed, this.#opened?.facts ?? {}]
    return {
      build: this.#engine.runtime.build,
      progress: { ...progress, seed, data, trainSeconds: this.#pace.seconds },
      model,
      parts,
      generators: this.#generators.words(),
      tally: await this.#tally.save(),
      ...done,
      preprocessing: this.options.preprocessing,
      config: this.options.config,
    }
  }

  async #save(at: 'step' | 'epoch' | 'end'): Promise<void> {
    const { checkpoint } = this.options
    if (checkpoint === undefined) return
    const { everySteps, everyEpochs = everySteps === undefined ? 1 : undefined } = checkpoint
    if (at === 'epoch' && (everyEpochs === undefined || this.#record.epoch % everyEpochs !== 0)) return
    const now = `${this.#record.step} in ${this.#record.epoch}`
    if (at === 'end' && this.#saved === now) return
    this.#saved = now
    await checkpoint.to.save(await this.#take())
  }
}

/** Trains a model to the end of the run. The same as `new Trainer(model, data, options).run()`. */
export async function fit<K extends string, M extends Metrics = Record<never, never>>(
  model: Module,
  data: Source<K>,
  options: FitOptions<K, M>,
): Promise<FitResult<M>> {
  return new Trainer(model, data, options).run()
}
