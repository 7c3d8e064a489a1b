// The module worker of index.html: the engine lives here, with threads of its own where the page is cross-origin
// isolated. In a project of your own, import from 'chainrule' or 'chainrule/inline'.
import { crossEntropy, data, init, nn, optim, scope, tensor, train } from '../../dist/inline.js'

const SIDE = 96
const POINTS = 400

const engine = await init({ seed: 1 })
const spirals = twoSpirals()
const model = nn.sequential([nn.linear(2, 48), nn.tanh(), nn.linear(48, 48), nn.tanh(), nn.linear(48, 2)])
const optimizer = optim.adamw(model, { lr: 1e-2 })
const rows = data.arrays(spirals, { shapes: { x: [2] } })
const run = new train.Trainer(model, rows, {
  loss: crossEntropy,
  optimizer,
  epochs: 120,
  batch: 50,
  validation: rows,
  metrics: { accuracy: train.accuracy() },
})
for await (const event of run) {
  if (event.type !== 'epoch' || event.epoch % 10 !== 0) continue
  const { accuracy } = event.validation.metrics
  const text = `epoch ${event.epoch}: loss ${event.loss.toFixed(3)}, accuracy ${accuracy.toFixed(3)}, ${engine.threads} threads`
  postMessage({ text, pixels: await regions(), done: event.epoch === event.epochs })
}
await engine.close()

function twoSpirals() {
  const x = new Float32Array(2 * POINTS)
  const y = new Int32Array(POINTS)
  for (let i = 0; i < POINTS; i++) {
    y[i] = i % 2
    const radius = 0.05 + (0.9 * i) / POINTS
    const angle = 9 * radius + Math.PI * y[i]
    x[2 * i] = radius * Math.cos(angle)
    x[2 * i + 1] = radius * Math.sin(angle)
  }
  return { x, y }
}

/** What the network thinks of each point of the square, as colours, with the spirals' points on top. */
async function regions() {
  const grid = Float32Array.from({ length: 2 * SIDE * SIDE }, (_, i) => {
    const pixel = i % 2 === 0 ? (i >> 1) % SIDE : Math.floor((i >> 1) / SIDE)
    return (2 * (pixel + 0.5)) / SIDE - 1
  })
  const odds = await scope(() =>
    model
      .forward(tensor(grid, [SIDE * SIDE, 2]))
      .softmax()
      .data(),
  )
  const pixels = new Uint8ClampedArray(4 * SIDE * SIDE)
  for (let i = 0; i < SIDE * SIDE; i++) pixels.set([255 * odds[2 * i], 150, 255 * odds[2 * i + 1], 120], 4 * i)
  for (let i = 0; i < POINTS; i++) {
    const column = Math.floor(((spirals.x[2 * i] + 1) * SIDE) / 2)
    const row = Math.floor(((spirals.x[2 * i + 1] + 1) * SIDE) / 2)
    pixels.set(spirals.y[i] === 0 ? [200, 60, 20, 255] : [20, 60, 200, 255], 4 * (row * SIDE + column))
  }
  return pixels
}
