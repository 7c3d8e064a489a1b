// Data and training together: what a reader gives is what fit takes.
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { crossEntropy, data, type Engine, init, mse, nn, optim, type Tensor, train } from '../../src/index.ts'
import { openFile } from '../../src/io/node.ts'

let engine: Engine
beforeEach(async () => {
  engine = await init({ threads: 2, seed: 1 })
})
afterEach(() => engine.close())

const iris = 'data/iris/iris.csv'

test('flowers are told apart from their CSV file, by what was learnt from training rows and stored', async () => {
  const table = await data.readCsv(openFile(iris))
  let right = 0
  let held = 0
  for (const seed of [1, 2, 3]) {
    const parts = data.splitTable(table, 0.2, seed, { stratify: 'species' })
    const preprocessor = data.TablePreprocessor.fit(parts.train, { target: 'species' })
    using model = nn.sequential([nn.linear(preprocessor.width, 16), nn.relu(), nn.linear(16, preprocessor.outputs)])
    using optimizer = optim.adamw(model, { lr: 0.02 })
    let stored: train.Json | undefined
    await train.fit(model, preprocessor.transform(parts.train), {
      loss: crossEntropy,
      optimizer,
      epochs: 40,
      batch: 16,
      seed,
      preprocessing: preprocessor.toJSON(),
      checkpoint: {
        to: {
          save: (checkpoint: train.Checkpoint) => {
            stored = checkpoint.preprocessing
          },
        },
        everyEpochs: 40,
      },
    })
    const again = data.TablePreprocessor.fromJSON(JSON.parse(JSON.stringify(stored)))
    // Rows as a user has them: without the answer.
    const rows = await data.readCsv(
      `petal_width,petal_length,sepal_width,sepal_length\n${flowers(parts.test)
        .map(({ values }) => [...values].reverse().join(','))
        .join('\n')}`,
      { types: again.types },
    )
    const outputs = await train.predict(model, again.inputs(rows))
    const names = again.predictions(outputs.data)
    held += names.length
    right += flowers(parts.test).filter(({ species }, i) => species === names[i]).length
  }
  expect(held).toBe(90)
  expect(right / held).toBeGreaterThanOrEqual(0.95)
})

function flowers(table: data.Table): { readonly values: number[]; readonly species: string }[] {
  const numbers = table.columns.filter((column) => column.kind === 'number')
  const species = data.columnOf(table, 'species') as data.CategoryColumn
  return Array.from({ length: table.rows }, (_, row) => ({
    values: numbers.map(({ values }) => values[row] as number),
    species: species.categories[species.codes[row] as number] as string,
  }))
}

test('a file read row by row, changed and mixed on the way trains as the same rows in memory', async () => {
  const preprocessor = data.TablePreprocessor.fit(await data.readCsv(openFile(iris)), { target: 'petal_width' })
  const stream = data
    .pipeline(() => data.csvRows(openFile(iris)))
    .map((row) => preprocessor.example(row))
    .map(({ x, y }, { epoch }) => ({ x: x.map((value) => value + epoch / 8), y }))
    .shuffle(3, 60)
    .batch(16)
    .prefetch(2)
  const resident: data.BatchStream<'x' | 'y'> = {
    async *epoch(n) {
      const batches = []
      for await (const batch of stream.epoch(n)) batches.push(batch)
      yield* batches
    },
  }
  const results = []
  for (const source of [stream, resident]) {
    engine.generator.restore(Int32Array.of(1, 2, 3, 4))
    using model = nn.sequential([nn.linear(preprocessor.width, 8), nn.tanh(), nn.dropout(0.1), nn.linear(8, 1)])
    using optimizer = optim.adam(model, { lr: 0.01 })
    const { losses } = await train.fit(model, source, { loss: mse, optimizer, epochs: 12 })
    expect(losses).toHaveLength(120)
    expect(losses.at(-1)).toBeLessThan((losses[0] as number) / 3)
    results.push([train.hashState(await model.stateDict()), ...losses])
  }
  expect(results[1]).toEqual(results[0])
})

test('a transformer-sized batch of windows of BPE tokens is what an embedding takes', async () => {
  const text = readFileSync('data/text/us-constitution-and-declaration.txt', 'utf8')
  const tokenizer = data.BpeTokenizer.train(text, { size: 300 })
  const { train: runs } = data.splitTokens(tokenizer.encode(text))
  const stream = data.windowBatches(runs, { length: 16, stride: 8, batch: 32, shuffle: 1, dropLast: true })
  using model = nn.sequential([nn.embedding(tokenizer.size, 16), nn.linear(16, tokenizer.size)])
  using optimizer = optim.adam(model, { lr: 0.02 })
  const loss = (logits: Tensor, y: Tensor): Tensor =>
    crossEntropy(logits.reshape([512, tokenizer.size]), y.reshape([512]))
  const { losses } = await train.fit(model, stream, { loss, optimizer, steps: 150 })
  // A bigram model: below the entropy of single tokens.
  expect(losses.at(-1)).toBeLessThan(0.75 * (losses[0] as number))
})
