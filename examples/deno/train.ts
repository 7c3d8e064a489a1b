// Trains on the embedded digits: deno run --allow-read --allow-sys examples/deno/train.ts (after npm run build).
// In a project of your own, import from 'npm:chainrule'.
import { data, init, nn, optim, train } from '../../dist/index.js'

const engine = await init({ seed: 1 })
console.log(`Deno ${Deno.version.deno}, ${engine.threads} threads, ${engine.runtime.build} build`)

const { train: training, test } = await data.split(await data.digits(), 0.2, 1)

const model = nn.sequential([nn.linear(64, 64), nn.relu(), nn.linear(64, 10)])
const optimizer = optim.adamw(model, { lr: 3e-3 })
for await (const event of train.trainClassifier({ model, optimizer, train: training, test, epochs: 10, batch: 32 })) {
  if (event.type === 'epoch')
    console.log(`epoch ${event.epoch}: loss ${event.loss.toFixed(4)}, accuracy ${event.accuracy?.toFixed(4)}`)
}
await engine.close()
