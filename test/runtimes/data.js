// @ts-check
// Data without an engine: readers, orders, tokenizers and changed images are the same in every runtime.

/** An archive of NumPy, deflated: numpy.savez_compressed(x=(numpy.arange(400) % 7).astype('f4').reshape(20, 20)). */
const ARCHIVE =
  'UEsDBC0AAAAIAAAAIQDgr4LO//////////8FABQAeC5ucHkBABAAwAYAAAAAAABoAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqKuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkYGOgpGBpo6CrUKZAIuBjBosAcSDkAExA1AvACIDziMyo3KjcqNyo3KjcrhkgMAUEsBAi0DLQAAAAgAAAAhAOCvgs5oAAAAwAYAAAUAAAAAAAAAAAAAAIABAAAAAHgubnB5UEsFBgAAAAABAAEAMwAAAJ8AAAAAAA=='

/**
 * @param {typeof import('../../src/index.ts')} chainrule
 * @returns {Promise<Record<string, string>>} A hash of each part.
 */
export async function dataHashes({ data, io }) {
  /** @type {Record<string, string>} */
  const hashes = {}
  const lines = Array.from(
    { length: 3000 },
    (_, i) => `${((i * 7919) % 1000) / 8},"c ${i % 5}",${i % 11 === 0 ? '' : i % 17}`,
  )
  const csv = new Blob([`a,b,y\r\n${lines.join('\r\n')}`])
  const packed = csv.stream().pipeThrough(new CompressionStream('gzip'))
  const table = await data.readCsv(data.gunzipped(packed), { types: { y: 'category' }, missing: ['none'] })
  const parts = data.splitTable(table, 0.2, 5, { stratify: 'b' })
  const preprocessor = data.TablePreprocessor.fit(parts.train, { target: 'b' })
  hashes.table = hash([...parts.test.at, ...preprocessor.transform(parts.test).columns.x.data])

  const numbers = data.pipeline(() => data.csvRows(csv.stream())).map((row) => ({ x: preprocessor.input(row) }))
  const order = []
  for await (const { columns } of numbers.split(0.3, 9).test.shuffle(3, 500).batch(64).epoch(2))
    order.push(...columns.x.data)
  hashes.pipeline = hash(order)

  const text = Array.from(
    { length: 4000 },
    (_, i) => ['we', 'the', 'people', 'naïve', '漢字', '42'][((i * i) % 7) % 6],
  ).join(' ')
  const bpe = data.BpeTokenizer.train(text, { size: 300 })
  hashes.bpe = hash([...bpe.merges.flat(), ...bpe.encode(text)])

  const images = data.arrays(
    { x: Float32Array.from({ length: 6400 }, (_, i) => (i % 64) / 64) },
    { shapes: { x: [8, 8] } },
  )
  const steps = [
    data.randomShift(2),
    data.randomFlip(),
    data.randomRotation(40),
    data.randomNoise(0.3),
    data.randomErase(3),
  ]
  const changed = []
  const stream = data
    .batches(images, { batch: 32, shuffle: 2 ** 40 + 1 })
    .map(data.augment(steps, { seed: 11 }))
    .prefetch(2)
  for (const epoch of [0, 5]) for await (const { columns } of stream.epoch(epoch)) changed.push(...bits(columns.x.data))
  hashes.images = hash(changed)

  const archive = Uint8Array.from(atob(ARCHIVE), (character) => character.charCodeAt(0))
  const x = (await io.readNpz(archive)).get('x')
  hashes.npz = hash([...(x?.data ?? [])].map(Number))
  return hashes
}

/** @param {Float32Array | Int32Array} values */
const bits = (values) => new Uint32Array(values.buffer, values.byteOffset, values.length)

/** FNV-1a of the numbers as 64-bit floats. @param {readonly number[]} numbers */
function hash(numbers) {
  let state = 0x811c9dc5
  for (const byte of new Uint8Array(Float64Array.from(numbers).buffer)) state = Math.imul(state ^ byte, 0x01000193)
  return `${numbers.length}:${(state >>> 0).toString(16)}`
}
