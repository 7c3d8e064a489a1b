import { ChainruleError } from '../errors.ts'
import { parseCommand, type TrainOptions } from './args.ts'
import { helpText } from './help.ts'
import { factLines, gatherFacts } from './info.ts'
import { packageVersion } from './machine.ts'
import { paint, type Terminal } from './terminal.ts'
import { runTrain } from './train.ts'
import type { View } from './view.ts'
import { JsonView, QuietView } from './view-json.ts'
import { TextView } from './view-text.ts'

export interface CliContext {
  readonly out: Terminal
  readonly err: Terminal
  /** Asked to stop, by Ctrl-C. */
  readonly signal: AbortSignal
}

/** Runs one command line and returns the exit code. */
export async function runCli(argv: readonly string[], context: CliContext): Promise<number> {
  try {
    return await dispatch(argv, context)
  } catch (thrown) {
    const error = original(thrown)
    // What was foreseen is told in a sentence; an accident keeps its stack.
    if (!(error instanceof ChainruleError)) throw error
    const { err, signal } = context
    err.write(`${paint(err, 'error', 'bold', 'red')}: ${error.message}\n`)
    return signal.aborted ? INTERRUPTED : 1
  }
}

/** What went wrong first, when cleaning up after it failed too. */
function original(error: unknown): unknown {
  return error instanceof Error && 'suppressed' in error ? original(error.suppressed) : error
}

async function dispatch(argv: readonly string[], context: CliContext): Promise<number> {
  const { out } = context
  const command = parseCommand(argv)
  switch (command.name) {
    case 'version':
      out.write(`${packageVersion()}\n`)
      return 0
    case 'help':
      out.write(helpText(command.topic, packageVersion(), out))
      return 0
    case 'info': {
      const facts = await gatherFacts()
      out.write(command.options.json ? `${JSON.stringify(facts)}\n` : `${factLines(facts, out).join('\n')}\n`)
      return 0
    }
    case 'check': {
      const { runCheck } = await import('./check.ts')
      return (await runCheck(command.options, out)) ? 0 : 1
    }
    case 'train':
      return train(command.options, context)
  }
}

const INTERRUPTED = 130

async function train(options: TrainOptions, { out, signal }: CliContext): Promise<number> {
  const view = viewOf(options, out)
  try {
    const result = await runTrain(options, { view, signal, version: packageVersion() })
    return result.interrupted ? INTERRUPTED : 0
  } finally {
    view.close()
  }
}

function viewOf({ json, quiet }: TrainOptions, out: Terminal): View {
  if (json) return new JsonView(out)
  return quiet ? new QuietView(out) : new TextView(out)
}
