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
import { changes, kinds } from './pairs.ts'
import {
  ACTIVATIONS,
  DEFAULTS,
  GRADIENTS,
  JOB_NAMES,
  JOBS,
  type Job,
  MODELS,
  NUMERICS,
  OPTIMIZERS,
  SCHEDULES,
  SETTINGS,
  TASKS,
  TOKENIZERS,
  type TrainOptions,
} from './train-options.ts'

const COUNT = { min: 1, max: 1_000_000 }
const GENERAL = {
  config: path('FILE', undefined, 'JSON object of these flags; flags given here win'),
  job: choice(JOBS, undefined, 'what DATA is', 'by its name: .csv, .jsonl, .parquet ...; .txt, .md; else images'),
  hidden: widths(undefined, "widths of the hidden layers, or 'none'", '512; cnn: 128; tables: 32'),
  activation: choice(ACTIVATIONS, undefined, 'after each hidden layer', 'relu; tables: tanh'),
  dropout: number({ min: 0, max: 1, below: true }, undefined, 'part dropped', '0.5; cnn: 0.3; tables, text: 0.1'),
  epochs: integer(COUNT, undefined, 'passes over the training data', '40; cnn: 8; tables: 300; text: 5'),
  batch: integer(COUNT, undefined, 'samples a step', '32; cnn: 64; text: 16'),
  patience: integer(
    { min: 0, max: 1_000_000 },
    undefined,
    'tables, text: epochs without progress after which the run ends',
    '30; text: 3',
  ),
  seed: integer({ min: 0, max: 2 ** 32 - 1 }, 1, 'of the split, the weights, the order and dropout'),
}
const IMAGES = section('Images', {
  data: path('DIR', undefined, 'the same as DATA'),
  model: choice(MODELS, 'mlp', 'mlp: layers of weights; cnn: convolutions of 3 x 3, then such layers'),
  channels: widths([32, 64], 'of the convolutions of a cnn'),
  'batch-norm': flag('normalize each channel of a cnn over the batch, after its convolution'),
  augment: changes('change training images at random, each epoch anew'),
})
const TABLES = section('Tables', {
  target: text('COLUMN', undefined, 'the column that is to be predicted'),
  task: choice(TASKS, 'auto', 'what it is: classes or a number'),
  ignore: words('COLUMN,...', 'columns to leave out'),
  types: kinds('what columns are, where their content misleads'),
  missing: words('TEXT,...', "texts that also stand for a missing value, beside NA, '?' and the like"),
  'hold-out': number({ min: 0, above: true, max: 1, below: true }, 0.2, 'part of the rows kept for the final test'),
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
      help: 'table (.csv, .tsv, .jsonl, .parquet), text (.txt, .md), folder of IDX or npy',
    },
  ],
}

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

/** What data of that name are. */
function jobOf(data: string | undefined): Job {
  if (data === undefined) return 'image'
  if (/\.(csv|tsv|jsonl|ndjson|parquet|arrow|feather)(\.gz)?$/i.test(data)) return 'table'
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
  if (values.model !== 'cnn')
    for (const name of ['channels', 'batch-norm'])
      if (given.has(name)) refuse(name, 'only a cnn takes it', `--model ${values.model}`)
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
    batchNorm: values['batch-norm'],
    augment: values.augment ?? [],
    activation: values.activation ?? defaults.activation,
    dropout: values.dropout ?? defaults.dropout,
    target: values.target,
    task: values.task,
    ignore: values.ignore ?? [],
    types: values.types ?? [],
    missing: values.missing ?? [],
    holdOut: values['hold-out'],
    patience: values.patience ?? (job === 'text' ? 3 : 30),
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
