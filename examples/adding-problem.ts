// The adding problem (Hochreiter and Schmidhuber 1997): a sequence of 100 numbers, two of them marked; the answer is the
// sum of the two. Guessing the mean gives an error of 0.167: to do better, an LSTM has to remember over the whole sequence.
import { capture, data, init, mse, nn, optim, valueAndGrad } from 'chainrule'

const steps = Number(process.argv[2] ?? 3000)
const engine = await init({ seed: 1 })
const length = 100

/** `count` sequences from a seed (a linear congruential generator). */
function sequences(count: number, seed: number): data.Dataset<'x' | 'y'> {
  let state = seed
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const x = new Float32Array(count * length * 2)
  const y = new Float32Array(count)
  for (let i = 0; i < count; i++) {
    for (let t = 0; t < length; t++) x[(i * length + t) * 2] = random()
    for (const first of [0, length / 2]) {
      const at = (i * length + first + Math.floor((random() * length) / 2)) * 2
      x[at + 1] = 1
      y[i] = (y[i] as number) + (x[at] as number)
    }
  }
  return data.arrays({ x, y }, { shapes: { x: [length, 2], y: [1] } })
}

const lstm = nn.lstm(2, 64)
const head = nn.linear(64, 1)
const predict = (x: Parameters<typeof lstm.run>[0]) => head.forward(lstm.run(x).h.reshape([x.shape[0] as number, 64]))
const model = nn.sequential([lstm, head])
const optimizer = optim.adam(model, { lr: optim.schedule.cosine(4e-3, { steps: Math.max(steps, 100), warmup: 50 }) })

using batches = data.loader(sequences(steps < 100 ? 64 : 20_000, 1), { batch: 64, shuffle: 1, dropLast: true })
using step = capture(() => {
  const { x, y } = batches.next()
  const { value, grads } = valueAndGrad(() => mse(predict(x), y), model)
  optimizer.step(optim.clipByGlobalNorm(grads, 1))
  return { loss: value }
})
using held = data.loader(sequences(1024, 2), { batch: 1024 })
using test = capture(() => {
  const { x, y } = held.next()
  return { loss: mse(predict(x), y) }
})

for (let done = 0, epoch = 0; done < steps; epoch++) {
  await batches.begin(epoch)
  const n = Math.min(batches.wholeBatches, steps - done)
  const { curves } = await step.runMany(n)
  done += n
  await held.begin(0)
  console.log(
    `step ${done}  error ${curves.loss.at(-1)?.toFixed(4)}  held out ${(test.run().loss[0] as number).toFixed(4)}`,
  )
}
await engine.close()
