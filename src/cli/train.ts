import { numericGradients } from '../check/index.ts'
import { ArgumentError, ChainruleError } from '../errors.ts'
import { init } from '../index.ts'
import { checkWritable, writeFileAtomic } from '../io/node-write.ts'
import { type FitEvent, hashState, type Metrics, Trainer } from '../train/index.ts'
import type { TrainOptions } from './args.ts'
import { jobs } from './jobs/index.ts'
import type { Job } from './jobs/job.ts'
import { machineLine } from './machine.ts'
import { confidentMistakes } from './mistakes.ts'
import { modelFile } from './model-file.ts'
import { buildModel, describe, type Network } from './models.ts'
import { buildOptimizer, penaltyOf } from './optimizer.ts'
import { reportPage } from './report/page.ts'
import type { EpochRecord, Mistake, RunPlan, RunResult } from './result.ts'
import type { View, WrittenFile } from './view.ts'

export interface TrainContext {
  readonly view: View
  /** Stops the run at the end of a step; what was learnt is kept. */
  readonly signal: AbortSignal
  readonly version: string
}

const MOST_MISTAKES = 24
const MOST_NUMERIC = 5000

/** `chainrule train`. Nothing is written before the run is over, and then each file whole. */
export async function runTrain(options: TrainOptions, { view, signal, version }: TrainContext): Promise<RunResult> {
  const outputs = [options.out, ...(options.report === undefined ? [] : [options.report])]
  if (options.out === options.report) throw new ArgumentError('is also the file of --out', { where: '--report' })
  for (const path of outputs) await checkWritable(path)
  const engine = await init({
    threads: options.threads,
    numerics: options.numerics,
    wide: options.wide,
    seed: options.seed,
  })
  try {
    const job = await jobs[options.job](options)
    const model = buildModel(job.spec)
    const plan: RunPlan = {
      version,
      options,
      data: job.data,
      network: describe(job.spec),
      spec: job.spec,
      preprocessing: job.preprocessing,
      parameters: model.parameters().reduce((sum, { size }) => sum + size, 0),
      threads: engine.threads,
      build: engine.runtime.build,
      wide: engine.runtime.wide,
      machine: machineLine(),
    }
    checkNumeric(plan)
    view.begin(plan)
    for (const notice of [engine.runtime.notice, ...job.notices]) if (notice !== undefined) view.notice(notice)
    const result = await train(model, job, plan, view, signal)
    view.end(result, await write(model, result))
    return result
  } finally {
    await engine.close()
  }
}

function checkNumeric({ options, parameters }: RunPlan): void {
  if (options.gradients !== 'numeric' || parameters <= MOST_NUMERIC) return
  throw new ArgumentError('the network is too large for numeric gradients', {
    where: '--gradients',
    expected: `at most ${MOST_NUMERIC} parameters (each is moved to both sides in every step)`,
    received: String(parameters),
    hint: 'Try --hidden 16.',
  })
}

/** Follows the run to its end, or to the step at which the user stops it. */
async function train(model: Network, job: Job, plan: RunPlan, view: View, signal: AbortSignal): Promise<RunResult> {
  const { options } = plan
  const run = new Trainer(model, job.train, {
    validation: job.watched,
    loss: job.loss,
    metrics: job.metrics,
    optimizer: buildOptimizer(model, options, options.epochs * job.stepsPerEpoch),
    penalty: penaltyOf(model, options),
    clipNorm: options.clip > 0 ? options.clip : undefined,
    epochs: options.epochs,
    batch: job.batch,
    earlyStopping: job.patience === undefined ? undefined : { patience: job.patience },
    gradients: options.gradients === 'numeric' ? numericGradients : undefined,
  })
  const stop = (): void => run.stop()
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  const history = new History(options.epochs * job.stepsPerEpoch, options.batch)
  try {
    for await (const event of run) history.add(event, view)
  } finally {
    signal.removeEventListener('abort', stop)
  }
  if (history.losses.length === 0) throw new ChainruleError('stopped before the first step; nothing was written')
  return {
    ...plan,
    test: await job.test(model),
    trainSeconds: history.trainSeconds,
    samplesPerSecond: history.samplesPerSecond,
    weightsHash: hashState(await model.stateDict()),
    losses: history.losses,
    stepsPerEpoch: job.stepsPerEpoch,
    epochs: history.epochs,
    mistakes: await mistakesOf(model, job, options),
    reason: history.reason,
    best: history.best,
  }
}

/** Pictures that were taken for others, for the report. */
async function mistakesOf(model: Network, { watched }: Job, { job, report }: TrainOptions): Promise<Mistake[]> {
  if (job !== 'image' || report === undefined || !('columns' in watched)) return []
  return confidentMistakes(model, watched, MOST_MISTAKES)
}

/** What happened, as far as it went. */
class History {
  readonly epochs: EpochRecord[] = []
  readonly losses: number[] = []
  samplesPerSecond = 0
  trainSeconds = 0
  reason: RunResult['reason'] = 'finished'
  best: number | undefined
  private readonly steps: number
  private readonly batch: number

  constructor(steps: number, batch: number) {
    this.steps = steps
    this.batch = batch
  }

  add(event: FitEvent<Metrics>, view: View): void {
    if (event.type === 'step') {
      for (const [i, loss] of event.losses.entries()) {
        if (!Number.isFinite(loss)) throw diverged(event.step - event.losses.length + i + 1, loss)
        this.losses.push(loss)
      }
      const { steps, batch } = this
      // A stream does not say how long it is.
      const secondsLeft = event.secondsLeft ?? ((steps - event.step) * batch) / event.samplesPerSecond
      view.step({ ...event, steps, secondsLeft })
    } else if (event.type === 'epoch') {
      const { validation, epochs, epoch, step, loss, trainSeconds } = event
      const measured: Readonly<Record<string, unknown>> = validation?.metrics ?? {}
      const number = (name: string): number | undefined =>
        typeof measured[name] === 'number' ? (measured[name] as number) : undefined
      const record: EpochRecord = {
        epoch,
        step,
        loss,
        trainSeconds,
        epochs: epochs as number,
        testLoss: validation?.loss,
        accuracy: number('accuracy'),
        r2: number('r2'),
      }
      this.epochs.push(record)
      view.epoch(record)
    } else if (event.type === 'done') {
      this.samplesPerSecond = event.samplesPerSecond
      this.trainSeconds = event.trainSeconds
      this.reason = event.reason
      // Whoever stops a run gets what it has; a run that ends by itself goes back to its best epoch.
      if (event.reason !== 'stopped' && event.best !== undefined && event.best.step !== event.steps)
        this.best = event.best.epoch
    }
  }
}

function diverged(step: number, loss: number): ChainruleError {
  return new ChainruleError('the training diverged', {
    where: `step ${step}`,
    expected: 'a finite loss',
    received: String(loss),
    hint: 'Use a smaller --lr; nothing was written.',
  })
}

async function write(model: Network, result: RunResult): Promise<WrittenFile[]> {
  const { options } = result
  const contents: [string, string | Uint8Array][] = [[options.out, modelFile(await model.stateDict(), result)]]
  if (options.report !== undefined) contents.push([options.report, reportPage(result)])
  const written: WrittenFile[] = []
  for (const [path, content] of contents) {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
    await writeFileAtomic(path, bytes)
    written.push({ path, bytes: bytes.length })
  }
  return written
}
