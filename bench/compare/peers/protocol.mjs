// What every peer of bench:compare speaks: one line that says what to do, then a number of runs a line, answered with
// the seconds they took and the loss before the first of them. bench/lib/peer.ts is the other end.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

/**
 * `make(spec, take)` gives `step`, which runs one step and returns its loss in the library's own form, `read`, which
 * makes a number of one and frees it, `drop`, which frees it, and `settle`, which waits for whatever is computed lazily;
 * `asynchronous` says that each step is awaited.
 * `take(shape)` gives the next numbers of the data: inputs, targets, parameters.
 */
export async function serve(version, make) {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
  const spec = JSON.parse((await lines.next()).value)
  const bytes = readFileSync(spec.data)
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
  let at = 0
  const take = (shape, dtype = 'float32') => {
    const n = shape.reduce((a, b) => a * b, 1)
    const words = new (dtype === 'int32' ? Int32Array : Float32Array)(buffer, 4 * at, n)
    at += n
    return words
  }
  const { step, read, drop, settle, asynchronous = false } = await make(spec, take)
  console.log(JSON.stringify({ version }))
  for await (const line of lines) {
    const begin = performance.now()
    let first
    for (let i = 0; i < Number(line); i++) {
      const loss = asynchronous ? await step() : step()
      if (i === 0) first = loss
      else drop?.(loss)
    }
    await settle?.()
    const seconds = (performance.now() - begin) / 1000
    console.log(JSON.stringify({ seconds, loss: first === undefined ? 0 : await read(first) }))
  }
  process.exit(0)
}

/** PyTorch's rows of outputs as columns: [out, in] to [in, out]. */
export function transposed(data, [rows, columns]) {
  const out = new Float32Array(data.length)
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = data[i * columns + j]
  return out
}

/** One in the column of the class of each row. */
export function oneHot(classes, count) {
  const out = new Float32Array(classes.length * count)
  classes.forEach((c, i) => {
    out[i * count + c] = 1
  })
  return out
}
