import type { EpochRecord, RunPlan, RunResult, StepRecord } from './result.ts'

/** Shows a run while it goes on. */
export interface View {
  begin(plan: RunPlan): void
  step(event: StepRecord): void
  epoch(event: EpochRecord): void
  /** Something the user should know that is no result. */
  notice(text: string): void
  /** What was written, by path and size, comes with the result. */
  end(result: RunResult, files: readonly WrittenFile[]): void
  /** Leaves the terminal clean, also after an error. */
  close(): void
}

export interface WrittenFile {
  readonly path: string
  readonly bytes: number
}
