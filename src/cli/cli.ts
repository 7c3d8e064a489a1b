import { ArgumentError, ChainruleError } from '../errors.ts'
import { closest } from '../options.ts'
import type { CliContext, Command } from './command.ts'
import { commands } from './commands/index.ts'
import { errorCode, stoppedCode } from './exit.ts'
import { helpOf, overview } from './help.ts'
import { packageVersion } from './machine.ts'
import { shownText } from './options.ts'
import { paint } from './terminal.ts'

export type { CliContext } from './command.ts'

/** Runs one command line and returns the exit code (see EXIT). */
export async function runCli(argv: readonly string[], context: CliContext): Promise<number> {
  try {
    return await planOf(argv)(context)
  } catch (thrown) {
    const error = original(thrown)
    // What was foreseen is told in a sentence; an accident keeps its stack.
    if (!(error instanceof ChainruleError)) throw error
    const { err, signal } = context
    err.write(`${paint(err, 'error', 'bold', 'red')}: ${error.message}\n`)
    return signal.aborted ? stoppedCode(signal) : errorCode(error)
  }
}

/** What went wrong first, when cleaning up after it failed too. */
function original(error: unknown): unknown {
  return error instanceof Error && 'suppressed' in error ? original(error.suppressed) : error
}

type Plan = (context: CliContext) => Promise<number>

/** What a command line asks for; anything that is not understood is an ArgumentError that says what is. */
export function planOf(argv: readonly string[]): Plan {
  const [first = '', ...rest] = argv
  if (first === '--version' || first === '-v' || first === '-V' || first === 'version')
    return printing(() => `${packageVersion()}\n`)
  if (first === '--help' || first === '-h' || first === 'help') return help(rest)
  const named = first !== '' && !first.startsWith('-')
  const command = named ? find(first) : commands[0]
  const args = named ? rest : argv
  const end = args.indexOf('--')
  if (args.slice(0, end < 0 ? args.length : end).some((arg) => arg === '--help' || arg === '-h'))
    return printing((out) => helpOf(command, out))
  return command.prepare(args)
}

const printing =
  (text: (out: CliContext['out']) => string): Plan =>
  async ({ out }) => {
    out.write(text(out))
    return 0
  }

function help([topic]: readonly string[]): Plan {
  if (topic === undefined) return printing((out) => overview(commands, packageVersion(), out))
  const command = find(topic)
  return printing((out) => helpOf(command, out))
}

function find(name: string): Command {
  const found = commands.find((command) => command.name === name)
  if (found !== undefined) return found
  const names = [...commands.map((command) => command.name), 'help', 'version']
  const near = closest(name, names)
  throw new ArgumentError('no such command', {
    where: shownText(name),
    expected: names.join(', '),
    hint:
      near !== undefined
        ? `Did you mean '${near}'?`
        : /[./\\]/.test(name)
          ? `Did you mean 'chainrule train ${name}'?`
          : "See 'chainrule help'.",
  })
}
