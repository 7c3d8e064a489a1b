// The command as users run it: the built file in a folder of its own.
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parseSafetensors } from '../../src/io/safetensors.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const main = join(root, 'dist/bundle/main.js')
const digits = join(root, 'data/digits')

interface Run {
  readonly code: number | null
  readonly out: string
  readonly err: string
}
type Event = Readonly<Record<string, unknown>>

let folder = ''
beforeAll(() => {
  if (!existsSync(main)) throw new Error('dist/ is missing: npm run build')
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chainrule-cli-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Runs the command in `folder`; `watch` sees the output as it comes. */
function chainrule(args: string, watch?: (out: string, kill: (signal: NodeJS.Signals) => void) => void): Promise<Run> {
  const argv = args.split(' ').filter((part) => part !== '')
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...argv], { cwd: folder, env: { ...process.env, LANG: 'C.UTF-8' } })
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
      watch?.(out, (signal) => child.kill(signal))
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, out, err }))
  })
}

function eventsOf({ out }: Run): Event[] {
  return out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Event)
}

/** The digits in MNIST's file names. */
function asMnist(part = 'train'): string {
  const path = join(folder, 'mnist')
  mkdirSync(path, { recursive: true })
  cpSync(join(digits, 'digits-images-idx3-ubyte.gz'), join(path, `${part}-images-idx3-ubyte.gz`))
  cpSync(join(digits, 'digits-labels-idx1-ubyte.gz'), join(path, `${part}-labels-idx1-ubyte.gz`))
  return path
}

