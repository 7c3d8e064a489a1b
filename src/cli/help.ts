import { type Command, type FlagLine, flagsOf, usageOf } from './command.ts'
import { paint, type Terminal } from './terminal.ts'

/** What a command does, its arguments, its flags and examples. */
export function helpOf(command: Command, terminal: Terminal): string {
  const flags = flagsOf(command)
  const usages = [...command.positionals.map(({ name }) => name), ...flags.map(({ usage }) => usage)]
  const wide = Math.max(...usages.map((usage) => (usage.length > 30 ? 0 : usage.length)))
  const row = (usage: string, about: string): string[] => {
    const head = `  ${paint(terminal, usage, 'cyan')}`
    // A long list of choices gets a line of its own.
    if (usage.length > wide) return [head, `  ${' '.repeat(wide)}  ${about}`]
    return [`${head}${' '.repeat(wide - usage.length)}  ${about}`]
  }
  const flagRow = ({ usage, help, shown }: FlagLine): string[] =>
    row(usage, `${help}${shown === undefined ? '' : paint(terminal, ` [${shown}]`, 'dim')}`)
  const lines = [`${paint(terminal, 'Usage', 'bold')}  ${usageOf(command)}`, '', `  ${command.summary}`]
  for (const note of command.notes) lines.push(`  ${note}`)
  lines.push('')
  for (const { name, help } of command.positionals) lines.push(...row(name, help))
  if (command.positionals.length > 0) lines.push('')
  let section: string | undefined
  for (const flag of flags) {
    if (flag.section !== section) {
      section = flag.section
      lines.push('', paint(terminal, section ?? 'More', 'bold'))
    }
    lines.push(...flagRow(flag))
  }
  if (command.examples.length > 0) lines.push('', ...examplesOf([command], terminal))
  return `${lines.join('\n')}\n`
}

/** All commands. */
export function overview(commands: readonly Command[], version: string, terminal: Terminal): string {
  const row = (name: string, what: string): string => `  ${paint(terminal, name.padEnd(16), 'cyan')}${what}`
  const lines = [
    `${paint(terminal, `chainrule ${version}`, 'bold')}  trains neural networks: WebAssembly on all cores, nothing native`,
    '',
    paint(terminal, 'Commands', 'bold'),
    ...commands.map(({ name, summary }) => row(name, summary)),
    row('help [COMMAND]', 'flags and examples of a command'),
    row('--version', 'the version'),
    '',
    ...examplesOf(commands, terminal),
  ]
  return `${lines.join('\n')}\n`
}

function examplesOf(commands: readonly Command[], terminal: Terminal): string[] {
  const lines = commands.flatMap(({ examples }) =>
    examples.flatMap(({ line, what }) => [`  ${line}`, paint(terminal, `      ${what}`, 'dim')]),
  )
  return [paint(terminal, 'Examples', 'bold'), ...lines]
}
