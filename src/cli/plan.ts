// The memory of a run, known before its first step.
import { type Loader, loader } from '../data/loader.ts'
import { capture, type Step, spec, type Tensor } from '../index.ts'
import { type MemoryPlan, memoryPlan, memoryText } from '../inspect/memory.ts'
import type { Optimizer } from '../optim/index.ts'
import { inMode } from '../train/mode.ts'
import { stepOf } from '../train/step.ts'
import { bytes, integer } from './format.ts'
import type { Job, Source } from './jobs/job.ts'
import type { Network } from './models.ts'
import { buildOptimizer, penaltyOf } from './optimizer.ts'
import { paint, type Terminal } from './terminal.ts'
import type { TrainOptions } from './train-options.ts'

/** Rows of an evaluation step. */
const EVALUATED = 512

type Batch = Readonly<Record<'x' | 'y', Tensor>>

export interface ProgramPlan {
  readonly memory: MemoryPlan
  /** Of one training step. */
  readonly instructions: number
  readonly barriers: number
  readonly listing: string
  readonly arena: string
}

/** Captures the steps that a run would take, and takes none. */
export async function planRun(model: Network, job: Job, options: TrainOptions, all: number): Promise<ProgramPlan> {
  const optimizer = buildOptimizer(model, options, all)
  const train = stepOf<'x' | 'y'>(
    model,
    {
      loss: job.loss,
      optimizer,
      penalty: penaltyOf(model, options),
      clipNorm: options.clip > 0 ? options.clip : undefined,
    },
    undefined,
  )
  const score = ({ x, y }: Batch): Record<string, Tensor> => ({ loss: job.loss(model.forward(x), y) })
  const steps: Step[] = []
  const held: Loader<'x' | 'y'>[] = []
  const add = async (source: Source, rows: number, training: boolean, fn: (batch: Batch) => Record<string, Tensor>) => {
    const made = (step: () => Step): unknown => steps.push(inMode(model, training, step))
    if ('columns' in source) {
      const batches = loader(source, { batch: Math.min(rows, source.size) })
      held.push(batches)
      if (batches.wholeBatches > 0) made(() => capture(() => fn(batches.next())))
      if (batches.remainder > 0) made(() => capture(() => fn(batches.rest())))
      return
    }
    for await (const { size, columns } of source.epoch(0)) {
      const shapes = { x: spec([size, ...columns.x.shape], 'int32'), y: spec([size, ...columns.y.shape], 'int32') }
      made(() => capture((inputs: Batch) => fn(inputs), shapes))
      return
    }
  }
  try {
    await add(job.train, job.batch ?? options.batch, true, train)
    await add(job.watched, EVALUATED, false, score)
    const [first] = steps as [Step]
    return {
      memory: memoryPlan(steps, { model, optimizers: [optimizer as Optimizer] }),
      instructions: first.instructions,
      barriers: first.barriers,
      listing: first.print(),
      arena: first.memoryMap(),
    }
  } finally {
    for (const step of steps) step.dispose()
    for (const batches of held) batches.dispose()
  }
}

/** What `train --plan` prints. */
export function planText(plan: ProgramPlan, engineBytes: number, model: Network, terminal: Terminal): string {
  const title = (text: string): string => ` ${paint(terminal, text, 'bold')}`
  const indented = (text: string): string[] => text.split('\n').map((line) => ` ${line}`)
  return [
    ...indented(model.summary()),
    '',
    title(`Memory: ${bytes(engineBytes + plan.memory.bytes)}`),
    ` ${bytes(engineBytes)} of the engine and its threads, and of the run:`,
    ...indented(memoryText(plan.memory)),
    '',
    title(`One training step: ${integer(plan.instructions)} instructions, ${integer(plan.barriers)} barriers`),
    ...indented(plan.listing),
    '',
    title('Its arena'),
    ...indented(plan.arena),
    '',
  ].join('\n')
}
