// node saver.js <folder> <step>: saves one checkpoint after the other, each full of the number of its step.
import { CheckpointFolder } from '../../dist/io/node.js'

const [path, from] = process.argv.slice(2)
const folder = new CheckpointFolder(path, { keep: 2 })
for (let step = Number(from) + 1; ; step++) {
  const full = (length) => ({ shape: [length], data: new Float32Array(length).fill(step) })
  await folder.save({
    build: 'simd',
    progress: {
      step,
      epoch: 0,
      stepInEpoch: step,
      lossSum: 0,
      lossRows: 0,
      seed: 1,
      data: {},
      waited: 0,
      trainSeconds: 0,
    },
    model: new Map([
      ['first', full(50_000)],
      ['last', full(50_000)],
    ]),
    parts: new Map(),
    generators: [new Int32Array(4)],
    tally: new Map(),
    best: undefined,
    losses: new Float32Array(step),
    history: [],
    preprocessing: undefined,
    config: undefined,
  })
  if (step === Number(from) + 1) process.send?.('saving')
}
