// Tables and text from the command line: the built file in a folder of its own.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { Table as ArrowTable, tableToIPC, vectorFromArray } from 'apache-arrow'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { encodeNpy } from '../../src/io/npy.ts'
import { encodeSafetensors, parseSafetensors } from '../../src/io/safetensors.ts'
import { unclosed } from './markup.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const main = join(root, 'dist/bundle/main.js')
const iris = join(root, 'data/iris/iris.csv')

interface Run {
  readonly code: number
  readonly out: string
  readonly err: string
}

let folder = ''
beforeAll(() => {
  if (!existsSync(main)) throw new Error('dist/ is missing: npm run build')
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chainrule-jobs-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function chainrule(...argv: string[]): Promise<Run> {
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...argv], { cwd: folder }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    )
  })
}
const line = (text: string): Promise<Run> => chainrule(...text.split(' '))
const write = (name: string, content: string | Uint8Array): void => writeFileSync(join(folder, name), content)
const last = ({ out }: Run): Record<string, unknown> => JSON.parse(out.trimEnd().split('\n').at(-1) as string)

describe('a table', { timeout: 60_000 }, () => {
  test('of classes is learnt without code, and its model takes raw rows', async () => {
    const run = await chainrule('train', iris, '--target', 'species')
    expect(run).toMatchObject({ code: 0, err: '' })
    expect(run.out).toMatch(
      /iris\.csv: 96 rows, 24 to watch, 30 for testing, 4 columns as 4 inputs, 3 classes of species/,
    )
    expect(run.out).toMatch(/^ versicolor +[\d.]+ % +[\d.]+ % +[\d.]+ % +10$/m)
    expect(Number(/([\d.]+) % test accuracy/.exec(run.out)?.[1])).toBeGreaterThan(85)
    expect(readdirSync(folder).sort()).toEqual(['model.safetensors', 'report.html'])
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('versicolor')

    const rows = readFileSync(iris, 'utf8').split('\n')
    write('rows.csv', `${rows[0]}\n${rows[1]}\n${rows[101]}\n`)
    const csv = await line('predict model.safetensors rows.csv')
    expect(csv).toMatchObject({ code: 0, err: '' })
    expect(csv.out).toMatch(/^species,confidence\nsetosa,[\d.]+\nvirginica,[\d.]+\n$/)
    // The answer need not be there, and the order of the columns does not matter.
    write('bare.csv', `petal_width,petal_length,sepal_width,sepal_length\n0.2,1.4,3.5,5.1\n`)
    const bare = await line('predict model.safetensors bare.csv --json --probabilities')
    expect(JSON.parse(bare.out)).toMatchObject({ species: 'setosa', probabilities: { setosa: expect.any(Number) } })
    const file = await line('predict model.safetensors rows.csv --out answers.csv')
    expect(file.out).toMatch(/2 predictions {2}answers\.csv/)
    expect(readFileSync(join(folder, 'answers.csv'), 'utf8')).toBe(csv.out)

    const evaluated = await chainrule('evaluate', 'model.safetensors', iris, '--json')
    expect(JSON.parse(evaluated.out)).toMatchObject({ kind: 'classes', rows: 150, accuracy: expect.any(Number) })
    expect((await chainrule('evaluate', 'model.safetensors', iris)).out).toMatch(/ % accuracy {3}150 rows of/)
  })

  test('of JSON lines, Parquet or Arrow is learnt as the same one of CSV', async () => {
    const [head = '', ...lines] = readFileSync(iris, 'utf8').trim().split('\n')
    const names = head.split(',')
    const rows = lines.map((row) => row.split(',').map((cell, i) => (i < 4 ? Number(cell) : cell)))
    const column = (k: number): unknown[] => rows.map((row) => row[k])
    const objects = rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i]])))
    write('iris.jsonl', objects.map((row) => JSON.stringify(row)).join('\n'))
    const columnData = names.map((name, k) => ({
      name,
      data: column(k),
      type: k < 4 ? ('DOUBLE' as const) : ('STRING' as const),
    }))
    write('iris.parquet', new Uint8Array(parquetWriteBuffer({ columnData })))
    const vectors = names.map((name, k) => [name, vectorFromArray(column(k) as number[])] as const)
    write('iris.arrow', tableToIPC(new ArrowTable(Object.fromEntries(vectors)), 'file'))
    const train = async (path: string): Promise<unknown> => {
      const run = await chainrule('train', path, ...'--target species --epochs 4 --json --no-report'.split(' '))
      expect(run, path).toMatchObject({ code: 0, err: '' })
      return last(run)['weightsHash']
    }
    const hash = await train(iris)
    for (const path of ['iris.jsonl', 'iris.parquet', 'iris.arrow']) {
      expect(await train(path), path).toBe(hash)
      const { out } = await chainrule('predict', 'model.safetensors', path)
      expect(out, path).toBe((await chainrule('predict', 'model.safetensors', iris)).out)
    }
    write('bad.parquet', 'PAR1')
    expect(await line('train bad.parquet --target species')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^error: bad\.parquet: no Parquet file, or a damaged one/),
    })
  })

  test('says what its columns are where their content misleads, in flags', async () => {
    const rows = Array.from(
      { length: 60 },
      (_, i) => `${i === 9 ? 'none' : i % 10},${1 + (i % 3)},${i % 2 === 0 ? 'a' : 'b'}`,
    )
    write('t.csv', `x,zip,kind\n${rows.join('\n')}\n`)
    const flags = '--target kind --epochs 2 --no-report'
    const refused = await line(`train t.csv ${flags}`)
    expect(refused.code).toBe(1)
    expect(refused.err).toMatch(/column "x", row 11: not a number; .* use --missing none; .* --types x:category\.\n$/)
    expect(await line(`train t.csv ${flags} --missing none,- --types zip:category`)).toMatchObject({ code: 0, err: '' })
    const unknown = await line(`train t.csv ${flags} --missing none,- --types nosuch:category`)
    expect(unknown).toMatchObject({ code: 2 })
    expect(unknown.err).toMatch(/--types: no column "nosuch" in t.csv; expected "/)
    expect(JSON.parse((await line('inspect model.safetensors --config')).out)).toMatchObject({
      missing: ['none', '-'],
      types: ['zip:category'],
    })
    // Both are kept with the model.
    write('new.csv', 'x,zip\nnone,1\n-,7\n')
    expect((await line('predict model.safetensors new.csv')).out.trim().split('\n')).toHaveLength(3)
    write('new.csv', 'x,zip\nodd,1\n')
    const wrong = await line('predict model.safetensors new.csv')
    expect(wrong.err).toMatch(/use --missing odd\.\n$/)
    expect(await line('predict model.safetensors new.csv --missing odd')).toMatchObject({ code: 0 })
    const few = rows.map((row, i) => (i % 10 === 9 ? row.replace(/^\w+/, 'unknown') : row))
    write('t.csv', `x,zip,kind\n${few.join('\n')}\n`)
    expect((await line(`train t.csv ${flags}`)).out).toContain(
      'Column "x" is taken for categories, as "unknown" is no number (--missing unknown, --types x:category).',
    )
  })

  test('shows sample rows in the report, of numbers also beside the truth', async () => {
    const rows = Array.from({ length: 80 }, (_, i) => `${i % 9},${['a', '<b>'][i % 2]},${3 * (i % 9) + (i % 2)}`)
    write('t.csv', `x,kind,y\n${rows.join('\n')}\n`)
    for (const [target, cards] of [
      ['y', ['Predicted and true', 'Sample predictions', '16 of 16 test rows', '<td>&#60;b&#62;</td>']],
      ['kind', ['Confusion matrix', 'Sample predictions', '<th>confidence</th>']],
    ] as const) {
      expect(await line(`train t.csv --target ${target} --task auto --epochs 3 --quiet`)).toMatchObject({ code: 0 })
      const page = readFileSync(join(folder, 'report.html'), 'utf8')
      for (const part of cards) expect(page).toContain(part)
      expect(unclosed(page)).toEqual([])
    }
  })

  test('of 150 flowers is told apart in 95 % of rows it never saw, as a mean of five seeds', async () => {
    let sum = 0
    for (const seed of ['1', '2', '3', '4', '5'])
      sum += last(await chainrule('train', iris, '--target', 'species', '--json', '--no-report', '--seed', seed))[
        'testAccuracy'
      ] as number
    expect(sum / 5).toBeGreaterThanOrEqual(0.95)
  })

  test('is shown to TensorBoard while it is learnt', async () => {
    const flags = ['--target', 'species', '--epochs', '4', '--no-report', '--quiet', '--tensorboard', 'board']
    expect(await chainrule('train', iris, ...flags)).toMatchObject({ code: 0, err: '' })
    const [file = ''] = readdirSync(join(folder, 'board'))
    const tags = readFileSync(join(folder, 'board', file)).toString('latin1')
    for (const tag of ['train/loss', 'train/learning rate']) expect(tags).toContain(tag)
    for (const tag of ['validation/loss', 'validation/accuracy']) expect(tags.split(tag).length - 1).toBe(4)
  })

  test('gives the same network for the same seed, on any number of threads', async () => {
    const hashes = await Promise.all(
      [1, 2].map(async (threads) => {
        const flags = ['--target', 'species', '--epochs', '5', '--threads', String(threads), '--json', '--no-report']
        return last(await chainrule('train', iris, ...flags, '--out', `${threads}.st`))['weightsHash']
      }),
    )
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/)
    expect(hashes[1]).toBe(hashes[0])
  })

  test('of numbers is learnt in their own unit, packed, with gaps and categories', async () => {
    let state = 1
    const random = (): number => (state = (state * 48271) % 2147483647) / 2147483647
    const rows = Array.from({ length: 400 }, (_, i) => {
      const [size, city] = [20 + 100 * random(), ['Rome', 'Oslo', 'a "b", c'][i % 3] as string]
      const price = 1000 * size + ([50_000, 0, 90_000][i % 3] as number) + 2000 * random()
      return `${i % 50 === 7 ? '' : size.toFixed(3)};"${city.replaceAll('"', '""')}";${i === 9 ? 'NA' : price.toFixed(2)}`
    })
    write('homes.csv.gz', gzipSync(`size;city;price\n${rows.join('\n')}\n`))
    const run = await line('train homes.csv.gz --target price --no-report --json')
    expect(run).toMatchObject({ code: 0, err: '' })
    expect(run.out).toContain('1 row has no target')
    const done = last(run)
    expect(done['testR2']).toBeGreaterThan(0.9)
    expect(done['testRmse']).toBeGreaterThan(1000)
    expect(done['testRmse']).toBeLessThan(20_000)
    write('new.csv', 'city,size\n"a ""b"", c",100\nRome,100\nOslo,100\nBern,\n')
    const { out } = await line('predict model.safetensors new.csv')
    const [head, ...prices] = out.trimEnd().split('\n')
    expect(head).toBe('price')
    expect(prices).toHaveLength(4)
    const [a = 0, rome = 0, oslo = 0] = prices.map(Number)
    expect(Math.abs(rome - 151_000)).toBeLessThan(15_000)
    expect(a).toBeGreaterThan(rome)
    expect(rome).toBeGreaterThan(oslo)
    expect((await line('predict model.safetensors new.csv --probabilities')).err).toMatch(/only classes have them/)
  })

  test('with classes of very few rows keeps those for training', async () => {
    const rows = Array.from({ length: 40 }, (_, i) => `${i % 7},${i % 2 === 0 ? 'a' : 'b'}`)
    write('t.csv', `x,kind\n${[...rows, '9,rare', '9,rare'].join('\n')}\n`)
    const run = await line('train t.csv --target kind --epochs 3 --json --no-report')
    expect(run).toMatchObject({ code: 0, err: '' })
    expect(JSON.parse(run.out.split('\n')[0] as string).data.classes).toEqual(['a', 'b', 'rare'])
  })

  test.each([
    [2, '', 'x,y\n1,a\n2,b\n', /--target: no column was named .*; expected "x", "y"/],
    [2, '--target z', 'x,y\n1,a\n2,b\n', /no such column in t\.csv; expected "x", "y", received "z"/],
    [1, '--target y', 'x,y\n1,a\n2\n', /t\.csv: row 3: too few fields; expected 2/],
    [1, '--target y', 'x,y\n1,"a\n', /t\.csv/],
    [1, '--target y', 'x,x\n1,a\n', /two columns are named "x"/],
    [1, '--target y', 'x,y\n', /no rows/],
    [1, '--target y', '', /t\.csv/],
    [1, '--target y', `x,y\n${'1,a\n2,b\n'.repeat(20)}3x,a\n`, /column "x", row 42: not a number/],
    [1, '--target y', `x,y\n${'1,a\n'.repeat(20)}`, /one value alone/],
    [2, '--target y --ignore q', 'x,y\n1,a\n2,b\n', /--ignore: no such column/],
    [1, '--target y', `x,y\n1,\xff\n`, /t\.csv/],
    [2, '--target y --model cnn', 'x,y\n1,a\n', /--model: only images take it/],
    [2, '--target y --context 5', 'x,y\n1,a\n', /--context: only text take/],
    [1, '--target y', 'x,y\n1,a\n2,b\n', /too few rows to hold any out; .*\(--hold-out\)/],
    [2, '--target y --types x', 'x,y\n1,a\n2,b\n', /--types: a bad value; expected COLUMN:number or COLUMN:category/],
  ])('ends with %i and %s where it is %j, and nothing is written', async (code, flags, content, message) => {
    write('t.csv', Buffer.from(content, 'latin1'))
    const run = await line(`train t.csv ${flags}`.trim())
    expect(run.code).toBe(code)
    expect(run.err).toMatch(message)
    expect(run.err.trimEnd().split('\n')).toHaveLength(1)
    expect(readdirSync(folder)).toEqual(['t.csv'])
  })
})

