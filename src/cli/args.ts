import { ArgumentError } from '../errors.ts'
import { type Command, type Input, parse } from './command.ts'
import {
  autoOr,
  choice,
  flag,
  HELP,
  integer,
  number,
  type Options,
  path,
  section,
  shownText,
  widths,
} from './options.ts'

const ACTIVATIONS = ['relu', 'tanh', 'sigmoid', 'gelu', 'silu'] as const
const OPTIMIZERS = ['adamw', 'adam', 'sgd'] as const
const SCHEDULES = ['cosine', 'constant'] as const
const NUMERICS = ['fast', 'reproducible'] as const
const GRADIENTS = ['analytic', 'numeric'] as const
const JOBS = ['image'] as const
const MODELS = ['mlp', 'cnn'] as const

/** What is learnt from: images and their classes. */
export type Job = (typeof JOBS)[number]

/** What `chainrule train` was asked to do, every value resolved. */
export interface TrainOptions {
  readonly job: Job
  /** A file or folder; undefined for the embedded digits. */
  readonly data: string | undefined
  readonly model: (typeof MODELS)[number]
  readonly hidden: readonly number[]
  readonly channels: readonly number[]
  readonly activation: (typeof ACTIVATIONS)[number]
  readonly dropout: number
  readonly optimizer: (typeof OPTIMIZERS)[number]
  readonly lr: number
  readonly momentum: number
  readonly weightDecay: number
  readonly l1: number
  readonly l2: number
  readonly schedule: (typeof SCHEDULES)[number]
  readonly warmup: number
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

const GENERAL = {
  config: path('FILE', undefined, 'JSON object of these flags; flags given here win'),
  model: choice(MODELS, undefined, 'mlp: layers of weights; cnn: convolutions of 3 x 3, then such layers', 'mlp'),
  hidden: widths(undefined, "widths of the hidden layers, or 'none'", '512; cnn: 128'),
  activation: choice(ACTIVATIONS, 'relu', 'after each hidden layer'),
  dropout: number({ min: 0, max: 1, below: true }, undefined, 'part of the hidden values dropped', '0.5; cnn: 0.3'),
  epochs: integer({ min: 1, max: 1_000_000 }, undefined, 'passes over the training samples', '40; cnn: 8'),
  batch: integer({ min: 1, max: 1_000_000 }, undefined, 'samples a step', '32; cnn: 64'),
  seed: integer({ min: 0, max: 2 ** 32 - 1 }, 1, 'of the split, the weights, the order and dropout'),
}
const UPDATES = section('Updates', {
  optimizer: choice(OPTIMIZERS, 'adamw', 'update rule'),
  lr: number({ min: 0, above: true }, undefined, 'learning rate', '0.01; sgd: 0.1; cnn: 0.002'),
  schedule: choice(SCHEDULES, 'cosine', 'learning rate over the run'),
  warmup: integer({ min: 0, max: 1_000_000_000 }, undefined, 'steps in which the rate rises from 0', '0; cnn: 20'),
  momentum: number({ min: 0, max: 1, below: true }, undefined, 'of sgd', '0.9'),
  'weight-decay': number({ min: 0 }, undefined, 'pull of the weights to 0 in the update', '0.01; adam, sgd: 0'),
  l1: number({ min: 0 }, 0, 'penalty on the absolute weights, in the loss'),
  l2: number({ min: 0 }, 0, 'penalty on the squared weights, in the loss'),
  gradients: choice(GRADIENTS, 'analytic', 'numeric: by differences, to watch both agree; slow'),
})
const IMAGES = section('Images', {
  data: path('DIR', undefined, "the same as DATA: folder of IDX files such as MNIST's"),
  channels: widths([32, 64], 'of the convolutions of a cnn'),
})
const MACHINE = section('Machine', {
  threads: autoOr({ min: 1, max: 64 }, 'threads that compute'),
  numerics: choice(NUMERICS, 'fast', 'reproducible: the same bits on every machine'),
  'no-wide': flag('only vectors of 128 bits; the same results'),
})
const OUTPUT = section('Output', {
  out: path('FILE', 'model.safetensors', 'the trained model'),
  report: path('FILE', 'report.html', 'page with the curves'),
  'no-report': flag('write no page'),
  json: flag('one JSON object a line instead of text'),
  quiet: flag('only the result', 'q'),
  ...HELP,
})

const TRAIN = {
  ...GENERAL,
  ...UPDATES,
  ...IMAGES,
  ...MACHINE,
  ...OUTPUT,
} satisfies Options

/** What `chainrule train` takes. */
export const TRAIN_SYNTAX: Pick<Command, 'name' | 'options' | 'positionals'> = {
  name: 'train',
  options: TRAIN,
  positionals: [{ name: 'DATA', help: "folder of IDX files such as MNIST's; without it, the embedded digits" }],
}

/** The options that arguments after 'train' ask for. */
export const trainOptionsOf = (argv: readonly string[]): TrainOptions =>
  resolve(parse({ ...TRAIN_SYNTAX, options: TRAIN }, argv))

/** Defaults that depend on the kind of model. */
const DEFAULTS = {
  mlp: { hidden: [512], dropout: 0.5, epochs: 40, batch: 32, lr: 0.01, warmup: 0 },
  cnn: { hidden: [128], dropout: 0.3, epochs: 8, batch: 64, lr: 0.002, warmup: 20 },
} as const

/** Fills in what was left open and refuses what contradicts itself. */
function resolve({ values, positionals, given }: Input<typeof TRAIN>): TrainOptions {
  const [positional] = positionals
  const refuse = (flag: string, why: string, received?: string): never => {
    throw new ArgumentError(why, { where: `--${flag}`, ...(received !== undefined && { received }) })
  }
  if (positional !== undefined && values.data !== undefined)
    refuse('data', 'the data were named before', shownText(positional))
  const { optimizer, model = 'mlp' } = values
  const sgd = optimizer === 'sgd'
  if (!sgd && given.has('momentum')) refuse('momentum', 'only sgd takes it', `--optimizer ${optimizer}`)
  if (model !== 'cnn' && given.has('channels')) refuse('channels', 'only a cnn has them', `--model ${model}`)
  if (values['no-report'] && given.has('report')) refuse('report', 'contradicts --no-report')
  const defaults = DEFAULTS[model]
  return {
    job: 'image',
    data: positional ?? values.data,
    model,
    hidden: values.hidden ?? defaults.hidden,
    channels: values.channels,
    activation: values.activation,
    dropout: values.dropout ?? defaults.dropout,
    optimizer,
    lr: values.lr ?? (sgd ? 0.1 : defaults.lr),
    momentum: sgd ? (values.momentum ?? 0.9) : 0,
    weightDecay: values['weight-decay'] ?? (optimizer === 'adamw' ? 0.01 : 0),
    l1: values.l1,
    l2: values.l2,
    schedule: values.schedule,
    warmup: values.warmup ?? defaults.warmup,
    epochs: values.epochs ?? defaults.epochs,
    batch: values.batch ?? defaults.batch,
    seed: values.seed,
    threads: values.threads,
    numerics: values.numerics,
    wide: !values['no-wide'],
    gradients: values.gradients,
    out: values.out,
    report: values['no-report'] ? undefined : values.report,
    json: values.json,
    quiet: values.quiet,
  }
}
