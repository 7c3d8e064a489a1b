// Trains on the embedded digits: deno run --allow-read --allow-sys examples/deno/train.ts (after npm run build).
// In a project of your own, import from 'npm:chainrule'.
import { crossEntropy, data, init, nn, optim, train } from '../../dist/index.js'

const engine = await init({ seed: 1 })
console.log(`Deno ${Deno.version.deno}, ${engine.threads} threads, ${engine.runtime.build} build`)

const { train: training, test } = await data.split(await data.digits(), 0.2, 1)

const model = nn.sequential([nn.linear(64, 64), nn.relu(), nn.linear(64, 10)])
await train.fit(model, training, {
  loss: crossEntropy,
  optimizer: optim.adamw(model, { lr: 3e-3 }),
  epochs: 10,
  batch: 32,
  validation: test,
  metrics: { accuracy: train.accuracy() },
  onEpoch({ epoch, loss, validation }) {
    console.log(`epoch ${epoch}: loss ${loss.toFixed(4)}, accuracy ${validation?.metrics.accuracy.toFixed(4)}`)
  },
})
await engine.close()
