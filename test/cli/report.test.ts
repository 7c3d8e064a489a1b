import { inflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { html, Markup } from '../../src/cli/report/html.ts'
import { reportPage } from '../../src/cli/report/page.ts'
import { grayPng } from '../../src/cli/report/png.ts'
import { command } from '../../src/cli/run-config.ts'
import { unclosed } from './markup.ts'
import { result, trainOptions } from './recorded.ts'

describe('reportPage', () => {
  const page = reportPage(result)

  test('shows the result, both curves, the matrix, the mistakes and the configuration', () => {
    for (const part of [
      '98.33 %',
      '48,747',
      'Loss',
      'Accuracy',
      'Confusion matrix',
      'Mistakes',
      'adamw',
      'Some CPU @ 2.50 GHz',
    ]) {
      expect(page).toContain(part)
    }
    expect(page).toContain(result.weightsHash)
    expect(page.match(/<svg /g)).toHaveLength(2)
    expect(page.match(/<td class="(hit|miss|none)/g)).toHaveLength(100)
    expect(page.match(/<img /g)).toHaveLength(result.mistakes.length)
  })

  test('asks nobody for anything and runs nothing', () => {
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`)
    expect(page).not.toMatch(/<script|<link|<iframe|@import|url\(/i)
    expect(page.match(/(?:src|href)="[^"]*"/g)?.every((link) => link.startsWith('src="data:image/png;base64,'))).toBe(
      true,
    )
  })

  test('is well-formed', () => {
    expect(unclosed(page)).toEqual([])
    expect(page).not.toMatch(/undefined|NaN|\[object/)
  })

  test('stays small whatever the number of steps', () => {
    const losses = Float32Array.from({ length: 200_000 }, (_, i) => 1 / (i + 1))
    expect(reportPage({ ...result, losses, stepsPerEpoch: 10_000 }).length).toBeLessThan(150_000)
  })

  test('escapes all text', () => {
    const evil = '"><script>alert(1)</script>&\''
    const options = { ...result.options, data: evil }
    const text = reportPage({ ...result, options, machine: evil, data: { ...result.data, name: evil } })
    expect(text).not.toContain('<script')
    expect(text).toContain('&#34;&#62;&#60;script&#62;alert(1)&#60;/script&#62;&#38;&#39;')
    expect(unclosed(text)).toEqual([])
  })

  test('copes with what may be missing', () => {
    const bare = { ...result, epochs: [], losses: [1], mistakes: [] }
    expect(unclosed(reportPage(bare))).toEqual([])
    const stopped = reportPage({ ...result, reason: 'stopped', losses: [Number.NaN, 1] })
    expect(stopped).toContain('stopped before its last epoch')
    expect(unclosed(stopped)).toEqual([])
  })

  test('shows what was reached with numbers and with text', () => {
    const numbers = { kind: 'number' as const, rows: 9, loss: 0.1, rmse: 2.5, mae: 2, r2: 0.875, column: 'price <b>' }
    const page = reportPage({ ...result, test: numbers, mistakes: [] })
    for (const part of ['0.8750 R2 on test rows', 'Test of price &#60;b&#62;', '2.5</td>']) expect(page).toContain(part)
    expect(unclosed(page)).toEqual([])
    const text = {
      kind: 'text' as const,
      rows: 9,
      loss: 1.5,
      perplexity: 4.48,
      perCharacter: 1.5,
      sample: 'We <the> people',
    }
    const prose = reportPage({ ...result, test: text, mistakes: [] })
    for (const part of ['1.5000 nats a character', 'We &#60;the&#62; people']) expect(prose).toContain(part)
    expect(prose).not.toContain('Confusion')
    expect(unclosed(prose)).toEqual([])
  })

  test('lists the worst pairs of very many classes', () => {
    const counts = new Int32Array(100 * 100)
    counts[7 * 100 + 9] = 3
    const names = Array.from({ length: 100 }, (_, k) => `<${k}>`)
    const test = { kind: 'classes' as const, rows: 3, loss: 1, accuracy: 0, confusion: { classes: 100, counts }, names }
    const page = reportPage({ ...result, test })
    expect(page).toContain('&#60;7&#62; taken for &#60;9&#62;')
    expect(page).not.toContain('class="matrix')
  })
})

describe('command', () => {
  test('gives the same options when it is run', () => {
    const lines = [
      '',
      '--optimizer sgd --l1 1e-6 --dropout 0.25 --hidden none',
      '--gradients numeric --numerics reproducible',
      't.csv --target y --ignore a,b --hold-out 0.3 --patience 5 --clip 1',
      't.tsv --target y --task classes --optimizer sgd --lr 0.5',
      'book.md --tokenizer bpe --vocabulary 300 --layers 2 --dropout 0',
      'data --job table --target y --epochs 7',
      './mnist --model cnn --channels 8,16 --optimizer adam --schedule constant --warmup 3',
    ]
    for (const line of lines) {
      const options = trainOptions(...line.split(' ').filter((part) => part !== ''))
      const [, , ...argv] = command(options).split(' ')
      expect(trainOptions(...argv)).toEqual(options)
    }
  })

  test('quotes for the shell', () => {
    expect(command(trainOptions('--data', "it's here"))).toBe(`chainrule train 'it'\\''s here' --seed 1`)
  })
})

describe('html', () => {
  test('escapes values, not markup', () => {
    expect(html`<a title="${'"<'}">${new Markup('<b>')}${[html`<i>`, 'x&y']}${1}</a>`.text).toBe(
      '<a title="&#34;&#60;"><b><i>x&#38;y1</a>',
    )
  })
})

test('grayPng writes a picture with the right pixels', () => {
  const png = Buffer.from(grayPng([0, 1, 0.5, 2, -1, 0.2], 2, 3).replace('data:image/png;base64,', ''), 'base64')
  expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n')
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([3, 2])
  const length = png.readUInt32BE(33)
  expect(png.subarray(37, 41).toString()).toBe('IDAT')
  expect([...inflateSync(png.subarray(41, 41 + length))]).toEqual([0, 0, 255, 128, 0, 255, 0, 51])
})