describe('a model file', { timeout: 60_000 }, () => {
  test('that is damaged is refused in one sentence', async () => {
    await chainrule('train', iris, '--target', 'species', '--epochs', '1', '--no-report')
    const path = join(folder, 'model.safetensors')
    const { tensors, metadata } = parseSafetensors(readFileSync(path))
    const spec = JSON.parse(metadata.get('chainrule.model') as string) as { sizes: number[] }
    const preprocessing = JSON.parse(metadata.get('chainrule.preprocessing') as string) as { kind: string }
    const changed: [string, Record<string, string>, RegExp][] = [
      ['no metadata', {}, /not a model of the chainrule command/],
      ['no JSON', { 'chainrule.model': '{' }, /chainrule\.model: no JSON/],
      ['another kind', { 'chainrule.model': '{"kind":"__proto__"}' }, /kind: malformed metadata; expected mlp, cnn/],
      [
        'other sizes',
        { 'chainrule.model': JSON.stringify({ ...spec, sizes: [4, 8, 3] }) },
        /its tensors are not those/,
      ],
      ['a size too much', { 'chainrule.model': JSON.stringify({ ...spec, sizes: [4, 1e99, 3] }) }, /sizes\[1\]/],
      ['preprocessing', { 'chainrule.preprocessing': JSON.stringify({ ...preprocessing, version: 2 }) }, /version 1/],
    ]
    for (const [what, entries, message] of changed) {
      const keys = what === 'no metadata' ? [] : [...new Map([...metadata, ...Object.entries(entries)])]
      writeFileSync(path, encodeSafetensors(tensors, keys))
      const run = await chainrule('predict', 'model.safetensors', iris)
      expect(run.code, what).toBe(1)
      expect(run.err, what).toMatch(message)
      expect(run.err.trimEnd().split('\n'), what).toHaveLength(1)
    }
    expect((await chainrule('predict', iris, iris)).err).toMatch(/impossible header length|no safetensors/)
  })
})

