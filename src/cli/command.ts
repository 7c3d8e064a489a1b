import { parseArgs } from 'node:util'
import { ArgumentError } from '../errors.ts'
import { closest } from '../options.ts'
import { configEntries } from './config.ts'
import { type Option, type Options, shownText } from './options.ts'
import type { Terminal } from './terminal.ts'

/** What a command talks to. */
export interface CliContext {
  readonly out: Terminal
  readonly err: Terminal
  /**
   * Asked to stop, by Ctrl-C. Whoever takes it has to end when it aborts: from then on signals do not end the process.
   */
  readonly signal: AbortSignal
}

/** An argument without a flag. */
export interface Positional {
  /** As the help shows it, such as 'FILE'. */
  readonly name: string
  readonly help: string
  readonly required?: boolean
}

export interface Example {
  readonly line: string
  readonly what: string
}

/** Values of options by their names. */
export type Values<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never }

/** What a command line says. */
export interface Input<O extends Options> {
  readonly values: Values<O>
  /** In the order of the command's; those left out at the end are not there. */
  readonly positionals: readonly string[]
  /** Names of the options that a flag or the configuration file gave. */
  readonly given: ReadonlySet<string>
}

export interface Spec<O extends Options> {
  readonly name: string
  /** In the overview, one line. */
  readonly summary: string
  /** More lines for the command's own help. */
  readonly notes?: readonly string[]
  readonly positionals?: readonly Positional[]
  readonly options: O
  readonly examples: readonly Example[]
  /** Checks what options alone cannot, and returns what to do; the number is the exit code. */
  plan(input: Input<O>): (context: CliContext) => Promise<number>
}

/** A row of the table of commands: help, errors and documentation follow from it. */
export interface Command {
  readonly name: string
  readonly summary: string
  readonly notes: readonly string[]
  readonly positionals: readonly Positional[]
  readonly options: Options
  readonly examples: readonly Example[]
  /** Understands the arguments, or throws an ArgumentError; nothing is done before `run` is called. */
  prepare(argv: readonly string[]): (context: CliContext) => Promise<number>
}

export function command<O extends Options>(spec: Spec<O>): Command {
  const { name, summary, notes = [], positionals = [], options, examples } = spec
  return {
    name,
    summary,
    notes,
    positionals,
    options,
    examples,
    prepare: (argv) => spec.plan(parse(spec, argv)),
  }
}

/** Reads flags, positionals and the file that `--config` names; anything that is not understood is an ArgumentError. */
export function parse<O extends Options>(
  { name, options, positionals = [] }: Pick<Spec<O>, 'name' | 'options' | 'positionals'>,
  argv: readonly string[],
): Input<O> {
  const known = Object.fromEntries(
    Object.entries(options).map(([flag, { value, short }]) => {
      const type: 'string' | 'boolean' = value === undefined ? 'boolean' : 'string'
      return [flag, short === undefined ? { type } : { type, short }]
    }),
  )
  // Not strict: its own errors are replaced by ones that help.
  const { tokens } = parseArgs({ args: [...argv], options: known, strict: false, allowPositionals: true, tokens: true })
  const flags = new Map<string, unknown>()
  const found: string[] = []
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue
    if (token.kind === 'positional') {
      if (found.length >= positionals.length) throw superfluous(token.value, name, positionals)
      if (token.value === '' || token.value.includes('\0'))
        throw new ArgumentError('a bad value', {
          where: positionals[found.length]?.name ?? name,
          expected: 'a path',
          received: shownText(token.value),
        })
      found.push(token.value)
    } else {
      if (!Object.hasOwn(options, token.name)) throw unknownFlag(token.rawName, Object.keys(options), name)
      flags.set(token.name, readOption(options[token.name] as Option<unknown>, token))
    }
  }
  const config = flags.get('config')
  const settings = typeof config === 'string' ? configEntries(config, options) : new Map<string, unknown>()
  const values: Record<string, unknown> = {}
  for (const [flag, { fallback }] of Object.entries(options)) values[flag] = fallback
  // Flags win.
  for (const [flag, value] of [...settings, ...flags]) values[flag] = value
  const missing = positionals[found.length]
  if (missing?.required === true && values['help'] !== true) throw tooFew(missing, name)
  return { values: values as Values<O>, positionals: found, given: new Set([...settings.keys(), ...flags.keys()]) }
}

function readOption(option: Option<unknown>, token: { rawName: string; value?: string | undefined }): unknown {
  const { rawName, value } = token
  if (option.value === undefined) {
    if (value === undefined) return option.parse('', rawName)
    throw new ArgumentError('takes no value', { where: rawName, received: shownText(value) })
  }
  if (value === undefined) throw new ArgumentError('needs a value', { where: rawName, expected: option.value })
  return option.parse(value, rawName)
}

function unknownFlag(flag: string, known: readonly string[], command: string): ArgumentError {
  const near = closest(flag.replace(/^-+/, ''), known)
  return new ArgumentError('unknown flag', {
    where: flag,
    hint: near === undefined ? `See 'chainrule help ${command}'.` : `Did you mean --${near}?`,
  })
}

function superfluous(value: string, command: string, positionals: readonly Positional[]): ArgumentError {
  const names = positionals.map(({ name }) => name).join(' ')
  return new ArgumentError('not understood', {
    where: shownText(value),
    expected: names === '' ? `flags only after '${command}'` : `'chainrule ${command} ${names}' and flags`,
    hint: `See 'chainrule help ${command}'.`,
  })
}

const tooFew = ({ name, help }: Positional, command: string): ArgumentError =>
  new ArgumentError(`${name} is missing`, {
    where: `chainrule ${command}`,
    expected: help,
    hint: `See 'chainrule help ${command}'.`,
  })

/** How a command is called. */
export function usageOf({ name, positionals }: Pick<Command, 'name' | 'positionals'>): string {
  const words = positionals.map(({ name, required }) => (required === true ? name : `[${name}]`))
  return ['chainrule', name, ...words, '[flags]'].join(' ')
}

/** An option as help lists it: the flag, what it does, its default. */
export interface FlagLine {
  readonly usage: string
  readonly help: string
  readonly shown: string | undefined
  readonly section: string | undefined
}

export function flagsOf({ options }: Pick<Command, 'options'>): FlagLine[] {
  return Object.entries(options).map(([name, { value, short, help, shown, section }]) => ({
    usage: `--${name}${value === undefined ? '' : ` ${value}`}${short === undefined ? '' : `, -${short}`}`,
    help,
    shown,
    section,
  }))
}
