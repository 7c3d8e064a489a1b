import { DataError, EngineError } from '../errors.ts'
import type { Module } from '../nn/module.ts'
import type { Engine } from '../program/engine.ts'
import { withEngine } from '../tensor/current.ts'
import type { Step as CapturedStep } from './capture.ts'
import { type Checkpoint, Generators, type StateOwner } from './checkpoint.ts'
import { CheckpointDesk } from './desk.ts'
import { conclude, finishEpoch } from './epoch-end.ts'
import type { EpochEvent, FitEvent, FitResult, StepEvent } from './events.ts'
import type { Ready, Source } from './feed.ts'
import { kit } from './kit.ts'
import { type Metrics, Tally } from './metric.ts'
import { type Opened, openData } from './open.ts'
import { type Callbacks, checkOptions, engineOf, type FitOptions } from './options.ts'
import { Pace } from './pace.ts'
import { RateReader } from './rate.ts'
import { RunRecord } from './record.ts'
import type { Run } from './run.ts'
import type { Soundness } from './soundness.ts'
import { Steps } from './steps.ts'

/** Engines whose threads work for a run: between two events they do not. */
const working = new WeakSet<Engine>()

/**
 * A training run. Iterating over it runs it, event by event: while the loop's body works nothing else does, so weights may
 * be read there; `run()` (and `fit`) go to the end. The model and the optimizer keep what was learnt.
 */
export class Trainer<K extends string, M extends Metrics = Record<never, never>> implements AsyncIterable<FitEvent<M>> {
  readonly model: Module
  readonly options: FitOptions<K, M>
  readonly #data: Source<K>
  readonly #run: Run<K, M>
  readonly #desk = new CheckpointDesk(() => this.#take())
  readonly #stopping = new AbortController()
  /** stop() or the caller's signal. */
  readonly #halt: AbortSignal
  #rate: RateReader | undefined
  #started = false
  /** Of a run that looks for numbers that are not finite. */
  #soundness: Soundness<K, M> | undefined
  /** Where the last checkpoint was saved. */
  #saved = ''

