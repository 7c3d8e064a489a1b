// What `chainrule train` is asked to do, and what it does by default.

export const ACTIVATIONS = ['relu', 'tanh', 'sigmoid', 'gelu', 'silu'] as const
export const OPTIMIZERS = ['adamw', 'adam', 'sgd'] as const
export const SCHEDULES = ['cosine', 'constant'] as const
export const NUMERICS = ['fast', 'reproducible'] as const
export const GRADIENTS = ['analytic', 'numeric'] as const
export const JOBS = ['image', 'table', 'text'] as const
export const MODELS = ['mlp', 'cnn'] as const
export const TASKS = ['auto', 'classes', 'number'] as const
export const TOKENIZERS = ['characters', 'bytes', 'bpe'] as const

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
  readonly batchNorm: boolean
  /** Changes of training images: `shift`, `rotate:15`. */
  readonly augment: readonly string[]
  readonly activation: (typeof ACTIVATIONS)[number]
  readonly dropout: number
  readonly target: string | undefined
  readonly task: (typeof TASKS)[number]
  readonly ignore: readonly string[]
  /** Kinds of columns: `zip:category`. */
  readonly types: readonly string[]
  /** Texts that stand for a missing value, beside the usual ones. */
  readonly missing: readonly string[]
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
  image: {
    ...COMMON,
    ...LAYERS,
    model: 'model',
    channels: 'channels',
    'batch-norm': 'batchNorm',
    augment: 'augment',
  },
  table: {
    ...COMMON,
    ...LAYERS,
    target: 'target',
    task: 'task',
    ignore: 'ignore',
    types: 'types',
    missing: 'missing',
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
    patience: 'patience',
  },
}
export const JOB_NAMES: Readonly<Record<Job, string>> = { image: 'images', table: 'tables', text: 'text' }

/** Defaults that depend on the kind of model. */
export const DEFAULTS = {
  mlp: { hidden: [512], activation: 'relu', dropout: 0.5, epochs: 40, batch: 32, lr: 0.01, warmup: 0, clip: 0 },
  cnn: { hidden: [128], activation: 'relu', dropout: 0.3, epochs: 8, batch: 64, lr: 0.002, warmup: 20, clip: 0 },
  table: { hidden: [32], activation: 'tanh', dropout: 0.1, epochs: 300, batch: 32, lr: 0.01, warmup: 0, clip: 0 },
  text: { hidden: [], activation: 'relu', dropout: 0.1, epochs: 5, batch: 16, lr: 0.003, warmup: 40, clip: 1 },
} as const