describe('chainrule', { timeout: 60_000 }, () => {
  test('trains on the digits and writes the model and the report', async () => {
    const run = await chainrule('--epochs 3')
    expect(run).toMatchObject({ code: 0, err: '' })
    expect(run.out.match(/^ epoch [123]\/3 .*accuracy +\d+\.\d\d %$/gm)).toHaveLength(3)
    expect(Number(/([\d.]+) % test accuracy/.exec(run.out)?.[1])).toBeGreaterThan(90)
    expect(run.out).toContain('Confusion matrix')
    expect(run.out).not.toContain('\x1b')
    expect(readdirSync(folder).sort()).toEqual(['model.safetensors', 'report.html'])

    const { tensors, metadata } = parseSafetensors(readFileSync(join(folder, 'model.safetensors')))
    const shapes = [...tensors].map(([name, { dtype, shape }]) => `${name} ${dtype} [${shape.join(', ')}]`)
    expect(shapes.sort()).toEqual([
      '0.bias F32 [512]',
      '0.weight F32 [512, 64]',
      '3.bias F32 [10]',
      '3.weight F32 [10, 512]',
    ])
    expect(metadata.get('format')).toBe('pt')
    expect(metadata.get('chainrule.command')).toContain('--epochs 3')
    const report = readFileSync(join(folder, 'report.html'), 'utf8')
    expect(report).toContain('test accuracy')
    for (const card of ['Learning rate', 'Norms of gradients', 'Norms of weights', 'Timeline of one step'])
      expect(report).toContain(card)
    expect(report.match(/<svg /g)).toHaveLength(6)
  })

  test('tells what a model file holds, and trains the same network again from it', async () => {
    expect(await chainrule('--epochs 1 --hidden 12 --no-report --quiet --out a.st')).toMatchObject({ code: 0 })
    const shown = await chainrule('inspect a.st')
    expect(shown).toMatchObject({ code: 0, err: '' })
    expect(shown.out).toMatch(/^ 0\.weight +F32 +\[12, 64\] +3\.0 KiB$/m)
    expect(shown.out).toMatch(/^ network +64-12-10, relu, dropout 0\.5$/m)
    const config = await chainrule('inspect a.st --config')
    expect(JSON.parse(config.out)).toMatchObject({ model: 'mlp', hidden: [12], epochs: 1, seed: 1 })
    writeFileSync(join(folder, 'run.json'), config.out)
    expect(await chainrule('train --config run.json --no-report --quiet --out b.st')).toMatchObject({ code: 0 })
    const hashes = ['a.st', 'b.st'].map((name) => {
      const { metadata } = parseSafetensors(readFileSync(join(folder, name)))
      return (JSON.parse(metadata.get('chainrule.results') as string) as { weightsHash: string }).weightsHash
    })
    expect(hashes[1]).toBe(hashes[0])
    const json = JSON.parse((await chainrule('inspect a.st --json')).out) as { tensors: unknown[]; bytes: number }
    expect(json.tensors).toHaveLength(4)
    expect(json.bytes).toBe(readFileSync(join(folder, 'a.st')).length)
  })

  test('trains a convolutional network', async () => {
    const run = await chainrule(
      '--model cnn --channels 8,16 --hidden 32 --epochs 8 --lr 0.01 --json --no-report --batch 32',
    )
    expect(run).toMatchObject({ code: 0, err: '' })
    const { metadata, tensors } = parseSafetensors(readFileSync(join(folder, 'model.safetensors')))
    expect(tensors.get('features.3.weight')?.shape).toEqual([16, 8, 3, 3])
    expect(tensors.get('head.0.weight')?.shape).toEqual([32, 64])
    expect(JSON.parse(metadata.get('chainrule.model') as string)).toMatchObject({ kind: 'cnn', image: [1, 8, 8] })
    expect(eventsOf(run).at(-1)?.['testAccuracy']).toBeGreaterThan(0.95)
  })

  test('trains on images that are changed each epoch, with normalized channels, the same for the same seed', async () => {
    const flags = '--model cnn --channels 4 --hidden 16 --epochs 3 --batch 50 --no-report --json'
    const changed = `${flags} --batch-norm --augment shift,flip,rotate:5,noise:0.1`
    const runs = [await chainrule(flags), await chainrule(changed), await chainrule(`${changed} --threads 1`)]
    for (const run of runs) expect(run).toMatchObject({ code: 0, err: '' })
    const [plain, one, two] = runs.map((run) => eventsOf(run).at(-1)?.['weightsHash'])
    expect(two).toBe(one)
    expect(one).not.toBe(plain)
    const { tensors, metadata } = parseSafetensors(readFileSync(join(folder, 'model.safetensors')))
    expect(tensors.get('features.1.running_var')?.shape).toEqual([4])
    expect(tensors.has('features.0.bias')).toBe(false)
    expect(metadata.get('chainrule.command')).toContain('--batch-norm --augment shift,flip,rotate:5,noise:0.1')
    const { out } = await chainrule(`evaluate model.safetensors ${asMnist()} --json`)
    expect(JSON.parse(out)).toMatchObject({ rows: 1797, accuracy: expect.any(Number) })
  })

  test('speaks JSON, one object a line, the result last', async () => {
    const run = await chainrule('--json --epochs 2 --no-report --out m.st --seed 3')
    expect(run).toMatchObject({ code: 0, err: '' })
    const events = eventsOf(run)
    expect(events[0]).toMatchObject({ event: 'start', network: '64-512-10, relu, dropout 0.5', parameters: 38410 })
    expect(events.filter(({ event }) => event === 'epoch')).toHaveLength(2)
    const steps = events.filter(({ event }) => event === 'step')
    expect(steps.length).toBeGreaterThan(0)
    for (const { loss, samplesPerSecond, step } of steps) {
      expect([loss, samplesPerSecond, step].every((value) => typeof value === 'number')).toBe(true)
    }
    expect(events.at(-1)).toEqual({
      event: 'done',
      wide: expect.any(Boolean),
      testAccuracy: expect.any(Number),
      trainSeconds: expect.any(Number),
      samplesPerSecond: expect.any(Number),
      threads: expect.any(Number),
      memoryBytes: expect.any(Number),
      numerics: 'fast',
      weightsHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      build: expect.stringMatching(/^(simd|relaxed)$/),
      steps: 90,
      epochs: 2,
      testLoss: expect.any(Number),
      seed: 3,
      interrupted: false,
      files: ['m.st'],
    })
    expect(readdirSync(folder)).toEqual(['m.st'])
  })

  test('learns the same weights on one thread and on three', async () => {
    const hashes = await Promise.all(
      [1, 3].map(async (threads) => {
        const flags = `--json --epochs 2 --threads ${threads} --out ${threads}.st --no-report`
        return eventsOf(await chainrule(flags)).at(-1)?.['weightsHash']
      }),
    )
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/)
    expect(hashes[1]).toBe(hashes[0])
    expect(readFileSync(join(folder, '1.st'))).toHaveLength(readFileSync(join(folder, '3.st')).length)
  })

  test('takes every kind of network and optimizer', async () => {
    for (const flags of [
      '--hidden none --optimizer sgd --schedule constant',
      '--hidden 64,32 --activation tanh --optimizer adam --l1 1e-6',
      '--activation gelu --weight-decay 0.1 --l2 1e-5 --numerics reproducible',
      '--activation silu --dropout 0',
      '--activation sigmoid --batch 7',
    ]) {
      const run = await chainrule(`--json --epochs 4 --no-report ${flags}`)
      expect(run, flags).toMatchObject({ code: 0, err: '' })
      expect(eventsOf(run).at(-1)?.['testAccuracy'], flags).toBeGreaterThan(0.9)
    }
  })

  test('gives the same curve by numeric and by analytic gradients', async () => {
    const curves = await Promise.all(
      ['numeric', 'analytic'].map(async (gradients) => {
        const flags = '--hidden 4 --activation tanh --epochs 2 --batch 512 --json --no-report'
        const events = eventsOf(await chainrule(`${flags} --gradients ${gradients} --out ${gradients}.st`))
        return events.filter(({ event }) => event === 'epoch').map(({ loss }) => loss as number)
      }),
    )
    const [numeric = [], analytic = []] = curves
    expect(numeric).toHaveLength(2)
    for (const [i, loss] of numeric.entries()) expect(Math.abs(loss / (analytic[i] as number) - 1)).toBeLessThan(1e-4)
    expect(numeric[1]).toBeLessThan(numeric[0] as number)
  })

  test('reads a folder of IDX files', async () => {
    const path = asMnist()
    const run = await chainrule(`--data ${path} --epochs 2 --json --no-report`)
    expect(run).toMatchObject({ code: 0, err: '' })
    expect(eventsOf(run)[0]).toMatchObject({ data: { name: 'mnist', trainSamples: 1438, testSamples: 359 } })
    asMnist('t10k')
    const both = await chainrule(`--data ${path} --epochs 1 --json --no-report`)
    expect(eventsOf(both)[0]).toMatchObject({ data: { trainSamples: 1797, testSamples: 1797 } })
  })

  test('draws over one line on a terminal only', async () => {
    expect((await chainrule('--epochs 1 --no-report')).out).not.toContain('\r')
  })

  test.each([
    [2, '--epohcs 3', /^error: --epohcs: unknown flag\. Did you mean --epochs\?\n$/],
    [2, '--lr 12abc', /^error: --lr: a bad value; expected a number above 0, received '12abc'\n$/],
    [2, 'trian', /Did you mean 'train'\?/],
    [1, '--data nowhere', /^error: nowhere: cannot be read: no such file or folder\n$/],
    [1, '--data .', /no IDX files; expected train-images-idx3-ubyte .* received an empty folder/],
    [1, '--out none/model.st', /^error: none\/model\.st: cannot write there: no such file or folder\n$/],
    [1, '--report none/r.html', /none\/r\.html: cannot write there/],
    [
      1,
      `train ${main}`,
      /not a folder of images; expected a folder of IDX or npy files\. Names of tables end in \.csv/,
    ],
    [2, '--out a --report a', /--report: is also the file of --out/],
    [1, '--epochs 1 --optimizer sgd --lr 1e30', /^error: step \d+: the training diverged; .* Use a smaller --lr/],
    [2, '--gradients numeric --hidden 2000', /too large for numeric gradients/],
  ])('ends with %i at %s, says why in one sentence, and writes nothing', async (code, flags, message) => {
    const run = await chainrule(flags)
    expect(run.code).toBe(code)
    expect(run.err).toMatch(message)
    expect(run.err.trimEnd().split('\n')).toHaveLength(1)
    expect(run.err).not.toMatch(/^ +at /m)
    expect(readdirSync(folder)).toEqual([])
  })

  test.each([
    ['truncated', (file: Buffer) => file.subarray(0, 20_000), /corrupt or truncated gzip data/],
    ['swapped for something else', () => Buffer.from('not an IDX file'), /wrong magic number at byte 0/],
    [
      'with a flipped bit',
      (file: Buffer) => file.map((byte, i) => (i === 30_000 ? byte ^ 4 : byte)),
      /gzip|magic|labels/,
    ],
  ])('refuses a data file %s', async (_, damage, message) => {
    const path = asMnist()
    const images = join(path, 'train-images-idx3-ubyte.gz')
    writeFileSync(images, damage(readFileSync(images)))
    const run = await chainrule(`--data ${path}`)
    expect(run.code).toBe(1)
    expect(run.err).toMatch(message)
    expect(run.err).toContain('train-images-idx3-ubyte.gz')
    expect(run.err).not.toMatch(/^ +at /m)
    expect(readdirSync(folder)).toEqual(['mnist'])
  })

  test('stops at a step end on Ctrl-C and keeps what was learnt', async () => {
    let sent = false
    const run = await chainrule('--epochs 100000 --json', (out, kill) => {
      if (sent || !out.includes('"event":"step"')) return
      sent = true
      kill('SIGINT')
    })
    expect(run).toMatchObject({ code: 130, err: '' })
    const done = eventsOf(run).at(-1)
    expect(done).toMatchObject({ event: 'done', interrupted: true, testAccuracy: expect.any(Number) })
    expect(readdirSync(folder).sort()).toEqual(['model.checkpoint.safetensors', 'model.safetensors', 'report.html'])
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('stopped before its last epoch')
  })

  test('ends by the signal where there is nothing to keep, and by its code where there is', async () => {
    const child = spawn(process.execPath, [main, 'check'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
    child.stdout.once('data', () => child.kill('SIGINT'))
    expect(await new Promise((resolve) => child.on('close', (_, signal) => resolve(signal)))).toBe('SIGINT')
    let sent = false
    const run = await chainrule('--epochs 100000 --json --no-report', (out, kill) => {
      if (sent || !out.includes('"event":"step"')) return
      sent = true
      kill('SIGTERM')
    })
    expect(run).toMatchObject({ code: 143, err: '' })
    expect(readdirSync(folder).sort()).toEqual(['model.checkpoint.safetensors', 'model.safetensors'])
  })

  test('ends quietly when its reader goes away', async () => {
    const run = await chainrule('--version', () => {})
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    expect(run).toEqual({ code: 0, out: `${version}\n`, err: '' })
    const code = await new Promise((resolve) => {
      const child = spawn(process.execPath, [main, '--epochs', '200', '--json'], { cwd: folder })
      child.stdout.once('data', () => child.stdout.destroy())
      child.on('close', resolve)
    })
    expect(code).toBe(0)
  })

  test('tells the memory of a run before it starts, and keeps to it', { timeout: 180_000 }, async () => {
    const path = asMnist()
    writeFileSync(join(folder, 'book.txt'), 'In the beginning there was a text, and it was short. '.repeat(40))
    cpSync(join(root, 'data/iris/iris.csv'), join(folder, 'iris.csv'))
    for (const job of [
      '--hidden 256',
      `train ${path} --model cnn --channels 8 --hidden 32 --batch 100`,
      `train ${path} --augment shift --hidden 32 --batch 90`,
      'train book.txt --context 16 --width 32 --layers 2 --heads 2',
      'train book.txt --context 16 --width 8 --layers 1 --heads 1 --batch 7 --patience 3',
      `train iris.csv --target species --patience 5`,
      `train iris.csv --target sepal_length --ignore species --batch 7 --threads 1`,
    ]) {
      const flags = `${job} --epochs 2 --json`
      const plan = JSON.parse((await chainrule(`${flags} --plan`)).out) as { bytes: number; listing: string }
      expect(plan.listing).toContain('gemm')
      expect(readdirSync(folder).sort()).toEqual(['book.txt', 'iris.csv', 'mnist'])
      const used = eventsOf(await chainrule(flags)).at(-1)?.['memoryBytes'] as number
      const threads = job.includes('--threads 1') ? '--threads 1' : ''
      const told = JSON.parse((await chainrule(`inspect model.safetensors --memory --json ${threads}`)).out) as Event
      expect(told['bytes'], job).toBe(plan.bytes)
      for (const file of ['model.safetensors', 'report.html']) rmSync(join(folder, file), { force: true })
      expect(used, job).toBeLessThanOrEqual(plan.bytes)
      expect(used, job).toBeGreaterThan(0.95 * plan.bytes)
    }
    // The model and a checkpoint know as much as the run did.
    const flags = '--hidden 16 --epochs 2 --no-report'
    expect(await chainrule(`${flags} --quiet --checkpoint ck`)).toMatchObject({ code: 0, err: '' })
    const plan = (await chainrule(`${flags} --plan --json`)).out
    expect((await chainrule('inspect model.safetensors --memory --json')).out).toBe(plan)
    const shown = await chainrule('inspect model.safetensors --program --memory')
    expect(shown.out).toBe((await chainrule(`${flags} --plan`)).out)
    expect((await chainrule('inspect ck --program')).out).toMatch(/One training step: \d+ instructions/)
    const memory = (await chainrule('inspect ck --memory')).out
    expect(memory).toMatch(/^ Memory: at most [\d.]+ MiB$/m)
    expect(memory).not.toContain('One training step')
    expect(await chainrule('inspect ck --memory --config')).toMatchObject({ code: 2 })
    expect((await chainrule('--plan')).out).toMatch(/Memory: at most [\d.]+ MiB/)
  })

  test('measures this machine', async () => {
    const run = await chainrule('bench --seconds 0.01 --json --threads 2')
    expect(run).toMatchObject({ code: 0, err: '' })
    const [start, ...cases] = eventsOf(run)
    expect(start).toMatchObject({ event: 'start', threads: 2, peakGflops: expect.any(Number) })
    expect(cases.length).toBeGreaterThan(6)
    for (const { name, rates } of cases) {
      expect(rates, String(name)).toHaveLength(2)
      for (const rate of rates as number[]) expect(rate, String(name)).toBeGreaterThan(0)
    }
  })

  test('describes this machine', async () => {
    const run = await chainrule('info --json')
    expect(run).toMatchObject({ code: 0, err: '' })
    expect(JSON.parse(run.out)).toMatchObject({
      runtime: `Node ${process.versions.node}`,
      threads: expect.any(Number),
      builds: { fast: expect.stringMatching(/^(simd|relaxed)$/), reproducible: 'simd' },
      binary: expect.any(Number),
    })
    expect((await chainrule('info')).out).toContain('reproducible')
  })

  test('checks operations and their gradients', async () => {
    const run = await chainrule('check --json --only tanh,argmax')
    expect(run).toMatchObject({ code: 0, err: '' })
    const [start, tanh, argmax, done] = eventsOf(run)
    expect(start).toMatchObject({ event: 'start', operations: 2, builds: expect.arrayContaining(['simd']) })
    expect(tanh).toMatchObject({ event: 'operation', name: 'tanh', ok: true, faults: [] })
    expect(tanh?.['difference']).toBeGreaterThan(0)
    expect(tanh?.['difference']).toBeLessThan(1e-6)
    expect(tanh?.['engine']).toBeLessThan(1)
    expect(argmax).toMatchObject({ name: 'argmax', why: 'piecewise constant', forward: 0, ok: true })
    expect(done).toMatchObject({ event: 'done', ok: true, wrong: 0 })
    expect((await chainrule('check --only softmax')).out).toMatch(/^ softmax .* ok$/m)

    const wrong = await chainrule('check --only softmx')
    expect(wrong).toMatchObject({ code: 2, out: '' })
    expect(wrong.err).toContain("--only: no such operation; received 'softmx'. Did you mean 'softmax'?")
  })

  test.each(['help', '--help', 'help train', 'train --help', 'info --help', 'check --help'])(
    'shows help for %s',
    async (args) => {
      const run = await chainrule(args)
      expect(run).toMatchObject({ code: 0, err: '' })
      expect(run.out).toMatch(/chainrule/)
    },
  )
})

describe('the defaults', { timeout: 60_000 }, () => {
  test('reach 97.5 % of the digits, as a mean of five seeds', async () => {
    const accuracies: number[] = []
    for (const seed of [1, 2, 3, 4, 5]) {
      const run = await chainrule(`--json --no-report --seed ${seed}`)
      accuracies.push(eventsOf(run).at(-1)?.['testAccuracy'] as number)
    }
    expect(accuracies.reduce((sum, value) => sum + value) / 5).toBeGreaterThanOrEqual(0.975)
  })
})
