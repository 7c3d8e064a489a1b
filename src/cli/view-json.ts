import { headline, testFigures } from './headline.ts'
import type { EpochRecord, RunPlan, RunResult, StepRecord } from './result.ts'
import type { Terminal } from './terminal.ts'
import type { View, WrittenFile } from './view.ts'

/** One JSON object a line; numbers that JSON has no word for (NaN, Infinity) come as null. */
export class JsonView implements View {
  private readonly terminal: Terminal

  constructor(terminal: Terminal) {
    this.terminal = terminal
  }

  begin(plan: RunPlan): void {
    this.write('start', { ...plan })
  }

  step({ epoch, step, steps, loss, learningRate, samplesPerSecond, secondsLeft }: StepRecord): void {
    this.write('step', { epoch, step, steps, loss, learningRate, samplesPerSecond, secondsLeft })
  }

  epoch({ epoch, epochs, step, loss, testLoss, accuracy, r2, trainSeconds }: EpochRecord): void {
    this.write('epoch', { epoch, epochs, step, loss, testLoss, testAccuracy: accuracy, testR2: r2, trainSeconds })
  }

  notice(text: string): void {
    this.write('notice', { text })
  }

  end(result: RunResult, files: readonly WrittenFile[]): void {
    const {
      test,
      trainSeconds,
      samplesPerSecond,
      threads,
      options,
      weightsHash,
      reason,
      best,
      checkpoint,
      memoryBytes,
    } = result
    this.write('done', {
      ...testFigures(test),
      trainSeconds,
      samplesPerSecond,
      threads,
      numerics: options.numerics,
      weightsHash,
      build: result.build,
      wide: result.wide,
      steps: result.losses.length,
      epochs: result.epochs.length,
      seed: options.seed,
      bestEpoch: best,
      checkpoint,
      memoryBytes,
      interrupted: reason === 'stopped',
      files: files.map(({ path }) => path),
    })
  }

  close(): void {}

  private write(event: string, facts: Record<string, unknown>): void {
    this.terminal.write(`${JSON.stringify({ event, ...facts })}\n`)
  }
}

/** Nothing but the result, in one line. */
export class QuietView implements View {
  private readonly terminal: Terminal

  constructor(terminal: Terminal) {
    this.terminal = terminal
  }

  begin(): void {}
  step(): void {}
  epoch(): void {}
  notice(text: string): void {
    this.terminal.write(`${text}\n`)
  }
  end({ test }: RunResult, files: readonly WrittenFile[]): void {
    const { value, what } = headline(test)
    this.terminal.write(`${[`${value} ${what}`, ...files.map(({ path }) => path)].join('  ')}\n`)
  }
  close(): void {}
}
