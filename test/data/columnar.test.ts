import * as arrow from 'apache-arrow'
import * as hyparquet from 'hyparquet'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { describe, expect, test } from 'vitest'
import { readArrow } from '../../src/data/arrow.ts'
import { optional } from '../../src/data/columnar.ts'
import { type ParquetLibrary, readParquet } from '../../src/data/parquet.ts'
import { DataError, EngineError } from '../../src/errors.ts'

const rows = 2500
const range = Array.from({ length: rows }, (_, i) => i)
const weights = range.map((i) => (i % 100 === 7 ? null : i / 4))
const colours = range.map((i) => (i % 50 === 3 ? null : (['red', 'green', 'blue'][i % 3] as string)))

const expected = [
  { kind: 'number', name: 'weight', values: Float64Array.from(weights, (value) => value ?? Number.NaN) },
  {
    kind: 'category',
    name: 'colour',
    codes: Int32Array.from(range, (i) => (colours[i] === null ? -1 : i % 3)),
    categories: ['red', 'green', 'blue'],
  },
  { kind: 'category', name: 'ripe', codes: Int32Array.from(range, (i) => i % 2), categories: ['true', 'false'] },
  { kind: 'number', name: 'count', values: Float64Array.from(range) },
]

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
    const table = await readParquet(file, { columns: ['count', 'weight'], library: hyparquet as ParquetLibrary })
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
    // The directory at the end. (Damage inside the pages can keep the library itself busy for ever.)
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

describe('readArrow', () => {
  const table = arrow.tableFromArrays({ count: Int32Array.from(range) })
  const all = new arrow.Table({
    weight: arrow.vectorFromArray(weights, new arrow.Float64()),
    colour: arrow.vectorFromArray(colours, new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32())),
    ripe: arrow.vectorFromArray(
      range.map((i) => i % 2 === 0),
      new arrow.Bool(),
    ),
    count: table.getChild('count') as arrow.Vector,
  })

  test.each(['stream', 'file'] as const)('reads a %s', async (format) => {
    const bytes = arrow.tableToIPC(all, format)
    expect((await readArrow(bytes)).columns).toEqual(expected)
    if (format === 'file') return
    const chunks = async function* (): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < bytes.length; i += 777) yield bytes.subarray(i, i + 777)
    }
    expect((await readArrow(chunks(), { library: arrow, columns: ['count'] })).columns).toEqual([expected[3]])
  })

  test('refuses what is not there, and what is no table', async () => {
    const bytes = arrow.tableToIPC(all, 'stream')
    await expect(readArrow(bytes, { name: 'f', columns: ['size'] })).rejects.toThrow(/f: no column "size"/)
    await expect(readArrow(bytes, { maxRows: 10 })).rejects.toThrow(/too many rows/)
    await expect(readArrow(new Uint8Array(100), { name: 'f' })).rejects.toThrow(/^f: /)
    await expect(readArrow(new Uint8Array(0))).rejects.toThrow(DataError)
    const lists = arrow.tableToIPC(arrow.tableFromJSON([{ l: [1, 2] }, { l: [3] }]), 'stream')
    await expect(readArrow(lists)).rejects.toThrow(/column "l", row 1: a value that no table holds/)
  })
})

test('a library that is missing is an error that says what to install', async () => {
  await expect(optional('no-such-library', '3', 'Odd')).rejects.toThrow(
    /Odd files are read by the library no-such-library.*npm install no-such-library@3/,
  )
  await expect(optional('no-such-library', '3', 'Odd')).rejects.toThrow(EngineError)
})
