import type { Evaluation } from './evaluate.ts'
import type { EpochEvent, FitResult } from './events.ts'
import type { Metrics } from './metric.ts'
import type { Run } from './run.ts'

/** Measures what the epoch came to, and goes on to the next one. */
export async function finishEpoch<K extends string, M extends Metrics>(run: Run<K, M>): Promise<EpochEvent<M>> {
  const { record, tally, options, watch } = run
  const made: EpochEvent<M> = {
    type: 'epoch',
    epoch: record.epoch + 1,
    epochs: options.epochs,
    step: record.step,
    loss: record.loss,
    metrics: tally.empty ? undefined : await tally.values(),
    validation: await evaluateRun(run),
    best: false,
    trainSeconds: run.pace.seconds,
  }
  record.turn()
  await tally.reset()
  const best = (await watch?.take(run, made)) ?? false
  record.waited = best ? 0 : record.waited + 1
  const event = { ...made, best }
  record.history.push(event)
  return event
}

/** What the model is worth with the weights that it ends with: the best ones where they are wanted. */
export async function conclude<K extends string, M extends Metrics>(
  run: Run<K, M>,
  reason: FitResult['reason'],
): Promise<Evaluation<M> | undefined> {
  const { history, step } = run.record
  const best = reason === 'stopped' ? undefined : await run.watch?.restore(run)
  const at = history.findLast((event) => event.step === (best?.step ?? step))
  return at === undefined ? evaluateRun(run) : (at.validation as Evaluation<M> | undefined)
}

async function evaluateRun<K extends string, M extends Metrics>({
  opened,
  engine,
  options: { ema, signal },
}: Run<K, M>): Promise<Evaluation<M> | undefined> {
  const evaluator = opened?.evaluator
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