describe('images in npy files', { timeout: 60_000 }, () => {
  test('are learnt and predicted', async () => {
    const [n, side] = [120, 6]
    const x = new Uint8Array(n * side * side)
    const y = BigInt64Array.from({ length: n }, (_, i) => BigInt(i % 2))
    // Class 0 is bright on the left, class 1 on the right.
    for (let i = 0; i < x.length; i++) x[i] = i % side < side / 2 === (Math.floor(i / side ** 2) % 2 === 0) ? 200 : 20
    mkdirSync(join(folder, 'set'))
    write('set/x.npy', encodeNpy({ shape: [n, side, side], data: x }))
    write('set/y.npy', encodeNpy({ shape: [n], data: y }))
    const run = await line(
      'train set --model cnn --channels 4 --hidden 8 --epochs 5 --lr 0.02 --batch 8 --json --no-report',
    )
    expect(run).toMatchObject({ code: 0, err: '' })
    expect(last(run)['testAccuracy']).toBe(1)
    const predicted = await line('predict model.safetensors set/x.npy')
    expect(
      predicted.out
        .split('\n')
        .slice(0, 3)
        .map((row) => row.split(',')[0]),
    ).toEqual(['class', '0', '1'])
    expect((await line('predict model.safetensors set')).out).toBe(predicted.out)
    expect(JSON.parse((await line('evaluate model.safetensors set --json')).out)).toMatchObject({
      accuracy: 1,
      rows: n,
    })
    write('wide.npy', encodeNpy({ shape: [1, 7, 7], data: new Uint8Array(49) }))
    expect((await line('predict model.safetensors wide.npy')).err).toMatch(/another size .* expected \[6, 6\]/)
  })
})

