import { ArgumentError, ChainruleError, DataError } from '../errors.ts'
import { type Engine, init } from '../index.ts'
import { type Profile, profile } from '../inspect/profile.ts'
import { CheckpointFolder } from '../io/node-checkpoints.ts'
import { checkWritable, writeFileAtomic } from '../io/node-write.ts'
import {
  type Checkpoint,
  type DoneEvent,
  type EpochEvent,
  encodeCheckpoint,
  type FitEvent,
  hashState,
  type Metrics,
  Trainer,
} from '../train/index.ts'
import { boardFor } from './board.ts'
import { fitOptionsOf } from './fit-options.ts'
import { jobs } from './jobs/index.ts'
import type { Job } from './jobs/job.ts'
import { machineLine } from './machine.ts'
import { confidentMistakes } from './mistakes.ts'
import { modelFile } from './model-file.ts'
import { buildModel, describe, type Network } from './models.ts'
import { planJson, planRun, planText } from './plan.ts'
import { reportPage } from './report/page.ts'
import { RunRecorder, timelineCard } from './report/recorder.ts'
import type { EpochRecord, Mistake, RunPlan, RunResult } from './result.ts'
import { resumeConfigOf } from './run-config.ts'
import type { Terminal } from './terminal.ts'
import type { TrainOptions } from './train-options.ts'
import type { View, WrittenFile } from './view.ts'

export interface TrainContext {
  readonly view: View
  /** Stops the run at the end of a step; what was learnt is kept. */
  readonly signal: AbortSignal
  readonly version: string
  /** Where the run goes on. */
  readonly resume?: Checkpoint | undefined
}

const MOST_MISTAKES = 24
const MOST_NUMERIC = 5000

const engineOf = ({ threads, numerics, wide, seed }: TrainOptions): Promise<Engine> =>
  init({ threads, numerics, wide, seed })

/** `chainrule train --plan`: the memory and the program of a run that is not made. */
export async function showPlan(options: TrainOptions, out: Terminal): Promise<void> {
  const engine = await engineOf(options)
  const engineBytes = engine.runtime.allocator.bytesInUse
  try {
    const job = await jobs[options.job](options)
    const model = buildModel(job.spec)
    const plan = await planRun(model, job, options)
    out.write(
      options.json
        ? `${JSON.stringify(planJson(plan, engineBytes, describe(job.spec)))}\n`
        : planText(plan, engineBytes, model, out),
    )
  } finally {
    await engine.close()
  }
}

