// A character transformer (GPT-2 block order: 4 layers, width 128, 4 heads, context 64) on the Constitution of the United
// States. Every tenth block of 1,000 characters is held out; a smoothed table of trigrams reaches 1.77 nats a character
// there, one of four letters 1.45. The text is short: from 1,000 steps on (the argument; 800 by default), dropout and
// weight decay keep the network from learning it by heart.
import { readFileSync } from 'node:fs'
import { capture, crossEntropy, data, init, nn, optim, type Tensor, valueAndGrad } from 'chainrule'

const steps = Number(process.argv[2] ?? 800)
const engine = await init({ seed: 1 })
const [context, width, batch] = [64, 128, 16]

const text = readFileSync(new URL('../data/text/us-constitution-and-declaration.txt', import.meta.url), 'utf8')
const letters = [...new Set(text)].sort()
const codes = Int32Array.from(text, (letter) => letters.indexOf(letter))

/** Windows of a run of text and, for each letter, the one that follows. */
function windows(runs: readonly Int32Array[], stride: number): data.Dataset<'x' | 'y'> {
  const starts = runs.flatMap((run) =>
    Array.from({ length: Math.max(0, Math.floor((run.length - 1 - context) / stride) + 1) }, (_, i) =>
      run.subarray(i * stride, i * stride + context + 1),
    ),
  )
  const [x, y] = [new Int32Array(starts.length * context), new Int32Array(starts.length * context)]
  for (const [i, window] of starts.entries()) {
    x.set(window.subarray(0, context), i * context)
    y.set(window.subarray(1), i * context)
  }
  return data.arrays({ x, y }, { shapes: { x: [context], y: [context] } })
}
const runs: { train: Int32Array[]; held: Int32Array[] } = { train: [], held: [] }
for (let at = 0; at < codes.length; at += 10_000) {
  runs.train.push(codes.subarray(at, at + 9000))
  runs.held.push(codes.subarray(at + 9000, at + 10_000))
}

class CharacterTransformer extends nn.Module {
  letters = nn.embedding(letters.length, width, { initializer: nn.normalInitializer(0.02) })
  positions = nn.positionalEmbedding(context, width)
  drop = nn.dropout(0.1)
  blocks = Array.from({ length: 4 }, () =>
    nn.transformerEncoderLayer(width, 4, {
      causal: true,
      normFirst: true,
      activation: 'geluTanh',
      dropout: 0.2,
      attentionDropout: 0,
    }),
  )
  norm = nn.layerNorm(width)
  head = nn.linear(width, letters.length, { bias: false })

  override forward(x: Tensor): Tensor {
    const embedded = this.drop.forward(this.positions.forward(this.letters.forward(x)))
    const y = this.blocks.reduce((h, block) => block.forward(h), embedded)
    return this.head.forward(this.norm.forward(y))
  }

  loss({ x, y }: { x: Tensor; y: Tensor }): Tensor {
    return crossEntropy(this.forward(x).reshape([x.size, letters.length]), y.reshape([y.size]))
  }
}

const model = new CharacterTransformer()
const lr = optim.schedule.cosine(2e-3, { steps: Math.max(steps, 200), warmup: 100 })
const optimizer = optim.adamw(model, { lr, weightDecay: 0.1 })
using batches = data.loader(windows(runs.train, 1), { batch, shuffle: 1, dropLast: true })
using step = capture(() => {
  const { value, grads } = valueAndGrad(() => model.loss(batches.next()), model)
  optimizer.step(optim.clipByGlobalNorm(grads, 1))
  return { loss: value }
})

const held = windows(runs.held, context)
using heldBatches = data.loader(held, { batch: held.size })
model.eval()
using test = capture(() => ({ loss: model.loss(heldBatches.next()) }))

await batches.begin(0)
for (let done = 0; done < steps; ) {
  const n = Math.min(200, steps - done)
  const { curves } = await step.runMany(n)
  done += n
  await heldBatches.begin(0)
  const loss = test.run().loss[0] as number
  console.log(`step ${done}  loss ${curves.loss.at(-1)?.toFixed(3)}  held out ${loss.toFixed(3)} nats a character`)
}
await engine.close()
