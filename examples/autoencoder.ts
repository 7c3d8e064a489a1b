// Digits squeezed through 8 numbers: a network against the best linear map, principal components of the same data.
import { capture, data, init, mse, nn, optim, tensor, valueAndGrad } from 'chainrule'

const epochs = Number(process.argv[2] ?? 200)
const CODE = 8
const PIXELS = 64
const engine = await init({ seed: 1 })

const { train, test } = await data.split(await data.digits(), 0.2, 1)
using batches = data.loader(train, { batch: 64, shuffle: true })
const model = nn.sequential([
  nn.linear(PIXELS, 128),
  nn.gelu(),
  nn.linear(128, CODE),
  nn.linear(CODE, 128),
  nn.gelu(),
  nn.linear(128, PIXELS),
])
const lr = optim.schedule.cosine(3e-3, { steps: epochs * batches.stepsPerEpoch, warmup: 50 })
const optimizer = optim.adamw(model, { lr })
using step = capture(() => {
  const { x } = batches.next()
  const { value, grads } = valueAndGrad(() => mse(model.forward(x), x), model)
  optimizer.step(grads)
  return { loss: value }
})
for (let epoch = 0; epoch < epochs; epoch++) {
  await batches.begin(epoch)
  await step.runMany(batches.wholeBatches)
}
const heldOut = tensor(test.columns.x.data, [test.size, PIXELS])
const [error = 0] = await mse(model.forward(heldOut), heldOut).data()
await engine.close()

const linear = principalComponents(train.columns.x.data, test.columns.x.data)
console.log(`error on ${test.size} held-out digits: ${error.toFixed(5)}, principal components ${linear.toFixed(5)}`)

/** Mean squared error of rows after their projection on the CODE first principal components of other rows. */
function principalComponents(fit: ArrayLike<number>, rows: ArrayLike<number>): number {
  const count = fit.length / PIXELS
  const mean = new Float64Array(PIXELS)
  for (let i = 0; i < fit.length; i++) mean[i % PIXELS] = (mean[i % PIXELS] ?? 0) + (fit[i] ?? 0) / count
  const centred = (from: ArrayLike<number>, row: number): Float64Array =>
    mean.map((average, j) => (from[row * PIXELS + j] ?? 0) - average)
  const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0)
  const centredRows = Array.from({ length: count }, (_, row) => centred(fit, row))
  // Orthogonal iteration: each turn multiplies with the covariance, then makes the directions orthonormal again.
  let directions: Float64Array[] = Array.from({ length: CODE }, (_, i) =>
    Float64Array.from({ length: PIXELS }, (_, j) => ((i * 31 + j * 17) % 23) - 11),
  )
  for (let turn = 0; turn < 100; turn++) {
    const next: Float64Array[] = []
    for (const direction of directions) {
      const image = new Float64Array(PIXELS)
      for (const row of centredRows) {
        const along = dot(row, direction)
        for (let j = 0; j < PIXELS; j++) image[j] = (image[j] ?? 0) + along * (row[j] ?? 0)
      }
      for (const other of next) {
        const along = dot(image, other)
        for (let j = 0; j < PIXELS; j++) image[j] = (image[j] ?? 0) - along * (other[j] ?? 0)
      }
      const norm = Math.sqrt(dot(image, image))
      next.push(image.map((value) => value / norm))
    }
    directions = next
  }
  let sum = 0
  for (let row = 0; row < rows.length / PIXELS; row++) {
    const x = centred(rows, row)
    sum += dot(x, x) - directions.reduce((kept, direction) => kept + dot(x, direction) ** 2, 0)
  }
  return sum / rows.length
}
