import { parseArgs } from 'node:util'
import { ArgumentError } from '../errors.ts'
import {
  autoOr,
  choice,
  closest,
  flag,
  integer,
  names,
  number,
  type Option,
  type Options,
  path,
  shownText,
  widths,
} from './options.ts'

const ACTIVATIONS = ['relu', 'tanh', 'sigmoid', 'gelu', 'silu'] as const
const OPTIMIZERS = ['adamw', 'adam', 'sgd'] as const
const SCHEDULES = ['cosine', 'constant'] as const
const NUMERICS = ['fast', 'reproducible'] as const
const GRADIENTS = ['analytic', 'numeric'] as const

/** What `chainrule train` was asked to do, every value resolved. */
export interface TrainOptions {
  readonly data: string | undefined
  readonly hidden: readonly number[]
  readonly activation: (typeof ACTIVATIONS)[number]
  readonly dropout: number
  readonly optimizer: (typeof OPTIMIZERS)[number]
  readonly lr: number
  readonly momentum: number
  readonly weightDecay: number
  readonly l1: number
  readonly l2: number
  readonly schedule: (typeof SCHEDULES)[number]
  readonly epochs: number
  readonly batch: number
  readonly seed: number
  readonly threads: number | 'auto'
  readonly numerics: (typeof NUMERICS)[number]
  /** Whether vectors of 256 bits may be used, where the runtime has them. */
  readonly wide: boolean
  readonly gradients: (typeof GRADIENTS)[number]
  readonly out: string
  /** Where the report goes; undefined for none. */
  readonly report: string | undefined
  readonly json: boolean
  readonly quiet: boolean
}

export interface InfoOptions {
  readonly json: boolean
}

export interface CheckCommandOptions {
  /** Operations; undefined for all. */
  readonly only: readonly string[] | undefined
  readonly json: boolean
}

export type Command =
  | { readonly name: 'train'; readonly options: TrainOptions }
  | { readonly name: 'info'; readonly options: InfoOptions }
  | { readonly name: 'check'; readonly options: CheckCommandOptions }
  | { readonly name: 'help'; readonly topic: Topic }
  | { readonly name: 'version' }
export type Topic = 'train' | 'info' | 'check' | undefined

type Values<O extends Options> = { [K in keyof O]: O[K] extends Option<infer T> ? T : never }

const HELP = { help: flag('show this help', 'h') }
const TRAIN = {
  data: path('DIR', undefined, "folder of IDX files such as MNIST's; without it, the embedded digits"),
  hidden: widths([512], "widths of the hidden layers, or 'none'"),
  activation: choice(ACTIVATIONS, 'relu', 'after each hidden layer'),
  dropout: number({ min: 0, max: 1, below: true }, 0.5, 'part of the hidden values dropped while training'),
  optimizer: choice(OPTIMIZERS, 'adamw', 'update rule'),
  lr: number({ min: 0, above: true }, undefined, 'learning rate', '0.01; sgd: 0.1'),
  momentum: number({ min: 0, max: 1, below: true }, undefined, 'of sgd', '0.9'),
  'weight-decay': number({ min: 0 }, undefined, 'pull of the weights to 0 in the update', '0.01; adam, sgd: 0'),
  l1: number({ min: 0 }, 0, 'penalty on the absolute weights, in the loss'),
  l2: number({ min: 0 }, 0, 'penalty on the squared weights, in the loss'),
  schedule: choice(SCHEDULES, 'cosine', 'learning rate over the run'),
  epochs: integer({ min: 1, max: 1_000_000 }, 40, 'passes over the training samples'),
  batch: integer({ min: 1, max: 1_000_000 }, 32, 'samples a step'),
  seed: integer({ min: 0, max: 2 ** 32 - 1 }, 1, 'of the split, the weights, the order and dropout'),
  threads: autoOr({ min: 1, max: 64 }, 'threads that compute'),
  numerics: choice(NUMERICS, 'fast', 'reproducible: the same bits on every machine'),
  'no-wide': flag('only vectors of 128 bits; the same results'),
  gradients: choice(GRADIENTS, 'analytic', 'numeric: by differences, to watch both agree; slow'),
  out: path('FILE', 'model.safetensors', 'the trained model'),
  report: path('FILE', 'report.html', 'page with the curves'),
  'no-report': flag('write no page'),
  json: flag('one JSON object a line instead of text'),
  quiet: flag('only the result', 'q'),
  ...HELP,
} satisfies Options
const INFO = { json: flag('one JSON object instead of text'), ...HELP } satisfies Options
const CHECK = {
  only: names('NAME,NAME...', 'only these operations of docs/ops.md'),
  json: flag('one JSON object a line instead of text'),
  ...HELP,
} satisfies Options
const FLAGS: Readonly<Record<NonNullable<Topic>, Options>> = { train: TRAIN, info: INFO, check: CHECK }

