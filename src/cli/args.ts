import { ArgumentError } from '../errors.ts'
import { type Command, type Input, parse, type Values } from './command.ts'
import { readConfig } from './config.ts'
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
  text,
  widths,
  words,
} from './options.ts'

const ACTIVATIONS = ['relu', 'tanh', 'sigmoid', 'gelu', 'silu'] as const
const OPTIMIZERS = ['adamw', 'adam', 'sgd'] as const
const SCHEDULES = ['cosine', 'constant'] as const
const NUMERICS = ['fast', 'reproducible'] as const
const GRADIENTS = ['analytic', 'numeric'] as const
const JOBS = ['image', 'table', 'text'] as const
const MODELS = ['mlp', 'cnn'] as const
const TASKS = ['auto', 'classes', 'number'] as const
const TOKENIZERS = ['characters', 'bytes', 'bpe'] as const

/** What is learnt from: images and their classes, a table, or a text. */
export type Job = (typeof JOBS)[number]

/** What `chainrule train` was asked to do, every value resolved. Some are of one job alone. */
export interface TrainOptions {
  readonly job: Job
  /** A file or folder; undefined for the embedded digits. */
  readonly data: string | undefined
  readonly model: (typeof MODELS)[number] | 'transformer'
  readonly hidden: readonly number[]
  readonly channels: readonly number[]
  readonly activation: (typeof ACTIVATIONS)[number]
  readonly dropout: number
  readonly target: string | undefined
  readonly task: (typeof TASKS)[number]
  readonly ignore: readonly string[]
  readonly holdOut: number
  readonly patience: number
  readonly tokenizer: (typeof TOKENIZERS)[number]
  readonly vocabulary: number
  readonly context: number
  readonly width: number
  readonly layers: number
  readonly heads: number
  readonly optimizer: (typeof OPTIMIZERS)[number]
  readonly lr: number
  readonly momentum: number
  readonly weightDecay: number
  readonly l1: number
  readonly l2: number
  /** Norm that gradients are clipped to; 0 for none. */
  readonly clip: number
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
  /** Folder of checkpoints; undefined for none. */
  readonly checkpoint: string | undefined
  /** Epochs from one checkpoint to the next. */
  readonly checkpointEvery: number
  /** Folder for the events of TensorBoard; undefined for none. */
  readonly tensorboard: string | undefined
  readonly out: string
  /** Where the report goes; undefined for none. */
  readonly report: string | undefined
  /** Show what the run would take, and train nothing. */
  readonly plan: boolean
  readonly json: boolean
  readonly quiet: boolean
}

const COUNT = { min: 1, max: 1_000_000 }
const GENERAL = {
  config: path('FILE', undefined, 'JSON object of these flags; flags given here win'),
  job: choice(JOBS, undefined, 'what DATA is', 'by its name: .csv, .tsv; .txt, .md; else images'),
  hidden: widths(undefined, "widths of the hidden layers, or 'none'", '512; cnn: 128; tables: 32'),
  activation: choice(ACTIVATIONS, undefined, 'after each hidden layer', 'relu; tables: tanh'),
  dropout: number({ min: 0, max: 1, below: true }, undefined, 'part dropped', '0.5; cnn: 0.3; tables, text: 0.1'),
  epochs: integer(COUNT, undefined, 'passes over the training data', '40; cnn: 8; tables: 300; text: 5'),
  batch: integer(COUNT, undefined, 'samples a step', '32; cnn: 64; text: 16'),
  seed: integer({ min: 0, max: 2 ** 32 - 1 }, 1, 'of the split, the weights, the order and dropout'),
}
const IMAGES = section('Images', {
  data: path('DIR', undefined, 'the same as DATA'),
  model: choice(MODELS, 'mlp', 'mlp: layers of weights; cnn: convolutions of 3 x 3, then such layers'),
  channels: widths([32, 64], 'of the convolutions of a cnn'),
})
const TABLES = section('Tables', {
  target: text('COLUMN', undefined, 'the column that is to be predicted'),
  task: choice(TASKS, 'auto', 'what it is: classes or a number'),
  ignore: words('COLUMN,...', 'columns to leave out'),
  'hold-out': number({ min: 0, above: true, max: 1, below: true }, 0.2, 'part of the rows kept for the final test'),
  patience: integer({ min: 0, max: 1_000_000 }, 30, 'epochs without progress after which the run ends'),
})
const TEXTS = section('Text', {
  tokenizer: choice(TOKENIZERS, 'characters', 'what the text is cut into'),
  vocabulary: integer({ min: 257, max: 65_536 }, 512, 'tokens of bpe'),
  context: integer({ min: 1, max: 65_536 }, 64, 'tokens the transformer looks back'),
  width: integer({ min: 1, max: 65_536 }, 128, 'numbers a token becomes'),
  layers: integer({ min: 1, max: 1000 }, 4, 'of attention and what follows it'),
  heads: integer({ min: 1, max: 1000 }, 4, 'of each attention; they divide the width'),
})
const UPDATES = section('Updates', {
  optimizer: choice(OPTIMIZERS, 'adamw', 'update rule'),
  lr: number({ min: 0, above: true }, undefined, 'rate', '0.01; cnn: 0.002; text: 0.003; sgd: 0.1'),
  schedule: choice(SCHEDULES, 'cosine', 'learning rate over the run'),
  warmup: integer({ min: 0, max: 1_000_000_000 }, undefined, 'steps in which it rises from 0', '0; cnn: 20; text: 40'),
  momentum: number({ min: 0, max: 1, below: true }, undefined, 'of sgd', '0.9'),
  'weight-decay': number({ min: 0 }, undefined, 'pull of the weights to 0 in the update', '0.01; adam, sgd: 0'),
  l1: number({ min: 0 }, 0, 'penalty on the absolute weights, in the loss'),
  l2: number({ min: 0 }, 0, 'penalty on the squared weights, in the loss'),
  clip: number({ min: 0 }, undefined, 'norm that gradients are clipped to, 0 for none', '0; text: 1'),
  gradients: choice(GRADIENTS, 'analytic', 'numeric: by differences, to watch both agree; slow'),
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
  checkpoint: path('DIR', undefined, 'save what the run needs to go on: chainrule resume DIR'),
  'checkpoint-every': integer(COUNT, 1, 'epochs from one checkpoint to the next'),
  tensorboard: path('DIR', undefined, 'write event files for TensorBoard'),
  plan: flag('show the memory and the program of the run, and train nothing'),
  json: flag('one JSON object a line instead of text'),
  quiet: flag('only the result', 'q'),
  ...HELP,
})
const TRAIN = {
  ...GENERAL,
  ...IMAGES,
  ...TABLES,
  ...TEXTS,
  ...UPDATES,
  ...MACHINE,
  ...OUTPUT,
} satisfies Options

