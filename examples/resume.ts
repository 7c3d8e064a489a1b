// A run that can be interrupted: press Ctrl-C, start it again, and it goes on with the same bits as if nothing had happened.
//   tsx examples/resume.ts            tsx examples/resume.ts 40 ./my-run
import { crossEntropy, data, init, nn, optim, train } from 'chainrule'
import { CheckpointFolder } from 'chainrule/node'

const epochs = Number(process.argv[2] ?? 40)
const folder = new CheckpointFolder(process.argv[3] ?? `.build/run-of-${epochs}-epochs`, { keep: 2 })
const engine = await init({ seed: 1, numerics: 'reproducible' })
const { train: learn, test } = await data.split(await data.digits(), 0.2, 1)

const model = nn.sequential([nn.linear(64, 128), nn.gelu(), nn.dropout(0.3), nn.linear(128, 10)])
const optimizer = optim.adamw(model, { lr: optim.schedule.cosine(5e-3, { steps: epochs * 45, warmup: 50 }) })
const resume = await folder.latest()
if (resume !== undefined) console.log(`goes on from step ${resume.progress.step}`)

const trainer = new train.Trainer(model, learn, {
  loss: crossEntropy,
  optimizer,
  epochs,
  validation: test,
  metrics: { accuracy: train.accuracy() },
  earlyStopping: { monitor: 'accuracy', patience: 10 },
  checkpoint: { to: folder, everySteps: 100 },
  resume,
  onEpoch({ epoch, loss, validation }) {
    console.log(`epoch ${epoch}  loss ${loss.toFixed(4)}  held out ${validation?.metrics.accuracy.toFixed(4)}`)
  },
})
process.once('SIGINT', () => trainer.stop())

const { reason, best, validation } = await trainer.run()
if (reason === 'stopped') console.log(`stopped at step ${trainer.step}; start it again to go on`)
else
  console.log(`accuracy ${validation?.metrics.accuracy.toFixed(4)} of epoch ${best?.epoch}: the weights it ends with`)
await engine.close()