describe('a text', { timeout: 60_000 }, () => {
  const text = 'the cat sat on the mat. '.repeat(120)

  test('is learnt, evaluated, and goes on from a prompt the same way each time', async () => {
    write('cats.txt', text)
    const flags = '--context 16 --width 32 --layers 1 --heads 2 --epochs 24 --batch 8 --lr 0.01'
    const run = await line(`train cats.txt ${flags}`)
    expect(run).toMatchObject({ code: 0, err: '' })
    expect(run.out).toMatch(/cats\.txt: \d+ windows, .* 2,880 tokens, 11 different characters/)
    expect(Number(/([\d.]+) nats a character on text/.exec(run.out)?.[1])).toBeLessThan(0.5)
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('A sample')
    const args = ['generate', 'model.safetensors', '--prompt', 'the cat', '--tokens', '60']
    const first = await chainrule(...args)
    expect(first).toMatchObject({ code: 0, err: '' })
    expect(first.out).toMatch(/^the cat/)
    expect(first.out).toContain('sat on the mat')
    expect(first.out.length).toBe('the cat'.length + 60 + 1)
    expect((await chainrule(...args, '--threads', '1')).out).toBe(first.out)
    const warm = ['--temperature', '3', '--json']
    const texts = await Promise.all(
      ['1', '2'].map(async (seed) => last(await chainrule(...args, ...warm, '--seed', seed))),
    )
    expect(texts[0]?.['text']).not.toBe(texts[1]?.['text'])
    expect((await chainrule(...args, '--temperature', '0')).out).toBe((await chainrule(...args, '--top', '1')).out)
    expect((await chainrule('generate', 'model.safetensors', '--prompt', 'Ω')).err).toMatch(
      /a character that the training/,
    )
    expect(JSON.parse((await line('evaluate model.safetensors cats.txt --json')).out).natsPerCharacter).toBeLessThan(
      0.5,
    )
    expect((await line('predict model.safetensors cats.txt')).err).toMatch(/the network writes text/)
  })

  test('is left off where held-out text gets no better, with the weights of the best epoch', async () => {
    write('cats.txt', text)
    const flags = '--context 8 --width 16 --layers 1 --heads 1 --batch 8 --lr 0.05 --schedule constant'
    const run = await line(`train cats.txt ${flags} --epochs 60 --patience 1 --json --no-report`)
    expect(run).toMatchObject({ code: 0, err: '' })
    const epochs = run.out.split('\n').filter((row) => row.includes('"event":"epoch"'))
    const losses = epochs.map((row) => (JSON.parse(row) as { testLoss: number }).testLoss)
    expect(losses.length).toBeLessThan(60)
    const best = Math.min(...losses)
    expect(last(run)).toMatchObject({ bestEpoch: losses.indexOf(best) + 1, epochs: losses.length })
    expect(last(run)['testLoss']).toBeCloseTo(best, 5)
  })

  test('may be cut into bytes or pieces', async () => {
    write('cats.md', text.replaceAll('cat', 'Käse'))
    for (const tokenizer of ['bytes', 'bpe --vocabulary 270']) {
      const flags = `--tokenizer ${tokenizer} --context 8 --width 16 --layers 1 --heads 1 --epochs 1 --no-report --quiet`
      expect(await line(`train cats.md ${flags}`)).toMatchObject({ code: 0, err: '' })
      const run = await chainrule('generate', 'model.safetensors', '--prompt', 'Käse', '--tokens', '9')
      expect(run).toMatchObject({ code: 0, err: '' })
      expect(run.out.startsWith('Käse')).toBe(true)
    }
  })

  test.each([
    [1, 'too short', 'abc', '', /too short a text; .*Use a smaller --context/],
    [1, 'empty', '', '', /no text/],
    [1, 'no UTF-8', Buffer.from([0xff, 0xfe, 0x00]), '', /no UTF-8/],
    [2, 'with heads that do not fit', text, '--heads 3', /--heads: they do not divide the width of 128/],
    [2, 'with a vocabulary of characters', text, '--vocabulary 300', /--vocabulary: only bpe takes it/],
    [2, 'with a target', text, '--target x', /--target: only tables take it/],
  ])('ends with %i where it is %s', async (code, _, content, flags, message) => {
    write('t.txt', content)
    const run = await line(`train t.txt ${flags}`.trim())
    expect(run.code).toBe(code)
    expect(run.err).toMatch(message)
    expect(readdirSync(folder)).toEqual(['t.txt'])
  })
})