/** What `chainrule train` takes. */
export const TRAIN_SYNTAX: Pick<Command, 'name' | 'options' | 'positionals'> = {
  name: 'train',
  options: TRAIN,
  positionals: [
    {
      name: 'DATA',
      help: 'table (.csv, .tsv), text (.txt, .md), folder of images (IDX, npy)',
    },
  ],
}

/** The flags that a run follows from, by what they are in `TrainOptions`; others say where it runs and what it shows. */
const COMMON = {
  job: 'job',
  data: 'data',
  dropout: 'dropout',
  epochs: 'epochs',
  batch: 'batch',
  seed: 'seed',
  optimizer: 'optimizer',
  lr: 'lr',
  schedule: 'schedule',
  warmup: 'warmup',
  momentum: 'momentum',
  'weight-decay': 'weightDecay',
  l1: 'l1',
  l2: 'l2',
  clip: 'clip',
  numerics: 'numerics',
} as const
const LAYERS = { hidden: 'hidden', activation: 'activation', gradients: 'gradients' } as const
export const SETTINGS: Readonly<Record<Job, Readonly<Record<string, keyof TrainOptions>>>> = {
  image: { ...COMMON, ...LAYERS, model: 'model', channels: 'channels' },
  table: {
    ...COMMON,
    ...LAYERS,
    target: 'target',
    task: 'task',
    ignore: 'ignore',
    'hold-out': 'holdOut',
    patience: 'patience',
  },
  text: {
    ...COMMON,
    tokenizer: 'tokenizer',
    vocabulary: 'vocabulary',
    context: 'context',
    width: 'width',
    layers: 'layers',
    heads: 'heads',
  },
}
const JOB_NAMES: Readonly<Record<Job, string>> = { image: 'images', table: 'tables', text: 'text' }

/** The options that arguments after 'train' ask for. */
export const trainOptionsOf = (argv: readonly string[]): TrainOptions =>
  resolve(parse({ ...TRAIN_SYNTAX, options: TRAIN }, argv))

/** The options of a configuration that was saved with a run, and flags that stand in for some of them. */
export function trainOptionsFrom(config: unknown, where: string, flags: ReadonlyMap<string, unknown>): TrainOptions {
  const settings = readConfig(config, TRAIN, where)
  if (flags.has('report')) settings.delete('no-report')
  if (flags.has('no-report')) settings.delete('report')
  const given = new Map([...settings, ...flags])
  const values: Record<string, unknown> = {}
  for (const [name, { fallback }] of Object.entries(TRAIN)) values[name] = given.has(name) ? given.get(name) : fallback
  return resolve({ values: values as Values<typeof TRAIN>, positionals: [], given: new Set(given.keys()) })
}

