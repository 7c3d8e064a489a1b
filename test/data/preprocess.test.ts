import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { csvRows, readCsv } from '../../src/data/csv.ts'
import { TablePreprocessor } from '../../src/data/preprocess.ts'
import { splitTable, tableOf, takeRows } from '../../src/data/table.ts'
import { ArgumentError, DataError } from '../../src/errors.ts'

const iris = new URL('../../data/iris/iris.csv', import.meta.url)
const flowers = () => readCsv(readFileSync(iris), { name: 'iris.csv' })
const round = (values: ArrayLike<number>) => Array.from(values, (value) => Math.round(value * 1e6) / 1e6)

describe('TablePreprocessor', () => {
  test('standardizes numbers and numbers classes', async () => {
    const table = await flowers()
    const fitted = TablePreprocessor.fit(table, { target: 'species' })
    expect(fitted.target).toEqual({ kind: 'classes', name: 'species', classes: ['setosa', 'versicolor', 'virginica'] })
    expect(fitted.inputNames).toEqual(['sepal_length', 'sepal_width', 'petal_length', 'petal_width'])
    const { size, columns } = fitted.transform(table)
    expect(size).toBe(150)
    expect(columns.x.shape).toEqual([4])
    expect(columns.y).toEqual({ data: Int32Array.from({ length: 150 }, (_, i) => Math.floor(i / 50)), shape: [] })
    for (let k = 0; k < 4; k++) {
      const values = Array.from(columns.x.data).filter((_, i) => i % 4 === k)
      expect(values.reduce((sum, value) => sum + value, 0) / 150).toBeCloseTo(0, 5)
      expect(values.reduce((sum, value) => sum + value * value, 0) / 150).toBeCloseTo(1, 5)
    }
  })

  const train = 'size,colour,bin,price\n1,red,0,10\n3,blue,1,30\n,red,0,20\n5,,1,60\n'
  test('fills in what is missing, and says so', async () => {
    const fitted = TablePreprocessor.fit(await readCsv(train), { target: 'price' })
    expect(fitted.inputNames).toEqual([
      'size',
      'size is missing',
      'colour = blue',
      'colour = red',
      'colour is another',
      'bin',
    ])
    expect(fitted.target).toEqual({ kind: 'number', name: 'price', mean: 30, deviation: Math.sqrt(350) })
    const { x, y } = fitted.transform(await readCsv(train)).columns
    const d = Math.sqrt(8 / 3)
    expect(round(x.data)).toEqual(
      round(
        [
          [-2 / d, 0, 0, 1, 0, -1],
          [0, 0, 1, 0, 0, 1],
          [0, 1, 0, 1, 0, -1],
          [2 / d, 0, 0, 0, 1, 1],
        ].flat(),
      ),
    )
    expect(y.shape).toEqual([1])
    expect(round(y.data)).toEqual(round([-20, 0, -10, 30].map((value) => value / Math.sqrt(350))))
    const prices = fitted.predictions(y.data) as number[]
    expect(prices.map((price) => Math.round(price * 1e4) / 1e4)).toEqual([10, 30, 20, 60])
  })

  test('takes a new category for another, or for the mean where the training rows had none', async () => {
    const fitted = TablePreprocessor.fit(await readCsv(train), { target: 'price' })
    const rows = await tableOf([
      { size: 3, colour: 'green', bin: 1 },
      { size: null, colour: 'red', bin: 1 },
    ])
    expect(round(fitted.inputs(rows).columns.x.data)).toEqual([0, 0, 0, 0, 1, 1, 0, 1, 0, 1, 0, 1])
    const full = TablePreprocessor.fit(await readCsv('c,n,y\na,1,p\na,2,q\nb,4,p\n'), { target: 'y' })
    expect(full.inputNames).toEqual(['c = a', 'c = b', 'n'])
    const strange = await tableOf([{ c: 'z', n: null }])
    expect(round(full.inputs(strange).columns.x.data)).toEqual(round([2 / 3, 1 / 3, 0]))
  })

  test('puts rare categories together', async () => {
    const rows = ['a', 'a', 'a', 'b', 'b', 'c', 'c', 'd'].map((c, i) => `${c},${i % 3}`)
    const table = await readCsv(`c,y\n${rows.join('\n')}\n`)
    const fitted = TablePreprocessor.fit(table, { target: 'y', maxCategories: 2, targetKind: 'number' })
    expect(fitted.inputNames).toEqual(['c = a', 'c = b', 'c is another'])
    expect([...fitted.inputs(table).columns.x.data].slice(15)).toEqual([0, 0, 1, 0, 0, 1, 0, 0, 1])
  })

  test('leaves out columns that teach nothing, and says why', async () => {
    const rows = Array.from(
      { length: 50 },
      (_, i) => `${i + 1},name ${i},same,3.5,,${i % 4 === 0 ? `cabin ${i}` : ''},${(i * 13) % 7},${i % 2}`,
    )
    const table = await readCsv(`row,who,all,five,none,cabin,x,y\n${rows.join('\n')}\n`)
    const fitted = TablePreprocessor.fit(splitTable(table, 0.2, 1).train, { target: 'y' })
    expect(fitted.dropped).toEqual([
      { name: 'row', reason: 'it counts the rows' },
      { name: 'who', reason: 'it has 40 different values in 40 rows' },
      { name: 'all', reason: 'all its values are equal' },
      { name: 'five', reason: 'all its values are equal' },
      { name: 'none', reason: 'it has no values' },
      { name: 'cabin', reason: expect.stringMatching(/^it has (\d+) different values in \1 rows$/) },
    ])
    expect(fitted.inputNames).toEqual(['x'])
    expect(fitted.target).toMatchObject({ kind: 'classes', classes: ['0', '1'] })
    expect(() => TablePreprocessor.fit(table, { target: 'y', ignore: ['x'] })).toThrow(/no column to predict from/)
  })

  test.each([
    [[0, 1, 2, 0, 1, 2], 'classes'],
    [[2, 1, 1, 2, 1, 2], 'classes'],
    [[3, 4, 5, 3, 4, 5], 'number'],
    [[0, 1, 2, 3, 4, 5], 'number'],
    [[0, 0.5, 1, 0, 0.5, 1], 'number'],
    [[0, 2, 0, 2, 2, 2], 'number'],
  ])('takes targets %j for %s', async (values, kind) => {
    const table = await tableOf(values.map((y, i) => ({ x: i * i, y })))
    expect(TablePreprocessor.fit(table, { target: 'y' }).target.kind).toBe(kind)
    const forced = TablePreprocessor.fit(table, { target: 'y', targetKind: 'classes' })
    expect(forced.target.kind === 'classes' && forced.target.classes).toEqual(
      [...new Set(values)].sort((a, b) => a - b).map(String),
    )
  })

  test('is the same from its JSON', async () => {
    for (const [text, target] of [
      [train, 'price'],
      [train, 'colour'],
      [readFileSync(iris, 'utf8'), 'species'],
    ] as const) {
      const table = await readCsv(text)
      const rows = takeRows(table, target === 'colour' ? [0, 1, 2] : [0, 1, 2, 3])
      const fitted = TablePreprocessor.fit(target === 'species' ? table : rows, { target })
      const json = JSON.stringify(fitted)
      const again = TablePreprocessor.fromJSON(JSON.parse(json))
      expect(JSON.stringify(again)).toBe(json)
      expect(again.transform(rows)).toEqual(fitted.transform(rows))
      expect(again.width).toBe(fitted.width)
    }
  })

  test('reads row by row what it reads as a table', async () => {
    for (const [text, target] of [
      [train, 'price'],
      [train, 'bin'],
      [readFileSync(iris, 'utf8'), 'species'],
    ] as const) {
      const table = await readCsv(text)
      const fitted = TablePreprocessor.fit(table, { target })
      const { x, y } = fitted.transform(table).columns
      let i = 0
      for await (const row of csvRows(text)) {
        const example = fitted.example(row)
        expect([...example.x]).toEqual([...x.data.subarray(i * fitted.width, ++i * fitted.width)])
        expect([...example.y]).toEqual([y.data[i - 1]])
      }
      expect(i).toBe(table.rows)
    }
  })

  test('reads a file of the kinds it knows', async () => {
    const fitted = TablePreprocessor.fit(await readCsv('zip,n,y\n01,1,a\n02,2,b\nx,3,a\n'), { target: 'y' })
    const { types } = fitted
    expect(types).toEqual({ zip: 'category', n: 'number' })
    const table = await readCsv('zip,n\n01,5\n02,7\n', { types })
    expect([...fitted.inputs(table).columns.x.data].slice(0, 3)).toEqual([1, 0, 0])
    await expect(readCsv('zip,n\n01,x\n', { types })).rejects.toThrow(/column "n", row 2: not a number/)
  })

  test('finds numbers that are written in another way', async () => {
    const types = { zip: 'category', y: 'category' } as const
    const fitted = TablePreprocessor.fit(await readCsv('zip,y,n\n01,1,1\n02,2,2\n03,1,4\n', { types }), { target: 'y' })
    // Read without the kinds, both are numbers.
    const { x, y } = fitted.transform(await readCsv('zip,y,n\n3,2.0,1\n1,1,1\n')).columns
    expect([...x.data].filter((_, i) => i % 4 < 3)).toEqual([0, 0, 1, 1, 0, 0])
    expect([...y.data]).toEqual([1, 0])
    const both = TablePreprocessor.fit(await readCsv('zip,y\n1,p\n01,q\n1,p\n', { types: { zip: 'category' } }), {
      target: 'y',
    })
    expect(both.inputNames).toEqual(['zip = 01', 'zip = 1'])
    const rows = await tableOf([{ zip: '1.0' }, { zip: '1' }], { types: { zip: 'category' } })
    const unknown = Array.from(both.inputs(rows).columns.x.data, (value) => Math.round(value * 100) / 100)
    expect(unknown).toEqual([0.33, 0.67, 0, 1])
  })

  test('names the classes of outputs', async () => {
    const fitted = TablePreprocessor.fit(await flowers(), { target: 'species' })
    expect(fitted.outputs).toBe(3)
    expect(fitted.predictions(Float32Array.of(-1, 2, 0, 5, 2, 4))).toEqual(['versicolor', 'setosa'])
    expect(() => fitted.predictions([1, 2])).toThrow(DataError)
  })

  test('errors name row and column', async () => {
    const table = await readCsv('a,c,y\n1,p,u\n2,q,v\n4,p,u\n', { name: 'f.csv' })
    const fitted = TablePreprocessor.fit(table, { target: 'y' })
    const read = (text: string) => readCsv(text, { name: 'g.csv' })
    expect(() => TablePreprocessor.fit(table, { target: 'z' })).toThrow(/f\.csv: no column "z"; expected "a", "c", "y"/)
    expect(() => TablePreprocessor.fit(table, { target: 'y', ignore: ['z'] })).toThrow(/no column "z"/)
    expect(() => TablePreprocessor.fit(table, { target: 'y', maxCategories: 0 })).toThrow(ArgumentError)
    expect(() => fitted.transform(takeRows({ ...table, columns: table.columns.slice(0, 2) }, [0]))).toThrow(/"y"/)
    const gap = await read('a,c,y\n1,p,u\n2,q,\n4,p,u\n')
    expect(() => TablePreprocessor.fit(gap, { target: 'y' })).toThrow(
      /g\.csv: row 3: the target, column "y", has no value/,
    )
    expect(() => fitted.transform(gap)).toThrow(/g\.csv: row 3: column "y" has no value/)
    const other = await read('a,c,y\n1,p,u\n2,q,w\n')
    expect(() => fitted.transform(other)).toThrow(
      /g\.csv: row 3: column "y" has an unknown class; expected one of "u", "v", received "w"/,
    )
    const words = await read('a,c,y\nsmall,p,u\n2,q,v\n')
    expect(() => fitted.transform(words)).toThrow(/g\.csv: row 2: column "a" has a value that is no number.*"small"/)
    const far = await read('a,c,y\n1e300,p,u\n2,q,v\n')
    expect(() => fitted.transform(far)).toThrow(/g\.csv: row 2: column "a" has a number too far/)
    const one = await read('a,y\n1,u\n2,u\n')
    expect(() => TablePreprocessor.fit(one, { target: 'y' })).toThrow(/one value alone.*received "u"/)
  })

  test('JSON of another kind, version or shape is a DataError', async () => {
    const good = JSON.parse(JSON.stringify(TablePreprocessor.fit(await flowers(), { target: 'species' })))
    expect(() => TablePreprocessor.fromJSON({ ...good, kind: 'bpe' }, 'm')).toThrow(/m\.kind: malformed.*"table"/)
    expect(() => TablePreprocessor.fromJSON({ ...good, version: 2 })).toThrow(/version 1, received 2/)
    expect(() => TablePreprocessor.fromJSON({ ...good, features: [] })).toThrow(DataError)
    const path = fc.array(fc.nat(5), { maxLength: 4 })
    const value = fc.constantFrom<unknown>(null, -1, 'x', [], {}, true, 1e9, { __proto__: { kind: 'number' } })
    let refused = 0
    fc.assert(
      fc.property(path, value, (steps, put) => {
        const json = structuredClone(good)
        let at: Record<string, unknown> = json
        for (const step of steps) {
          const keys = Object.keys(at)
          const next = at[keys[step % keys.length] as string]
          if (typeof next !== 'object' || next === null || Object.keys(next).length === 0) break
          at = next as Record<string, unknown>
        }
        const keys = Object.keys(at)
        at[keys[(steps.at(-1) ?? 0) % keys.length] as string] = put
        try {
          TablePreprocessor.fromJSON(json)
        } catch (error) {
          refused++
          expect(error).toBeInstanceOf(DataError)
        }
      }),
      { numRuns: 1000 },
    )
    expect(refused).toBeGreaterThan(500)
  })
})