const COMMANDS = ['train', 'info', 'check', 'help', 'version'] as const

/** What the arguments ask for; anything that is not understood is an ArgumentError that says what is. */
export function parseCommand(argv: readonly string[]): Command {
  const [first = '', ...rest] = argv
  if (first === '--version' || first === '-v' || first === '-V') return { name: 'version' }
  if (first === '' || first.startsWith('-')) return train(argv)
  switch (first) {
    case 'train':
      return train(rest)
    case 'info': {
      const values = parse(INFO, rest, 'info')
      return values.help ? { name: 'help', topic: 'info' } : { name: 'info', options: { json: values.json } }
    }
    case 'check': {
      const { help, only, json } = parse(CHECK, rest, 'check')
      return help ? { name: 'help', topic: 'check' } : { name: 'check', options: { only, json } }
    }
    case 'version':
      return { name: 'version' }
    case 'help': {
      const topic = rest[0] !== undefined && Object.hasOwn(FLAGS, rest[0]) ? (rest[0] as Topic) : undefined
      return { name: 'help', topic }
    }
  }
  const near = closest(first, COMMANDS)
  throw new ArgumentError('no such command', {
    where: shownText(first),
    expected: COMMANDS.join(', '),
    hint: near === undefined ? "See 'chainrule help'." : `Did you mean '${near}'?`,
  })
}

function train(argv: readonly string[]): Command {
  const values = parse(TRAIN, argv, 'train')
  if (values.help) return { name: 'help', topic: argv[0] === '--help' || argv[0] === '-h' ? undefined : 'train' }
  const {
    'weight-decay': weightDecay,
    'no-report': noReport,
    'no-wide': noWide,
    help: _,
    lr,
    momentum,
    report,
    ...plain
  } = values
  const given = new Set(argv.map((arg) => arg.split('=')[0]))
  if (values.optimizer !== 'sgd' && momentum !== undefined) {
    throw new ArgumentError('only sgd takes it', { where: '--momentum', received: `--optimizer ${values.optimizer}` })
  }
  if (noReport && given.has('--report')) throw new ArgumentError('contradicts --no-report', { where: '--report' })
  return {
    name: 'train',
    options: {
      ...plain,
      lr: lr ?? (values.optimizer === 'sgd' ? 0.1 : 0.01),
      momentum: values.optimizer === 'sgd' ? (momentum ?? 0.9) : 0,
      weightDecay: weightDecay ?? (values.optimizer === 'adamw' ? 0.01 : 0),
      wide: !noWide,
      report: noReport ? undefined : report,
    },
  }
}

function parse<O extends Options>(options: O, argv: readonly string[], command: string): Values<O> {
  const known = Object.fromEntries(
    Object.entries(options).map(([name, { value, short }]) => {
      const type: 'string' | 'boolean' = value === undefined ? 'boolean' : 'string'
      return [name, short === undefined ? { type } : { type, short }]
    }),
  )
  // Not strict: its own errors are replaced by ones that help.
  const { tokens } = parseArgs({ args: [...argv], options: known, strict: false, allowPositionals: true, tokens: true })
  const values: Record<string, unknown> = {}
  for (const [name, { fallback }] of Object.entries(options)) values[name] = fallback
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue
    if (token.kind === 'positional') {
      throw new ArgumentError('not understood', {
        where: shownText(token.value),
        expected: `flags only after '${command}'`,
        hint: `See 'chainrule help ${command}'.`,
      })
    }
    if (!Object.hasOwn(options, token.name)) throw unknownFlag(token.rawName, Object.keys(options), command)
    values[token.name] = readOption(options[token.name] as Option<unknown>, token)
  }
  return values as Values<O>
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

function unknownFlag(name: string, known: readonly string[], command: string): ArgumentError {
  const near = closest(name.replace(/^-+/, ''), known)
  return new ArgumentError('unknown flag', {
    where: name,
    hint: near === undefined ? `See 'chainrule help ${command}'.` : `Did you mean --${near}?`,
  })
}

/** The flags of a command as the help lists them: the flag, what it does, its default. */
export function flagsOf(command: NonNullable<Topic>): { usage: string; help: string; shown: string | undefined }[] {
  const options: Options = FLAGS[command]
  return Object.entries(options).map(([name, { value, short, help, shown }]) => ({
    usage: `--${name}${value === undefined ? '' : ` ${value}`}${short === undefined ? '' : `, -${short}`}`,
    help,
    shown,
  }))
}