  constructor(model: Module, data: Source<K>, options: FitOptions<K, M>) {
    checkOptions(data, options)
    this.model = model
    this.options = options
    this.#data = data
    const { signal } = this.#stopping
    this.#halt = options.signal === undefined ? signal : AbortSignal.any([signal, options.signal])
    const engine = engineOf(model)
    const parts = new Map<string, StateOwner>(Object.entries(options.state ?? {}))
    if (options.optimizer !== undefined) parts.set('optimizer', options.optimizer)
    if (options.ema !== undefined) parts.set('ema', options.ema)
    // Metrics are taken of the validation data if there are any, else of the training data as they go by.
    const measures = options.trainMetrics ?? options.validation === undefined
    this.#run = {
      model,
      options,
      engine,
      owners: { model, parts },
      generators: new Generators(engine),
      tally: new Tally(engine, (measures && options.metrics) || ({} as M)),
      record: new RunRecord(),
      pace: new Pace(options.chunkMilliseconds ?? 80),
      opened: undefined,
      steps: undefined,
      watch: undefined,
      last: undefined,
    }
  }

  /** Steps done. */
  get step(): number {
    return this.#run.record.step
  }
  /** Whole epochs done. */
  get epoch(): number {
    return this.#run.record.epoch
  }

  /** The captured step, from the first one to the end of the run: to print, to inspect, to profile between two events. */
  get program(): CapturedStep | undefined {
    return this.#run.steps?.program
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
    this.#work()
    try {
      for await (const event of this.#events()) {
        this.#rest()
        await this.#tell(event)
        yield event
        await this.#desk.settled()
        this.#work()
      }
    } catch (error) {
      this.#rest()
      if (this.options.signal?.aborted && this.#run.steps !== undefined) await this.#save('end')
      throw error
    } finally {
      this.#rest()
      await this.#close()
    }
  }

  /** Takes the engine, until the next event. */
  #work(): void {
    const { engine } = this.#run
    if (working.has(engine))
      throw new EngineError('another run is at work on the engine', {
        where: 'train',
        hint: 'Await it, or give this one an engine of its own.',
      })
    working.add(engine)
    this.#desk.busy = true
  }

  #rest(): void {
    if (this.#desk.busy) working.delete(this.#run.engine)
    this.#desk.busy = false
  }

  async #tell(event: FitEvent<M>): Promise<void> {
    for (const callbacks of [this.options as Callbacks<M>, ...(this.options.callbacks ?? [])])
      if (event.type === 'begin') await callbacks.onBegin?.(event, this)
      else if (event.type === 'step') await callbacks.onStep?.(event, this)
      else if (event.type === 'epoch') await callbacks.onEpoch?.(event, this)
      else await callbacks.onDone?.(event, this)
  }

  async *#events(): AsyncGenerator<FitEvent<M>, void, undefined> {
    this.#throwIfAborted()
    const opened = await this.#open()
    const { record, pace, watch } = this.#run
    yield { type: 'begin', step: record.step, steps: this.#length }
    // A run that is resumed may have ended early before.
    let reason: FitResult['reason'] = watch?.isOver(record.waited) ? 'early' : 'finished'
    while (reason === 'finished' && !this.#isDone) {
      this.#throwIfAborted()
      await opened.feed.begin(record.epoch, record.at)
      const over = yield* this.#epochSteps(opened)
      if (this.#stopping.signal.aborted) reason = 'stopped'
      if (!over) break
      yield await finishEpoch(this.#run)
      await this.#save('epoch')
      if (this.#stopping.signal.aborted) reason = 'stopped'
      else if (watch?.isOver(record.waited)) reason = 'early'
    }
    await this.#save('end')
    const validation = await conclude(this.#run, reason)
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
      trainSeconds: pace.seconds,
      samplesPerSecond: pace.samplesPerSecond,
    }
  }

  // ---- the pieces of a run -------------------------------------------------------------------

  /** Data into memory, and a resumed run to where it was. */
  async #open(): Promise<Opened<K, M>> {
    const run = this.#run
    const { options, model, engine } = run
    const { resume, earlyStopping, optimizer } = options
    await options.checkpoint?.to.begin?.(resume)
    if (earlyStopping !== undefined) run.watch = new (await import('./stopping.ts')).Watch(kit, earlyStopping)
    await engine.flushAsync()
    const opened = await openData(engine, model, this.#data, options)
    run.opened = opened
    if (resume !== undefined) await (await import('./take.ts')).restoreRun(kit, run, resume)
    if (options.anomaly === true) this.#soundness = await (await import('./soundness.ts')).Soundness.of(kit, run)
    await engine.flushAsync()
    if (optimizer !== undefined) this.#rate = withEngine(engine, () => new RateReader(engine, optimizer))
    run.steps = new Steps(opened.feed, run)
    return opened
  }

  /** Steps of the whole run, where they are known. */
  get #length(): number | undefined {
    const { steps, epochs } = this.options
    const each = this.#run.opened?.feed.stepsPerEpoch
    return steps ?? (each === undefined ? undefined : (epochs as number) * each)
  }

  get #isDone(): boolean {
    const { steps = Infinity, epochs = Infinity } = this.options
    const { step, epoch } = this.#run.record
    return step >= steps || epoch >= epochs
  }

  /** Most steps until something is due. */
  get #most(): number {
    const { steps = Infinity, checkpoint } = this.options
    const { record, pace, tally } = this.#run
    const every = checkpoint?.everySteps
    const due = every === undefined ? Infinity : every - (record.step % every)
    return Math.min(pace.steps, steps - record.step, due, tally.most)
  }

  /** Steps to the end of the epoch; false where the run ends before. */
  async *#epochSteps(opened: Opened<K, M>): AsyncGenerator<StepEvent, boolean, undefined> {
    const { record } = this.#run
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
    const run = this.#run
    const { runner } = await (run.steps as Steps<K, M>).of(kind)
    const begun = performance.now()
    const attempt = await runner.run(steps, this.#halt)
    const losses = run.record.add(rows, attempt)
    feed.ran(attempt.steps)
    run.pace.ran(attempt.steps, rows * attempt.steps, performance.now() - begun)
    await run.tally.fetch()
    if (attempt.failure !== undefined) throw attempt.failure
    await this.#soundness?.look()
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

  async #stepEvent(losses: Float32Array, curves: Readonly<Record<string, Float32Array>>): Promise<StepEvent> {
    const { loss: _, ...others } = curves
    const { record, pace } = this.#run
    const { step, epoch } = record
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
      samplesPerSecond: pace.samplesPerSecond,
      secondsLeft: steps === undefined ? undefined : (steps - step) * pace.secondsPerStep,
    }
  }

  #throwIfAborted(): void {
    this.options.signal?.throwIfAborted()
  }

  async #close(): Promise<void> {
    this.#desk.open()
    const { engine, steps, opened, tally } = this.#run
    if (!engine.isClosed) await engine.flushAsync()
    steps?.[Symbol.dispose]()
    this.#rate?.[Symbol.dispose]()
    opened?.feed[Symbol.dispose]()
    opened?.evaluator?.[Symbol.dispose]()
    await tally.close()
  }

  // ---- checkpoints ---------------------------------------------------------------------------

  /**
   * All that the run needs to go on from here, in this or another process. While steps are under way, from their end.
   */
  async checkpoint(): Promise<Checkpoint> {
    return this.#desk.ask()
  }

  async #take(): Promise<Checkpoint> {
    return (await import('./take.ts')).takeCheckpoint(this.#run)
  }

  async #save(at: 'step' | 'epoch' | 'end'): Promise<void> {
    const { checkpoint } = this.options
    if (checkpoint === undefined) return
    const { everySteps, everyEpochs = everySteps === undefined ? 1 : undefined } = checkpoint
    const { step, epoch } = this.#run.record
    if (at === 'epoch' && (everyEpochs === undefined || epoch % everyEpochs !== 0)) return
    const now = `${step} in ${epoch}`
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
