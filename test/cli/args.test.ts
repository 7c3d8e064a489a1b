import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TRAIN_SYNTAX } from '../../src/cli/args.ts'
import { planOf } from '../../src/cli/cli.ts'
import { flagsOf } from '../../src/cli/command.ts'
import { commands } from '../../src/cli/commands/index.ts'
import { helpOf, overview } from '../../src/cli/help.ts'
import { configOf } from '../../src/cli/run-config.ts'
import { ArgumentError, ChainruleError } from '../../src/errors.ts'
import { closest } from '../../src/options.ts'
import { trainOptions } from './recorded.ts'

const plain = { columns: 100, live: false, color: false, unicode: true, write: () => {} }

/** What a command line prints that only prints. */
async function printed(...argv: string[]): Promise<string> {
  let text = ''
  const out = { ...plain, write: (part: string) => void (text += part) }
  expect(await planOf(argv)({ out, err: out, signal: new AbortController().signal })).toBe(0)
  return text
}

describe('the flags of train', () => {
  test('resolves every value', () => {
    expect(trainOptions()).toEqual({
      job: 'image',
      data: undefined,
      model: 'mlp',
      hidden: [512],
      channels: [32, 64],
      batchNorm: false,
      augment: [],
      activation: 'relu',
      dropout: 0.5,
      target: undefined,
      task: 'auto',
      ignore: [],
      types: [],
      missing: [],
      holdOut: 0.2,
      patience: 30,
      tokenizer: 'characters',
      vocabulary: 512,
      context: 64,
      width: 128,
      layers: 4,
      heads: 4,
      clip: 0,
      optimizer: 'adamw',
      lr: 0.01,
      momentum: 0,
      weightDecay: 0.01,
      l1: 0,
      l2: 0,
      schedule: 'cosine',
      warmup: 0,
      epochs: 40,
      batch: 32,
      seed: 1,
      threads: 'auto',
      numerics: 'fast',
      wide: true,
      gradients: 'analytic',
      checkpoint: undefined,
      checkpointEvery: 1,
      tensorboard: undefined,
      out: 'model.safetensors',
      report: 'report.html',
      plan: false,
      json: false,
      quiet: false,
    })
  })

  test('reads every flag', () => {
    const line =
      '--data d --hidden 128,64 --activation gelu --dropout .5 --optimizer sgd --lr 1e-2 --momentum 0 --weight-decay 0 ' +
      '--l1 1e-5 --l2 1e-4 --schedule constant --epochs 5 --batch 64 --seed 0 --threads 2 --numerics reproducible ' +
      '--model cnn --channels 8 --batch-norm --augment shift:2,flip --warmup 7 --no-wide --checkpoint c --checkpoint-every 3 --tensorboard t --gradients numeric --out m --no-report --plan --json -q'
    expect(trainOptions(...line.split(' '))).toEqual({
      job: 'image',
      data: 'd',
      model: 'cnn',
      hidden: [128, 64],
      channels: [8],
      batchNorm: true,
      augment: ['shift:2', 'flip'],
      activation: 'gelu',
      dropout: 0.5,
      target: undefined,
      task: 'auto',
      ignore: [],
      types: [],
      missing: [],
      holdOut: 0.2,
      patience: 30,
      tokenizer: 'characters',
      vocabulary: 512,
      context: 64,
      width: 128,
      layers: 4,
      heads: 4,
      clip: 0,
      optimizer: 'sgd',
      lr: 0.01,
      momentum: 0,
      weightDecay: 0,
      l1: 1e-5,
      l2: 1e-4,
      schedule: 'constant',
      warmup: 7,
      epochs: 5,
      batch: 64,
      seed: 0,
      threads: 2,
      numerics: 'reproducible',
      wide: false,
      gradients: 'numeric',
      checkpoint: 'c',
      checkpointEvery: 3,
      tensorboard: 't',
      out: 'm',
      report: undefined,
      plan: true,
      json: true,
      quiet: true,
    })
  })

  test('gives each optimizer its own defaults', () => {
    expect(trainOptions('--optimizer', 'sgd')).toMatchObject({ lr: 0.1, momentum: 0.9, weightDecay: 0 })
    expect(trainOptions('--optimizer', 'adam')).toMatchObject({ lr: 0.01, momentum: 0, weightDecay: 0 })
  })

  test("takes 'none' for no hidden layer", () => {
    expect(trainOptions('--hidden', 'none').hidden).toEqual([])
  })

  test('gives each kind of network its own defaults', () => {
    expect(trainOptions('--model', 'cnn')).toMatchObject({
      hidden: [128],
      dropout: 0.3,
      epochs: 8,
      batch: 64,
      lr: 0.002,
    })
    expect(trainOptions('--model', 'cnn', '--optimizer', 'sgd').lr).toBe(0.1)
  })

  test('tells jobs apart by the name of the data, or is told', () => {
    for (const name of ['a.jsonl', 'a.ndjson.gz', 'a.parquet', 'a.arrow', 'a.feather'])
      expect(trainOptions(name).job, name).toBe('table')
    expect(trainOptions('a.txt').patience).toBe(3)
    expect(trainOptions('a.CSV', '--target', 'y')).toMatchObject({
      job: 'table',
      model: 'mlp',
      hidden: [32],
      target: 'y',
    })
    expect(trainOptions('a/b.tsv.gz').job).toBe('table')
    expect(trainOptions('a.txt')).toMatchObject({ job: 'text', model: 'transformer', clip: 1, lr: 0.003, dropout: 0.1 })
    expect(trainOptions('a.csv', '--job', 'text').job).toBe('text')
    expect(trainOptions('./mnist').job).toBe('image')
  })

  test('takes the data by flag or without', () => {
    expect(trainOptions('./mnist')).toEqual(trainOptions('--data', './mnist'))
    expect(trainOptions('--', '--odd')).toMatchObject({ data: '--odd' })
  })
})

