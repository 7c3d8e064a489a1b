// Makes data/digits/*.gz (IDX, as MNIST comes) from the rows of scikit-learn's digits.csv.gz:
//   npx tsx scripts/digits.ts path/to/digits.csv.gz
import { readFileSync, writeFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'

const [source] = process.argv.slice(2)
if (source === undefined) throw new Error('usage: npx tsx scripts/digits.ts digits.csv.gz')
const rows = gunzipSync(readFileSync(source))
  .toString('latin1')
  .trim()
  .split('\n')
  .map((line) => line.split(',').map(Number))
if (!rows.every((row) => row.length === 65 && row.every((value) => value >= 0 && value <= 16))) {
  throw new Error(`${source}: expected rows of 64 pixels (0 to 16) and a class`)
}

function write(name: string, shape: readonly number[], values: readonly number[]): void {
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length))
  header.setUint16(2, 0x0800 | shape.length)
  for (const [axis, size] of shape.entries()) header.setUint32(4 + 4 * axis, size)
  const packed = gzipSync(Buffer.concat([new Uint8Array(header.buffer), Uint8Array.from(values)]), {
    level: 9,
    memLevel: 9,
  })
  writeFileSync(new URL(`../data/digits/${name}`, import.meta.url), packed)
  console.log(`${name}: [${shape.join(', ')}], ${packed.length} bytes`)
}

write(
  'digits-images-idx3-ubyte.gz',
  [rows.length, 8, 8],
  rows.flatMap((row) => row.slice(0, 64)),
)
write(
  'digits-labels-idx1-ubyte.gz',
  [rows.length],
  rows.map((row) => row[64] as number),
)
