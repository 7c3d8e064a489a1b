import { withEngine } from '../tensor/current.ts'
import type { Step } from '../train/capture.ts'
import { Generators } from '../train/checkpoint.ts'
import { type Feed, isStream, type Source } from '../train/feed.ts'
import { type Metrics, Tally } from '../train/metric.ts'
import { openData } from '../train/open.ts'
import { checkOptions, engineOf, type FitOptions } from '../train/options.ts'
import { RateReader } from '../train/rate.ts'
import { Steps } from '../train/steps.ts'
import { type MemoryPlan, memoryPlan } from './memory.ts'

export interface FitMemory extends MemoryPlan {
  /** Bytes in use of the engine as it is: its own, the model, the optimizer and whatever else lives in it. */
  readonly before: number
  /** Most bytes that will be in use while the run goes on, with all that was there before. */
  readonly peak: number
}

export interface FitMemoryOptions {
  /** Of a stream, how many batches are looked at: those of another shape make programs of their own. Default 1. */
  readonly batches?: number
  /** Sees the programs of the run, training steps first, while they are there. */
  readonly look?: (step: Step) => void
}

/**
 * The memory of a training run, known before its first step: data, programs for every shape of batch, evaluations, orders of
 * rows. Everything is set up as `fit` would, measured, and let go of; no step is taken. With the same model, data and options
 * `fit` then never has more than `peak` bytes in use (blocks rounded up to 128 bytes, as the engine counts them).
 *
 * Of a stream the first batches stand for all. Not in it: what lives outside of the engine, such as the arrays of a data
 * set, checkpoints, history and the runtime itself; and what callbacks, or gradients by a function, compute of their own.
 */
export async function fitMemory<K extends string, M extends Metrics = Record<never, never>>(
  model: Parameters<typeof engineOf>[0],
  data: Source<K>,
  options: FitOptions<K, M>,
  { batches = 1, look }: FitMemoryOptions = {},
): Promise<FitMemory> {
  checkOptions(data, options)
  const engine = engineOf(model)
  const { optimizer, ema, metrics = {} as M } = options
  await engine.flushAsync()
  const { allocator } = engine.runtime
  const before = allocator.bytesInUse
  allocator.startPeak()
  const measures = options.trainMetrics ?? options.validation === undefined
  const tally = new Tally(engine, measures ? metrics : ({} as M))
  const { feed, evaluator } = await openData(engine, model, data, options)
  const steps = new Steps(feed, { engine, model, options, tally, generators: new Generators(engine) })
  let rate: RateReader | undefined
  try {
    if (optimizer !== undefined) rate = withEngine(engine, () => new RateReader(engine, optimizer))
    const programs: Step[] = []
    const take = (step: Step | undefined): void => {
      if (step === undefined || programs.includes(step)) return
      programs.push(step)
      look?.(step)
    }
    await eachKind(feed, isStream(data) ? batches : Infinity, async (kind) => take((await steps.of(kind)).runner.step))
    // In the order of a run, as what the engine keeps for its own use depends on it.
    if (evaluator !== undefined) {
      ema?.swap()
      await engine.flushAsync()
      for (const step of await evaluator.prepare(batches)) take(step)
      ema?.swap()
      await engine.flushAsync()
    }
    await feed.begin(1, 0)
    await tally.reset()
    if (options.earlyStopping !== undefined) {
      // As a run that ends with its best weights, and with the bits that are there.
      const [state, mean] = [await model.stateDict(), await ema?.stateDict()]
      withEngine(engine, () => {
        model.loadStateDict(state)
        if (mean !== undefined) ema?.loadStateDict(mean)
      })
      await engine.flushAsync()
    }
    const optimizers = [optimizer, ema].filter((owner) => owner !== undefined)
    const plan = memoryPlan(programs, { model, optimizers })
    return { ...plan, before, peak: allocator.peakBytesInUse }
  } finally {
    await engine.flushAsync()
    steps[Symbol.dispose]()
    rate?.[Symbol.dispose]()
    feed[Symbol.dispose]()
    evaluator?.[Symbol.dispose]()
    await tally.close()
  }
}

async function eachKind<K extends string>(
  feed: Feed<K>,
  batches: number,
  take: (kind: string) => Promise<void>,
): Promise<void> {
  await feed.begin(0, 0)
  for (let left = batches; left > 0; ) {
    const ready = await feed.ready(left)
    if (ready === undefined) return
    await take(ready.kind)
    feed.ran(ready.steps)
    left -= ready.steps
  }
}