describe('a configuration file', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'chainrule-config-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))
  const file = (content: string): string => {
    const path = join(folder, 'run.json')
    writeFileSync(path, content)
    return path
  }

  test('stands for flags, and flags win', () => {
    const json = '{"epochs": 3, "hidden": [32, 16], "dropout": "0.25", "no-report": true, "quiet": false, "data": "d"}'
    const path = file(json)
    expect(trainOptions('--config', path)).toEqual(
      trainOptions('d', '--epochs', '3', '--hidden', '32,16', '--dropout', '.25', '--no-report'),
    )
    expect(trainOptions('--config', path, '--epochs', '9').epochs).toBe(9)
    expect(trainOptions('--config', file('{"hidden": []}')).hidden).toEqual([])
    expect(trainOptions('--config', file('\uFEFF{}'))).toEqual(trainOptions())
  })

  test('says what a run followed from', () => {
    for (const line of [
      't.csv --target y --ignore a,b --task number --optimizer adam',
      'x.txt --tokenizer bpe --heads 2',
    ]) {
      const options = trainOptions(...line.split(' '))
      expect(trainOptions('--config', file(JSON.stringify(configOf(options))))).toEqual(options)
    }
    const options = trainOptions('d', '--model', 'cnn', '--optimizer', 'sgd', '--l1', '1e-6', '--hidden', 'none')
    expect(trainOptions('--config', file(JSON.stringify(configOf(options))))).toEqual(options)
  })

  test.each([
    ['{"epohcs": 3}', /'epohcs': unknown key\. Did you mean 'epochs'\?/],
    ['{"__proto__": 1}', /'__proto__': unknown key/],
    ['{"constructor": 1}', /'constructor': unknown key/],
    ['{"config": "x"}', /'config': unknown key/],
    ['{"help": true}', /'help': unknown key/],
    ['{"epochs": "3x"}', /epochs: a bad value; expected a whole number from 1/],
    ['{"epochs": 1.5}', /epochs: a bad value/],
    ['{"epochs": null}', /epochs: a bad value; expected N, received null/],
    ['{"epochs": 1e400}', /epochs: a bad value/],
    ['{"json": 1}', /json: a bad value; expected true or false, received 1/],
    ['{"hidden": [{}]}', /hidden: a bad value/],
    ['{"data": {"a": 1}}', /data: a bad value; expected DIR, received an object/],
    ['[]', /no configuration; expected an object .* received a list/],
    ['{', /run\.json: no JSON/],
    ['"x"', /no configuration/],
  ])('is refused where it is %s', (content, message) => {
    const path = file(content)
    expect(() => trainOptions('--config', path)).toThrow(message)
    expect(() => trainOptions('--config', path)).toThrow(ChainruleError)
  })

  test('that is not there is an error', () => {
    expect(() => trainOptions('--config', join(folder, 'none.json'))).toThrow(
      /none\.json: cannot be read: no such file/,
    )
  })
})

