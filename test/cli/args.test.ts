import { describe, expect, test } from 'vitest'
import { flagsOf, parseCommand } from '../../src/cli/args.ts'
import { helpText } from '../../src/cli/help.ts'
import { closest } from '../../src/cli/options.ts'
import { ArgumentError } from '../../src/errors.ts'
import { trainOptions } from './recorded.ts'

const plain = { columns: 100, live: false, color: false, unicode: true, write: () => {} }

describe('parseCommand', () => {
  test('takes train as the default command', () => {
    expect(parseCommand([])).toEqual(parseCommand(['train']))
    expect(parseCommand(['--epochs', '3'])).toEqual(parseCommand(['train', '--epochs=3']))
    expect(parseCommand([]).name).toBe('train')
  })

  test('resolves every value', () => {
    expect(trainOptions()).toEqual({
      data: undefined,
      hidden: [512],
      activation: 'relu',
      dropout: 0.5,
      optimizer: 'adamw',
      lr: 0.01,
      momentum: 0,
      weightDecay: 0.01,
      l1: 0,
      l2: 0,
      schedule: 'cosine',
      epochs: 40,
      batch: 32,
      seed: 1,
      threads: 'auto',
      numerics: 'fast',
      wide: true,
      gradients: 'analytic',
      out: 'model.safetensors',
      report: 'report.html',
      json: false,
      quiet: false,
    })
  })

  test('reads every flag', () => {
    const line =
      '--data d --hidden 128,64 --activation gelu --dropout .5 --optimizer sgd --lr 1e-2 --momentum 0 --weight-decay 0 ' +
      '--l1 1e-5 --l2 1e-4 --schedule constant --epochs 5 --batch 64 --seed 0 --threads 2 --numerics reproducible ' +
      '--no-wide --gradients numeric --out m --no-report --json -q'
    expect(trainOptions(...line.split(' '))).toEqual({
      data: 'd',
      hidden: [128, 64],
      activation: 'gelu',
      dropout: 0.5,
      optimizer: 'sgd',
      lr: 0.01,
      momentum: 0,
      weightDecay: 0,
      l1: 1e-5,
      l2: 1e-4,
      schedule: 'constant',
      epochs: 5,
      batch: 64,
      seed: 0,
      threads: 2,
      numerics: 'reproducible',
      wide: false,
      gradients: 'numeric',
      out: 'm',
      report: undefined,
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

  test.each([
    [['--version'], { name: 'version' }],
    [['-v'], { name: 'version' }],
    [['help'], { name: 'help', topic: undefined }],
    [['--help'], { name: 'help', topic: undefined }],
    [['help', 'train'], { name: 'help', topic: 'train' }],
    [['train', '--epochs', '3', '-h'], { name: 'help', topic: 'train' }],
    [['info', '--json'], { name: 'info', options: { json: true } }],
    [['info', '--help'], { name: 'help', topic: 'info' }],
    [['check'], { name: 'check', options: { only: undefined, json: false } }],
    [
      ['check', '--only', 'tanh,conv2d', '--json'],
      { name: 'check', options: { only: ['tanh', 'conv2d'], json: true } },
    ],
    [['check', '-h'], { name: 'help', topic: 'check' }],
    [['help', 'constructor'], { name: 'help', topic: undefined }],
  ])('understands %j', (argv, command) => {
    expect(parseCommand(argv)).toEqual(command)
  })

  test.each([
    ['--epohcs 3', /--epohcs: unknown flag\. Did you mean --epochs\?/],
    ['--learning-rate 1', /--learning-rate: unknown flag\. See 'chainrule help train'/],
    ['--__proto__ 1', /--__proto__: unknown flag/],
    ['--constructor', /--constructor: unknown flag/],
    ['-x', /-x: unknown flag/],
    ['trian', /'trian': no such command; expected train, info, check, help, version\. Did you mean 'train'\?/],
    ['info --epochs 3', /--epochs: unknown flag/],
    ['check --only', /--only: needs a value/],
    ['check --only a,,b', /--only: a bad value; expected names and commas/],
    ['train digits', /'digits': not understood; expected flags only/],
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
    ['--report r.html --no-report', /--report: contradicts --no-report/],
  ])('refuses %s', (line, message) => {
    const parse = (): unknown => parseCommand(line.split(' '))
    expect(parse).toThrow(ArgumentError)
    expect(parse).toThrow(message)
  })

  test('refuses a value of spaces', () => {
    expect(() => parseCommand(['--lr', ' '])).toThrow(/received ' '/)
    expect(() => parseCommand(['--epochs', ' 3'])).toThrow(/received ' 3'/)
  })

  test('shortens what it quotes', () => {
    expect(() => parseCommand(['--lr', 'x'.repeat(10_000)])).toThrow(/^.{1,200}$/)
  })
})

describe('help', () => {
  test('names every flag with its default, and fits 110 columns', () => {
    const text = helpText('train', '1.2.3', plain)
    for (const { usage, shown } of flagsOf('train')) {
      expect(text).toContain(usage)
      if (shown !== undefined) expect(text).toContain(`[${shown}]`)
    }
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(110)
  })

  test('shows only examples that parse', () => {
    const lines = helpText(undefined, '1.2.3', plain).split('\n')
    const examples = lines.filter((line) => /^ {2}chainrule( |$)/.test(line))
    expect(examples.length).toBeGreaterThan(4)
    for (const example of examples) expect(parseCommand(example.trim().split(' ').slice(1)).name).toBe('train')
  })

  test('tells flags apart by closeness', () => {
    expect(closest('treads', ['threads', 'train'])).toBe('threads')
    expect(closest('bacth', ['batch', 'data'])).toBe('batch')
    expect(closest('zzz', ['batch', 'data'])).toBeUndefined()
  })
})
