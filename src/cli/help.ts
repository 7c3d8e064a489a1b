import { flagsOf, type Topic } from './args.ts'
import { paint, type Terminal } from './terminal.ts'

const EXAMPLES: readonly (readonly [command: string, what: string])[] = [
  ['chainrule', 'train on the embedded digits, draw the curves, write model.safetensors and report.html'],
  ['chainrule --hidden 256,64 --activation gelu --dropout 0.3', 'another network'],
  ['chainrule --data ./mnist --epochs 5 --batch 64', "MNIST's own files, gzipped or not"],
  ['chainrule --optimizer sgd --lr 0.05 --schedule constant', 'plain gradient descent with momentum'],
  ['chainrule --numerics reproducible --seed 7 --json', 'the same weights on every machine, as JSON lines'],
  ['chainrule --hidden 8 --epochs 1 --gradients numeric', 'the same training by differences, for comparison'],
]

export function helpText(topic: Topic, version: string, terminal: Terminal): string {
  if (topic === undefined) return overview(version, terminal)
  const flags = flagsOf(topic)
  const wide = Math.max(...flags.map(({ usage }) => (usage.length > 30 ? 0 : usage.length)))
  const lines = flags.flatMap(({ usage, help, shown }) => {
    const about = `${help}${shown === undefined ? '' : paint(terminal, ` [${shown}]`, 'dim')}`
    const head = `  ${paint(terminal, usage, 'cyan')}`
    // A long list of choices gets a line of its own.
    if (usage.length > wide) return [head, `  ${' '.repeat(wide)}  ${about}`]
    return [`${head}${' '.repeat(wide - usage.length)}  ${about}`]
  })
  const usage = topic === 'train' ? 'chainrule [train] [flags]' : `chainrule ${topic} [flags]`
  const parts = [`${paint(terminal, 'Usage', 'bold')}  ${usage}`, '', ...lines]
  if (topic === 'train') parts.push('', ...examples(terminal))
  return `${parts.join('\n')}\n`
}

function overview(version: string, terminal: Terminal): string {
  const command = (name: string, what: string): string => `  ${paint(terminal, name.padEnd(18), 'cyan')}${what}`
  const lines = [
    `${paint(terminal, `chainrule ${version}`, 'bold')}  trains neural networks: WebAssembly on all cores, nothing native`,
    '',
    paint(terminal, 'Commands', 'bold'),
    command('train', 'train a classifier (the default)'),
    command('info', 'this runtime: threads, builds, what is missing for full speed'),
    command('check', 'every operation and its gradient, tested in this runtime'),
    command('help [command]', 'all flags of a command'),
    command('--version', 'the version'),
    '',
    ...examples(terminal),
  ]
  return `${lines.join('\n')}\n`
}

function examples(terminal: Terminal): string[] {
  const lines = EXAMPLES.flatMap(([command, what]) => [`  ${command}`, paint(terminal, `      ${what}`, 'dim')])
  return [paint(terminal, 'Examples', 'bold'), ...lines]
}