describe('the command line', () => {
  test.each([
    [['--version'], /^\d+\.\d+\.\d+\n$/],
    [['-v'], /^\d+\.\d+\.\d+\n$/],
    [['help'], /Commands/],
    [['--help'], /Commands/],
    [['help', 'train'], /Usage {2}chainrule train \[DATA\] \[flags\]/],
    [['train', '--epohcs', '3', '-h'], /Usage {2}chainrule train/],
    [['--epochs', '3', '--help'], /Usage {2}chainrule train/],
    [['info', '--help'], /Usage {2}chainrule info \[flags\]/],
    [['inspect', '-h'], /Usage {2}chainrule inspect FILE \[flags\]/],
  ])('prints what %j asks for', async (argv, text) => {
    expect(await printed(...argv)).toMatch(text)
  })

  test.each([
    ['--epohcs 3', /--epohcs: unknown flag\. Did you mean --epochs\?/],
    ['--learning-rate 1', /--learning-rate: unknown flag\. Did you mean --lr\?/],
    ['--zzz 1', /--zzz: unknown flag\. See 'chainrule help train'/],
    ['--__proto__ 1', /--__proto__: unknown flag/],
    ['--constructor', /--constructor: unknown flag/],
    ['-x', /-x: unknown flag/],
    ['trian', /'trian': no such command; expected train, .*info, help, version\. Did you mean 'train'\?/],
    ['info --epochs 3', /--epochs: unknown flag/],
    ['flowers.csv', /no such command; .* Did you mean 'chainrule train flowers\.csv'\?/],
    ['help trian', /Did you mean 'train'/],
    ['train a b', /'b': not understood; expected 'chainrule train DATA' and flags/],
    ['train a --data b', /--data: the data were named before; received 'a'/],
    ['info now', /'now': not understood; expected flags only after 'info'/],
    ['inspect', /chainrule inspect: FILE is missing; expected a safetensors file/],
    ['check --only', /--only: needs a value/],
    ['check --only a,,b', /--only: a bad value; expected names and commas/],
    ['help constructor', /no such command/],
    ['--checkpoint-every 3', /--checkpoint-every: needs --checkpoint/],
    ['resume', /chainrule resume: CHECKPOINT is missing/],
    ['generate m --temperature -1', /--temperature: a bad value/],
    ['predict m', /DATA is missing/],
    ['--target x', /--target: only tables take it; received images/],
    ['--job table --target x', /--job: tables need DATA/],
    ['--channels 8', /--channels: only a cnn takes it/],
    ['--model cmm', /--model: a bad value; expected mlp, cnn, received 'cmm'/],
    ['--lr', /--lr: needs a value/],
    ['--lr --epochs', /--lr: a bad value; expected a number above 0, received '--epochs'/],
    ['--lr 0', /--lr: a bad value/],
    ['--lr -1', /--lr: a bad value/],
    ['--lr 0x10', /received '0x10'/],
    ['--lr 12abc', /received '12abc'/],
    ['--lr NaN', /received 'NaN'/],
    ['--lr Infinity', /received 'Infinity'/],
    ['--lr 1e999', /received '1e999'/],
    ['--lr=', /received an empty text/],
    ['--lr 1,5', /received '1,5'/],
    ['--lr ١', /received '١'/],
    ['--epochs 0', /expected a whole number from 1 to 1000000, received '0'/],
    ['--epochs 1.5', /received '1.5'/],
    ['--epochs 1e3', /received '1e3'/],
    ['--epochs 99999999999999999999', /--epochs: a bad value/],
    ['--seed -1', /--seed: a bad value/],
    ['--threads 0', /expected a whole number from 1 to 64/],
    ['--threads many', /received 'many'/],
    ['--dropout 1', /expected a number from 0 and below 1/],
    [
      '--momentum 0.9',
      /--momentum: only sgd takes it, received --optimizer adamw|--momentum: only sgd takes it; received/,
    ],
    ['--hidden 128,', /--hidden: a bad value; .* received an empty text/],
    ['--hidden 128,-1', /received '-1'/],
    ['--hidden 0', /received '0'/],
    ['--activation Relu', /expected relu, tanh, sigmoid, gelu, silu, received 'Relu'/],
    ['--optimizer constructor', /--optimizer: a bad value/],
    ['--out=', /--out: a bad value; expected a path/],
    ['--json=yes', /--json: takes no value/],
    ['--augment shift:-1', /--augment: a bad value; expected some of shift/],
    ['--augment noise:1e9', /received 'noise:1e9'/],
    ['--augment flip:2', /received 'flip:2'/],
    ['--augment rotat', /Did you mean 'rotate'\?/],
    ['--augment constructor', /--augment: a bad value/],
    ['--batch-norm', /--batch-norm: only a cnn takes it/],
    ['train t.csv --types a:b', /--types: a bad value; expected COLUMN:number or COLUMN:category/],
    ['train t.csv --types :number', /received ':number'/],
    ['train t.csv --missing ,', /--missing: a bad value/],
    ['train t.csv --augment flip', /--augment: only images take it/],
    ['--report r.html --no-report', /--report: contradicts --no-report/],
  ])('refuses %s', (line, message) => {
    const parse = (): unknown => planOf(line.split(' '))
    expect(parse).toThrow(ArgumentError)
    expect(parse).toThrow(message)
  })

  test('refuses a value of spaces', () => {
    expect(() => planOf(['--lr', ' '])).toThrow(/received ' '/)
    expect(() => planOf(['--epochs', ' 3'])).toThrow(/received ' 3'/)
  })

  test('shortens what it quotes', () => {
    expect(() => planOf(['--lr', 'x'.repeat(10_000)])).toThrow(/^.{1,200}$/)
  })
})

