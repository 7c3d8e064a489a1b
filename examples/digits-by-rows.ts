// Hand-written digits read row by row: a GRU sees the 8 rows of 8 pixels one after the other, and names the digit.
import { crossEntropy, data, init, nn, optim, type Tensor, train } from 'chainrule'

const epochs = Number(process.argv[2] ?? 30)
const engine = await init({ seed: 1 })

class RowReader extends nn.Module {
  gru = nn.gru(8, 64)
  head = nn.linear(64, 10)

  override forward(x: Tensor): Tensor {
    const rows = x.shape[0] as number
    const { h } = this.gru.run(x.reshape([rows, 8, 8]))
    return this.head.forward(h.reshape([rows, 64]))
  }
}

const model = new RowReader()
const digits = await data.split(await data.digits(), 0.2, 1)
const optimizer = optim.adamw(model, { lr: 5e-3 })
const run = new train.Trainer(model, digits.train, {
  loss: crossEntropy,
  optimizer,
  epochs,
  batch: 32,
  validation: digits.test,
  metrics: { accuracy: train.accuracy() },
})
for await (const event of run) {
  if (event.type !== 'epoch' || (event.epoch % 5 !== 0 && event.epoch < epochs)) continue
  const accuracy = event.validation?.metrics.accuracy.toFixed(4)
  console.log(`epoch ${event.epoch}  loss ${event.loss.toFixed(4)}  accuracy ${accuracy} on held-out digits`)
}
await engine.close()
