// The memory of a run, known before its first step.
import { take } from '../data/dataset.ts'
import { type FitMemory, fitMemory } from '../inspect/fit-memory.ts'
import { memoryText } from '../inspect/memory.ts'
import { type FitJob, fitOptionsOf } from './fit-options.ts'
import { bytes, integer } from './format.ts'
import type { Job, Source } from './jobs/job.ts'
import type { Network } from './models.ts'
import { paint, type Terminal } from './terminal.ts'
import type { TrainOptions } from './train-options.ts'

export interface ProgramPlan {
  readonly memory: FitMemory
  /** Of one training step. */
  readonly instructions: number
  readonly barriers: number
  readonly listing: string
  readonly arena: string
}

/** What a plan needs of a job: how many rows of which shape there are, not what is in them. */
export type PlannedJob = FitJob & {
  readonly data: Pick<Job['data'], 'trainSamples' | 'testSamples' | 'validationSamples'>
}

/** Sets everything up that a run would, and takes no step. Numeric gradients are no program: they count as none. */
export async function planRun(model: Network, job: PlannedJob, options: TrainOptions): Promise<ProgramPlan> {
  const { trainSamples, testSamples, validationSamples = testSamples } = job.data
  const train = shapesOf(job.train, trainSamples)
  const watched = shapesOf(job.watched, validationSamples)
  const fit = fitOptionsOf(model, { ...job, train, watched }, { ...options, gradients: 'analytic' })
  const found: Omit<ProgramPlan, 'memory'>[] = []
  const memory = await fitMemory(model, train, fit, {
    batches: Infinity,
    look: (step) => {
      if (found.length > 0) return
      const { instructions, barriers } = step
      found.push({ instructions, barriers, listing: step.print(), arena: step.memoryMap() })
    },
  })
  return { memory, ...(found[0] as Omit<ProgramPlan, 'memory'>) }
}

/** Of a stream a batch of each size that it has, as many rows as it brings. */
function shapesOf(source: Source, rows: number): Source {
  if ('columns' in source) return source
  return {
    async *epoch() {
      for await (const batch of source.epoch(0)) {
        yield batch
        const rest = rows % batch.size
        if (rest > 0 && rows > batch.size)
          yield take(
            batch,
            Int32Array.from({ length: rest }, (_, row) => row),
          )
        return
      }
    },
  }
}

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
      title(`Memory: at most ${bytes(plan.memory.peak)}`),
      ` ${bytes(engineBytes)} of the engine and its threads, ${bytes(plan.memory.peak - engineBytes - plan.memory.bytes)} for order, measures and setting up, and of the steps:`,
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
  bytes: plan.memory.peak,
  engineBytes,
  totals: plan.memory.totals,
  instructions: plan.instructions,
  barriers: plan.barriers,
  listing: plan.listing,
  arena: plan.arena,
})
