import { capture, init, type Tensor, tensor } from '../../src/index.ts'

// A program of its own, for other flags of the engine: a product on four threads after a barrier, checked each time.

const wave = (shape: readonly number[], seed: number): Tensor => {
  const n = shape.reduce((p, size) => p * size, 1)
  return tensor(
    Float32Array.from({ length: n }, (_, i) => Math.sin(1.3 * i + seed)),
    shape,
  )
}

const engine = await init({ threads: 4, numerics: 'reproducible' })
const a = wave([64, 67], 1)
const b = wave([67, 65], 2)
const step = capture(() => {
  const copy = b.clone()
  return { copy, y: a.matmul(copy) }
})
const [x, w] = [a.dataSync(), b.dataSync()]
let wrong = 0
for (let run = 0; run < 20; run++) {
  const { y } = step.run()
  for (let i = 0; i < 64; i++) {
    for (let j = 0; j < 65; j++) {
      let sum = 0
      for (let k = 0; k < 67; k++) sum += (x[i * 67 + k] as number) * (w[k * 65 + j] as number)
      if (!(Math.abs((y[i * 65 + j] as number) - sum) < 1e-4)) wrong++
    }
  }
}
console.log(JSON.stringify({ threads: step.threads, barriers: step.barriers, wrong }))
await engine.close()
