// Arrow of another writer, and damaged Arrow: the library only sees what was checked.
import { readFileSync } from 'node:fs'
import * as arrow from 'apache-arrow'
import { describe, expect, test } from 'vitest'
import { readArrow } from '../../src/data/arrow.ts'
import { ArrowCheck } from '../../src/data/arrow-frames.ts'
import type { Table } from '../../src/data/table.ts'
import { DataError } from '../../src/errors.ts'

const file = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`arrow/${name}`, import.meta.url)))
const numbers = (table: Table, name: string): number[] => {
  const column = table.columns.find((one) => one.name === name)
  return column?.kind === 'number' ? Array.from(column.values) : []
}
const texts = (table: Table, name: string): (string | undefined)[] => {
  const column = table.columns.find((one) => one.name === name)
  return column?.kind === 'category' ? Array.from(column.codes, (code) => column.categories[code]) : []
}

describe('what pyarrow writes', () => {
  const columns = 'half single byte unsigned text large view coded truth nothing date moment'.split(' ')
  const rows = Array.from({ length: 12 }, (_, i) => i)

  test.each(['all.arrow', 'all.arrows', 'old.arrows'])('%s is read', async (name) => {
    const table = await readArrow(file(name), { columns })
    expect(table.rows).toBe(12)
    for (const whole of ['half', 'byte', 'unsigned']) expect(numbers(table, whole)).toEqual(rows)
    expect(numbers(table, 'single')).toEqual(rows.map((i) => (i % 7 ? i / 4 : Number.NaN)))
    expect(numbers(table, 'date')).toEqual(rows.map(() => Date.UTC(2020, 0)))
    expect(numbers(table, 'moment')).toEqual(rows.map(() => Date.UTC(2020, 0)))
    expect(texts(table, 'text')).toEqual(rows.map((i) => (i % 5 ? `s${i % 3}` : undefined)))
    expect(texts(table, 'large')).toEqual(rows.map((i) => `l${i % 2}`))
    expect(texts(table, 'view')).toEqual(rows.map((i) => (i % 4 ? 'v'.repeat(i + 5) : undefined)))
    expect(texts(table, 'coded')).toEqual(rows.map((i) => ['a', 'b', undefined, 'c'][i % 4]))
    expect(texts(table, 'truth')).toEqual(rows.map((i) => String(i % 2 === 0)))
    expect(texts(table, 'nothing')).toEqual(rows.map(() => undefined))
  })

  test('compressed columns are refused with what to do', async () => {
    await expect(readArrow(file('lz4.arrow'))).rejects.toThrow(/compressed columns.*compression="uncompressed"/)
  })
})

const small = new arrow.Table({
  weight: arrow.vectorFromArray([1.5, null, 2, 3.25, 4], new arrow.Float64()),
  colour: arrow.vectorFromArray(
    ['red', 'green', null, 'red', 'red'],
    new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32()),
  ),
  word: arrow.vectorFromArray(['one', 'two', 'three', 'four', 'five'], new arrow.Utf8()),
})
const sources: [string, Uint8Array, string[]][] = [
  ['a stream', arrow.tableToIPC(small, 'stream'), ['weight', 'colour', 'word']],
  ['a file', arrow.tableToIPC(small, 'file'), ['weight', 'colour', 'word']],
  ['a file of pyarrow', file('all.arrow'), ['text', 'view', 'coded']],
]

/** A byte becomes another; the last one is a change for each place. */
const changes: [string, (byte: number, at: number) => number][] = [
  ['0', () => 0],
  ['255', () => 255],
  ['the lowest bit', (byte) => byte ^ 1],
  ['the highest bit', (byte) => byte ^ 128],
  ['one more', (byte) => (byte + 1) & 255],
]
const anyChange: (typeof changes)[number] = ['one or another', (byte, at) => changes[at % 5]![1](byte, at)]
const damages = sources.flatMap(([name, whole, columns], i) =>
  (i < 2 ? changes : [anyChange]).map(([to, change]) => ({ name, whole, columns, to, change })),
)

test.each(damages)(
  'any byte of $name changed to $to: a typed error, or as many rows, after work in proportion',
  { timeout: 120_000 },
  async ({ whole, columns, change }) => {
    const { rows } = await readArrow(whole, { columns })
    let errors = 0
    for (let at = 0; at < whole.length; at++) {
      const bytes = whole.slice()
      bytes[at] = change(whole[at] as number, at)
      const check = new ArrowCheck('f')
      try {
        for await (const frame of check.frames(bytes)) expect(frame.length).toBeLessThanOrEqual(whole.length)
        // Names may be others now: all columns, where all can be read.
        const table = await readArrow(bytes, whole.length < 5000 ? {} : { columns })
        expect([at, table.rows, table.columns.length]).toEqual([at, rows, small.numCols])
      } catch (error) {
        if (!(error instanceof DataError)) throw error
        errors++
      }
      expect(check.visited).toBeLessThanOrEqual(16 * whole.length)
    }
    expect(errors).toBeGreaterThan(whole.length / 20)
  },
)

test.each(sources)(
  '%s that ends anywhere is an error, or has fewer rows at the end of a message',
  async (_, whole, columns) => {
    const { rows } = await readArrow(whole, { columns })
    for (let size = 0; size < whole.length; size++)
      try {
        expect((await readArrow(whole.subarray(0, size), { columns })).rows).toBeLessThanOrEqual(rows)
      } catch (error) {
        expect(error).toBeInstanceOf(DataError)
      }
  },
)
