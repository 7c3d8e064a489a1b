import * as arrow from 'apache-arrow'
import { describe, expect, test } from 'vitest'
import { readArrow } from '../../src/data/arrow.ts'
import { optional } from '../../src/data/columnar.ts'
import { DataError, EngineError } from '../../src/errors.ts'
import { colours, expected, range, weights } from '../helpers/columns.ts'

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
    await expect(readArrow(new Uint8Array(100), { name: 'f' })).rejects.toThrow(/^f, byte 0: damaged Arrow data/)
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