describe('tables', () => {
  test('of objects', async () => {
    const table = await tableOf([
      { n: 1, t: 'a', b: true },
      { n: null, t: 'b' },
      { t: 'a', n: 2.5, late: 7n },
    ])
    expect(table.columns).toEqual([
      { kind: 'number', name: 'n', values: Float64Array.of(1, Number.NaN, 2.5) },
      { kind: 'category', name: 't', codes: Int32Array.of(0, 1, 0), categories: ['a', 'b'] },
      { kind: 'category', name: 'b', codes: Int32Array.of(0, -1, -1), categories: ['true'] },
      { kind: 'number', name: 'late', values: Float64Array.of(Number.NaN, Number.NaN, 7) },
    ])
    await expect(tableOf([{ a: 1 }, { a: [1] }])).rejects.toThrow(/column "a", row 2.*received a list/)
    await expect(tableOf([{ a: Number.POSITIVE_INFINITY }])).rejects.toThrow(/received Infinity/)
    await expect(tableOf([null as unknown as object as Record<string, unknown>])).rejects.toThrow(
      /row 1: a row is no object/,
    )
    await expect(tableOf([])).rejects.toThrow(/no rows/)
    const hostile = JSON.parse('{"__proto__": "x", "constructor": 1}') as Record<string, unknown>
    expect((await tableOf([hostile])).columns.map(({ name }) => name)).toEqual(['__proto__', 'constructor'])
  })

  test('split by a seed, each row once, in the same way everywhere', async () => {
    const table = await flowers()
    const { train, test: held } = splitTable(table, 0.2, 7)
    expect([train.rows, held.rows]).toEqual([120, 30])
    expect([...train.at, ...held.at].sort((a, b) => a - b)).toEqual([...table.at])
    expect([...held.at].slice(0, 6)).toEqual([...splitTable(table, 0.2, 7).test.at].slice(0, 6))
    expect([...held.at]).not.toEqual([...splitTable(table, 0.2, 8).test.at])
    expect([...held.at].slice(0, 6)).toMatchInlineSnapshot(`
      [
        7,
        24,
        62,
        80,
        117,
        56,
      ]
    `)
    expect(() => splitTable(table, 1, 7)).toThrow(ArgumentError)
    expect(() => splitTable(table, 0.001, 7)).toThrow(ArgumentError)
    expect(() => splitTable(table, 0.2, -1)).toThrow(ArgumentError)
  })

  test('split with the same shares of each class', async () => {
    const { test: held } = splitTable(await flowers(), 0.2, 3, { stratify: 'species' })
    const fitted = TablePreprocessor.fit(await flowers(), { target: 'species' })
    const counts = [0, 0, 0]
    for (const y of fitted.transform(held).columns.y.data) counts[y] = (counts[y] as number) + 1
    expect(counts).toEqual([10, 10, 10])
  })

  test('give the rows asked for', async () => {
    const table = await readCsv('a,b\n1,x\n2,y\n3,x\n')
    expect(takeRows(table, [2, 0, 2])).toMatchObject({
      rows: 3,
      at: Int32Array.of(4, 2, 4),
      columns: [{ values: Float64Array.of(3, 1, 3) }, { codes: Int32Array.of(0, 0, 0) }],
    })
    expect(() => takeRows(table, [3])).toThrow(/from 0 to 2, received 3/)
    expect(() => takeRows(table, [0.5])).toThrow(ArgumentError)
  })
})