/** Defaults that depend on the kind of model. */
const DEFAULTS = {
  mlp: { hidden: [512], activation: 'relu', dropout: 0.5, epochs: 40, batch: 32, lr: 0.01, warmup: 0, clip: 0 },
  cnn: { hidden: [128], activation: 'relu', dropout: 0.3, epochs: 8, batch: 64, lr: 0.002, warmup: 20, clip: 0 },
  table: { hidden: [32], activation: 'tanh', dropout: 0.1, epochs: 300, batch: 32, lr: 0.01, warmup: 0, clip: 0 },
  text: { hidden: [], activation: 'relu', dropout: 0.1, epochs: 5, batch: 16, lr: 0.003, warmup: 40, clip: 1 },
} as const

/** What data of that name are. */
function jobOf(data: string | undefined): Job {
  if (data === undefined) return 'image'
  if (/\.(csv|tsv)(\.gz)?$/i.test(data)) return 'table'
  return /\.(txt|md)(\.gz)?$/i.test(data) ? 'text' : 'image'
}

/** Fills in what was left open and refuses what contradicts itself. */
function resolve({ values, positionals, given }: Input<typeof TRAIN>): TrainOptions {
  const [positional] = positionals
  const refuse = (flag: string, why: string, received?: string): never => {
    throw new ArgumentError(why, { where: `--${flag}`, ...(received !== undefined && { received }) })
  }
  if (positional !== undefined && values.data !== undefined)
    refuse('data', 'the data were named before', shownText(positional))
  const data = positional ?? values.data
  const { optimizer, job = jobOf(data) } = values
  const own = SETTINGS[job]
  for (const name of given) {
    if (Object.hasOwn(own, name)) continue
    const others = JOBS.filter((other) => Object.hasOwn(SETTINGS[other], name)).map((other) => JOB_NAMES[other])
    if (others.length > 0) refuse(name, `only ${others.join(' and ')} take it`, JOB_NAMES[job])
  }
  const sgd = optimizer === 'sgd'
  if (!sgd && given.has('momentum')) refuse('momentum', 'only sgd takes it', `--optimizer ${optimizer}`)
  if (values.model !== 'cnn' && given.has('channels'))
    refuse('channels', 'only a cnn has them', `--model ${values.model}`)
  if (values.tokenizer !== 'bpe' && given.has('vocabulary'))
    refuse('vocabulary', 'only bpe takes it', `--tokenizer ${values.tokenizer}`)
  if (job !== 'image' && data === undefined) refuse('job', `${JOB_NAMES[job]} need DATA`, job)
  if (job === 'text' && values.width % values.heads !== 0)
    refuse('heads', `they do not divide the width of ${values.width}`, String(values.heads))
  if (values['no-report'] && given.has('report')) refuse('report', 'contradicts --no-report')
  if (given.has('checkpoint-every') && values.checkpoint === undefined) refuse('checkpoint-every', 'needs --checkpoint')
  const defaults = DEFAULTS[job === 'image' ? values.model : job]
  return {
    job,
    data,
    model: job === 'text' ? 'transformer' : job === 'table' ? 'mlp' : values.model,
    hidden: values.hidden ?? defaults.hidden,
    channels: values.channels,
    activation: values.activation ?? defaults.activation,
    dropout: values.dropout ?? defaults.dropout,
    target: values.target,
    task: values.task,
    ignore: values.ignore ?? [],
    holdOut: values['hold-out'],
    patience: values.patience,
    tokenizer: values.tokenizer,
    vocabulary: values.vocabulary,
    context: values.context,
    width: values.width,
    layers: values.layers,
    heads: values.heads,
    optimizer,
    lr: values.lr ?? (sgd ? 0.1 : defaults.lr),
    momentum: sgd ? (values.momentum ?? 0.9) : 0,
    weightDecay: values['weight-decay'] ?? (optimizer === 'adamw' ? 0.01 : 0),
    l1: values.l1,
    l2: values.l2,
    clip: values.clip ?? defaults.clip,
    schedule: values.schedule,
    warmup: values.warmup ?? defaults.warmup,
    epochs: values.epochs ?? defaults.epochs,
    batch: values.batch ?? defaults.batch,
    seed: values.seed,
    threads: values.threads,
    numerics: values.numerics,
    wide: !values['no-wide'],
    gradients: values.gradients,
    checkpoint: values.checkpoint,
    checkpointEvery: values['checkpoint-every'],
    tensorboard: values.tensorboard,
    out: values.out,
    report: values['no-report'] ? undefined : values.report,
    plan: values.plan,
    json: values.json,
    quiet: values.quiet,
  }
}
