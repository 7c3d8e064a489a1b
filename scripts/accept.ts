// Runs whole examples and holds what they reach against what they should reach; names as arguments choose among them, and
// --long adds those that take a quarter of an hour.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

interface Goal {
  readonly example: string
  readonly args?: readonly string[]
  /** Only with --long. */
  readonly long?: true
  readonly what: string
  /** The figure in the last line of output that has one. */
  readonly figure: RegExp
  readonly least?: number
  readonly most?: number
}

const goals: readonly Goal[] = [
  {
    example: 'cnn',
    what: 'convolutional network, embedded digits: accuracy',
    figure: /^accuracy ([\d.]+)/,
    least: 0.975,
  },
  {
    example: 'autoencoder',
    what: 'digits through 8 numbers: squared error (0.0248 for 8 principal components)',
    figure: /digits: ([\d.]+),/,
    most: 0.0247,
  },
  {
    example: 'adding-problem',
    what: 'LSTM, adding problem of length 100: squared error (0.167 for guessing the mean)',
    figure: /held out ([\d.]+)/,
    most: 0.01,
  },
  {
    example: 'digits-by-rows',
    what: 'GRU, digits read row by row: accuracy',
    figure: /accuracy ([\d.]+)/,
    least: 0.95,
  },
  {
    example: 'gan',
    what: 'two optimizers in one captured step: mean of the samples, 3 is wanted',
    figure: /mean of the samples ([\d.]+)/,
    least: 2.7,
    most: 3.3,
  },
  {
    example: 'text',
    what: 'transformer, 800 steps of batch 16: held-out nats a character (1.77 for trigrams)',
    figure: /held out ([\d.]+)/,
    most: 1.6,
  },
  {
    example: 'text',
    args: ['2000'],
    long: true,
    what: 'transformer, 2,000 steps of batch 16: held-out nats a character (1.45 for four letters)',
    figure: /held out ([\d.]+)/,
    most: 1.45,
  },
]

/** What the command reaches, as a mean over seeds from 1 on. DIR is the folder of MNIST's test images, if it is named. */
interface CommandGoal {
  readonly name: string
  readonly what: string
  readonly line: string
  readonly seeds: number
  readonly least: number
}

const commandGoals: readonly CommandGoal[] = [
  {
    name: 'iris',
    what: 'a table from the command line, accuracy on held-out rows, mean of 20 seeds',
    line: 'train data/iris/iris.csv --target species',
    seeds: 20,
    least: 0.95,
  },
  {
    name: 'mnist',
    what: 'CNN from the command line on 9,000 of the 10,000 images in CHAINRULE_MNIST, accuracy on the others',
    line: `train ${process.env['CHAINRULE_MNIST'] ?? ''} --model cnn --epochs 8`,
    seeds: 1,
    least: 0.975,
  },
]

const root = fileURLToPath(new URL('..', import.meta.url))
const wanted = process.argv.slice(2).filter((word) => word !== '--long')
const withLong = process.argv.includes('--long')
let missed = 0
for (const { example, args = [], long, what, figure, least = -Infinity, most = Infinity } of goals) {
  if (long && !withLong) continue
  if (wanted.length > 0 && !wanted.includes(example)) continue
  const begun = performance.now()
  const run = spawnSync(process.execPath, ['--import', 'tsx', `examples/${example}.ts`, ...args], {
    cwd: root,
    env: { ...process.env, TSX_TSCONFIG_PATH: 'tsconfig.check.json' },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = run.stdout.split('\n').flatMap((line) => figure.exec(line)?.[1] ?? [])
  const reached = Number(lines.at(-1) ?? Number.NaN)
  const fits = run.status === 0 && reached >= least && reached <= most
  if (!fits) missed++
  const goal = [...(least > -Infinity ? [`at least ${least}`] : []), ...(most < Infinity ? [`at most ${most}`] : [])]
  const seconds = ((performance.now() - begun) / 1000).toFixed(0)
  if (run.status !== 0) console.log(`${example} ended with ${run.signal ?? `code ${run.status}`}:\n${run.stdout}`)
  console.log(`${fits ? 'reached' : 'MISSED '}  ${reached}  (${goal.join(', ')})  ${example}: ${what}, ${seconds} s`)
}
const scratch = mkdtempSync(join(tmpdir(), 'chainrule-accept-'))
for (const { name, what, line, seeds, least } of commandGoals) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  if (name === 'mnist' && process.env['CHAINRULE_MNIST'] === undefined) {
    console.log('skipped  mnist: CHAINRULE_MNIST names no folder with its files')
    continue
  }
  const begun = performance.now()
  let sum = 0
  for (let seed = 1; seed <= seeds; seed++) {
    const flags = ['--seed', String(seed), '--json', '--no-report', '--out', join(scratch, 'model.safetensors')]
    const argv = ['dist/bundle/main.js', ...line.split(' '), ...flags]
    const { stdout } = spawnSync(process.execPath, argv, { cwd: root, encoding: 'utf8' })
    const done: unknown = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? 'null')
    sum += (done as { testAccuracy?: number } | null)?.testAccuracy ?? Number.NaN
  }
  const reached = sum / seeds
  if (!(reached >= least)) missed++
  const seconds = ((performance.now() - begun) / 1000).toFixed(0)
  console.log(
    `${reached >= least ? 'reached' : 'MISSED '}  ${reached.toFixed(4)}  (at least ${least})  ${name}: ${what}, ${seconds} s`,
  )
}
rmSync(scratch, { recursive: true })
process.exitCode = missed === 0 ? 0 : 1
