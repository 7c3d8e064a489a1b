import { trainOptionsOf } from './args.ts'
import { SETTINGS, type TrainOptions } from './train-options.ts'

/** Keys and values of a configuration file. */
export type RunConfig = Readonly<Record<string, string | number | boolean | readonly number[] | readonly string[]>>

/** Flags that are not given where there is nothing in them. */
const LISTS: ReadonlySet<string> = new Set(['ignore', 'types', 'missing', 'augment'])

/** The options that a run follows from, as a configuration file has them; not where it runs and what it shows. */
export function configOf(options: TrainOptions): RunConfig {
  const entries = Object.entries(SETTINGS[options.job]).map(([flag, name]) => [flag, options[name]] as const)
  return Object.fromEntries(
    entries.filter(([flag, value]) => {
      if (flag === 'momentum') return options.optimizer === 'sgd'
      if (flag === 'channels' || flag === 'batch-norm') return options.model === 'cnn'
      if (flag === 'vocabulary') return options.tokenizer === 'bpe'
      return value !== undefined && !(LISTS.has(flag) && (value as readonly string[]).length === 0)
    }),
  ) as RunConfig
}

/** The same with where results go: what a checkpoint keeps, so that the run can go on. */
export function resumeConfigOf(options: TrainOptions): RunConfig {
  const { checkpoint, checkpointEvery, tensorboard, out, report } = options
  return {
    ...configOf(options),
    out,
    ...(report === undefined ? { 'no-report': true } : { report }),
    ...(checkpoint !== undefined && { checkpoint, 'checkpoint-every': checkpointEvery }),
    ...(tensorboard !== undefined && { tensorboard }),
  }
}

/** The command line that gives this run, as a shell takes it: what differs from the defaults, and the seed. */
export function command(options: TrainOptions): string {
  const { data, ...config } = configOf(options)
  const positionals = data === undefined ? [] : [String(data)]
  const plain = trainOptionsOf(['--', ...positionals])
  const model = options.job === 'image' ? [`--model=${options.model}`] : []
  // Other defaults follow from these three.
  const chosen = configOf(
    trainOptionsOf([`--job=${options.job}`, ...model, `--optimizer=${options.optimizer}`, '--', ...positionals]),
  )
  const standard: RunConfig = { ...chosen, job: plain.job, model: 'mlp', optimizer: plain.optimizer }
  const flags = Object.entries(config)
    .filter(([flag, value]) => flag === 'seed' || String(standard[flag]) !== String(value))
    .map(([flag, value]) => (value === true ? `--${flag}` : `--${flag} ${shell(String(value) || 'none')}`))
  return ['chainrule train', ...positionals.map(shell), ...flags].join(' ')
}

/** A word as a shell takes it. */
export function shell(text: string): string {
  return /^[\w.,/+:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
