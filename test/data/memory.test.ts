// Files larger than memory: what is read stays a few pieces, whatever the length.
import { expect, test } from 'vitest'
import { csvRows } from '../../src/data/csv.ts'
import { jsonLines } from '../../src/data/json-lines.ts'
import { pipeline } from '../../src/data/pipeline.ts'

const MEGA = 1_000_000

/** Pieces of 64 kB, 80 MB of them, made as they are asked for. */
function* pieces(line: (i: number) => string): Generator<Uint8Array> {
  const encoder = new TextEncoder()
  for (let i = 0, made = 0; made < 80 * MEGA; i++) {
    const piece = encoder.encode(Array.from({ length: 1000 }, (_, k) => line(1000 * i + k)).join(''))
    made += piece.length
    yield piece
  }
}

/** Most bytes in use, above those at the start, while that is read. */
async function growth(examples: AsyncIterable<unknown>): Promise<number> {
  const used = (): number => {
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    return heapUsed + arrayBuffers
  }
  const before = used()
  let most = 0
  let count = 0
  for await (const _ of examples) if (count++ % 500 === 0) most = Math.max(most, used() - before)
  expect(count).toBeGreaterThan(1000)
  return most
}

test.each<[string, () => AsyncIterable<unknown>]>([
  [
    'batches of a CSV file',
    () =>
      pipeline(() =>
        csvRows(
          pieces((i) => `${i},"name ${i}",${i / 8}, some more text to read\n`),
          { header: false },
        ),
      )
        .map(({ fields: [a, , c] }) => ({ x: [Number(a), Number(c)] }))
        .shuffle(1, 1000)
        .batch(64)
        .prefetch(4)
        .epoch(0),
  ],
  ['objects of a JSON Lines file', () => jsonLines(pieces((i) => `{"id": ${i}, "text": "some words ${i} to read"}\n`))],
])('%s', async (_, open) => {
  expect(await growth(open())).toBeLessThan(80 * MEGA)
})
