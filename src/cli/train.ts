import { numericGradients } from '../check/index.ts'
import { ArgumentError, ChainruleError } from '../errors.ts'
import { crossEntropy, init } from '../index.ts'
import { checkWritable, writeFileAtomic } from '../io/node-write.ts'
import type { Layer } from '../nn/index.ts'
import { accuracy, confusion, type Evaluation, type FitEvent, hashState, Trainer } from '../train/index.ts'
import type { TrainOptions } from './args.ts'
import { machineLine } from './machine.ts'
import { confidentMistakes } from './mistakes.ts'
import { modelFile } from './model-file.ts'
import { buildModel, describe } from './models.ts'
import { reportPage } from './report/page.ts'
import type { EpochRecord, RunPlan, RunResult } from './result.ts'
import { buildOptimizer, loadSource, penaltyOf, type Split, specOf, splitSource } from './session.ts'
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
  const source = await loadSource(options)
  const engine = await init({
    threads: options.threads,
    numerics: options.numerics,
    wide: options.wide,
    seed: options.seed,
  })
  try {
    const split = await splitSource(source, options)
    const spec = specOf(split, options)
    const model = buildModel(spec)
    const plan: RunPlan = {
      version,
      options,
      data: {
        name: split.name,
        trainSamples: split.train.size,
        testSamples: split.test.size,
        sampleShape: split.sampleShape,
        classes: split.classes,
      },
      network: describe(spec),
      spec,
      maximum: source.train.maximum,
      parameters: model.parameters().reduce((sum, { size }) => sum + size, 0),
      threads: engine.threads,
      build: engine.runtime.build,
      wide: engine.runtime.wide,
      machine: machineLine(),
    }
    checkNumeric(plan)
    view.begin(plan)
    if (engine.runtime.notice !== undefined) view.notice(engine.runtime.notice)
    const result = await train(model, split, plan, view, signal)
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

const metrics = { accuracy: accuracy(), confusion: confusion() }
type Measured = typeof metrics

/** Follows the run to its end, or to the step at which the user stops it. */
async function train(model: Layer, split: Split, plan: RunPlan, view: View, signal: AbortSignal): Promise<RunResult> {
  const { options } = plan
  const stepsPerEpoch = Math.ceil(split.train.size / options.batch)
  const run = new Trainer(model, split.train, {
    validation: split.test,
    loss: crossEntropy,
    metrics,
    optimizer: buildOptimizer(model, options, options.epochs * stepsPerEpoch),
    penalty: penaltyOf(model, options),
    epochs: options.epochs,
    batch: options.batch,
    gradients: options.gradients === 'numeric' ? numericGradients : undefined,
  })
  const stop = (): void => run.stop()
  signal.addEventListener('abort', stop)
  if (signal.aborted) stop()
  const history = new History()
  try {
    for await (const event of run) history.add(event, view)
  } finally {
    signal.removeEventListener('abort', stop)
  }
  if (history.losses.length === 0) throw new ChainruleError('stopped before the first step; nothing was written')
  const { validation } = history
  return {
    ...plan,
    confusion: validation?.metrics.confusion,
    testAccuracy: validation?.metrics.accuracy,
    trainSeconds: history.trainSeconds,
    samplesPerSecond: history.samplesPerSecond,
    weightsHash: hashState(await model.stateDict()),
    losses: history.losses,
    stepsPerEpoch,
    epochs: history.epochs,
    mistakes: options.report === undefined ? [] : await confidentMistakes(model, split.test, MOST_MISTAKES),
    interrupted: history.interrupted,
  }
}

/** What happened, as far as it went. */
class History {
  readonly epochs: EpochRecord[] = []
  readonly losses: number[] = []
  samplesPerSecond = 0
  trainSeconds = 0
  interrupted = false
  validation: Evaluation<Measured> | undefined

  add(event: FitEvent<Measured>, view: View): void {
    if (event.type === 'step') {
      for (const [i, loss] of event.losses.entries()) {
        if (!Number.isFinite(loss)) throw diverged(event.step - event.losses.length + i + 1, loss)
        this.losses.push(loss)
      }
      view.step({ ...event, steps: event.steps as number, secondsLeft: event.secondsLeft as number })
    } else if (event.type === 'epoch') {
      const { validation, epochs, ...rest } = event
      const record = {
        ...rest,
        epochs: epochs as number,
        testLoss: validation?.loss,
        accuracy: validation?.metrics.accuracy,
      }
      this.epochs.push(record)
      view.epoch(record)
    } else if (event.type === 'done') {
      this.samplesPerSecond = event.samplesPerSecond
      this.trainSeconds = event.trainSeconds
      this.validation = event.validation
      this.interrupted = event.reason === 'stopped'
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

async function write(model: Layer, result: RunResult): Promise<WrittenFile[]> {
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