describe('help', () => {
  test('names every flag with its default, and fits 110 columns', () => {
    for (const command of commands) {
      const text = helpOf(command, plain)
      for (const { usage, shown } of flagsOf(command)) {
        expect(text).toContain(usage)
        if (shown !== undefined) expect(text).toContain(`[${shown}]`)
      }
      for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(110)
    }
    expect(helpOf(commands[0], plain)).toContain(TRAIN_SYNTAX.positionals[0]?.help)
  })

  test('lists every command', () => {
    const text = overview(commands, '1.2.3', plain)
    for (const { name, summary } of commands) expect(text).toContain(`${name.padEnd(16)}${summary}`)
    for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(110)
  })

  test('shows only examples that parse, at least one a command', () => {
    for (const { name, examples } of commands) {
      expect(examples.length, name).toBeGreaterThan(0)
      for (const { line } of examples) {
        // Files that examples name need not be there.
        const words = line.split(' ').slice(1)
        const at = words.indexOf('--config')
        if (at >= 0 && words[at + 1]?.endsWith('.json')) words.splice(at, 2)
        expect(() => planOf(words), line).not.toThrow()
      }
    }
  })

  test('tells flags apart by closeness', () => {
    expect(closest('treads', ['threads', 'train'])).toBe('threads')
    expect(closest('bacth', ['batch', 'data'])).toBe('batch')
    expect(closest('zzz', ['batch', 'data'])).toBeUndefined()
  })
})
