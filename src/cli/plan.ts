// The memory of a run, known before its first step.
import type { Column } from '../data/dataset.ts'
import { type Loader, loader } from '../data/loader.ts'
import { capture, type Step, spec, type Tensor } from '../index.ts'
import { type MemoryPlan, memoryPlan, memoryText } from '../inspect/memory.ts'
import { layerNorms } from '../inspect/norms.ts'
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

/** What a plan needs of a job: how many rows of which shape there are, not what is in them. */
export type PlannedJob = Pick<Job, 'train' | 'watched' | 'batch' | 'loss' | 'stepsPerEpoch'> & {
  readonly data: Pick<Job['data'], 'trainSamples' | 'testSamples' | 'validationSamples'>
}

/** Captures the steps that a run would take, and takes none. */
export async function planRun(model: Network, job: PlannedJob, options: TrainOptions): Promise<ProgramPlan> {
  const { trainSamples, testSamples, validationSamples = testSamples } = job.data
  const all = options.epochs * job.stepsPerEpoch
  const optimizer = buildOptimizer(model, options, all)
  const train = stepOf<'x' | 'y'>(
    model,
    {
      loss: job.loss,
      optimizer,
      penalty: penaltyOf(model, options),
      clipNorm: options.clip > 0 ? options.clip : undefined,
      watch: options.report === undefined ? undefined : layerNorms(model),
    },
    undefined,
  )
  const score = ({ x, y }: Batch): Record<string, Tensor> => ({ loss: job.loss(model.forward(x), y) })
  const steps: Step[] = []
  const held: Loader<'x' | 'y'>[] = []
  const add = async (
    source: Source,
    [rows, total]: readonly [batch: number, all: number],
    training: boolean,
    fn: (batch: Batch) => Record<string, Tensor>,
  ): Promise<void> => {
    const made = (step: () => Step): unknown => steps.push(inMode(model, training, step))
    if ('columns' in source) {
      const batches = loader(source, { batch: Math.min(rows, source.size) })
      held.push(batches)
      if (batches.wholeBatches > 0) made(() => capture(() => fn(batches.next())))
      if (batches.remainder > 0) made(() => capture(() => fn(batches.rest())))
      return
    }
    for await (const { size, columns } of source.epoch(0)) {
      const { x, y } = columns
      for (const n of new Set([size, total % size || size]))
        made(() => capture((inputs: Batch) => fn(inputs), { x: specOfColumn(n, x), y: specOfColumn(n, y) }))
      return
    }
  }
  try {
    await add(job.train, [job.batch ?? options.batch, trainSamples], true, train)
    await add(job.watched, [EVALUATED, validationSamples], false, score)
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

const specOfColumn = (rows: number, { shape, data }: Column): ReturnType<typeof spec> =>
  spec([rows, ...shape], data instanceof Int32Array ? 'int32' : 'float32')

export interface PlanParts {
  /** The network, the listing of a training step. */
  readonly program: boolean
  /** The memory of all steps, and the arena of one. */
  readonly memory: boolean
}

/** A plan as text: all of what `train --plan` prints, or a part of it. */
export function planText(
  plan: ProgramPlan,
  engineBytes: number,
  model: Network,
  terminal: Terminal,
  { program, memory }: PlanParts = { program: true, memory: true },
): string {
  const title = (text: string): string => ` ${paint(terminal, text, 'bold')}`
  const indented = (text: string): string[] => text.split('\n').map((line) => ` ${line}`)
  const lines: string[] = []
  if (program) lines.push(...indented(model.summary()), '')
  if (memory)
    lines.push(
      title(`Memory: ${bytes(engineBytes + plan.memory.bytes)}`),
      ` ${bytes(engineBytes)} of the engine and its threads, and of the run:`,
      ...indented(memoryText(plan.memory)),
      '',
    )
  const step = `${integer(plan.instructions)} instructions, ${integer(plan.barriers)} barriers`
  if (program) lines.push(title(`One training step: ${step}`), ...indented(plan.listing), '')
  if (memory) lines.push(title('Its arena'), ...indented(plan.arena), '')
  return lines.join('\n')
}

/** The same for programs. */
export const planJson = (plan: ProgramPlan, engineBytes: number, network: string): object => ({
  network,
  bytes: engineBytes + plan.memory.bytes,
  engineBytes,
  totals: plan.memory.totals,
  instructions: plan.instructions,
  barriers: plan.barriers,
  listing: plan.listing,
  arena: plan.arena,
})
