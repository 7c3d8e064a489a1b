// Files made to cost time or memory: an answer soon, and no more memory than is declared.
import { expect, test } from 'vitest'
import { BpeTokenizer } from '../../src/data/bpe.ts'
import { csvRows, readCsv } from '../../src/data/csv.ts'
import { parseJson } from '../../src/data/json.ts'
import { jsonLines } from '../../src/data/json-lines.ts'
import { DataError } from '../../src/errors.ts'

const MEGA = 1_000_000

async function drained(source: AsyncIterable<unknown>): Promise<number> {
  let count = 0
  for await (const _ of source) count++
  return count
}

// Each is read in time that grows with its size alone: were one quadratic, it would take minutes.
test.each<[string, () => Promise<number>, number]>([
  ['one line of quoted fields', () => drained(csvRows(`${'"",'.repeat(8000)}\n`, { header: false })), 1],
  ['many short quoted fields', () => drained(csvRows(`${'"a","b"\n'.repeat(MEGA / 4)}`, { header: false })), MEGA / 4],
  ['doubled quotes alone', () => drained(csvRows(`"${'""'.repeat(400_000)}"\n`, { header: false })), 1],
  ['one long field', () => drained(csvRows('x'.repeat(MEGA), { header: false })), 1],
  ['empty lines alone', () => drained(csvRows('\n'.repeat(4 * MEGA), { header: false })), 0],
  ['empty fields alone', () => drained(csvRows(`${','.repeat(9)}\n`.repeat(MEGA / 10), { header: false })), MEGA / 10],
  ['a million lines', () => drained(jsonLines('{}\n'.repeat(MEGA / 4))), MEGA / 4],
  ['one long string', async () => (parseJson(`"${'\\n'.repeat(MEGA)}"`, 'f') as string).length, MEGA],
  ['one long list', async () => (parseJson(`[${'0,'.repeat(MEGA / 2)}0]`, 'f') as number[]).length, MEGA / 2 + 1],
  ['spaces alone', () => drained(jsonLines(' '.repeat(10 * MEGA))), 0],
  [
    'words of many kinds',
    async () =>
      BpeTokenizer.train(Array.from({ length: 20_000 }, (_, i) => `w${i * 7919} `).join(''), { size: 1000 }).size,
    1000,
  ],
])('%s', async (_, read, expected) => {
  expect(await read()).toBe(expected)
})

test('a row of endless fields stops at its columns', async () => {
  let made = 0
  const endless = (function* () {
    for (;;) {
      made++
      yield new TextEncoder().encode('1,'.repeat(1000))
    }
  })()
  await expect(readCsv(endless)).rejects.toThrow(/too many columns; expected at most 16384/)
  expect(made).toBeLessThan(100)
})

test('numbers are kept in as many bytes as they need', async () => {
  const text = `a,b\n${'1,2\n'.repeat(500_000)}`
  const before = process.memoryUsage()
  const { columns } = await readCsv(text)
  const after = process.memoryUsage()
  expect(columns.map((column) => column.kind === 'number' && column.values.length)).toEqual([500_000, 500_000])
  // Two columns of eight bytes, and what was four of code before.
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(16 * MEGA + 8 * MEGA + 8 * MEGA)
})

test('a damaged file is one error, not a hundred', async () => {
  const bytes = new Uint8Array(MEGA).map((_, i) => (i * 7919) & 255)
  await expect(readCsv(bytes)).rejects.toThrow(DataError)
  await expect(drained(jsonLines(bytes))).rejects.toThrow(DataError)
})
