import { type TrainOptions, trainOptionsOf } from './args.ts'

/** Keys and values of a configuration file. */
export type RunConfig = Readonly<Record<string, string | number | boolean | readonly number[] | readonly string[]>>

/** The options that a run follows from, as a configuration file has them; not where it runs and what it shows. */
export function configOf(options: TrainOptions): RunConfig {
  const { data, model, hidden, channels, activation, dropout, optimizer, lr, momentum, weightDecay } = options
  const { l1, l2, schedule, warmup, epochs, batch, seed, numerics, gradients } = options
  return {
    ...(data !== undefined && { data }),
    model,
    ...(model === 'cnn' && { channels }),
    hidden,
    activation,
    dropout,
    optimizer,
    lr,
    schedule,
    warmup,
    ...(optimizer === 'sgd' && { momentum }),
    'weight-decay': weightDecay,
    l1,
    l2,
    epochs,
    batch,
    seed,
    numerics,
    gradients,
  }
}

/** The command line that gives this run, as a shell takes it: what differs from the defaults, and the seed. */
export function command(options: TrainOptions): string {
  const { data, ...config } = configOf(options)
  const positionals = data === undefined ? [] : [String(data)]
  const plain = configOf(trainOptionsOf(positionals))
  // Other defaults follow from these two.
  const chosen = configOf(
    trainOptionsOf([...positionals, `--model=${options.model}`, `--optimizer=${options.optimizer}`]),
  )
  const standard = { ...chosen, model: plain['model'], optimizer: plain['optimizer'] }
  const flags = Object.entries(config)
    .filter(([flag, value]) => flag === 'seed' || String(standard[flag as keyof typeof standard]) !== String(value))
    .map(([flag, value]) => `--${flag} ${shell(String(value) || 'none')}`)
  return ['chainrule train', ...positionals.map(shell), ...flags].join(' ')
}

function shell(text: string): string {
  return /^[\w.,/+:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
