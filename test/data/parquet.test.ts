import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import * as hyparquet from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, test } from 'vitest'
import { readParquet } from '../../src/data/parquet.ts'
import { DataError } from '../../src/errors.ts'
import { colours, expected, range, rows, weights } from '../helpers/columns.ts'

describe('readParquet', () => {
  const bytes = new Uint8Array(
    parquetWriteBuffer({
      rowGroupSize: 1000,
      columnData: [
        { name: 'weight', data: weights, type: 'DOUBLE' },
        { name: 'colour', data: colours, type: 'STRING' },
        { name: 'ripe', data: range.map((i) => i % 2 === 0), type: 'BOOLEAN' },
        { name: 'count', data: range.map(BigInt), type: 'INT64' },
      ],
    }),
  )

  test('reads columns, groups of rows and what is missing', async () => {
    const table = await readParquet(bytes)
    expect(table.rows).toBe(rows)
    expect(table.columns).toEqual(expected)
    expect([table.at[0], table.at[rows - 1]]).toEqual([1, rows])
    // A Buffer may be a part of a larger one.
    const pool = Buffer.concat([Buffer.from('before'), bytes, Buffer.from('after')])
    expect((await readParquet(pool.subarray(6, 6 + bytes.length))).columns).toEqual(expected)
  })

  test('reads some columns, in the order asked for, from parts of a file', async () => {
    const parts: number[] = []
    const file = {
      byteLength: bytes.length,
      slice: async (start: number, end = bytes.length) => {
        parts.push(end - start)
        return bytes.slice(start, end).buffer
      },
    }
    const table = await readParquet(file, { columns: ['count', 'weight'], library: hyparquet })
    expect(table.columns).toEqual([expected[3], expected[0]])
    expect(parts.length).toBeGreaterThan(2)
    const typed = await readParquet(bytes, { columns: ['ripe', 'count'], types: { count: 'category' } })
    expect(typed.columns.map(({ kind }) => kind)).toEqual(['category', 'category'])
  })

  test('refuses what is not there, and too much', async () => {
    await expect(readParquet(bytes, { name: 'f', columns: ['size'] })).rejects.toThrow(
      /f: no column "size"; expected "weight"/,
    )
    await expect(readParquet(bytes, { maxRows: 2499 })).rejects.toThrow(/too many rows; expected at most 2499.*2500/)
    await expect(readParquet(new Uint8Array(0), { name: 'f' })).rejects.toThrow(/^f: no Parquet file, or a damaged one/)
    await expect(readParquet(bytes.subarray(0, 900))).rejects.toThrow(DataError)
    const lists = parquetWriteBuffer({ columnData: [{ name: 'l', data: [{ a: 1 }, { a: 2 }], type: 'JSON' }] })
    await expect(readParquet(new Uint8Array(lists))).rejects.toThrow(/column "l", row 1: a value that no table holds/)
  })

  test('gives a table or a DataError for a damaged directory', async () => {
    const small = new Uint8Array(
      parquetWriteBuffer({
        columnData: [
          { name: 'n', data: [1, 2, 3], type: 'INT32' },
          { name: 't', data: ['a', 'b', 'a'] },
        ],
      }),
    )
    // The directory at the end.
    const start = small.length - 8 - new DataView(small.buffer, small.byteOffset + small.length - 8).getUint32(0, true)
    let refused = 0
    for (let i = 0; i < 1000; i++) {
      const copy = small.slice()
      copy[start + ((i * 7919) % (small.length - start))] = (i * 104_729) >>> 3
      await readParquet(copy).catch((error) => {
        refused++
        expect(error).toBeInstanceOf(DataError)
      })
    }
    expect(refused).toBeGreaterThan(50)
  })
})

// Written by pyarrow: see make.py beside them.
describe.each(['v1-dictionary-snappy', 'v1-plain', 'v1-delta', 'v2-dictionary-snappy', 'v2-plain', 'v2-delta'])(
  'the pages of %s',
  (file) => {
    const bytes = new Uint8Array(readFileSync(new URL(`parquet/${file}.parquet`, import.meta.url)))
    const index = Array.from({ length: 120 }, (_, i) => i)
    const numbers = (of: (i: number) => number | null): Float64Array =>
      Float64Array.from(index, (i) => of(i) ?? Number.NaN)

    test('are read, missing values as such', async () => {
      const { columns, rows: count } = await readParquet(bytes)
      expect(count).toBe(120)
      const [counts, big, weight, small, colour, name, ripe, none] = columns
      expect(counts).toMatchObject({ name: 'count', values: numbers((i) => i) })
      expect(big).toMatchObject({ values: numbers((i) => (i % 7 === 3 ? null : i * i - 900)) })
      expect(weight).toMatchObject({ values: numbers((i) => (i % 50 === 7 ? null : i / 4)) })
      expect(small).toMatchObject({ values: numbers((i) => i / 8) })
      expect(colour).toMatchObject({
        categories: ['red', 'green', 'blue'],
        codes: Int32Array.from(index, (i) => (i % 40 === 3 ? -1 : i % 3)),
      })
      expect(name).toMatchObject({
        categories: index.map((i) => `name ${String(Math.floor(i / 10)).padStart(3, '0')}-${i % 10}`),
      })
      expect(ripe).toMatchObject({
        categories: ['true', 'false'],
        codes: Int32Array.from(index, (i) => (i % 90 === 5 ? -1 : i % 2)),
      })
      expect(none).toMatchObject({ categories: [], codes: new Int32Array(120).fill(-1) })
    })
  },
)

describe('damage inside the pages', () => {
  const file = (name: string): string => new URL(`parquet/${name}.parquet`, import.meta.url).pathname

  // In a process of its own: what never ends is ended by the limit of time.
  test.each(['v1-plain', 'v1-delta', 'v2-plain', 'v2-delta', 'v1-dictionary-snappy', 'v2-dictionary-snappy'])(
    'of %s gives a table or a DataError, and always an end',
    async (name) => {
      const args = ['--import', 'tsx', 'test/helpers/damaged-parquet.ts', '300', file(name)]
      const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 50_000 })
      const { tables, refused } = JSON.parse(stdout) as { tables: number; refused: number }
      expect(tables + refused).toBe(300)
      expect(refused).toBeGreaterThan(30)
      // Files with checksums let nothing pass.
      if (name.endsWith('snappy')) expect(tables).toBeLessThan(20)
    },
  )

  test('is named: the column, its rows and what is wrong', async () => {
    const bytes = new Uint8Array(readFileSync(file('v1-dictionary-snappy')))
    bytes[200] = 255 ^ (bytes[200] as number)
    await expect(readParquet(bytes, { name: 'f' })).rejects.toThrow(
      /^f: column "count", rows 1 to 80: .*differs from its checksum/,
    )
  })
})