/** `chainrule train`. Nothing is written before the run is over, and then each file whole. */
export async function runTrain(options: TrainOptions, context: TrainContext): Promise<RunResult> {
  const { view, version, resume } = context
  const outputs = [options.out, ...(options.report === undefined ? [] : [options.report])]
  if (options.out === options.report) throw new ArgumentError('is also the file of --out', { where: '--report' })
  for (const path of outputs) await checkWritable(path)
  const folder = await checkpointFolder(options, resume)
  const engine = await engineOf(options)
  engine.runtime.allocator.startPeak()
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
    if (resume !== undefined) {
      checkSame(resume, job)
      view.notice(`Going on after step ${resume.progress.step}, in epoch ${resume.progress.epoch + 1}.`)
    }
    const result = await train(model, job, plan, folder, () => engine.runtime.allocator.peakBytesInUse, context)
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

/** The folder that checkpoints go to; a new run does not mix its own with those of another. */
async function checkpointFolder(
  { checkpoint }: TrainOptions,
  resume: Checkpoint | undefined,
): Promise<CheckpointFolder | undefined> {
  if (checkpoint === undefined) return undefined
  const folder = new CheckpointFolder(checkpoint)
  if (resume === undefined && (await folder.list()).length > 0)
    throw new ArgumentError('the folder holds the checkpoints of another run', {
      where: `--checkpoint ${checkpoint}`,
      hint: `Go on with it by 'chainrule resume ${checkpoint}', or name another folder.`,
    })
  return folder
}

/** A run goes on only with the data it began with. */
function checkSame({ preprocessing }: Checkpoint, job: Job): void {
  if (preprocessing === undefined || JSON.stringify(preprocessing) === JSON.stringify(job.preprocessing)) return
  throw new DataError('the data are not those that the run began with', {
    where: job.data.name,
    hint: 'Name the right ones with --data.',
  })
}

/** Follows the run to its end, or to the step at which the user stops it. */
async function train(
  model: Network,
  job: Job,
  plan: RunPlan,
  folder: CheckpointFolder | undefined,
  peak: () => number,
  { view, signal, resume }: TrainContext,
): Promise<RunResult> {
  const { options } = plan
  const steps = options.epochs * job.stepsPerEpoch
  const run = new Trainer(model, job.train, {
    ...fitOptionsOf(model, job, options),
    checkpoint: folder && { to: folder, everyEpochs: options.checkpointEvery },
    resume,
    preprocessing: job.preprocessing,
    config: resumeConfigOf(options),
  })
  const stop = (): void => run.stop()
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  using board = options.tensorboard === undefined ? undefined : boardFor(options.tensorboard)
  const history = new History(steps, options.batch)
  const recorder = new RunRecorder<Metrics>()
  let timeline: Profile | undefined
  let checkpoint: string | undefined
  try {
    for await (const event of run) {
      history.add(event, view)
      recorder.add(event)
      if (event.type === 'done' && options.report !== undefined && run.program !== undefined)
        timeline = await profile(run.program, { model, rounds: roundsFor(event) })
      board?.add(event)
      if (event.type === 'done' && event.reason === 'stopped' && history.done?.steps !== 0)
        checkpoint = options.checkpoint ?? (await saveStopped(run, options))
    }
  } finally {
    signal.removeEventListener('abort', stop)
  }
  const { done } = history
  if (done === undefined || done.steps === 0)
    throw new ChainruleError('stopped before the first step; nothing was written')
  return {
    ...plan,
    test: await job.test(model),
    trainSeconds: done.trainSeconds,
    samplesPerSecond: done.samplesPerSecond,
    weightsHash: hashState(await model.stateDict()),
    losses: done.losses,
    stepsPerEpoch: job.stepsPerEpoch,
    epochs: done.history.map(recordOf),
    mistakes: await mistakesOf(model, job, options),
    shown: options.report === undefined ? [] : ((await job.shown?.(model)) ?? []),
    course: [...recorder.course(), ...(timeline === undefined ? [] : [timelineCard(timeline)])],
    reason: done.reason,
    // Whoever stops a run gets what it has; a run that ends by itself goes back to its best epoch.
    best: done.reason !== 'stopped' && done.best?.step !== done.steps ? done.best?.epoch : undefined,
    checkpoint,
    memoryBytes: peak(),
  }
}

/** Seconds that the timeline of a step may take. */
const TIMELINE = 0.5

const roundsFor = ({ trainSeconds, steps }: Pick<DoneEvent, 'trainSeconds' | 'steps'>): number =>
  Math.max(1, Math.min(20, Math.floor((TIMELINE * steps) / trainSeconds)))

/** What a run that was stopped needs to go on, beside the model. */
async function saveStopped(run: Trainer<'x' | 'y', Metrics>, { out }: TrainOptions): Promise<string> {
  const path = `${out.replace(/\.safetensors$/, '')}.checkpoint.safetensors`
  await writeFileAtomic(path, encodeCheckpoint(await run.checkpoint()))
  return path
}

/** Pictures that were taken for others, for the report. */
async function mistakesOf(model: Network, { watched }: Job, { job, report }: TrainOptions): Promise<Mistake[]> {
  if (job !== 'image' || report === undefined || !('columns' in watched)) return []
  return confidentMistakes(model, watched, MOST_MISTAKES)
}

/** Tells the view what happens, as far as it goes. */
class History {
  done: DoneEvent<Metrics> | undefined
  private readonly steps: number
  private readonly batch: number

  constructor(steps: number, batch: number) {
    this.steps = steps
    this.batch = batch
  }

  add(event: FitEvent<Metrics>, view: View): void {
    if (event.type === 'step') {
      for (const [i, loss] of event.losses.entries())
        if (!Number.isFinite(loss)) throw diverged(event.step - event.losses.length + i + 1, loss)
      const { steps, batch } = this
      // A stream does not say how long it is.
      const secondsLeft = event.secondsLeft ?? ((steps - event.step) * batch) / event.samplesPerSecond
      view.step({ ...event, steps, secondsLeft })
    } else if (event.type === 'epoch') view.epoch(recordOf(event))
    else if (event.type === 'done') this.done = event
  }
}

function recordOf({ validation, epochs, epoch, step, loss, trainSeconds }: EpochEvent<Metrics>): EpochRecord {
  const measured: Readonly<Record<string, unknown>> = validation?.metrics ?? {}
  const number = (name: string): number | undefined =>
    typeof measured[name] === 'number' ? (measured[name] as number) : undefined
  return {
    epoch,
    step,
    loss,
    trainSeconds,
    epochs: epochs as number,
    testLoss: validation?.loss,
    accuracy: number('accuracy'),
    r2: number('r2'),
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
