// node --import tsx damaged-parquet.ts <changes> <file>..: reads each file with so many of its bytes changed, one or two at a
// time, and prints how often that gave a table and how often a DataError. Whatever else is thrown ends it.
import { readFileSync } from 'node:fs'
import { readParquet } from '../../src/data/parquet.ts'
import { DataError } from '../../src/errors.ts'
import { uniform } from './points.ts'

const [changes = '0', ...files] = process.argv.slice(2)
const next = uniform(5)
const counts = { tables: 0, refused: 0 }
for (const file of files) {
  const bytes = new Uint8Array(readFileSync(file))
  const pages = bytes.length - 8 - new DataView(bytes.buffer).getUint32(bytes.length - 8, true)
  for (let i = 0; i < Number(changes); i++) {
    const copy = bytes.slice()
    for (let k = 0; k <= i % 2; k++) {
      const at = Math.floor(next() * pages)
      const bits = [1 << Math.floor(8 * next()), 255, Math.floor(256 * next())][i % 3] as number
      copy[at] = (copy[at] as number) ^ bits
    }
    await readParquet(copy).then(
      () => counts.tables++,
      (error: unknown) => {
        if (!(error instanceof DataError)) throw error
        counts.refused++
      },
    )
  }
}
console.log(JSON.stringify(counts))
