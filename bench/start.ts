import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { median, spread, table, text } from './lib/stats.ts'

// From `import` to the first finished step of W1, and the memory of a run, beside a Node that does nothing: processes of
// their own, in turns, of the shipped form (dist/).

const RUNS = 9
const index = new URL('../dist/bundle/index.js', import.meta.url).href

const program = (steps: number, options: string): string => `
  const begin = performance.now()
  const { capture, crossEntropy, init, nn, optim, randomNormal, tensor, valueAndGrad } = await import('${index}')
  const engine = await init({ seed: 1, ${options} })
  const model = nn.sequential([nn.linear(784, 128), nn.relu(), nn.linear(128, 10)])
  const optimizer = optim.sgd(model, { lr: 0.01, momentum: 0.9 })
  const x = randomNormal([64, 784])
  const y = tensor(Int32Array.from({ length: 64 }, (_, i) => i % 10))
  const step = capture(() => {
    const { value, grads } = valueAndGrad(() => crossEntropy(model.forward(x), y), model)
    optimizer.step(grads)
    return { loss: value }
  })
  await step.runMany(${steps})
  const milliseconds = performance.now() - begin
  console.log(JSON.stringify({ milliseconds, resident: process.resourceUsage().maxRSS / 1024 }))
  await engine.close()`
const bare = `console.log(JSON.stringify({ milliseconds: 0, resident: process.resourceUsage().maxRSS / 1024 }))`

interface Sample {
  /** Of the import and what follows, and of the whole process. */
  readonly milliseconds: number
  readonly process: number
  /** The most that was resident, in MiB. */
  readonly resident: number
}

function run(code: string): Sample {
  const begin = performance.now()
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    encoding: 'utf8',
  })
  const whole = performance.now() - begin
  if (status !== 0) throw new Error(stderr)
  return { ...(JSON.parse(stdout) as { milliseconds: number; resident: number }), process: whole }
}

export function start(): void {
  const cases: [name: string, code: string][] = [
    ['bare Node', bare],
    ['W1, first step, 1 thread', program(1, 'threads: 1')],
    ['W1, first step, 1 thread, no worker', program(1, 'threads: 1, workers: false')],
    ['W1, first step, all threads', program(1, '')],
    ['W1, first step, strict build', program(1, "threads: 1, numerics: 'reproducible'")],
    ['W1, first step, wide', program(1, 'threads: 1, wide: true')],
    ['W1, 2,000 steps, 1 thread', program(2000, 'threads: 1')],
    ['W1, 2,000 steps, 1 thread, no worker', program(2000, 'threads: 1, workers: false')],
    ['W1, 2,000 steps, all threads', program(2000, '')],
  ]
  const samples = cases.map((): Sample[] => [])
  for (let turn = 0; turn < RUNS; turn++) for (const [i, [, code]] of cases.entries()) samples[i]?.push(run(code))
  const of = (i: number): Sample[] => samples[i] as Sample[]
  const beyond = (i: number, key: keyof Sample): number[] =>
    of(i).map((sample, turn) => sample[key] - (of(0)[turn] as Sample)[key])
  const rows = [['', 'import to end', 'process, beyond bare Node', 'spread', 'resident, beyond bare Node']]
  for (const [i, [name]] of cases.entries()) {
    const process = beyond(i, 'process')
    rows.push([
      name,
      text(median(of(i).map(({ milliseconds }) => milliseconds)), 'ms'),
      i === 0 ? '' : text(median(process), 'ms'),
      i === 0 ? '' : `${Math.round(100 * spread(process))} %`,
      i === 0 ? '' : text(median(beyond(i, 'resident')), 'MiB'),
    ])
  }
  console.log(`${table(rows)}\n`)
}
